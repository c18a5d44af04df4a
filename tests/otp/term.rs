//! A schedule as an Erlang term, in the words of `oracle.escript`.

use crate::schedule::{Auto, Child, How, Op, Policy, Restart, Schedule, Shutdown, Start, Strategy, Sup};

/// One line: `{Number, Root, Refuses, Ops}.`
pub(crate) fn line(number: usize, schedule: &Schedule) -> String {
    let ops = list(schedule.ops.iter().map(op));
    format!("{{{number},{},{:?},{ops}}}.\n", sup(&schedule.root), schedule.refuses)
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn sup(sup: &Sup) -> String {
    let strategy = match sup.strategy {
        Strategy::OneForOne => "one_for_one",
        Strategy::OneForAll => "one_for_all",
        Strategy::RestForOne => "rest_for_one",
        Strategy::Dynamic => "simple_one_for_one",
    };
    let auto = match sup.auto {
        Auto::Never => "never",
        Auto::Any => "any_significant",
        Auto::All => "all_significant",
    };
    let (id, own, template) = (sup.id, policy(&sup.policy), policy(&sup.template));
    let (intensity, period) = (sup.intensity, sup.period);
    let children = list(sup.children.iter().map(child));
    format!("{{sup,{id},{own},{strategy},{intensity},{period},{auto},{template},{children}}}")
}

fn child(child: &Child) -> String {
    match child {
        Child::Worker(worker) => format!("{{worker,{},{}}}", worker.id, policy(&worker.policy)),
        Child::Sup(below) => sup(below),
    }
}

fn policy(policy: &Policy) -> String {
    let restart = match policy.restart {
        Restart::Permanent => "permanent",
        Restart::Transient => "transient",
        Restart::Temporary => "temporary",
    };
    let shutdown = match policy.shutdown {
        Shutdown::Brutal => "brutal_kill".to_owned(),
        Shutdown::Timeout(ms) => ms.to_string(),
        Shutdown::Infinity => "infinity".to_owned(),
    };
    format!("{{{restart},{shutdown},{},{}}}", policy.significant, policy.deaf)
}

fn op(op: &Op) -> String {
    match op {
        Op::Starts(id, next) => format!("{{starts,{id},{}}}", list(next.iter().map(start))),
        Op::Finish(id, How::Normal) => format!("{{finish,{id},normal}}"),
        Op::Finish(id, How::Error) => format!("{{finish,{id},error}}"),
        Op::Finish(id, How::Kill) => format!("{{finish,{id},kill}}"),
        Op::Release => "{release}".to_owned(),
        Op::Terminate(id) => format!("{{terminate,{id}}}"),
        Op::Restart(id) => format!("{{restart,{id}}}"),
        Op::Delete(id) => format!("{{delete,{id}}}"),
        Op::Add(to, added) => format!("{{add,{to},{}}}", child(added)),
        Op::Spawn(to, id) => format!("{{spawn,{to},{id}}}"),
        Op::Pass(ms) => format!("{{pass,{ms}}}"),
    }
}

fn start(start: &Start) -> String {
    match start {
        Start::Fail => "fail",
        Start::Hang => "hang",
        Start::HangFail => "hang_fail",
    }
    .to_owned()
}
