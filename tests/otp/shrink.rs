//! Makes a schedule smaller as long as it still fails: fewer operations, fewer nodes, plainer values.

use crate::schedule::{Auto, Child, Op, Policy, Restart, Schedule, Shutdown, Strategy, Sup};

/// The smallest schedule on the way down from this one that still fails.
pub(crate) fn shrink(schedule: Schedule, fails: impl Fn(&Schedule) -> bool) -> Schedule {
    let mut smallest = schedule;
    while let Some(smaller) = candidates(&smallest).into_iter().find(&fails) {
        smallest = smaller;
    }
    smallest
}

fn candidates(schedule: &Schedule) -> Vec<Schedule> {
    let mut found = Vec::new();
    let ops = schedule.ops.len();
    for size in [ops / 2, ops / 4, 2, 1] {
        for at in (0..ops).step_by(size.max(1)).rev() {
            let mut ops = schedule.ops.clone();
            ops.drain(at..(at + size).min(ops.len()));
            if ops.len() < schedule.ops.len() {
                found.push(Schedule { ops, ..schedule.clone() });
            }
        }
    }
    for at in 0..schedule.refuses.len() {
        let mut smaller = schedule.clone();
        smaller.refuses.remove(at);
        found.push(smaller);
    }
    // The root stays temporary: nobody above would start it again.
    for root in sups(&schedule.root).into_iter().filter(|root| root.policy == schedule.root.policy) {
        found.push(Schedule { root, ..schedule.clone() });
    }
    for (at, op) in schedule.ops.iter().enumerate() {
        for plainer in plainer_ops(op) {
            let mut ops = schedule.ops.clone();
            ops[at] = plainer;
            found.push(Schedule { ops, ..schedule.clone() });
        }
    }
    found
}

fn plainer_ops(op: &Op) -> Vec<Op> {
    match op {
        Op::Starts(id, starts) if starts.len() > 1 => vec![Op::Starts(*id, starts[1..].to_vec())],
        Op::Add(to, child) => children(child).into_iter().map(|child| Op::Add(*to, child)).collect(),
        _ => Vec::new(),
    }
}

/// This supervisor with one thing less.
fn sups(sup: &Sup) -> Vec<Sup> {
    let mut found = Vec::new();
    for at in 0..sup.children.len() {
        let mut smaller = sup.clone();
        smaller.children.remove(at);
        found.push(smaller);
    }
    for (at, child) in sup.children.iter().enumerate() {
        for plainer in children(child) {
            let mut smaller = sup.clone();
            smaller.children[at] = plainer;
            found.push(smaller);
        }
    }
    let significant = sup.template.significant || sup.children.iter().any(|child| child.policy().significant);
    if sup.auto != Auto::Never && !significant {
        found.push(Sup { auto: Auto::Never, ..sup.clone() });
    }
    if sup.strategy != Strategy::OneForOne && sup.strategy != Strategy::Dynamic {
        found.push(Sup { strategy: Strategy::OneForOne, ..sup.clone() });
    }
    if sup.intensity > 0 {
        found.push(Sup { intensity: sup.intensity - 1, ..sup.clone() });
    }
    found.extend(policies(&sup.template, Policy::PLAIN).map(|template| Sup { template, ..sup.clone() }));
    found.extend(policies(&sup.policy, Policy::SUP).map(|policy| Sup { policy, ..sup.clone() }));
    found
}

fn children(child: &Child) -> Vec<Child> {
    match child {
        Child::Worker(worker) => policies(&worker.policy, Policy::PLAIN)
            .map(|policy| {
                let mut worker = *worker;
                worker.policy = policy;
                Child::Worker(worker)
            })
            .collect(),
        Child::Sup(sup) => sups(sup).into_iter().map(Child::Sup).collect(),
    }
}

/// This policy, nearer to the plain one by one value.
fn policies(policy: &Policy, plain: Policy) -> impl Iterator<Item = Policy> {
    let policy = *policy;
    let hears = Policy { deaf: false, ..policy };
    let shutdown = Policy { shutdown: if policy.deaf { Shutdown::Brutal } else { plain.shutdown }, ..policy };
    let insignificant = Policy { significant: false, ..policy };
    let restart = if policy.significant { policy.restart } else { Restart::Permanent };
    let permanent = Policy { restart, ..policy };
    [hears, shutdown, insignificant, permanent].into_iter().filter(move |found| *found != policy)
}
