//! What is left of a schedule when a feature is looked at alone.

use crate::schedule::{
    Auto, Child, How, Id, LONG_PERIOD, Op, Policy, Restart, STOP_MS, Schedule, Shutdown, Start, Strategy, Sup, Worker,
};

/// Restarts that no schedule uses up.
const AMPLE: u32 = 1_000;

/// Which part of a policy a feature needs; the rest is plain.
pub(crate) type Keep = fn(Id, &Policy) -> Policy;

pub(crate) fn nothing(_: Id, _: &Policy) -> Policy {
    Policy::PLAIN
}

pub(crate) fn restart(_: Id, policy: &Policy) -> Policy {
    Policy { restart: policy.restart, ..Policy::PLAIN }
}

pub(crate) fn transient(_: Id, policy: &Policy) -> Policy {
    as_drawn_or(policy, Restart::Transient)
}

pub(crate) fn temporary(_: Id, policy: &Policy) -> Policy {
    as_drawn_or(policy, Restart::Temporary)
}

fn as_drawn_or(policy: &Policy, other: Restart) -> Policy {
    let restart = if policy.restart == Restart::Permanent { Restart::Permanent } else { other };
    Policy { restart, ..Policy::PLAIN }
}

/// Every other worker does not listen to a request to stop, and is killed sooner or later.
pub(crate) fn deaf(id: Id, policy: &Policy) -> Policy {
    let shutdown = if policy.shutdown == Shutdown::Brutal { Shutdown::Brutal } else { Shutdown::Timeout(STOP_MS) };
    Policy { shutdown, deaf: id.is_multiple_of(2), ..Policy::PLAIN }
}

/// Two of three that may be significant are.
pub(crate) fn significant(id: Id, policy: &Policy) -> Policy {
    let significant = policy.restart != Restart::Permanent && !id.is_multiple_of(3);
    Policy { significant, ..restart(id, policy) }
}

/// All workers of the tree below one root, without operations.
pub(crate) fn flat(drawn: &Schedule, strategy: Strategy, keep: Keep) -> Schedule {
    let mut workers = Vec::new();
    collect(&drawn.root, &mut workers);
    let kept = |worker: Worker| Child::Worker(Worker { policy: keep(worker.id, &worker.policy), ..worker });
    let children = workers.into_iter().map(kept).collect();
    let template = keep(drawn.root.id, &drawn.root.template);
    let root = Sup { strategy, template, children, ..plain(&drawn.root) };
    Schedule { root, refuses: Vec::new(), ops: Vec::new() }
}

fn collect(sup: &Sup, workers: &mut Vec<Worker>) {
    for child in &sup.children {
        match child {
            Child::Worker(worker) => workers.push(*worker),
            Child::Sup(sup) => collect(sup, workers),
        }
    }
}

/// The tree as it was drawn, of plain nodes.
pub(crate) fn nested(drawn: &Sup) -> Sup {
    let children = drawn.children.iter().map(|child| match child {
        Child::Worker(worker) => Child::Worker(Worker { policy: Policy::PLAIN, ..*worker }),
        Child::Sup(sup) => Child::Sup(Sup { policy: Policy::SUP, ..nested(sup) }),
    });
    Sup { children: children.collect(), ..plain(drawn) }
}

fn plain(drawn: &Sup) -> Sup {
    Sup {
        strategy: no_dynamic(drawn.strategy),
        intensity: AMPLE,
        period: LONG_PERIOD,
        auto: Auto::Never,
        template: Policy::PLAIN,
        children: Vec::new(),
        ..*drawn
    }
}

pub(crate) fn no_dynamic(strategy: Strategy) -> Strategy {
    if strategy == Strategy::Dynamic { Strategy::OneForOne } else { strategy }
}

/// A strategy that restarts groups.
pub(crate) fn group(strategy: Strategy) -> Strategy {
    if strategy == Strategy::RestForOne { strategy } else { Strategy::OneForAll }
}

/// The intensities that were drawn, here and below.
pub(crate) fn with_intensity(sup: Sup, drawn: &Sup) -> Sup {
    let pairs = sup.children.into_iter().zip(&drawn.children);
    let children = pairs.map(|(child, drawn)| match (child, drawn) {
        (Child::Sup(sup), Child::Sup(drawn)) => Child::Sup(with_intensity(sup, drawn)),
        (child, _) => child,
    });
    Sup { intensity: drawn.intensity, children: children.collect(), ..sup }
}

// ---- Operations. Those on nodes that are gone from the tree find nobody.

pub(crate) fn ends(drawn: &Schedule) -> Vec<Op> {
    drawn.ops.iter().filter(|op| is_end(op)).cloned().collect()
}

pub(crate) fn is_end(op: &Op) -> bool {
    matches!(op, Op::Finish(..))
}

/// Ends that nobody else brings about.
pub(crate) fn own_ends(drawn: &Schedule) -> Vec<Op> {
    let own = |op: &&Op| matches!(op, Op::Finish(_, How::Normal | How::Error));
    drawn.ops.iter().filter(own).cloned().collect()
}

pub(crate) fn crashes(drawn: &Schedule) -> Vec<Op> {
    drawn.ops.iter().filter(|op| matches!(op, Op::Finish(_, How::Error))).cloned().collect()
}

/// Ends, and starts that fail at once.
pub(crate) fn failed_starts(drawn: &Schedule) -> Vec<Op> {
    let kept = drawn.ops.iter().map(|op| match op {
        Op::Starts(id, starts) => Op::Starts(*id, vec![Start::Fail; starts.len()]),
        op => op.clone(),
    });
    kept.filter(|op| is_end(op) || matches!(op, Op::Starts(..))).collect()
}

/// Ends, and starts that hang, each for as long as nothing else happens.
pub(crate) fn hung_starts(drawn: &Schedule) -> Vec<Op> {
    let mut ops = Vec::new();
    for op in &drawn.ops {
        match op {
            Op::Starts(id, starts) if starts[0] != Start::Fail => {
                ops.extend([Op::Starts(*id, vec![Start::Hang]), Op::Finish(*id, How::Error), Op::Release]);
            }
            op if is_end(op) => ops.push(op.clone()),
            _ => {}
        }
    }
    ops
}

/// Ends, and workers that are added to the root.
pub(crate) fn added(drawn: &Schedule) -> Vec<Op> {
    let kept = drawn.ops.iter().filter_map(|op| match op {
        Op::Add(_, Child::Worker(worker)) => {
            Some(Op::Add(drawn.root.id, Child::Worker(Worker { policy: Policy::PLAIN, ..*worker })))
        }
        op => is_end(op).then(|| op.clone()),
    });
    kept.collect()
}

/// Ends, and what is asked of a supervisor for a child that it has.
pub(crate) fn asked(drawn: &Schedule) -> Vec<Op> {
    let asked = |op: &&Op| is_end(op) || matches!(op, Op::Terminate(_) | Op::Restart(_) | Op::Delete(_));
    drawn.ops.iter().filter(asked).cloned().collect()
}

/// The children of the root are started one by one, at run time.
pub(crate) fn dynamic(flat: Schedule, drawn: &Schedule) -> Schedule {
    let root = flat.root.id;
    let spawned = flat.root.children.iter().map(|child| Op::Spawn(root, child.id()));
    let ops = drawn.ops.iter().filter(|op| is_end(op) || matches!(op, Op::Terminate(_))).cloned();
    let ops = spawned.chain(ops).collect();
    Schedule { root: Sup { children: Vec::new(), ..flat.root }, ops, ..flat }
}
