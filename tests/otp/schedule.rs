//! A schedule as plain data: a tree of supervisors and workers, and what is done to it, step by step.

use std::collections::BTreeMap;

/// Who is meant; no two nodes of a schedule share one.
pub(crate) type Id = u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strategy {
    OneForOne,
    OneForAll,
    RestForOne,
    Dynamic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Restart {
    Permanent,
    Transient,
    Temporary,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shutdown {
    Brutal,
    /// In milliseconds.
    Timeout(u32),
    Infinity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auto {
    Never,
    Any,
    All,
}

/// How a child is treated, and whether it ignores a request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) significant: bool,
    pub(crate) deaf: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Worker {
    pub(crate) id: Id,
    pub(crate) policy: Policy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sup {
    pub(crate) id: Id,
    pub(crate) policy: Policy,
    pub(crate) strategy: Strategy,
    pub(crate) intensity: u32,
    /// In seconds.
    pub(crate) period: u32,
    pub(crate) auto: Auto,
    /// How the children of a dynamic one are treated.
    pub(crate) template: Policy,
    /// In start order; none below a dynamic one.
    pub(crate) children: Vec<Child>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Child {
    Worker(Worker),
    Sup(Sup),
}

/// How a start goes other than well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    Fail,
    /// It succeeds at the next [`Op::Release`].
    Hang,
    /// It fails at the next [`Op::Release`].
    HangFail,
}

/// How a child ends by itself, or by somebody's kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Normal,
    Error,
    Kill,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Op {
    /// How a worker's next starts go; those after them go well.
    Starts(Id, Vec<Start>),
    /// A worker ends, or a supervisor is killed.
    Finish(Id, How),
    /// All starts that hang go on.
    Release,
    Terminate(Id),
    Restart(Id),
    Delete(Id),
    /// A child is added to a running supervisor.
    Add(Id, Child),
    /// A dynamic supervisor starts a child.
    Spawn(Id, Id),
    /// Milliseconds go by.
    Pass(u32),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) root: Sup,
    /// Workers whose very first start fails.
    pub(crate) refuses: Vec<Id>,
    pub(crate) ops: Vec<Op>,
}

/// The longest that a deaf worker is waited for.
pub(crate) const STOP_MS: u32 = 30;
/// A period that no schedule outlives, and one that does not outlive [`PASS_MS`].
pub(crate) const LONG_PERIOD: u32 = 3600;
pub(crate) const SHORT_PERIOD: u32 = 5;
pub(crate) const PASS_MS: u32 = 7000;

impl Policy {
    pub(crate) const PLAIN: Self =
        Self { restart: Restart::Permanent, shutdown: Shutdown::Timeout(STOP_MS), significant: false, deaf: false };
    pub(crate) const SUP: Self = Self { shutdown: Shutdown::Infinity, ..Self::PLAIN };
    pub(crate) const ROOT: Self = Self { restart: Restart::Temporary, ..Self::SUP };
}

impl Child {
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Worker(worker) => worker.id,
            Self::Sup(sup) => sup.id,
        }
    }

    pub(crate) fn policy(&self) -> &Policy {
        match self {
            Self::Worker(worker) => &worker.policy,
            Self::Sup(sup) => &sup.policy,
        }
    }
}

/// What a schedule says of its nodes wherever they come from.
#[derive(Debug, Default)]
pub(crate) struct Register<'a> {
    pub(crate) above: BTreeMap<Id, Id>,
    pub(crate) sups: BTreeMap<Id, &'a Sup>,
    pub(crate) policies: BTreeMap<Id, &'a Policy>,
}

impl Schedule {
    pub(crate) fn register(&self) -> Register<'_> {
        let mut register = Register::default();
        register.enter(&self.root);
        register.policies.insert(self.root.id, &self.root.policy);
        for op in &self.ops {
            match op {
                Op::Add(to, child) => register.enter_child(*to, child),
                Op::Spawn(to, id) => drop(register.above.insert(*id, *to)),
                _ => {}
            }
        }
        register
    }

    /// The schedule as a Rust literal, to be pasted into `regressions.rs`.
    pub(crate) fn literal(&self) -> String {
        let named = [("PLAIN", Policy::PLAIN), ("SUP", Policy::SUP), ("ROOT", Policy::ROOT)];
        let text = format!("{self:?}").replace('[', "vec![");
        named.iter().fold(text, |text, (name, policy)| text.replace(&format!("{policy:?}"), &format!("Policy::{name}")))
    }
}

impl<'a> Register<'a> {
    fn enter(&mut self, sup: &'a Sup) {
        self.sups.insert(sup.id, sup);
        for child in &sup.children {
            self.enter_child(sup.id, child);
        }
    }

    fn enter_child(&mut self, to: Id, child: &'a Child) {
        self.above.insert(child.id(), to);
        self.policies.insert(child.id(), child.policy());
        if let Child::Sup(sup) = child {
            self.enter(sup);
        }
    }

    /// From the root down to this one.
    pub(crate) fn line(&self, id: Id) -> Vec<Id> {
        let mut line = vec![id];
        while let Some(above) = line.last().and_then(|id| self.above.get(id)) {
            line.push(*above);
        }
        line.reverse();
        line
    }
}
