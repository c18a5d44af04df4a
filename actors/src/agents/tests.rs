//! Tasks that are refused, wait for others, or end before their end: one rule each.

use std::time::Duration;

use crate::agents::admission::Refusal;
use crate::agents::agent::{Agent, AgentId};
use crate::agents::board::JoinError;
use crate::agents::outcome::Outcome;
use crate::agents::plan::{Adaptive, Plan};
use crate::agents::state::BoardOptions;
use crate::agents::status::{Counts, TaskState};
use crate::agents::story::{Story, ids, task};
use crate::agents::task::Join;

// ---- What is refused.

#[test]
fn a_plan_that_cannot_be_is_refused_with_the_reason_and_given_back() {
    let mut story =
        Story::new(BoardOptions { tasks_limit: 4, agents_limit: 3, dependencies_limit: 2, ..Default::default() });
    story.submit(task("there"));
    let adaptive = |least, most| Adaptive { least, most, ..Adaptive::default() };
    let cases = [
        (Plan::balanced([]), "the plan holds no task"),
        (
            Plan::balanced(["a", "b", "c", "d"].map(task)),
            "the board holds 1 tasks, and 4 more would exceed its limit of 4",
        ),
        (task("there").into(), "there is a task there already"),
        (Plan::balanced([task("a"), task("a")]), "there is a task a already"),
        (task("a").after(["z"]).into(), "a depends on z, and there is no such task"),
        (task("a").after(["a"]).into(), "the dependencies go in a circle: a -> a"),
        (
            Plan::balanced([task("a").after(["c"]), task("b").after(["a"]), task("c").after(["there", "b"])]),
            "the dependencies go in a circle: a -> c -> b -> a",
        ),
        (Plan::sequential([task("a").after(["b"]), task("b")]), "the dependencies go in a circle: a -> b -> a"),
        (
            Plan::balanced([task("a"), task("b"), task("c").after(["a", "b", "there"])]),
            "c depends on 3 others, and may on 2",
        ),
        (task("a").parallel(4, Join::All).into(), "a is for 4 agents, which must be 1 to 3"),
        (Plan::parallel(0, Join::All, [task("a")]), "a is for 0 agents, which must be 1 to 3"),
        (task("a").parallel(2, Join::Quorum(3)).into(), "a is for 2 agents, and its quorum is 3"),
        (task("a").parallel(2, Join::Quorum(0)).into(), "a is for 2 agents, and its quorum is 0"),
        (Plan::adaptive(adaptive(0, 3), [task("a")]), "the width of a level is from 0 to 3"),
        (Plan::adaptive(adaptive(4, 3), [task("a")]), "the width of a level is from 4 to 3"),
    ];
    for (plan, why) in cases {
        let refused = story.board.submit(plan.clone(), story.now).unwrap_err();
        assert!(refused.to_string().starts_with(why), "{refused}");
        assert_eq!(refused.plan, plan);
        assert_eq!(story.counts(), Counts { submitted: 1, live: 1, ..Default::default() });
    }
}

#[test]
fn an_agent_that_could_do_nothing_or_is_one_too_many_cannot_join() {
    let mut story = Story::new(BoardOptions { agents_limit: 1, ..Default::default() });
    let agent = AgentId::from("a");
    let idle = story.board.join(Agent::new("a", "worker").concurrency(0), story.now).unwrap_err();
    assert_eq!(idle, JoinError::NoConcurrency { agent });
    story.join(Agent::new("a", "worker"));
    let full = story.board.join(Agent::new("b", "worker"), story.now).unwrap_err();
    assert_eq!(full, JoinError::Full { agent: AgentId::from("b"), limit: 1 });
    story.crash("a");
    story.join(Agent::new("b", "worker"));
    assert_eq!(story.board.agent(&AgentId::from("a")), None, "it made room");
}

#[test]
fn room_on_the_board_is_free_again_when_a_task_has_ended() {
    let mut story = Story::new(BoardOptions { tasks_limit: 1, ..Default::default() });
    story.submit(task("a"));
    let refused = story.board.submit(task("b"), story.now).unwrap_err();
    assert_eq!(refused.refusal, Refusal::Full { live: 1, more: 1, limit: 1 });
    story.cancel("a");
    story.submit(refused.plan);
}

#[test]
fn what_ended_long_ago_is_forgotten_and_nothing_can_depend_on_it() {
    let mut story = Story::new(BoardOptions { ended_limit: 2, log_limit: 3, ..Default::default() });
    for id in ["a", "b", "c"] {
        story.submit(task(id));
        story.cancel(id);
    }
    assert_eq!(story.board.tasks().map(|status| status.id).collect::<Vec<_>>(), ids(["b", "c"]));
    assert_eq!(story.board.log().count(), 3);
    let refused = story.board.submit(task("d").after(["a"]), story.now).unwrap_err();
    assert_eq!(refused.refusal, Refusal::Unknown { task: "d".into(), dependency: "a".into() });
    story.submit(task("e").after(["b"]));
    assert_eq!(story.ended("e").outcome, Outcome::Skipped { cause: "b".into() });
}

// ---- Dependencies.

#[test]
fn a_sequence_goes_on_once_the_stage_before_is_done_and_hands_its_result_on() {
    let mut story = Story::with(&[("a", 3)]);
    story.submit(Plan::sequential(["one", "two", "three"].map(task)));
    story.check_out(["one a"]);
    assert_eq!(story.state("two"), TaskState::Blocked { on: ids(["one"]) });
    story.finish("one", Ok(11));
    story.check_out(["two a"]);
    story.finish("two", Ok(22));
    story.finish("three", Ok(33));
    assert_eq!(story.inputs, [vec![], vec![11], vec![22]]);
    assert_eq!(story.ended("three").outcome, Outcome::Done);
}

#[test]
fn inputs_come_in_the_order_in_which_they_are_named() {
    let mut story = Story::with(&[("a", 3)]);
    story.submit(Plan::balanced([task("sum").after(["y", "x"]), task("x"), task("y")]));
    story.finish("x", Ok(1));
    story.finish("y", Ok(2));
    assert_eq!(story.inputs.last(), Some(&vec![2, 1]));
    story.submit(task("later").after(["x", "y"]));
    assert_eq!(story.inputs.last(), Some(&vec![1, 2]), "done before it was submitted");
}

#[test]
fn a_dependency_that_was_not_done_skips_all_behind_it_for_the_first_cause() {
    let mut story = Story::with(&[("a", 3)]);
    let rest = [task("b").after(["a"]), task("c").after(["b", "x"]), task("x")];
    story.submit(Plan::balanced([task("a").retries(0)].into_iter().chain(rest)));
    story.finish("a", Err("no"));
    for id in ["b", "c"] {
        assert_eq!(story.ended(id).outcome, Outcome::Skipped { cause: "a".into() });
    }
    story.submit(task("d").after(["c"]));
    assert_eq!(story.ended("d").outcome, Outcome::Skipped { cause: "a".into() });
    story.check_out(["x a"]);
}

// ---- Ends before the end.

#[test]
fn a_task_expires_whether_it_is_blocked_queued_or_running() {
    let mut story = Story::with(&[("a", 1)]);
    let limit = Duration::from_millis(100);
    let timed = |id| task(id).within(limit);
    story.submit(Plan::balanced([timed("runs"), timed("waits"), task("free").after(["runs"])]));
    story.submit(timed("blocked").after(["free"]));
    assert_eq!(story.board.wakes_at(), Some(story.now + limit));
    story.pass(99);
    assert_eq!(story.counts().expired, 0);
    story.pass(1);
    for id in ["runs", "waits", "blocked"] {
        assert_eq!(story.state(id), TaskState::Ended(Outcome::Expired), "{id}");
    }
    assert_eq!(story.state("free"), TaskState::Ended(Outcome::Skipped { cause: "runs".into() }));
    assert_eq!(story.cancelled, ["runs at a"]);
    assert_eq!(story.board.wakes_at(), None);
}

#[test]
fn a_result_that_comes_with_the_deadline_comes_too_late() {
    let mut story = Story::with(&[("a", 1)]);
    story.submit(task("t").within(Duration::from_secs(1)));
    story.now += Duration::from_secs(1);
    story.finish("t", Ok(1));
    let ended = story.ended("t");
    assert_eq!((&ended.outcome, ended.results.len(), story.counts().stale), (&Outcome::Expired, 0, 1));
}

#[test]
fn a_cancelled_attempt_holds_its_place_until_its_agent_says_that_it_has_ended() {
    let mut story = Story::with(&[("a", 1)]);
    story.submit(Plan::balanced([task("one"), task("two")]));
    story.cancel("one");
    assert_eq!(story.cancelled, ["one at a"]);
    story.ask("a", 1);
    story.check_out(["one a"]);
    let agent = story.board.agent(&"a".into()).unwrap();
    assert_eq!((agent.tasks, agent.given_up, agent.demand), (vec![], 1, 1));
    story.finish("one", Ok(1));
    story.check_out(["two a"]);
    assert_eq!((story.ended("one").results.len(), story.counts().stale), (0, 1));
    story.cancel("one");
    assert_eq!(story.counts().cancelled, 1, "it has ended once");
}
