//! Agents that are lost, fan-outs, demand and width: one rule each.

use std::time::Duration;

use crate::agents::agent::Agent;
use crate::agents::capabilities::Capabilities;
use crate::agents::event::Event;
use crate::agents::note::Note;
use crate::agents::outcome::{AttemptError, Outcome};
use crate::agents::plan::{Adaptive, Plan};
use crate::agents::roster::AgentState;
use crate::agents::status::TaskState;
use crate::agents::story::{Story, task};
use crate::agents::task::{Join, Priority};

// ---- Agents that are lost.

#[test]
fn a_lost_agent_shows_at_once_and_its_task_is_tried_elsewhere() {
    let mut story = Story::with(&[("a", 1), ("b", 1)]);
    story.submit(task("t"));
    story.check_out(["t a"]);
    story.crash("a");
    let gone = story.board.agent(&"a".into()).unwrap();
    assert_eq!((gone.state, gone.tasks), (AgentState::Down(AttemptError::Crashed("boom".into())), vec![]));
    story.check_out(["t b"]);
    assert_eq!(story.state("t"), TaskState::Running { agents: vec!["b".into()] });
    story.finish("t", Ok(7));
    let ended = story.ended("t");
    assert_eq!((&ended.outcome, ended.failures.len()), (&Outcome::Done, 1));
}

#[test]
fn a_task_whose_retries_are_used_up_has_failed_with_all_causes() {
    let mut story = Story::with(&[("a", 1), ("b", 1), ("c", 1)]);
    story.submit(task("t").retries(2));
    story.crash("a");
    story.finish("t", Err("no"));
    story.out.clear();
    story.on(Event::Left { agent: "c".into() });
    let ended = story.ended("t");
    assert_eq!(ended.outcome, Outcome::Failed);
    let causes: Vec<String> = ended.failures.iter().map(|it| format!("{} {}", it.agent, it.error)).collect();
    assert_eq!(causes, ["a crashed: boom", "b failed: no", "c left"]);
}

#[test]
fn a_single_agent_that_came_back_may_try_again() {
    let mut story = Story::with(&[("a", 1)]);
    story.submit(task("t"));
    story.crash("a");
    assert_eq!(story.state("t"), TaskState::Waiting { missing: Capabilities::none() });
    story.join(Agent::new("a", "worker"));
    story.ask("a", 1);
    story.check_out(["t a"]);
}

#[test]
fn what_a_lost_attempt_says_later_is_passed_over() {
    let mut story = Story::with(&[("a", 1)]);
    story.submit(task("t"));
    let (_, first) = story.take("t");
    // Nobody told of its end; it is simply there again.
    story.join(Agent::new("a", "worker"));
    story.ask("a", 1);
    story.check_out(["t a"]);
    story.on(Event::Finished { attempt: first, result: Ok(1) });
    story.on(Event::Started { attempt: first });
    assert_eq!(story.state("t"), TaskState::Running { agents: vec!["a".into()] });
    let second = story.finish("t", Ok(2));
    story.on(Event::Finished { attempt: second, result: Ok(3) });
    let ended = story.ended("t");
    assert_eq!(ended.results.iter().map(|it| it.result).collect::<Vec<_>>(), [2]);
    assert_eq!((ended.failures[0].error.clone(), story.counts().stale), (AttemptError::Left, 2));
}

#[test]
fn a_task_that_nobody_can_do_says_what_is_missing_and_blocks_nobody() {
    let mut story = Story::with(&[("plain", 1)]);
    story.submit(task("t").needs(["gpu", "net"]).priority(Priority::Critical));
    assert_eq!(story.state("t"), TaskState::Waiting { missing: ["gpu", "net"].into() });
    story.submit(task("easy").priority(Priority::Low));
    story.check_out(["easy plain"]);
    story.join(Agent::new("half", "worker").capabilities(["net", "disk"]));
    assert_eq!(story.state("t"), TaskState::Waiting { missing: ["gpu"].into() });
    story.join(Agent::new("able", "worker").capabilities(["net", "gpu"]));
    assert_eq!(story.state("t"), TaskState::Queued);
    story.ask("able", 1);
    assert_eq!(story.state("t"), TaskState::Running { agents: vec!["able".into()] });
}

// ---- Fans.

#[test]
fn a_fan_goes_to_distinct_agents_and_waits_for_one_more_if_there_are_too_few() {
    let mut story = Story::with(&[("a", 3), ("b", 3)]);
    story.submit(task("t").parallel(3, Join::All));
    story.check_out(["t a", "t b"]);
    story.finish("t", Ok(1));
    story.finish("t", Ok(2));
    assert_eq!(story.state("t"), TaskState::Waiting { missing: Capabilities::none() });
    story.join(Agent::new("c", "worker"));
    story.ask("c", 1);
    story.finish("t", Ok(3));
    assert_eq!(story.ended("t").outcome, Outcome::Done);
}

#[test]
fn all_waits_for_every_replica_and_keeps_what_the_others_found() {
    let mut story = Story::with(&[("a", 1), ("b", 1), ("c", 1)]);
    story.submit(Plan::parallel(3, Join::All, [task("t").retries(0)]));
    story.finish("t", Err("no"));
    story.finish("t", Ok(2));
    assert_eq!(story.state("t"), TaskState::Running { agents: vec!["c".into()] });
    story.finish("t", Ok(3));
    let ended = story.ended("t");
    assert_eq!((&ended.outcome, ended.results.len(), ended.failures.len()), (&Outcome::Failed, 2, 1));
}

#[test]
fn a_quorum_or_the_first_success_cancels_the_rest() {
    let mut story = Story::with(&[("a", 1), ("b", 1), ("c", 1)]);
    story.submit(task("vote").parallel(3, Join::Quorum(2)));
    story.finish("vote", Ok(1));
    story.finish("vote", Ok(2));
    assert_eq!((story.ended("vote").outcome.clone(), story.ended("vote").results.len()), (Outcome::Done, 2));
    assert_eq!(story.cancelled, ["vote at c"]);
    story.finish("vote", Ok(3));
    story.submit(task("race").parallel(3, Join::First).retries(0));
    story.finish("race", Err("no"));
    story.finish("race", Ok(2));
    assert_eq!(story.ended("race").outcome, Outcome::Done);
    assert_eq!(story.cancelled.len(), 2);
}

// ---- Demand, order, width.

#[test]
fn nobody_is_given_what_it_did_not_ask_for_so_a_slow_one_gets_less() {
    let mut story = Story::with(&[]);
    for id in ["fast", "slow"] {
        story.join(Agent::new(id, "worker").concurrency(2));
    }
    story.submit(Plan::balanced((0..40).map(|n| task(&format!("t{n}")))));
    story.check_out([]);
    for id in ["fast", "slow"] {
        story.ask(id, 2);
    }
    let mut done = [0, 0];
    for millis in 0..19 {
        story.pass(1);
        let ends = if millis % 9 == 8 { vec!["fast", "slow"] } else { vec!["fast"] };
        for (at, agent) in ends.into_iter().enumerate() {
            let task = story.out.iter().find(|(_, of, _)| of == agent).map(|(task, ..)| task.clone()).unwrap();
            story.finish(&task, Ok(0));
            done[at] += 1;
            assert!(story.board.agents().all(|agent| agent.tasks.len() <= 2));
        }
    }
    assert_eq!(done, [19, 2]);
}

#[test]
fn low_tasks_are_served_within_their_bound_under_a_flood_of_critical_ones() {
    let mut story = Story::with(&[("a", 1)]);
    story.submit(Plan::balanced((0..3).map(|n| task(&format!("low{n}")).priority(Priority::Low))));
    let mut served = 0;
    for n in 0..3 * Priority::Low.served_within() {
        story.submit(task(&format!("critical{n}")).priority(Priority::Critical));
        let next = story.out[0].0.clone();
        served += u64::from(next.starts_with("low"));
        assert!(served >= (n + 1) / Priority::Low.served_within());
        story.finish(&next, Ok(0));
    }
    assert_eq!(served, 3);
}

#[test]
fn a_level_is_as_wide_as_its_agents_start_promptly_and_says_why() {
    let mut story = Story::with(&[("a", 16)]);
    let adaptive = Adaptive { least: 1, most: 3, target: Duration::from_millis(100) };
    story.submit(Plan::adaptive(adaptive, (0..12).map(|n| task(&format!("t{n:02}")))));
    let mut widths = Vec::new();
    for delay in [0, 0, 0, 0, 0, 150, 0] {
        widths.push(story.out.len());
        story.now += Duration::from_millis(delay);
        let first = story.out[0].0.clone();
        story.start(&first);
        story.finish(&first, Ok(0));
    }
    assert_eq!(widths, [1, 2, 2, 3, 3, 3, 2]);
    let narrower = |note: &&Note| matches!(note, Note::Width(decision) if decision.after < decision.before);
    let decisions = story.board.log().filter(narrower).map(Note::to_string);
    let expected = "plan 0 level 0: width 3 -> 1; started after 150ms of 100ms, 3 in flight";
    assert_eq!(decisions.collect::<Vec<_>>(), [expected]);
}
