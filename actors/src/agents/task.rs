//! What is to be done: one task, as its submitter describes it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::agents::capabilities::Capabilities;
use crate::agents::stride::{LANES, served_within};

/// A task's name, unique on its board. Cloning shares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(Arc<str>);

impl TaskId {
    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<N: Into<Arc<str>>> From<N> for TaskId {
    fn from(name: N) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How urgent a task is. Each priority is a lane with a share of all assignments; none is ever starved.
///
/// The lanes share by stride scheduling (Waldspurger and Weihl, 1995): critical, high, medium and low tasks have 8, 4, 2
/// and 1 of 20 parts, and the remaining 5 go to whoever has waited longer than `BoardOptions::ageing`, oldest first,
/// whatever its priority. What a lane cannot use goes to the others. Among tasks whose agents ask only now and then, lanes
/// take turns more than they share by weight; the bound on waiting holds for them all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// For what nobody waits for.
    Low,
    /// For everything else.
    #[default]
    Medium,
    /// For what somebody waits for.
    High,
    /// For what others wait for.
    Critical,
}

impl Priority {
    /// All of them, the least urgent first.
    pub const ALL: [Self; LANES] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The bound on waiting, in assignments: of so many that found a task of this priority which could be assigned, at
    /// least one is of this priority, whatever else comes in. So the n-th in its lane is assigned within n times as many.
    #[must_use]
    pub fn served_within(self) -> u64 {
        served_within(self.lane())
    }

    /// Which lane it is, the least urgent first.
    pub(crate) fn lane(self) -> usize {
        match self {
            Self::Low => 0,
            Self::Medium => 1,
            Self::High => 2,
            Self::Critical => 3,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

/// When a task that several agents work on is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Join {
    /// When all have succeeded. It waits for the last one even if one fails, so that all results there are can be kept.
    #[default]
    All,
    /// When so many have succeeded; it fails as soon as that many no longer can. The others are cancelled.
    Quorum(u32),
    /// When one has succeeded; the others are cancelled. It fails when all have failed.
    First,
}

/// Several agents, all distinct, get the same task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fan {
    /// How many; at least 1, at most the board's `agents_limit`.
    pub agents: u32,
    /// How many of them must succeed.
    pub join: Join,
}

impl Fan {
    /// One agent.
    pub(crate) const ONE: Self = Self { agents: 1, join: Join::All };
}

/// One task: a payload, and what must hold for whoever gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task<P> {
    /// Its name, unique on the board.
    pub id: TaskId,
    /// What the agent gets.
    pub payload: P,
    /// How urgent it is.
    pub priority: Priority,
    /// How long after its submission it must have ended; else it expires, queued or running.
    pub within: Option<Duration>,
    /// What an agent must be able to do, all of it.
    pub needs: Capabilities,
    /// The tasks that must be done before it. If one of them ends otherwise, this one is skipped.
    pub after: Vec<TaskId>,
    /// Over how many agents it fans out; none takes what its plan's strategy says, or one.
    pub fan: Option<Fan>,
    /// How often it is tried again, elsewhere if possible, after an attempt that failed or whose agent was lost. With a
    /// fan this holds for each replica, as the task is called in the hands of one of several agents.
    pub retries: u8,
}

impl<P> Task<P> {
    /// A task of medium priority for one agent of any kind, without a deadline, tried again twice.
    pub fn new(id: impl Into<TaskId>, payload: P) -> Self {
        Self {
            id: id.into(),
            payload,
            priority: Priority::Medium,
            within: None,
            needs: Capabilities::none(),
            after: Vec::new(),
            fan: None,
            retries: 2,
        }
    }

    /// How urgent it is.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// How long after its submission it must have ended.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// What an agent must be able to do, all of it.
    #[must_use]
    pub fn needs(mut self, needs: impl Into<Capabilities>) -> Self {
        self.needs = needs.into();
        self
    }

    /// The tasks that must be done before it, added to those already named.
    #[must_use]
    pub fn after<D: Into<TaskId>>(mut self, dependencies: impl IntoIterator<Item = D>) -> Self {
        self.after.extend(dependencies.into_iter().map(Into::into));
        self
    }

    /// Gives it to so many distinct agents at once, whatever its plan says.
    #[must_use]
    pub fn parallel(mut self, agents: u32, join: Join) -> Self {
        self.fan = Some(Fan { agents, join });
        self
    }

    /// How often it is tried again.
    #[must_use]
    pub fn retries(mut self, retries: u8) -> Self {
        self.retries = retries;
        self
    }
}
