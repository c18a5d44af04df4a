//! Crews that work: strategies, losses, cancellation, deadlines, drain.

use std::collections::BTreeSet;
use std::time::Duration;

use swarmtree::Topology;
use swarmtree_actors::agents::{
    Adaptive, Agent, AgentState, AttemptError, Join, NoOutcome, Note, Outcome, Plan, Refusal, Task, TaskState,
};

use crate::work::{Do, Gate, Story, say, soon};

// ---- Strategies.

#[tokio::test(start_paused = true)]
async fn a_balanced_plan_gives_each_task_what_the_tasks_before_it_found() {
    let story = Story::with(["a", "b", "c"]).await;
    let sum = Task::new("sum", Do::Sum).after(["one", "two", "three"]);
    let plan = Plan::balanced([sum, say("one", 1), say("two", 2), say("three", 4)]);
    let submitted = story.crew.submit(plan).unwrap();
    assert_eq!(story.results(&submitted, "sum").await, [7]);
    let all = soon("all end", submitted.wait_all()).await.unwrap();
    assert_eq!(all.iter().map(|ended| ended.task.as_str()).collect::<Vec<_>>(), ["sum", "one", "two", "three"]);
    assert_eq!(story.crew.status().counts.done, 4);
}

#[tokio::test(start_paused = true)]
async fn a_sequence_does_one_task_at_a_time_in_order() {
    let story = Story::with(["a", "b", "c"]).await;
    let gate = Gate::new();
    let tasks = (0..5).map(|n| Task::new(format!("t{n}"), Do::Wait(gate.clone(), n)));
    let submitted = story.crew.submit(Plan::sequential(tasks)).unwrap();
    for n in 0..5 {
        gate.came().await;
        let running: Vec<String> =
            submitted.tasks().map(ToString::to_string).filter(|task| !story.running(task).is_empty()).collect();
        assert_eq!(running, [format!("t{n}")]);
        gate.open();
    }
    assert_eq!(story.results(&submitted, "t4").await, [4]);
}

#[tokio::test(start_paused = true)]
async fn a_quorum_keeps_what_was_found_and_cuts_the_rest_short() {
    let deaf = Agent::new("d", "deaf");
    let agents = ["a", "b"].map(|name| Agent::new(name, "worker")).into_iter().chain([deaf]);
    let story = Story::of(Topology::star(), agents).await;
    let submitted = story.crew.submit(Plan::parallel(3, Join::Quorum(2), [say("vote", 5)])).unwrap();
    assert_eq!(story.results(&submitted, "vote").await, [5, 5]);
    story.until("the third has let go", |story| story.crew.agent("d").unwrap().given_up == 0).await;
    let submitted = story.crew.submit(say("next", 6).parallel(3, Join::First)).unwrap();
    assert_eq!(story.results(&submitted, "next").await, [6]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_join_of_all_reports_partial_results_and_causes() {
    let story = Story::with(["a", "b"]).await;
    let gate = Gate::new();
    let task = Task::new("t", Do::Wait(gate.clone(), 8)).parallel(2, Join::All).retries(0);
    let submitted = story.crew.submit(task).unwrap();
    gate.came().await;
    gate.came().await;
    gate.open();
    story.until("one is done", |story| story.crew.task("t").unwrap().results == 1).await;
    let other = story.running("t").into_iter().next().unwrap();
    story.kill(&other);
    let ended = soon("it ends", submitted.outcome("t")).await.unwrap();
    assert_eq!((&ended.outcome, ended.results.len(), ended.failures.len()), (&Outcome::Failed, 1, 1));
    assert_eq!(ended.failures[0].agent.as_str(), other);
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_plan_widens_its_levels_as_starts_are_prompt() {
    let story = Story::of(Topology::star(), [Agent::new("a", "worker").concurrency(16)]).await;
    let tasks = (0..40).map(|n| Task::new(format!("t{n}"), Do::Take(Duration::from_secs(1), n)));
    let last = Task::new("sum", Do::Sum).after((0..40).map(|n| format!("t{n}")));
    let submitted = story.crew.submit(Plan::adaptive(Adaptive::default(), tasks.chain([last]))).unwrap();
    assert_eq!(story.results(&submitted, "sum").await, [780]);
    let log = story.crew.log();
    let widest =
        log.iter().filter_map(|note| if let Note::Width(decision) = note { Some(decision.after) } else { None });
    assert!(widest.max().is_some_and(|width| width > 4), "{log:?}");
}

// ---- Demand and capabilities.

#[tokio::test(start_paused = true)]
async fn a_slow_agent_gets_less_and_queues_nothing() {
    let story = Story::of(Topology::star(), [Agent::new("fast", "worker"), Agent::new("slow", "slow")]).await;
    let tasks = (0..50).map(|n| Task::new(format!("t{n}"), Do::Take(Duration::from_secs(1), n)));
    let submitted = story.crew.submit(Plan::balanced(tasks)).unwrap();
    let all = soon("all end", submitted.wait_all()).await.unwrap();
    let of = |name: &str| all.iter().filter(|ended| ended.results[0].agent.as_str() == name).count();
    assert!(of("slow") >= 3 && of("fast") > 8 * of("slow"), "{} {}", of("slow"), of("fast"));
}

#[tokio::test(start_paused = true)]
async fn a_task_waits_until_somebody_joins_who_can_do_it() {
    let story = Story::with(["a"]).await;
    let submitted = story.crew.submit(say("t", 3).needs(["gpu"])).unwrap();
    assert_eq!(story.crew.task("t").unwrap().state, TaskState::Waiting { missing: ["gpu"].into() });
    story.crew.spawn(Agent::new("g", "worker").capabilities(["gpu", "net"])).await.unwrap();
    assert_eq!(story.results(&submitted, "t").await, [3]);
}

// ---- Losses.

#[tokio::test(start_paused = true)]
async fn a_killed_agent_shows_at_once_and_its_task_is_done_elsewhere() {
    let story = Story::with(["a", "b"]).await;
    let gate = Gate::new();
    let submitted = story.crew.submit(Task::new("t", Do::Wait(gate.clone(), 9))).unwrap();
    gate.came().await;
    let first = story.running("t").into_iter().next().unwrap();
    let mut failures = story.system.failures(4);
    story.kill(&first);
    // Whoever hears of the failure finds the board informed of it.
    soon("the failure is reported", failures.recv()).await.unwrap();
    assert!(!story.running("t").contains(&first));
    gate.came().await;
    let second = story.running("t").into_iter().next().unwrap();
    assert_ne!(first, second);
    gate.open();
    assert_eq!(story.results(&submitted, "t").await, [9]);
    story.until("it is back", |story| story.is_up(&first)).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_crashes_its_agent_alone_and_is_told_as_the_cause() {
    let story = Story::with(["a", "b"]).await;
    let mut failures = story.system.failures(4);
    let gate = Gate::new();
    let submitted = story.crew.submit(Task::new("t", Do::PanicUntil(gate, 1)).retries(1)).unwrap();
    let ended = soon("it ends", submitted.outcome("t")).await.unwrap();
    assert_eq!(ended.outcome, Outcome::Failed);
    let agents: BTreeSet<&str> = ended.failures.iter().map(|failure| failure.agent.as_str()).collect();
    assert_eq!(agents, BTreeSet::from(["a", "b"]));
    assert!(ended.failures.iter().all(|it| it.error == AttemptError::Crashed("panicked: boom".into())));
    assert!(soon("a report", failures.recv()).await.unwrap().to_string().contains("boom"));
    story.until("both are back", |story| story.is_up("a") && story.is_up("b")).await;
    let submitted = story.crew.submit(say("next", 2)).unwrap();
    assert_eq!(story.results(&submitted, "next").await, [2]);
}

#[tokio::test(start_paused = true)]
async fn a_reported_failure_costs_an_attempt_and_no_agent() {
    let story = Story::with(["a", "b"]).await;
    let after = say("after", 1).after(["t"]);
    let submitted = story.crew.submit(Plan::balanced([Task::new("t", Do::Fail).retries(1), after])).unwrap();
    let ended = soon("it ends", submitted.outcome("t")).await.unwrap();
    assert_eq!(ended.failures.iter().map(|it| it.error.to_string()).collect::<Vec<_>>(), ["failed: no"; 2]);
    let skipped = soon("it ends", submitted.outcome("after")).await.unwrap();
    assert_eq!(skipped.outcome, Outcome::Skipped { cause: "t".into() });
    assert!(!story.crew.log().iter().any(|note| matches!(note, Note::Gone { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_killed_coordinator_finds_all_as_it_was() {
    let story = Story::with(["a", "b"]).await;
    let gate = Gate::new();
    let tasks = ["x", "y", "z"].map(|name| Task::new(name, Do::Wait(gate.clone(), 1)));
    let mut ends = story.crew.ended(16);
    let submitted = story.crew.submit(Plan::balanced(tasks)).unwrap();
    gate.came().await;
    gate.came().await;
    story.crew.coordinator().kill();
    // Both end while nobody hears them, and a task comes in that nobody gives out.
    gate.open();
    gate.open();
    let late = story.crew.submit(Task::new("sum", Do::Sum).after(["x", "y", "z"])).unwrap();
    gate.came().await;
    gate.open();
    assert_eq!(story.results(&late, "sum").await, [3]);
    assert_eq!(soon("all end", submitted.wait_all()).await.unwrap().len(), 3);
    let names: BTreeSet<String> = std::iter::from_fn(|| ends.try_recv()).map(|end| end.task.to_string()).collect();
    assert_eq!(names.len(), 4);
    assert_eq!((story.crew.status().counts.done, story.crew.status().counts.stale), (4, 0));
    assert!(story.is_up("a") && story.is_up("b"));
    let again = story.crew.log().iter().filter(|note| matches!(note, Note::Retry { .. })).count();
    assert_eq!(again, 0, "nothing was done twice");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_removed_gives_its_task_back() {
    let story = Story::with(["a", "b"]).await;
    let gate = Gate::new();
    let submitted = story.crew.submit(Task::new("t", Do::Wait(gate.clone(), 2))).unwrap();
    gate.came().await;
    let first = story.running("t").into_iter().next().unwrap();
    story.crew.remove(first.as_str()).await.unwrap();
    assert_eq!(story.crew.agent(first.as_str()).unwrap().state, AgentState::Down(AttemptError::Left));
    gate.came().await;
    gate.open();
    assert_eq!(story.results(&submitted, "t").await, [2]);
    assert!(story.crew.remove(first.as_str()).await.is_err());
    story.crew.spawn(Agent::new(first.as_str(), "worker")).await.unwrap();
    assert!(story.is_up(&first));
}

// ---- Cancellation, deadlines, ends.

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_frees_its_agent() {
    let story = Story::with(["a"]).await;
    let gate = Gate::new();
    let submitted = story.crew.submit(Task::new("t", Do::Wait(gate.clone(), 1))).unwrap();
    gate.came().await;
    story.crew.cancel("t");
    assert_eq!(story.crew.task("t").unwrap().state, TaskState::Ended(Outcome::Cancelled));
    assert_eq!(soon("it ends", submitted.outcome("t")).await.unwrap().outcome, Outcome::Cancelled);
    let next = story.crew.submit(say("next", 4)).unwrap();
    assert_eq!(story.results(&next, "next").await, [4]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_task_on_time_though_its_agent_is_busy() {
    let story = Story::of(Topology::star(), [Agent::new("d", "deaf")]).await;
    let began = tokio::time::Instant::now();
    let limits = [("late", 9), ("soon", 2), ("queued", 4)];
    let tasks = limits.map(|(name, secs)| say(name, 1).within(Duration::from_secs(secs)));
    let submitted = story.crew.submit(Plan::balanced(tasks)).unwrap();
    for (name, secs) in [("soon", 2), ("queued", 4), ("late", 9)] {
        assert_eq!(soon("it ends", submitted.outcome(name)).await.unwrap().outcome, Outcome::Expired);
        assert_eq!(began.elapsed().as_secs(), secs);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_takes_nothing_new_and_waits_for_the_rest() {
    let story = Story::with(["a"]).await;
    let submitted = story.crew.submit(Task::new("t", Do::Take(Duration::from_secs(5), 1))).unwrap();
    let undrained = story.crew.drain(Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(undrained.live, 1);
    let refused = story.crew.submit(say("next", 1)).unwrap_err();
    assert_eq!(refused.refusal, Refusal::Draining);
    assert_eq!(refused.plan.tasks[0].id.as_str(), "next", "it comes back");
    story.crew.drain(Duration::from_secs(60)).await.unwrap();
    assert_eq!(story.results(&submitted, "t").await, [1]);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_told_that_the_crew_has_stopped() {
    let story = Story::of(Topology::star(), [Agent::new("d", "deaf")]).await;
    let submitted = story.crew.submit(say("t", 1)).unwrap();
    story.crew.stop().await;
    let never = soon("an answer", submitted.outcome("t")).await;
    assert_eq!(never.unwrap_err(), NoOutcome::Stopped { task: "t".into() });
    assert!(matches!(submitted.outcome("u").await, Err(NoOutcome::NoTask { .. })));
}
