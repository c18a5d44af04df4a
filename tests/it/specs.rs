//! What is checked before a tree starts, and what is seen of it while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use swarmtree::testing::{Act, Record, Script, Scripted};
use swarmtree::{
    ActorSpec, AutoShutdown, ChildSpec, Exit, Handle, Restart, SpecError, Strategy, Supervisor, System, SystemError,
    Template,
};

use crate::kit::{Args, Do, Hand, boom, find, life_of as life, note, one, scripted, soon, spec};

#[tokio::test(start_paused = true)]
async fn a_wrong_spec_is_refused_before_anything_starts() {
    let record = Record::new();
    let child = |name: &str| Script::new(name, &record).spec();
    let inner = || Supervisor::one_for_one("inner");
    let wrong: Vec<(&str, Supervisor)> = vec![
        ("named \"x\"", inner().child(child("x")).child(child("x"))),
        (
            "permanent and significant",
            inner().auto_shutdown(AutoShutdown::AnySignificant).child(child("x").significant()),
        ),
        ("auto_shutdown", inner().child(child("x").significant().restart(Restart::Temporary))),
        (
            "make it significant()",
            Supervisor::dynamic("inner", Template::<Hand>::new().restart(Restart::Transient))
                .auto_shutdown(AutoShutdown::AllSignificant),
        ),
        ("\"soon\"", inner().child(child("x").shutdown("soon"))),
        ("\"never\"", inner().child(child("x").start_timeout("never"))),
        ("backwards", inner().child(child("x").backoff("10s..1s"))),
        ("two ends", inner().backoff("10s")),
        ("\"x\" has a backoff that begins with no pause", inner().child(child("x").backoff("0s..10s"))),
        ("or leave the backoff out", inner().child(Supervisor::one_for_one("x").child(child("y").backoff("0s..0s")))),
        ("\"inner\" has a backoff", inner().backoff((Duration::ZERO, Duration::ZERO)).child(child("x"))),
        ("\"inner\" has a backoff", Supervisor::dynamic("inner", Template::<Hand>::new().backoff("0s..1s"))),
        ("period of zero", inner().intensity(1, "0s")),
        ("\"often\"", inner().intensity(1, "often")),
        ("mailbox of 0", inner().child(child("x").mailbox(0))),
        ("mailbox of", inner().child(child("x").mailbox(usize::MAX))),
        ("a name is empty", inner().child(child(""))),
        ("slashes", inner().child(child("x/y"))),
        ("no duration", inner().shutdown("x")),
        ("mailbox of 0", Supervisor::dynamic("inner", Template::<Hand>::new().mailbox(0))),
        ("period of zero", inner().child(Supervisor::one_for_all("deep").intensity(1, "0s"))),
    ];
    for (part, supervisor) in wrong {
        let started = System::builder("test").child(child("first")).child(supervisor).start().await;
        let Err(SystemError::Spec(error)) = started else { panic!("{part}: {started:?}") };
        assert!(error.to_string().contains(part), "{part:?} is missing in {error}");
    }
    assert!(matches!(System::start("").await, Err(SystemError::Spec(SpecError::Name(_)))));
    assert_eq!(record.lines(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn retry_on_an_actor_that_keeps_no_copies_is_refused() {
    let record = Record::new();
    let spec = Script::new("a", &record).spec().retry(3);
    let started = System::builder("test").child(spec).start().await;
    assert!(matches!(started, Err(SystemError::Spec(SpecError::RetryWithoutKeep { .. }))), "{started:?}");
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_that_not_even_one_message_fits_into_is_refused() {
    let (record, one) = (Record::new(), size_of::<Act>());
    let small = |bytes| Script::new("small", &record).spec().mailbox_bytes(bytes);
    let template = Template::<Scripted>::new().mailbox_bytes(one - 1);
    for spec in [ChildSpec::from(small(one - 1)), Supervisor::dynamic("small", template).into()] {
        let started = System::builder("test").child(spec).start().await;
        let Err(SystemError::Spec(error)) = started else { panic!("{started:?}") };
        assert_eq!(error, SpecError::Bytes { name: "small".into(), bytes: one - 1, least: one });
        assert!(error.to_string().contains("raise mailbox_bytes"), "{error}");
    }
    let light = spec("light", &record).mailbox_bytes(1);
    let system = System::builder("test").child(small(one)).child(light).start().await.unwrap();
    assert_eq!(life(&find(&system, "small")).await, 1);
    system.stop().await;
}

#[test]
fn a_system_outside_of_a_runtime_says_so() {
    let mut start = Box::pin(System::start("test"));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(started) = start.as_mut().poll(&mut cx) else { panic!("it waits") };
    assert_eq!(started.err(), Some(SystemError::NoRuntime));
}

#[derive(Debug)]
struct Fragile(Arc<AtomicU32>);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) != 1, "the second copy breaks");
        Self(Arc::clone(&self.0))
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_arguments_are_cloned_is_a_failed_start() {
    use swarmtree::{Actor, Context, Handled, StartError};
    struct Holder;
    impl Actor for Holder {
        type Msg = Do;
        type Args = Fragile;
        type Handle = Handle<Do>;
        async fn start(_: Fragile, _: &mut Context<Self>) -> Result<Self, StartError> {
            Ok(Self)
        }
        fn handle(&mut self, message: Do, cx: &mut Context<Self>) -> Handled<Do> {
            match message {
                Do::Life(reply) => drop(reply.send(cx.incarnation())),
                _ => panic!("boom"),
            }
            Handled::Done
        }
    }
    let spec = ActorSpec::<Holder>::new("a", Fragile(Arc::new(AtomicU32::new(0))));
    let system = System::builder("test").intensity(5, "1h").child(spec).start().await.unwrap();
    let a = system.find::<Holder>("a").unwrap();
    a.send(note("crash")).await.unwrap();
    assert_eq!(soon("the third life", a.ask(Do::Life)).await, Ok(3));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_names_of_grandchildren_are_free_for_their_next_life() {
    let record = Record::new();
    let deep = scripted(&["x"], &record, Supervisor::one_for_one("deep"));
    let inner = Supervisor::one_for_one("inner").child(deep);
    let system =
        System::builder("test").intensity(9, "1h").strategy(Strategy::OneForAll).child(inner).start().await.unwrap();
    let added = system.spawn::<Hand>("inner/deep/added", Args("added".into(), record.clone())).await.unwrap();
    let x = find(&system, "inner/deep/x");
    system.actor("inner").unwrap().kill();
    soon("x is back", record.until_count("start x", 2)).await;
    system.quiescent().await;
    assert!(added.is_stopped(), "who was added leaves with its supervisor");
    assert!(!x.is_stopped());
    system.spawn::<Hand>("inner/deep/added", Args("added".into(), record.clone())).await.unwrap();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn blast_radius_says_who_restarts_and_how_near_the_end_is() {
    let record = Record::new();
    let group = Supervisor::rest_for_one("group").intensity(3, "1h");
    let system = System::builder("test").child(scripted(&["a", "b", "c"], &record, group)).start().await.unwrap();
    find(&system, "group/c").send(boom()).await.unwrap();
    life(&find(&system, "group/c")).await;
    let radius = system.blast_radius("group/b").unwrap();
    let restarts: Vec<_> = radius.restarts.iter().map(|path| path.as_str()).collect();
    assert_eq!(restarts, ["group/b", "group/c"]);
    let near: Vec<_> = radius
        .escalations
        .iter()
        .map(|near| (near.path.as_str(), near.failures_in_window, near.restarts_limit))
        .collect();
    assert_eq!(near, [("group", 1, 3), ("", 0, 1)]);
    assert!(system.blast_radius("nobody").is_none());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_tree_as_text_shows_every_actor() {
    let record = Record::new();
    let group = scripted(&["a"], &record, Supervisor::one_for_all("group"));
    let system = System::builder("shop").child(group).child(spec("b", &record).mailbox(9)).start().await.unwrap();
    system.find::<Hand>("b").unwrap().suspend();
    system.find::<Hand>("b").unwrap().send(note("waits")).await.unwrap();
    let expected = "shop\n  group (one_for_all) idle\n    a (Scripted) idle 0/256\n  b (Hand) suspended 1/9\n";
    assert_eq!(system.tree(), expected);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn memory_bound_sums_the_mailboxes() {
    let record = Record::new();
    let system = System::builder("test")
        .child(spec("a", &record).mailbox(10))
        .child(spec("b", &record).mailbox_bytes(64))
        .start()
        .await
        .unwrap();
    assert_eq!(system.memory_bound(), 3 * 10 * size_of::<Do>() + 64);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn times_are_measured_while_a_meter_lives() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(note("unmeasured")).await.unwrap();
    system.quiescent().await;
    assert!(a.snapshot().mailbox.unwrap().times.is_none());
    let meter = system.meter();
    a.suspend();
    a.send(crate::kit::later(|_, _| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok(())
        })
    }))
    .await
    .unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(a.snapshot().mailbox.unwrap().oldest, Some(Duration::from_secs(3)));
    a.resume();
    system.quiescent().await;
    let times = a.snapshot().mailbox.unwrap().times.unwrap();
    assert_eq!((times.queued.count(), times.handled.count()), (1, 1));
    drop(meter);
    a.send(note("unmeasured")).await.unwrap();
    record.until_count("unmeasured", 2).await;
    system.quiescent().await;
    assert_eq!(a.snapshot().mailbox.unwrap().times.unwrap().handled.count(), 1);
    system.stop().await;
}
