//! How systems and their parts end, whatever hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use swarmtree::testing::{Act, OnStart, OnStop, Record, Script, Scripted, assert_balanced, assert_system_balanced};
use swarmtree::{Exit, KILL_GRACE, Restart, Status, Supervisor, System, SystemError};

use crate::kit::{Do, Gate, Hand, guarded, later, note, now, one, several, soon, spec};

#[tokio::test(start_paused = true)]
async fn drain_finishes_what_is_queued() {
    let (system, a, record) = one(|spec| spec).await;
    for n in 0..100 {
        a.try_send(note(n)).unwrap();
    }
    assert_eq!(soon("drain", system.drain(Duration::from_secs(5))).await, Exit::Shutdown);
    assert_eq!(record.lines().len(), 101);
    assert_system_balanced(&system);
}

#[tokio::test(start_paused = true)]
async fn drain_stops_at_its_limit_when_a_queue_never_ends() {
    let (system, a, _) = one(|spec| spec).await;
    a.send(now(|_, cx| {
        fn again(cx: &mut swarmtree::Context<Hand>) {
            let _ = cx.after(Duration::from_micros(10), now(|_, cx| again(cx)));
        }
        again(cx);
    }))
    .await
    .unwrap();
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(soon("drain", system.drain(Duration::from_secs(2))).await, Exit::Shutdown);
    assert!(begun.elapsed() >= Duration::from_secs(7), "2 s to drain, 5 s to stop: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn stop_finishes_the_present_handler_and_buries_the_rest() {
    let (system, a, record) = one(|spec| spec).await;
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    a.send(note("never")).await.unwrap();
    record.until("held").await;
    let stop = tokio::spawn({
        let system = system.clone();
        async move { system.stop().await }
    });
    tokio::task::yield_now().await;
    gate.open();
    assert_eq!(soon("stop", stop).await.unwrap(), Exit::Shutdown);
    assert_eq!(record.lines(), ["held", "stop a stopped on request"]);
    let ledger = crate::kit::ledger(&a);
    assert_eq!((ledger.accepted, ledger.handled, ledger.dead_lettered), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn kill_ends_everything_without_stop_handlers() {
    let (system, [a, _b], record) = several(["a", "b"]).await;
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    record.until("held").await;
    let begun = tokio::time::Instant::now();
    assert_eq!(soon("kill", system.kill()).await, Exit::Killed);
    assert!(begun.elapsed() < Duration::from_millis(100));
    assert_eq!(record.lines(), ["held"]);
}

#[tokio::test(start_paused = true)]
async fn a_second_stop_waits_for_the_same_end() {
    let (system, _, _) = one(|spec| spec).await;
    let (first, second) = tokio::join!(system.stop(), system.stop());
    assert_eq!((first, second), (Exit::Shutdown, Exit::Shutdown));
    assert_eq!(soon("kill after the end", system.kill()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_in_a_handler_is_killed_after_its_limit() {
    let record = Record::new();
    let system = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(Script::new("b", &record).spec().shutdown("2s"))
        .start()
        .await
        .unwrap();
    let b = system.find::<Scripted>("b").unwrap();
    b.send(Act::Hang).await.unwrap();
    record.until("hang b").await;
    let begun = tokio::time::Instant::now();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert_eq!(begun.elapsed().as_secs(), 2);
    assert_eq!(record.lines(), ["start a", "start b", "hang b", "drop b", "stop a", "drop a"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_in_its_stop_is_killed_after_its_limit() {
    let record = Record::new();
    let system = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(Script::new("b", &record).stop(OnStop::Hang).spec().shutdown("2s"))
        .start()
        .await
        .unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert_eq!(begun.elapsed().as_secs(), 2);
    assert_eq!(record.lines(), ["start a", "start b", "stop b", "drop b", "stop a", "drop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_stop_does_not_hold_up_the_rest() {
    let record = Record::new();
    let system = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(Script::new("b", &record).stop(OnStop::Panic).spec())
        .start()
        .await
        .unwrap();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert_eq!(record.lines(), ["start a", "start b", "stop b", "drop b", "stop a", "drop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_brutal_kill_asks_nobody() {
    let (system, a, record) = one(|spec| spec.brutal_kill()).await;
    a.stop();
    soon("stop", a.stopped()).await;
    assert_eq!(record.lines(), [""; 0]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_ends_with_its_system() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let start = tokio::spawn({
        let (system, script) = (system.clone(), Script::new("x", &record).starts([OnStart::Hang]));
        async move { system.start_child("", script.spec()).await.map(drop) }
    });
    record.until("start x").await;
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert!(soon("the start", start).await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_first_start_that_fails_stops_those_before_it() {
    let record = Record::new();
    let failed = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(Script::new("b", &record).starts([OnStart::Refuse]).spec())
        .child(Script::new("c", &record).spec())
        .start()
        .await
        .unwrap_err();
    assert!(matches!(&failed, SystemError::Failed(Exit::Failed(_))), "{failed}");
    assert_eq!(record.lines(), ["start a", "start b", "stop a", "drop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_destructor_of_a_state_harms_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("bomb");
        }
    }
    // The bomb lies in the future of a handler that is cut short, and so goes off while the state is taken apart.
    let (system, [a, b], record) = several(["a", "b"]).await;
    a.send(later(|hand, _| {
        Box::pin(async move {
            let _bomb = Bomb;
            hand.record.add("armed");
            std::future::pending().await
        })
    }))
    .await
    .unwrap();
    record.until("armed").await;
    a.kill();
    assert_eq!(soon("the next life", a.ask(Do::Life)).await, Ok(2));
    assert_eq!(b.ask(Do::Life).await, Ok(1));
    system.quiescent().await;
    assert_system_balanced(&system);
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_watch_closure_harms_nobody_else() {
    let record = Record::new();
    let system = System::builder("test")
        .child(spec("watcher", &record))
        .child(Supervisor::one_for_one("inner"))
        .start()
        .await
        .unwrap();
    let watched = system.spawn::<Hand>("inner/x", crate::kit::Args("x".into(), record.clone())).await.unwrap();
    let watcher = system.find::<Hand>("watcher").unwrap();
    watcher
        .send(now(move |_, cx| {
            cx.watch(&watched, |_| panic!("in a watch")).unwrap();
        }))
        .await
        .unwrap();
    system.quiescent().await;
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_end_is_taken_as_such() {
    let record = Record::new();
    let spec = spec("a", &record).shutdown(Duration::MAX).start_timeout(Duration::MAX);
    let system = tokio::spawn(System::builder("test").child(spec).start());
    let system = soon("the start", system).await.expect("no panic").unwrap();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_not_lost_at_any_moment_of_a_supervisors_start() {
    for turns in 0..40 {
        let record = Record::new();
        let system = System::start("test").await.unwrap();
        let start = tokio::spawn({
            let (system, child) = (system.clone(), Script::new("a", &record).spec());
            async move { system.start_child("", Supervisor::one_for_one("inner").child(child)).await.map(drop) }
        });
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let stopped = soon(&format!("stop after {turns} turns"), system.stop()).await;
        assert_eq!(stopped, Exit::Shutdown);
        let _ = soon("the start", start).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_not_lost_at_any_moment_of_a_supervisors_start() {
    for turns in 0..40 {
        let record = Record::new();
        let system = System::start("test").await.unwrap();
        let child = Script::new("a", &record).spec();
        let inner = Supervisor::one_for_one("inner").restart(Restart::Temporary).child(child);
        let start = tokio::spawn({
            let system = system.clone();
            async move { system.start_child("", inner).await.map(drop) }
        });
        let inner = loop {
            match system.actor("inner") {
                Ok(inner) => break inner,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        inner.kill();
        soon(&format!("the end after {turns} turns"), inner.stopped()).await;
        let _ = soon("the start", start).await;
        system.quiescent().await;
        let lines = record.lines();
        let count = |line: &str| lines.iter().filter(|found| *found == line).count();
        assert_eq!(count("start a"), count("drop a"), "after {turns} turns: {lines:?}");
        assert!(system.snapshot().is_empty());
        system.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_has_drained_while_its_supervisor_ends_drains_in_its_next_life() {
    let record = Record::new();
    let y = Script::new("y", &record).stop(OnStop::Hang).spec().shutdown("1s");
    let inner = Supervisor::one_for_one("inner").child(Script::new("x", &record).spec()).child(y);
    let system = System::builder("test").child(inner).start().await.unwrap();
    let x = system.find::<Scripted>("inner/x").unwrap();
    system.actor("inner").unwrap().restart();
    soon("y hangs in its stop", record.until("stop y")).await;
    x.drain();
    assert_eq!(soon("x ends", x.stopped()).await, Exit::Shutdown);
    soon("y comes back", record.until_count("start y", 2)).await;
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_break_off_panics_does_not_hold_up_the_end() {
    use swarmtree::{Actor, ActorSpec, Context, Handle, Handled, Message, StartError};
    struct Wild;
    impl Message for Wild {
        fn kind(&self) -> usize {
            panic!("kind")
        }
        fn break_off(&mut self) {
            panic!("break off")
        }
    }
    struct Anybody;
    impl Actor for Anybody {
        type Msg = Wild;
        type Args = ();
        type Handle = Handle<Wild>;
        async fn start((): (), _: &mut Context<Self>) -> Result<Self, StartError> {
            Ok(Self)
        }
        fn handle(&mut self, _: Wild, _: &mut Context<Self>) -> Handled<Wild> {
            Handled::Done
        }
    }
    let system = System::builder("test").child(ActorSpec::<Anybody>::new("a", ())).start().await.unwrap();
    let mut letters = system.dead_letters(4);
    let a = system.find::<Anybody>("a").unwrap();
    a.suspend();
    a.try_send(Wild).unwrap();
    a.try_send(Wild).unwrap();
    a.stop();
    assert_eq!(soon("the end", a.stopped()).await, Exit::Shutdown);
    assert_eq!(letters.recv().await.unwrap().kind, "Wild");
    assert_eq!(letters.recv().await.unwrap().path.as_str(), "a");
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert_system_balanced(&system);
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_not_lost_at_any_moment_of_a_supervisors_restart() {
    for turns in 0..40 {
        let record = Record::new();
        let inner = Supervisor::one_for_one("inner").intensity(0, "1s").child(Script::new("a", &record).spec());
        let system = System::builder("test").intensity(1000, "1h").child(inner).start().await.unwrap();
        system.find::<Scripted>("inner/a").unwrap().send(Act::Panic("boom".into())).await.unwrap();
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        let stopped = soon(&format!("stop after {turns} turns"), system.stop()).await;
        assert_eq!(stopped, Exit::Shutdown);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_gets_into_the_middle_of_a_restart_storm() {
    let record = Record::new();
    let child = Script::new("a", &record).starts(std::iter::once(OnStart::Succeed).chain([OnStart::Refuse; 100_000]));
    let system = System::builder("test").intensity(u32::MAX, "1h").child(child.spec()).start().await.unwrap();
    system.find::<Scripted>("a").unwrap().send(Act::Panic("boom".into())).await.unwrap();
    record.until_count("start a", 50).await;
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert!(record.lines().len() < 100_000);
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_pause_before_a_restart_ends_it() {
    let (system, a, record) = one(|spec| spec.backoff("1h..2h")).await;
    a.send(Do::Panic("boom".into())).await.unwrap();
    while a.snapshot().status != Status::Down {
        tokio::task::yield_now().await;
    }
    a.stop();
    soon("stop", a.stopped()).await;
    assert_eq!(record.lines(), [""; 0]);
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[test]
fn a_handler_that_blocks_for_ever_is_abandoned_and_the_tree_goes_on() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let inside = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let record = Record::new();
        let system = System::builder("test")
            .child(spec("a", &record))
            .child(spec("b", &record).shutdown("10ms"))
            .start()
            .await
            .unwrap();
        let b = system.find::<Hand>("b").unwrap();
        let mut letters = system.dead_letters(8);
        let told = Arc::clone(&inside);
        b.send(now(move |_, _| {
            told.store(true, Ordering::SeqCst);
            let _ = blocked.recv();
        }))
        .await
        .unwrap();
        while !inside.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        b.send(note("waits")).await.unwrap();
        let begun = std::time::Instant::now();
        b.restart();
        assert_eq!(soon("b's next life", b.ask(Do::Life)).await, Ok(2));
        assert!(begun.elapsed() >= KILL_GRACE);
        assert!(record.lines().contains(&"waits".to_owned()));
        assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
        assert_system_balanced(&system);
        let letter =
            tokio::time::timeout(Duration::from_secs(1), letters.recv()).await.expect("a dead letter").unwrap();
        assert_eq!(letter.path.as_str(), "b");
        release.send(()).unwrap();
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_to_an_ended_system_ends() {
    let (system, _, _) = one(|spec| spec).await;
    let mut before = system.failures(4);
    system.stop().await;
    assert!(soon("the end", before.recv()).await.is_none());
    assert!(soon("the end", system.failures(4).recv()).await.is_none());
    assert!(soon("the end", system.dead_letters(4).recv()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stopped_supervisor_can_be_started_again_with_its_children() {
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").child(Script::new("a", &record).spec());
    let system = System::builder("test").child(inner).start().await.unwrap();
    let a = system.find::<Scripted>("inner/a").unwrap();
    let inner = system.actor("inner").unwrap();
    inner.stop();
    soon("stop", inner.stopped()).await;
    assert!(a.is_stopped());
    inner.restart();
    system.quiescent().await;
    assert!(!a.is_stopped());
    assert_eq!(soon("a answers", a.ask(Act::Life)).await, Ok(2));
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_leaves_in_its_start_ends() {
    use swarmtree::{Actor, ActorSpec, Context, Handle, Handled, StartError};
    struct Leaver;
    impl Actor for Leaver {
        type Msg = Do;
        type Args = ();
        type Handle = Handle<Do>;
        async fn start((): (), cx: &mut Context<Self>) -> Result<Self, StartError> {
            cx.stop();
            Ok(Self)
        }
        fn handle(&mut self, _: Do, _: &mut Context<Self>) -> Handled<Do> {
            Handled::Done
        }
    }
    let spec = ActorSpec::<Leaver>::new("a", ()).restart(Restart::Transient);
    let system = System::builder("test").child(spec).start().await.unwrap();
    let a = system.find::<Leaver>("a").unwrap();
    assert_eq!(soon("it ends", a.stopped()).await, Exit::Normal);
    system.stop().await;
}

#[test]
fn a_killed_handler_that_blocks_for_ever_is_let_go_of_after_the_grace() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let inside = Arc::new(AtomicBool::new(false));
    runtime.block_on(async {
        let (system, a, record) = one(|spec| spec).await;
        let told = Arc::clone(&inside);
        a.send(now(move |hand, cx| {
            told.store(true, Ordering::SeqCst);
            let _ = blocked.recv();
            let refused = cx.stash(note("too late")).is_err();
            hand.record.add(format!("too late: refused {refused}, unstashed {}", cx.unstash_all()));
        }))
        .await
        .unwrap();
        while !inside.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        a.kill();
        assert_eq!(soon("the next life", a.ask(Do::Life)).await, Ok(2));
        a.send(guarded("stashed by the next life")).await.unwrap();
        release.send(()).unwrap();
        soon("the one that hung", record.until("too late: refused true, unstashed 0")).await;
        a.send(Do::Open).await.unwrap();
        soon("the stash is the next life's", record.until("unstashed 1")).await;
        system.quiescent().await;
        assert_balanced(&a);
        system.stop().await;
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
}
