//! What happened, as text that both worlds produce alike.
//!
//! A trace has one step for the start, one for each operation and one for the stop at the end; the first step at which
//! the root has ended is the last. A step is `RESULT|EVENTS|STATE`:
//! - `RESULT`: `up`, `failed`, `set`, `done`, `done, failed` (a release that lets a start fail), `nobody` (whoever is meant is not there), `running`, `restarting`, `held`
//!   (not done, since a start hangs; see `ours.rs`), `pending` (a start that hangs), `released`, `stop`.
//! - `EVENTS`: `start 3,down 4`, in the order in which they happened. A start counts when it is tried. Supervisors have
//!   no events of their own; those of their workers tell what they did.
//! - `STATE`: `1#2[3+ 4- 5#1[?]]`: supervisor 1, in its second life, with worker 3 up, worker 4 down, and supervisor 5, which
//!   is kept from answering by a start that hangs. Or `ended WHY`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::schedule::{Child, How, Id, Op, Policy, Register, Restart, Schedule, Shutdown, Strategy, Sup};

/// The canonical trace of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace(String);

/// Something that runs schedules: OTP's supervisor, ours, or somebody else's.
pub(crate) trait Subject {
    fn run(&self, schedule: &Schedule) -> Trace;
}

impl Trace {
    /// Takes out of the steps (parted by semicolons) what no order or count is promised for, in either world:
    /// - children of a dynamic supervisor end side by side, and so do those of one that is killed;
    /// - after a release several supervisors go on side by side; each has its own order. So has each where a supervisor may be
    ///   killed: ours waits for the workers below it before anything else happens, OTP's does not;
    /// - lives are not counted of a supervisor that may be forgotten and come back: a temporary or deleted one, and
    ///   those below.
    pub(crate) fn canonical(schedule: &Schedule, steps: &str) -> Self {
        let register = schedule.register();
        let forgotten = forgotten(schedule, &register);
        let lines = steps.split(';').enumerate().map(|(at, step)| {
            let op = at.checked_sub(1).and_then(|at| schedule.ops.get(at));
            let mut parts = step.split('|');
            let (result, events, state) = (parts.next(), parts.next(), parts.next());
            let events = order(events.unwrap_or(""), op, result == Some("released"), &register);
            let state = forget(state.unwrap_or(""), &forgotten);
            format!("{}|{events}|{state}", result.unwrap_or(""))
        });
        Self(lines.collect::<Vec<_>>().join(";"))
    }

    /// A trace that was canonical when it was written down.
    pub(crate) fn recorded(steps: &[&str]) -> Self {
        Self(steps.join(";"))
    }

    /// Whether the other one is what this one expects. Behind a void step this one expects nothing: an OTP supervisor
    /// waits for the end of another whose start hangs, and others cut that start.
    pub(crate) fn agrees(&self, found: &Self) -> bool {
        let expected: Vec<&str> = self.steps().collect();
        match expected.split_last() {
            Some((last, before)) if last.ends_with("|ended void") => {
                found.steps().take(before.len()).eq(before.iter().copied())
            }
            _ => self == found,
        }
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = &str> {
        self.0.split(';')
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn order(events: &str, op: Option<&Op>, released: bool, register: &Register<'_>) -> String {
    let mut events: Vec<(Id, &str)> = events.split(',').filter(|event| !event.is_empty()).map(whose).collect();
    let above = |id: &Id| register.above.get(id).copied().unwrap_or_default();
    let killed = if let Some(Op::Finish(id, How::Kill)) = op { register.sups.get(id).map(|sup| sup.id) } else { None };
    let brutal = register.sups.values().any(|sup| sup.policy.shutdown == Shutdown::Brutal);
    if released || op == Some(&Op::Release) || killed.is_some() || brutal {
        events.sort_by_key(|(id, _)| above(id));
    }
    let side_by_side = |id: Id| {
        let of = register.sups.get(&id);
        Some(id) == killed
            || of.is_some_and(|sup| sup.strategy == Strategy::Dynamic || sup.policy.shutdown == Shutdown::Brutal)
    };
    let alike = |a: &(Id, &str), b: &(Id, &str)| {
        let of = above(&a.0);
        a.1.starts_with("down") && b.1.starts_with("down") && of == above(&b.0) && side_by_side(of)
    };
    let mut sorted: Vec<&str> = Vec::new();
    for run in events.chunk_by(alike) {
        let mut run = run.to_vec();
        if run.len() > 1 {
            run.sort_unstable();
        }
        sorted.extend(run.into_iter().map(|(_, event)| event));
    }
    sorted.join(",")
}

fn whose(event: &str) -> (Id, &str) {
    let id = event.rsplit(' ').next().and_then(|id| id.parse().ok()).unwrap_or_default();
    (id, event)
}

/// The supervisors whose lives are not counted.
fn forgotten(schedule: &Schedule, register: &Register<'_>) -> BTreeSet<Id> {
    let deleted: BTreeSet<Id> = schedule.ops.iter().filter_map(deleted).collect();
    let leaves = |id: &Id| {
        let temporary = register.policies.get(id).is_some_and(|policy| policy.restart == Restart::Temporary);
        deleted.contains(id) || (temporary && *id != schedule.root.id)
    };
    register.sups.keys().copied().filter(|id| register.line(*id).iter().any(leaves)).collect()
}

fn deleted(op: &Op) -> Option<Id> {
    if let Op::Delete(id) = op { Some(*id) } else { None }
}

/// Leaves out `#LIVES` behind these.
fn forget(state: &str, forgotten: &BTreeSet<Id>) -> String {
    let mut kept = String::new();
    let mut rest = state;
    while let Some(at) = rest.find('#') {
        let (before, after) = rest.split_at(at);
        kept.push_str(before);
        let id = before.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|id| id.parse().ok());
        let until = after.find('[').unwrap_or(after.len());
        let (lives, after) = after.split_at(until);
        if id.is_none_or(|id| !forgotten.contains(&id)) {
            kept.push_str(lives);
        }
        rest = after;
    }
    kept + rest
}

/// How often each result and each end came up: what the schedules have really tried.
pub(crate) fn tally<'a>(traces: impl Iterator<Item = &'a Trace>) -> BTreeMap<String, usize> {
    let mut tally = BTreeMap::new();
    for step in traces.flat_map(Trace::steps) {
        let (result, rest) = step.split_once('|').unwrap_or((step, ""));
        let end = rest.find("ended").map_or("", |at| &rest[at..]);
        *tally.entry(format!("{result} {end}").trim().to_owned()).or_insert(0) += 1;
    }
    tally
}

/// Two traces of one schedule side by side, with what was done.
pub(crate) fn side_by_side(schedule: &Schedule, expected: &Trace, found: &Trace) -> String {
    let mut lines = vec![shape(&schedule.root, 0)];
    if !schedule.refuses.is_empty() {
        lines.push(format!("first start fails: {:?}", schedule.refuses));
    }
    let (expected, found): (Vec<&str>, Vec<&str>) = (expected.steps().collect(), found.steps().collect());
    for at in 0..expected.len().max(found.len()) {
        let done = match at.checked_sub(1) {
            None => "start".to_owned(),
            Some(at) => schedule.ops.get(at).map_or("stop".to_owned(), |op| format!("{op:?}")),
        };
        let (expected, found) = (expected.get(at).unwrap_or(&"nothing"), found.get(at).unwrap_or(&"nothing"));
        lines.push(done);
        if expected == found {
            lines.push(format!("    both  {expected}"));
        } else {
            lines.push(format!("    OTP   {expected}"));
            lines.push(format!("    here  {found}"));
        }
    }
    lines.join("\n")
}

fn shape(sup: &Sup, depth: usize) -> String {
    let policy = |policy: &Policy| {
        let significant = if policy.significant { " significant" } else { "" };
        let deaf = if policy.deaf { " deaf" } else { "" };
        format!("{:?} {:?}{significant}{deaf}", policy.restart, policy.shutdown)
    };
    let indent = "  ".repeat(depth);
    let (strategy, auto) = (sup.strategy, sup.auto);
    let mut text = format!(
        "{indent}{} {strategy:?} {} in {} s, auto shutdown {auto:?}; {}",
        sup.id,
        sup.intensity,
        sup.period,
        policy(&sup.policy)
    );
    if strategy == Strategy::Dynamic {
        text += &format!("; of {}", policy(&sup.template));
    }
    for child in &sup.children {
        text += "\n";
        text += &match child {
            Child::Worker(worker) => format!("{indent}  {} {}", worker.id, policy(&worker.policy)),
            Child::Sup(sup) => shape(sup, depth + 1),
        };
    }
    text
}
