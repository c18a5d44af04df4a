//! Hostile review.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::task::{Context as TaskContext, Waker};
use std::time::{Duration, Instant};

use swarmtree::testing::{Record, Sim, assert_balanced};
use swarmtree::{
    Actor, AskError, Begun, Call, Context, Fail, Handle, Handled, Here, Lane, Lent, Message, Options, Reply, Restart,
    StartError, System, actor, handlers,
};
use tokio::sync::Notify;

use crate::kit::{Do, Hand, later, note, now, several, soon, spec};

#[actor(restart = permanent)]
struct Peer {
    bell: Arc<Notify>,
    record: Record,
    other: Option<PeerHandle>,
}

#[handlers]
impl Peer {
    #[start]
    fn open(bell: Arc<Notify>, record: Record) -> Self {
        Self { bell, record, other: None }
    }

    #[tell]
    fn meet(&mut self, other: PeerHandle) {
        self.other = Some(other);
    }

    #[tell]
    fn add(&mut self, line: String) {
        self.record.add(line);
    }

    #[ask]
    fn ping(&mut self) -> u32 {
        7
    }

    /// Asks the other one.
    #[ask]
    async fn through(&mut self) -> Result<u32, AskError> {
        self.other.clone().unwrap().ping().await
    }

    /// Waits for the bell, then asks the other one.
    #[tell]
    async fn hold(&mut self) {
        self.record.add("held");
        self.bell.notified().await;
        match self.other.clone().unwrap().ping().await {
            Err(AskError::Deadlock { .. }) => self.record.add("deadlock"),
            other => self.record.add(format!("{other:?}")),
        }
    }

    #[ask]
    async fn burn(&mut self) -> Result<(), Fail> {
        Err(Fail::new("burnt"))
    }

    #[ask]
    fn burn_sync(&mut self) -> Result<(), Fail> {
        Err(Fail::new("burnt"))
    }

    #[ask]
    async fn keep(&mut self, cx: &mut Context<Self>) -> u32 {
        cx.stash(PeerMsg::Add { line: "kept".into() }).unwrap();
        self.record.add("stashed");
        self.bell.notified().await;
        1
    }

    #[ask]
    async fn nap(&mut self) -> u32 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        1
    }

    /// Asks the other one to nap, in another runtime.
    #[tell]
    async fn abroad(&mut self) {
        let other = self.other.clone().unwrap();
        let answer = tokio::task::block_in_place(move || {
            let foreign = tokio::runtime::Builder::new_current_thread().build().unwrap();
            foreign.block_on(async move { other.nap().await })
        });
        self.record.add(format!("{answer:?}"));
    }
}

async fn peers() -> (System, PeerHandle, PeerHandle, Arc<Notify>, Record) {
    let (bell, record) = (Arc::new(Notify::new()), Record::new());
    let system = System::builder("peers").intensity(100_000, "1h").start().await.unwrap();
    let a = system.spawn::<Peer>("a", (Arc::clone(&bell), record.clone())).await.unwrap();
    let b = system.spawn::<Peer>("b", (Arc::clone(&bell), record.clone())).await.unwrap();
    a.meet(b.clone()).await.unwrap();
    b.meet(a.clone()).await.unwrap();
    system.quiescent().await;
    (system, a, b, bell, record)
}

#[tokio::test(start_paused = true)]
async fn a_deadlock_through_a_begun_handler_is_found() {
    let (_system, a, b, bell, record) = peers().await;
    b.hold().await.unwrap();
    soon("held", record.until("held")).await;
    let asked = tokio::spawn(async move { a.through().await });
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    bell.notify_one();
    let _ = asked.await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(record.lines(), ["held", "deadlock"]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_place_leaves_no_parked_turn_behind() {
    for sync in [true, false] {
        let (system, a, _b, _bell, record) = peers().await;
        let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let before = alive();
        for _ in 0..50 {
            a.add("x".into()).await.unwrap();
            system.quiescent().await;
            let _ = if sync { a.burn_sync().await } else { a.burn().await };
            system.quiescent().await;
        }
        assert_eq!(a.snapshot().incarnation, 51);
        let _ = record;
        assert!(alive() < before + 5, "sync {sync}: {before} tasks have become {}", alive());
        system.stop().await;
    }
}

enum Odd {
    Ready,
    Go,
    Bad,
}

impl Message for Odd {
    const KINDS: &'static [&'static str] = &["ready", "go", "bad"];
    fn kind(&self) -> usize {
        assert!(!matches!(self, Self::Bad), "bad kind");
        0
    }
}

struct Oddball(Handle<Do>);

impl Actor for Oddball {
    const OPTIONS: Options = Options { restart: Restart::Temporary, ..Options::DEFAULT };
    type Msg = Odd;
    type Args = Handle<Do>;
    type Handle = Handle<Odd>;
    async fn start(other: Handle<Do>, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self(other))
    }
    fn handle(&mut self, message: Odd, cx: &mut Context<Self>) -> Handled<Odd> {
        match message {
            Odd::Ready => drop(cx.after(Duration::from_millis(500), Odd::Bad)),
            Odd::Go => drop(self.0.try_send(now(|hand, _| hand.record.add("reached")))),
            Odd::Bad => {}
        }
        Handled::Done
    }
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_dies_loses_nobody_elses_wake() {
    let (system, [b], record) = several(["b"]).await;
    b.send(now(|_, _| ())).await.unwrap();
    let odd = system.spawn::<Oddball>("odd", b.clone()).await.unwrap();
    odd.send(Odd::Ready).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    odd.suspend();
    tokio::time::sleep(Duration::from_secs(1)).await;
    odd.urgent().send(Odd::Go).await.unwrap();
    odd.resume();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(record.lines(), ["reached"]);
}

async fn two_senders(sim: Sim) {
    let record = Record::new();
    let system = System::builder("two")
        .child(spec("a", &record).mailbox(10_000))
        .child(spec("b", &record).mailbox(10_000))
        .start()
        .await
        .unwrap();
    let senders = ["a", "b"].map(|name| {
        let to = system.find::<Hand>(name).unwrap();
        sim.spawn(async move {
            for _ in 0..5_000 {
                to.send(Do::Open).await.unwrap();
            }
        })
    });
    for sender in senders {
        sender.await.unwrap();
    }
    system.quiescent().await;
}

#[test]
fn the_same_seed_takes_the_same_course_whatever_ran_before() {
    let first = System::simulated(3).run(two_senders);
    assert_eq!(first.failure, None);
    for _ in 0..10 {
        // Something else in between.
        System::simulated(9).run(|_| async {
            let record = Record::new();
            let system = System::builder("x").child(spec("a", &record)).start().await.unwrap();
            system.find::<Hand>("a").unwrap().send(Do::Open).await.unwrap();
            system.quiescent().await;
        });
        assert_eq!(System::simulated(3).run(two_senders).hash, first.hash);
    }
}

fn begins_badly(_lent: Lent<Plain>, (): ()) -> Begun<Plain, u32> {
    panic!("before its future")
}

enum Say {
    Four(Reply<u32>),
}
impl Message for Say {}
/// Answers, in turns of so many messages.
struct Plain<const TURN: u32 = 256>;
impl<const TURN: u32> Actor for Plain<TURN> {
    const OPTIONS: Options = Options { turn: TURN, ..Options::DEFAULT };
    type Msg = Say;
    type Args = ();
    type Handle = Handle<Say>;
    async fn start((): (), _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
    fn handle(&mut self, Say::Four(reply): Say, _: &mut Context<Self>) -> Handled<Say> {
        drop(reply.send(4));
        Handled::Done
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_by_hand_that_panics_as_it_begins_fails_its_actor_alone() {
    let system = System::start("x").await.unwrap();
    let plain = system.spawn::<Plain<256>>("plain", ()).await.unwrap();
    let own = plain.clone();
    let asked = tokio::spawn(async move {
        let call: Call<Plain, (), u32> = Call {
            kind: "four",
            lane: Lane::Normal,
            timeout: None,
            here: Some(Here::Async(begins_badly)),
            message: |(), reply| Say::Four(reply),
        };
        own.call(call, ()).await
    });
    let asked = asked.await;
    let next = plain.ask(Say::Four).await;
    assert!(asked.is_ok() && next == Ok(4), "{asked:?}, then {next:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_stashed_before_a_kill_is_safe_in_place_as_in_the_queue() {
    let mut books = Vec::new();
    for queued in [true, false] {
        let (system, a, _b, _bell, record) = peers().await;
        let mut letters = system.dead_letters(16);
        if queued {
            a.suspend();
        }
        let asking = a.clone();
        let asked = tokio::spawn(async move { asking.keep().await });
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        a.resume();
        soon("stashed", record.until("stashed")).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        a.kill();
        let _ = asked.await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_balanced(&a);
        let ledger = a.snapshot().mailbox.unwrap().ledger;
        books.push((ledger.accepted - 1, ledger.dead_lettered, std::iter::from_fn(|| letters.try_recv()).count()));
        system.stop().await;
    }
    assert_eq!(books[0], books[1], "queued and in place");
}

#[tokio::test]
async fn a_turn_of_no_messages_handles_one() {
    let system = System::start("x").await.unwrap();
    let zero = system.spawn::<Plain<0>>("zero", ()).await.unwrap();
    assert_eq!(zero.within(Duration::from_secs(3)).ask(Say::Four).await, Ok(4));
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "in a destructor");
    }
}

/// What takes longer than this does not happen.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_destructor_that_panics_at_shutdown_harms_no_guest() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (inside, is_inside) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let (unharmed, is_unharmed) = mpsc::channel();
    runtime.spawn(async move {
        let (system, [b], _) = several(["b"]).await;
        // Its turn has a task from here on.
        b.send(note("parks")).await.unwrap();
        system.quiescent().await;
        let mut asked = Box::pin(b.ask(|reply: Reply<()>| {
            later(move |_, _| {
                Box::pin(async move {
                    let _held = (reply, Bomb);
                    inside.send(()).unwrap();
                    let _ = gate.recv_timeout(PATIENCE);
                    std::future::pending().await
                })
            })
        }));
        let polled =
            catch_unwind(AssertUnwindSafe(|| asked.as_mut().poll(&mut TaskContext::from_waker(Waker::noop()))));
        unharmed.send(polled.is_ok()).unwrap();
    });
    is_inside.recv_timeout(PATIENCE).unwrap();
    let (metrics, begun) = (runtime.handle().metrics(), Instant::now());
    runtime.shutdown_background();
    // All but the one that asks, in which the handler runs.
    while metrics.num_alive_tasks() > 1 {
        assert!(begun.elapsed() < PATIENCE, "the tasks are not dropped");
        std::thread::yield_now();
    }
    drop(open);
    assert_eq!(is_unharmed.recv_timeout(PATIENCE), Ok(true));
}
