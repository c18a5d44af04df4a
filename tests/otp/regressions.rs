//! Schedules at which the two worlds once differed, each as small as it goes, with the trace that is right.

use crate::erlang::Erlang;
use crate::ours::Swarmtree;
use crate::schedule::Child::Worker as W;
use crate::schedule::How::Error;
use crate::schedule::Op::{Finish, Starts};
use crate::schedule::Start::HangFail;
use crate::schedule::Strategy::RestForOne;
use crate::schedule::{Auto, Child, Id, LONG_PERIOD, Op, Policy, Schedule, Strategy, Sup, Worker};
use crate::trace::{Subject, Trace, side_by_side};

/// What happens is what was recorded, here, and there if the oracle is present.
#[track_caller]
fn check(root: Sup, ops: Vec<Op>, recorded: &[&str]) {
    let schedule = Schedule { root, refuses: Vec::new(), ops };
    let recorded = Trace::recorded(recorded);
    let found = Swarmtree.run(&schedule);
    assert!(found == recorded, "\n{}", side_by_side(&schedule, &recorded, &found));
    if let Ok(oracle) = Erlang::start() {
        assert_eq!(oracle.run(&schedule), recorded, "the record is wrong");
    }
}

fn root(strategy: Strategy, intensity: u32, children: Vec<Child>) -> Sup {
    let (policy, template) = (Policy::ROOT, Policy::PLAIN);
    Sup { id: 1, policy, strategy, intensity, period: LONG_PERIOD, auto: Auto::Never, template, children }
}

fn plain(id: Id) -> Child {
    W(Worker { id, policy: Policy::PLAIN })
}

#[test]
fn an_attempt_that_failed_stands_behind_the_ends_that_waited() {
    check(
        root(RestForOne, 2, vec![plain(2), plain(4)]),
        vec![Starts(4, vec![HangFail]), Finish(4, Error), Finish(2, Error)],
        &[
            "up|start 2,start 4|1#1[2+ 4+]",
            "set||1#1[2+ 4+]",
            "done|down 4,start 4|1#1[?]",
            "done|down 2|1#1[?]",
            "released|start 2,start 4|1#1[2+ 4+]",
            "stop|down 4,down 2|ended shutdown",
        ],
    );
}
