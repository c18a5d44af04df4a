//! Anybody's ractor actors as children.

use std::time::Duration;

use ractor::{ActorProcessingErr, ActorRef};
use swarmtree::testing::Record;
use swarmtree::{ActorKind, ChildSpec, Exit, Restart, Status, Supervisor, System};

use crate::kit::soon;

#[derive(Clone)]
struct Legacy(Record);

enum Order {
    Note(&'static str),
    Panic,
    Err,
    Leave,
    Hang,
}

#[derive(Clone, Copy, PartialEq)]
enum Start {
    Well,
    Slow,
    LeaveAtOnce,
    Refuse,
}

impl ractor::Actor for Legacy {
    type Msg = Order;
    type State = ();
    type Arguments = Start;

    async fn pre_start(&self, me: ActorRef<Order>, how: Start) -> Result<(), ActorProcessingErr> {
        self.0.add("start");
        match how {
            Start::Well => {}
            Start::Slow => tokio::time::sleep(Duration::from_secs(1)).await,
            Start::LeaveAtOnce => me.stop(None),
            Start::Refuse => return Err("refused".into()),
        }
        Ok(())
    }

    async fn handle(&self, me: ActorRef<Order>, order: Order, (): &mut ()) -> Result<(), ActorProcessingErr> {
        match order {
            Order::Note(line) => self.0.add(line),
            Order::Panic => panic!("legacy boom"),
            Order::Err => return Err("legacy error".into()),
            Order::Leave => me.stop(None),
            Order::Hang => {
                self.0.add("hang");
                std::future::pending::<()>().await;
            }
        }
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<Order>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        self.0.add("stop");
        Ok(())
    }
}

fn legacy(record: &Record, how: Start) -> ChildSpec {
    ChildSpec::ractor("legacy", Legacy(record.clone()), how)
}

async fn start(record: &Record) -> System {
    System::builder("test").intensity(100, "1h").child(legacy(record, Start::Well)).start().await.unwrap()
}

fn current(system: &System) -> ActorRef<Order> {
    system.actor("legacy").unwrap().ractor::<Order>().expect("an incarnation")
}

/// Whether ractor knows the system's legacy child.
fn registered(system: &System) -> bool {
    let name = format!("{}@{:.8}/legacy", system.name(), system.id().simple());
    ractor::registry::where_is(name).is_some()
}

#[tokio::test(start_paused = true)]
async fn a_ractor_child_is_found_and_told_things() {
    let record = Record::new();
    let system = start(&record).await;
    current(&system).cast(Order::Note("told")).unwrap();
    soon("the note", record.until("told")).await;
    let legacy = system.actor("legacy").unwrap();
    assert!(legacy.ractor::<String>().is_none());
    let seen = legacy.snapshot();
    assert_eq!((seen.kind, seen.status, seen.incarnation), (ActorKind::Ractor, Status::Idle, 1));
    assert!(system.tree().contains("legacy (ractor Legacy) idle"), "{}", system.tree());
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert_eq!(record.lines(), ["start", "told", "stop"]);
}

#[tokio::test(start_paused = true)]
async fn a_ractor_child_is_restarted_after_a_panic_an_error_a_leave_and_a_kill() {
    let record = Record::new();
    let system = start(&record).await;
    let mut failures = system.failures(16);
    for (n, order) in [Order::Panic, Order::Err, Order::Leave].into_iter().enumerate() {
        current(&system).cast(order).unwrap();
        soon("the next life", record.until_count("start", n + 2)).await;
        system.quiescent().await;
    }
    system.actor("legacy").unwrap().kill();
    soon("after the kill", record.until_count("start", 5)).await;
    system.quiescent().await;
    assert_eq!(system.actor("legacy").unwrap().snapshot().incarnation, 5);
    let mut ends = Vec::new();
    for _ in 0..4 {
        ends.push(failures.recv().await.unwrap().exit.to_string());
    }
    assert!(ends[0].contains("legacy boom") && ends[1].contains("legacy error"), "{ends:?}");
    assert_eq!((ends[2].as_str(), ends[3].as_str()), ("stopped by itself", "was killed"));
    assert!(registered(&system));
    current(&system).cast(Order::Note("alive")).unwrap();
    soon("alive", record.until("alive")).await;
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_ractor_child_that_hangs_is_killed_after_its_limit() {
    let record = Record::new();
    let system = start(&record).await;
    current(&system).cast(Order::Hang).unwrap();
    soon("it hangs", record.until("hang")).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_ractor_child_can_be_stopped_and_started_again() {
    let record = Record::new();
    let system = start(&record).await;
    let legacy = system.actor("legacy").unwrap();
    legacy.stop();
    assert_eq!(soon("stop", legacy.stopped()).await, Exit::Shutdown);
    assert!(legacy.ractor::<Order>().is_none());
    legacy.restart();
    soon("it is back", record.until_count("start", 2)).await;
    system.quiescent().await;
    assert!(legacy.ractor::<Order>().is_some());
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert_eq!(record.lines(), ["start", "stop", "start", "stop"]);
}

#[tokio::test(start_paused = true)]
async fn a_ractor_child_that_ends_at_once_is_heard_of() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let child = legacy(&record, Start::LeaveAtOnce).restart(Restart::Temporary);
    let legacy = soon("the start", system.start_child("", child)).await;
    if let Ok(legacy) = legacy {
        soon("its end", legacy.stopped()).await;
    }
    assert!(system.actor("legacy").is_err(), "{}", system.tree());
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_ractor_child_that_refuses_its_start_leaves_nothing() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    for _ in 0..2 {
        let failed = soon("the start", system.start_child("", legacy(&record, Start::Refuse))).await.unwrap_err();
        assert!(failed.to_string().contains("refused"), "{failed}");
    }
    let legacy = legacy(&record, Start::Well);
    system.start_child("", legacy).await.unwrap();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_start_of_a_ractor_child_ends_it_in_time() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let child = legacy(&record, Start::Slow);
    let starting = tokio::spawn({
        let system = system.clone();
        async move { system.start_child("", child).await.map(drop) }
    });
    soon("it starts", record.until("start")).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(soon("the start", starting).await.unwrap().is_err());
    // Whatever became of it, its name must be free by now.
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!registered(&system));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_start_of_a_ractor_child_leaves_nothing() {
    let record = Record::new();
    let system = System::start("dropped").await.unwrap();
    let starting = system.start_child("", legacy(&record, Start::Slow));
    assert!(tokio::time::timeout(Duration::from_millis(500), starting).await.is_err());
    assert!(system.actor("legacy").is_err());
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(!registered(&system), "it runs on, and nobody supervises it");
    soon("the name is free", system.start_child("", legacy(&record, Start::Well))).await.unwrap();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn two_systems_of_one_name_have_ractor_children_of_one_name() {
    let record = Record::new();
    let one = System::builder("twin").child(legacy(&record, Start::Well)).start().await.unwrap();
    let two = System::builder("twin").child(legacy(&record, Start::Well)).start().await;
    one.stop().await;
    two.expect("several systems of one process may share a name").stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_ractor_child_restarts_with_its_group() {
    let record = Record::new();
    let group = Supervisor::one_for_all("group")
        .intensity(9, "1h")
        .child(crate::kit::spec("a", &record))
        .child(legacy(&record, Start::Well));
    let system = System::builder("test-group").child(group).start().await.unwrap();
    let a = system.find::<crate::kit::Hand>("group/a").unwrap();
    a.send(crate::kit::Do::Panic("boom".into())).await.unwrap();
    soon("both are back", record.until_count("start", 2)).await;
    system.quiescent().await;
    assert_eq!(record.lines(), ["start", "stop", "start"]);
    let legacy = system.actor("group/legacy").unwrap();
    legacy.ractor::<Order>().unwrap().cast(Order::Panic).unwrap();
    soon("and again", record.until_count("start", 3)).await;
    system.quiescent().await;
    assert_eq!(a.snapshot().incarnation, 3);
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_start_of_a_ractor_child_does_not_stop_others() {
    let record = Record::new();
    let system = start(&record).await;
    let started = system.start_child("", ChildSpec::ractor("other", Legacy(Record::new()), Start::Refuse)).await;
    assert!(started.is_err());
    current(&system).cast(Order::Note("alive")).unwrap();
    soon("alive", record.until("alive")).await;
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test]
async fn a_ractor_child_stands_in_the_blast_of_its_group() {
    let record = Record::new();
    let group = Supervisor::one_for_all("group")
        .intensity(3, "1h")
        .child(legacy(&record, Start::Well))
        .child(crate::kit::spec("hand", &record));
    let system = System::builder("ops").child(group).start().await.unwrap();
    let radius = system.blast_radius("group/legacy").unwrap();
    let text = |paths: &[swarmtree::Path]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(text(&radius.stops), ["group/hand"]);
    assert_eq!(text(&radius.restarts), ["group/legacy", "group/hand"]);
    let legacy = system.actor("group/legacy").unwrap();
    legacy.ractor::<Order>().unwrap().cast(Order::Panic).unwrap();
    soon("the group is back", record.until_count("start", 2)).await;
    soon("at rest", system.quiescent()).await;
    let lives = ["group/legacy", "group/hand"].map(|path| system.actor(path).unwrap().snapshot().incarnation);
    assert_eq!(lives, [2, 2]);
    system.stop().await;
}
