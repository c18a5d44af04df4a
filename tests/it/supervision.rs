//! What supervisors do.

use std::time::Duration;

use swarmtree::testing::{Act, OnStart, Record, Script, assert_system_balanced};
use swarmtree::{AutoShutdown, Cause, Decision, Exit, Handle, Restart, Status, Supervisor, System};

use crate::kit::{Do, Hand, boom, find, life_of as life, note, now, one, scripted, soon, spec};

#[tokio::test(start_paused = true)]
async fn a_tree_starts_left_to_right_and_stops_right_to_left() {
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").child(Script::new("b", &record).spec());
    let system = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(inner)
        .child(Script::new("c", &record).spec())
        .start()
        .await
        .unwrap();
    assert_eq!(record.take(), ["start a", "start b", "start c"]);
    assert_eq!(system.stop().await, Exit::Shutdown);
    assert_eq!(record.take(), ["stop c", "drop c", "stop b", "drop b", "stop a", "drop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_restarts_the_child_and_its_handle_stays_valid() {
    let record = Record::new();
    let system = System::builder("test").child(Script::new("a", &record).spec()).start().await.unwrap();
    let a = find(&system, "a");
    let mut failures = system.failures(16);
    a.send(boom()).await.unwrap();
    assert_eq!(a.ask(Act::Life).await, Ok(2));
    let report = failures.recv().await.unwrap().to_string();
    assert!(report.contains("boom") && report.contains("scripted.rs") && report.contains("on panic"), "{report}");
    assert_eq!(record.take(), ["start a", "drop a", "start a"]);
    system.stop().await;
}

/// Crashes b of a, b, c and says what happened.
async fn crash_b(supervisor: Supervisor) -> Vec<String> {
    let record = Record::new();
    let group = scripted(&["a", "b", "c"], &record, supervisor);
    let system = System::builder("test").child(group).start().await.unwrap();
    record.take();
    find(&system, "group/b").send(boom()).await.unwrap();
    soon("b is back", record.until("start b")).await;
    system.quiescent().await;
    let lines = record.take();
    system.stop().await;
    assert_system_balanced(&system);
    lines
}

#[tokio::test(start_paused = true)]
async fn one_for_one_restarts_the_failed_one() {
    assert_eq!(crash_b(Supervisor::one_for_one("group")).await, ["drop b", "start b"]);
}

#[tokio::test(start_paused = true)]
async fn one_for_all_restarts_all_in_order() {
    let lines = crash_b(Supervisor::one_for_all("group")).await;
    assert_eq!(lines, ["drop b", "stop c", "drop c", "stop a", "drop a", "start a", "start b", "start c"]);
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_the_failed_one_and_those_after_it() {
    let lines = crash_b(Supervisor::rest_for_one("group")).await;
    assert_eq!(lines, ["drop b", "stop c", "drop c", "start b", "start c"]);
}

#[tokio::test(start_paused = true)]
async fn messages_queued_at_siblings_survive_a_group_restart() {
    let record = Record::new();
    let group = Supervisor::one_for_all("group").child(spec("a", &record)).child(spec("b", &record));
    let system = System::builder("test").child(group).start().await.unwrap();
    let (a, b) = (system.find::<Hand>("group/a").unwrap(), system.find::<Hand>("group/b").unwrap());
    a.suspend();
    a.try_send(note("kept")).unwrap();
    b.send(Do::Panic("boom".into())).await.unwrap();
    while a.snapshot().incarnation < 2 {
        tokio::task::yield_now().await;
    }
    a.resume();
    soon("the kept one", record.until("kept")).await;
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_restart_type_answers_each_kind_of_end_as_otp_does() {
    type End = fn(&Handle<Do>);
    let ends: [(&str, End); 4] = [
        ("normal", |a| a.try_send(now(|_, cx| cx.stop())).unwrap()),
        ("fail", |a| a.try_send(crate::kit::fail("on purpose")).unwrap()),
        ("panic", |a| a.try_send(Do::Panic("boom".into())).unwrap()),
        ("kill", Handle::kill),
    ];
    for restart in [Restart::Permanent, Restart::Transient, Restart::Temporary] {
        for (end, make) in ends {
            let (system, a, _) = one(|spec| spec.restart(restart)).await;
            make(&a);
            while a.snapshot().incarnation < 2 && !a.is_stopped() {
                tokio::task::yield_now().await;
            }
            let expected = match restart {
                Restart::Permanent => true,
                Restart::Transient => end != "normal",
                Restart::Temporary => false,
            };
            assert_eq!(!a.is_stopped(), expected, "{restart:?} after {end}");
            assert_eq!(system.actor("a").is_err(), restart == Restart::Temporary);
            system.stop().await;
            assert_system_balanced(&system);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_requested_stop_restarts_nobody() {
    let (system, a, record) = one(|spec| spec).await;
    a.stop();
    assert_eq!(soon("stop", a.stopped()).await, Exit::Shutdown);
    system.quiescent().await;
    assert_eq!(record.lines(), ["stop a stopped on request"]);
    system.actor("a").unwrap().restart();
    assert_eq!(
        soon("it is back", async {
            while a.is_stopped() {
                tokio::task::yield_now().await;
            }
            a.ask(Do::Life).await
        })
        .await,
        Ok(2)
    );
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_requested_restart_is_orderly_and_counts_for_nothing() {
    let record = Record::new();
    let system =
        System::builder("test").intensity(0, "1h").child(Script::new("a", &record).spec()).start().await.unwrap();
    let a = find(&system, "a");
    for n in 2..10 {
        a.restart();
        record.until_count("start a", n).await;
        system.quiescent().await;
    }
    assert_eq!(a.snapshot().incarnation, 9);
    assert_eq!(&record.lines()[..4], ["start a", "stop a", "drop a", "start a"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn beyond_its_intensity_the_root_ends_the_system() {
    let record = Record::new();
    let system = scripted_root(&record).await;
    let (a, b) = (find(&system, "a"), find(&system, "b"));
    let mut failures = system.failures(16);
    for _ in 0..3 {
        b.send(boom()).await.unwrap();
    }
    assert_eq!(soon("the end", system.stopped()).await, Exit::Escalated);
    assert!(a.is_stopped() && b.is_stopped());
    let mut decisions = Vec::new();
    while let Some(report) = failures.recv().await {
        decisions.push((report.failures_in_window, report.restarts_limit, report.decision == Decision::Escalate));
    }
    assert_eq!(decisions, [(1, 2, false), (2, 2, false), (3, 2, true)]);
    assert_eq!(record.lines().pop().unwrap(), "drop a");
    assert!(record.lines().contains(&"stop a".to_owned()));
}

async fn scripted_root(record: &Record) -> System {
    System::builder("test")
        .intensity(2, "10s")
        .child(Script::new("a", record).spec())
        .child(Script::new("b", record).spec())
        .start()
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn failures_outside_of_the_window_are_forgotten() {
    let record = Record::new();
    let system = scripted_root(&record).await;
    let b = find(&system, "b");
    for n in 0..20 {
        b.send(boom()).await.unwrap();
        assert_eq!(life(&b).await, n + 2);
        tokio::time::sleep(Duration::from_millis(5_100)).await;
    }
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_escalation_restarts_the_subtree_and_its_handles_stay_valid() {
    let record = Record::new();
    let inner = scripted(&["a", "b"], &record, Supervisor::one_for_one("inner").intensity(0, "1s"));
    let outer = Supervisor::one_for_one("outer").intensity(3, "1h").child(inner);
    let system = System::builder("test").child(outer).start().await.unwrap();
    let (a, b) = (find(&system, "outer/inner/a"), find(&system, "outer/inner/b"));
    record.take();
    a.send(boom()).await.unwrap();
    a.send(Act::Note("survived".into())).await.unwrap();
    soon("survived", record.until("survived")).await;
    system.quiescent().await;
    let lines = record.take();
    let starts: Vec<_> = lines.iter().filter(|line| *line != "survived").collect();
    assert_eq!(starts, ["drop a", "stop b", "drop b", "start a", "start b"]);
    assert!(life(&a).await > 1 && life(&b).await > 1);
    assert_eq!(find(&system, "outer/inner/a"), a);
    system.stop().await;
    assert_system_balanced(&system);
}

#[tokio::test(start_paused = true)]
async fn a_transient_supervisor_that_gives_up_stays_down() {
    let record = Record::new();
    let inner = scripted(&["a"], &record, Supervisor::one_for_one("inner").intensity(0, "1s"));
    let system = System::builder("test").child(inner.restart(Restart::Transient)).start().await.unwrap();
    let a = find(&system, "inner/a");
    a.send(boom()).await.unwrap();
    assert_eq!(soon("inner", system.actor("inner").unwrap().stopped()).await, Exit::Escalated);
    assert!(a.is_stopped());
    assert_eq!(system.actor("inner").unwrap().snapshot().status, Status::Stopped);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_start_during_a_restart_counts_and_is_tried_again() {
    let record = Record::new();
    let child = Script::new("a", &record).starts([OnStart::Succeed, OnStart::Refuse, OnStart::Panic]);
    let system = System::builder("test").intensity(3, "1h").child(child.spec()).start().await.unwrap();
    let mut failures = system.failures(16);
    let a = find(&system, "a");
    a.send(boom()).await.unwrap();
    assert_eq!(life(&a).await, 4);
    let mut causes = Vec::new();
    for _ in 0..3 {
        let Exit::Failed(failure) = failures.recv().await.unwrap().exit else { panic!() };
        causes.push(failure.cause);
    }
    assert_eq!(causes, [Cause::Panic, Cause::Start, Cause::Panic]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_in_a_restart_fails_at_its_limit_and_is_tried_again() {
    let record = Record::new();
    let child = Script::new("a", &record).starts([OnStart::Succeed, OnStart::Hang]);
    let system =
        System::builder("test").intensity(3, "1h").child(child.spec().start_timeout("7s")).start().await.unwrap();
    let a = find(&system, "a");
    let mut failures = system.failures(16);
    let begun = tokio::time::Instant::now();
    a.send(boom()).await.unwrap();
    record.until_count("start a", 3).await;
    assert_eq!(begun.elapsed().as_secs(), 7);
    assert_eq!(life(&a).await, 3);
    failures.recv().await.unwrap();
    let late = failures.recv().await.unwrap().to_string();
    assert!(late.contains("did not start within 7s"), "{late}");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_report_says_all_there_is_to_know() {
    let record = Record::new();
    let group = Supervisor::one_for_all("group").intensity(3, "1h").backoff("2s..8s");
    let system = System::builder("test").child(scripted(&["a", "b"], &record, group)).start().await.unwrap();
    let mut failures = system.failures(16);
    let b = find(&system, "group/b");
    b.send(Act::Panic("the text".into())).await.unwrap();
    let report = failures.recv().await.unwrap();
    assert_eq!((report.path.as_str(), report.failures_in_window, report.restarts_limit), ("group/b", 1, 3));
    let Exit::Failed(failure) = &report.exit else { panic!("{report:?}") };
    assert_eq!((failure.cause, failure.text.as_str(), failure.message), (Cause::Panic, "the text", Some("panic")));
    assert!(failure.location.as_ref().unwrap().contains("scripted.rs:"));
    let Decision::Restart { with, back_in } = &report.decision else { panic!("{report:?}") };
    let with: Vec<_> = with.iter().map(|path| path.as_str()).collect();
    assert_eq!(with, ["group/a", "group/b"]);
    assert!((1..=2).contains(&back_in.as_secs()), "{back_in:?}");
    let text = report.to_string();
    for part in ["group/b", "the text", "scripted.rs:", "on panic", "restart 1/3 of 2 children in "] {
        assert!(text.contains(part), "{part:?} is missing in {text:?}");
    }
    let begun = tokio::time::Instant::now();
    let back_in = *back_in;
    assert_eq!(life(&b).await, 2);
    assert!(begun.elapsed() >= back_in && begun.elapsed() < back_in + Duration::from_millis(50));
    b.send(Act::Fail("on purpose".into())).await.unwrap();
    let report = failures.recv().await.unwrap();
    let Exit::Failed(failure) = &report.exit else { panic!("{report:?}") };
    assert_eq!((failure.cause, failure.text.as_str(), failure.message), (Cause::Fail, "on purpose", Some("fail")));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn on_failure_calls_back_for_each() {
    let (system, a, record) = one(|spec| spec).await;
    let told = record.clone();
    system.on_failure(move |report| told.add(format!("failed {}", report.path)));
    for n in 1..=3 {
        a.send(Do::Panic("boom".into())).await.unwrap();
        soon("the callback", record.until_count("failed a", n)).await;
    }
    system.stop().await;
}

/// The pauses before ten restarts.
async fn pauses(seed: u64) -> Vec<Duration> {
    let record = Record::new();
    let child = Script::new("a", &record).spec().backoff("100ms..10s");
    let system = System::builder("test").seed(seed).intensity(100, "1h").child(child).start().await.unwrap();
    let (a, mut failures, mut pauses) = (find(&system, "a"), system.failures(16), Vec::new());
    for _ in 0..10 {
        a.send(boom()).await.unwrap();
        let Decision::Restart { back_in, .. } = failures.recv().await.unwrap().decision else { panic!() };
        let begun = tokio::time::Instant::now();
        life(&a).await;
        assert!(begun.elapsed() >= back_in);
        pauses.push(back_in);
    }
    system.stop().await;
    pauses
}

#[tokio::test(start_paused = true)]
async fn backoff_doubles_with_jitter_from_the_seed() {
    let seven = pauses(7).await;
    for (nth, pause) in seven.iter().enumerate() {
        let whole = Duration::from_millis(100 << nth).min(Duration::from_secs(10));
        assert!((whole / 2..=whole).contains(pause), "{nth}: {pause:?} of {whole:?}");
    }
    assert_eq!(seven, pauses(7).await);
    assert_ne!(seven, pauses(8).await);
}

#[tokio::test(start_paused = true)]
async fn a_long_run_ends_the_backoff() {
    let record = Record::new();
    let child = Script::new("a", &record).spec().backoff("1s..2s");
    let system = System::builder("test").intensity(100, "1h").child(child).start().await.unwrap();
    let (a, mut failures) = (find(&system, "a"), system.failures(16));
    for _ in 0..5 {
        a.send(boom()).await.unwrap();
        let Decision::Restart { back_in, .. } = failures.recv().await.unwrap().decision else { panic!() };
        assert!(back_in <= Duration::from_secs(1));
        life(&a).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    system.stop().await;
}

async fn with_significant(auto: AutoShutdown) -> (System, Record) {
    let record = Record::new();
    let child = |name| Script::new(name, &record).spec().restart(Restart::Transient);
    let inner = Supervisor::one_for_one("inner")
        .restart(Restart::Transient)
        .auto_shutdown(auto)
        .child(child("plain"))
        .child(child("one").significant())
        .child(child("two").significant());
    (System::builder("test").child(inner).start().await.unwrap(), record)
}

#[tokio::test(start_paused = true)]
async fn any_significant_child_that_ends_by_itself_ends_its_supervisor() {
    let (system, record) = with_significant(AutoShutdown::AnySignificant).await;
    find(&system, "inner/plain").send(Act::Leave).await.unwrap();
    system.quiescent().await;
    assert!(!find(&system, "inner/one").is_stopped());
    find(&system, "inner/one").send(boom()).await.unwrap();
    assert_eq!(life(&find(&system, "inner/one")).await, 2, "a failure restarts it");
    find(&system, "inner/one").send(Act::Leave).await.unwrap();
    let inner = system.actor("inner").unwrap();
    assert_eq!(soon("inner", inner.stopped()).await, Exit::Escalated);
    assert_eq!(record.lines().pop().unwrap(), "drop two");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_significant_child_ends_its_supervisor() {
    let (system, _) = with_significant(AutoShutdown::AllSignificant).await;
    find(&system, "inner/one").send(Act::Leave).await.unwrap();
    system.quiescent().await;
    let inner = system.actor("inner").unwrap();
    assert_eq!(inner.snapshot().status, Status::Idle);
    find(&system, "inner/two").send(Act::Leave).await.unwrap();
    assert_eq!(soon("inner", inner.stopped()).await, Exit::Escalated);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_significant_child_may_be_added_to_a_supervisor_that_waits_for_one() {
    let record = Record::new();
    let child = |name| Script::new(name, &record).spec().restart(Restart::Transient);
    let inner = Supervisor::one_for_one("inner").restart(Restart::Temporary);
    let inner = inner.auto_shutdown(AutoShutdown::AllSignificant).child(child("plain"));
    let system = System::builder("test").child(inner).start().await.unwrap();
    let inner = system.actor("inner").unwrap();
    find(&system, "inner/plain").send(Act::Leave).await.unwrap();
    system.quiescent().await;
    assert_eq!(inner.snapshot().status, Status::Idle, "nobody significant has ended");
    system.start_child("inner", child("added").significant()).await.unwrap();
    find(&system, "inner/added").send(Act::Leave).await.unwrap();
    assert_eq!(soon("inner", inner.stopped()).await, Exit::Escalated);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_was_stopped_comes_back_with_its_group_as_in_otp() {
    let record = Record::new();
    let group = scripted(&["a", "b"], &record, Supervisor::one_for_all("group").intensity(9, "1h"));
    let system = System::builder("test").child(group).start().await.unwrap();
    let (a, b) = (find(&system, "group/a"), find(&system, "group/b"));
    b.stop();
    soon("stop", b.stopped()).await;
    a.send(boom()).await.unwrap();
    life(&a).await;
    system.quiescent().await;
    assert!(!b.is_stopped(), "{}", system.tree());
    assert_eq!(life(&b).await, 2);
    system.stop().await;
}
