//! In equals out for every actor, by its own books and by those of whoever sent and handled.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use swarmtree::testing::{Faults, Sim};
use swarmtree::{
    Actor, ActorSpec, AskError, Call, Context, DeadLetter, Fail, Handle, Handled, Here, Lane, Ledger, Message,
    Overflow, Reply, StartError, Subscription, System,
};
use tokio::task::JoinHandle;

use crate::figures::{alone, soon, two_threads};

const ACTORS: usize = 8;
const SENDERS: u64 = 4;

/// What the test itself counts of one actor.
#[derive(Default)]
struct Books {
    accepted: AtomicU64,
    handled: AtomicU64,
    ticks: AtomicU64,
}

/// Counts the posts that were dropped on this thread.
struct Token;

thread_local! {
    static DROPPED: Cell<u64> = const { Cell::new(0) };
}

impl Drop for Token {
    fn drop(&mut self) {
        let _ = DROPPED.try_with(|dropped| dropped.set(dropped.get() + 1));
    }
}

struct Post {
    what: What,
    bytes: usize,
    _token: Token,
}

enum What {
    Plain,
    Panic,
    Fail,
    Later,
    LaterPanic,
    /// To the stash the first time.
    Aside {
        again: bool,
    },
    /// Takes up the stash.
    Open,
    /// Has a tick delivered.
    Order,
    Tick,
    Ask(Reply<u64>),
    AskLater(Reply<u64>),
}

fn post(what: What) -> Post {
    Post { what, bytes: 0, _token: Token }
}

impl Message for Post {
    const KINDS: &'static [&'static str] = &["post", "tick"];

    fn kind(&self) -> usize {
        usize::from(matches!(self.what, What::Tick))
    }

    fn break_off(&mut self) {
        if let What::Ask(reply) | What::AskLater(reply) = &mut self.what {
            reply.break_off();
        }
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

struct Clerk {
    books: Arc<Books>,
}

impl Clerk {
    fn book(&self) -> u64 {
        self.books.handled.fetch_add(1, Ordering::Relaxed)
    }
}

impl Actor for Clerk {
    const KEEPS: bool = true;
    type Msg = Post;
    type Args = Arc<Books>;
    type Handle = Handle<Post>;

    async fn start(books: Arc<Books>, cx: &mut Context<Self>) -> Result<Self, StartError> {
        // The tick that was to do it died with the incarnation before.
        cx.unstash_all();
        Ok(Self { books })
    }

    fn handle(&mut self, post: Post, cx: &mut Context<Self>) -> Handled<Post> {
        let Post { what, bytes, _token } = post;
        match what {
            What::Panic => panic!("at random"),
            What::Fail => return Handled::Fail(Fail::new("at random")),
            What::Later | What::LaterPanic | What::AskLater(_) => return Handled::Async(Post { what, bytes, _token }),
            What::Aside { again: false } => {
                // What is stashed weighs on, and senders may wait for its room: somebody must take it up.
                cx.after(Duration::ZERO, self::post(What::Tick)).unwrap();
                if cx.stash(Post { what: What::Aside { again: true }, bytes, _token }).is_ok() {
                    return Handled::Done;
                }
            }
            What::Open => {
                cx.unstash_all();
            }
            What::Order => drop(cx.after(Duration::ZERO, self::post(What::Tick))),
            What::Tick => {
                cx.unstash_all();
                self.books.ticks.fetch_add(1, Ordering::Relaxed);
            }
            What::Ask(reply) => drop(reply.send(1)),
            What::Plain | What::Aside { again: true } => {}
        }
        self.book();
        Handled::Done
    }

    async fn handle_async(&mut self, post: Post, _: &mut Context<Self>) -> Result<(), Fail> {
        tokio::task::yield_now().await;
        match post.what {
            What::LaterPanic => panic!("at random, later"),
            What::AskLater(reply) => drop(reply.send(1)),
            _ => {}
        }
        self.book();
        Ok(())
    }

    fn keep(post: &Post) -> Option<Post> {
        let what = match post.what {
            What::Plain => What::Plain,
            What::Panic => What::Panic,
            What::Fail => What::Fail,
            What::Later => What::Later,
            What::LaterPanic => What::LaterPanic,
            What::Aside { again } => What::Aside { again },
            What::Open => What::Open,
            What::Order => What::Order,
            What::Tick | What::Ask(_) | What::AskLater(_) => return None,
        };
        Some(Post { what, bytes: post.bytes, _token: Token })
    }
}

fn ask_in_place() -> Call<Clerk, bool, u64> {
    Call {
        kind: "post",
        lane: Lane::Normal,
        timeout: None,
        here: Some(Here::Sync(|clerk, fails, _| if fails { Err(Fail::new("in place")) } else { Ok(clerk.book()) })),
        message: |fails, reply| post(if fails { What::Fail } else { What::Ask(reply) }),
    }
}

fn drawn(rng: &mut fastrand::Rng) -> Post {
    let what = match rng.u32(0..1000) {
        0..2 => What::Panic,
        2..5 => What::Fail,
        5..7 => What::LaterPanic,
        7..30 => What::Later,
        30..50 => What::Aside { again: false },
        50..60 => What::Open,
        60..70 => What::Order,
        _ => What::Plain,
    };
    // The heaviest are too heavy for any mailbox.
    let bytes = if rng.u32(0..256) == 0 { 200 } else { rng.usize(0..64) };
    Post { what, bytes, _token: Token }
}

/// Whether an ask's request was accepted.
fn taken(answer: Result<u64, AskError>) -> bool {
    match answer {
        Ok(_) | Err(AskError::NoReply) => true,
        Err(AskError::Full { .. } | AskError::TooLarge { .. } | AskError::Stopped) => false,
        Err(error @ (AskError::Timeout { .. } | AskError::Deadlock { .. })) => panic!("{error}"),
    }
}

/// Polls once, then drops. Says whether the message stayed with the actor: if it did not, it is dropped here and now.
async fn abandoned<T>(sending: impl Future<Output = T>, accepted: impl FnOnce(T) -> bool) -> bool {
    let mut sending = Box::pin(sending);
    let first = tokio::task::unconstrained(poll_fn(|cx| Poll::Ready(sending.as_mut().poll(cx)))).await;
    match first {
        Poll::Ready(done) => accepted(done),
        Poll::Pending => {
            let before = DROPPED.get();
            drop(sending);
            DROPPED.get() == before
        }
    }
}

async fn offer(to: &Handle<Post>, rng: &mut fastrand::Rng) -> bool {
    let to = if rng.u32(0..8) == 0 { to.urgent() } else { to.clone() };
    let to = to.within(Duration::from_secs(3600));
    match rng.u32(0..64) {
        0 | 1 => abandoned(to.send(drawn(rng)), |sent| sent.is_ok()).await,
        2 => abandoned(to.ask(|reply| post(What::Ask(reply))), taken).await,
        3 => abandoned(to.ask(|reply| post(What::AskLater(reply))), taken).await,
        4 => taken(to.ask(|reply| post(What::Ask(reply))).await),
        5 => taken(to.ask(|reply| post(What::AskLater(reply))).await),
        6 | 7 => taken(to.call(ask_in_place(), rng.u32(0..50) == 0).await),
        8..32 => to.try_send(drawn(rng)).is_ok(),
        _ => to.send(drawn(rng)).await.is_ok(),
    }
}

async fn torment(at: &Handle<Post>, rng: &mut fastrand::Rng) {
    match rng.u32(0..8) {
        0 | 1 => at.kill(),
        2 => at.restart(),
        3 => {
            at.suspend();
            tokio::task::yield_now().await;
            at.resume();
        }
        4 | 5 => at.set_capacity(rng.usize(1..64)),
        6 => drop(at.inspect::<Clerk, u64>(|clerk| clerk.books.handled.load(Ordering::Relaxed)).await),
        _ => {
            for entry in at.quarantined().iter().take(2) {
                let _ = if rng.bool() { at.discard(entry.id) } else { at.release(entry.id, |_| {}) };
            }
        }
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Dead letters by path: all, and ticks among them.
fn dead(letters: &mut Subscription<DeadLetter>) -> BTreeMap<String, (u64, u64)> {
    let mut dead = BTreeMap::new();
    assert_eq!(letters.missed(), 0);
    while let Some(letter) = letters.try_recv() {
        let (all, ticks) = dead.entry(letter.path.as_str().to_owned()).or_insert((0, 0));
        *all += 1;
        *ticks += u64::from(letter.kind == "tick");
    }
    dead
}

/// Messages from several senders to several actors of all policies under all kinds of trouble; what became of them.
async fn storm(seed: u64, messages: u64, spawn: impl Fn(Task) -> JoinHandle<()>, calm: impl FnOnce()) -> Ledger {
    let all: Vec<Arc<Books>> = (0..ACTORS).map(|_| Arc::default()).collect();
    let mut builder = System::builder("storm").seed(seed).intensity(u32::MAX, "1h");
    for (n, books) in all.iter().enumerate() {
        let policy = [Overflow::Wait, Overflow::Reject, Overflow::DropNewest, Overflow::DropOldest][n % 4];
        let spec = ActorSpec::<Clerk>::new(&n.to_string(), Arc::clone(books)).mailbox(16).overflow(policy);
        let spec = spec.retry(u32::try_from(seed % 3).unwrap()).mailbox_bytes(if n < 4 { 0 } else { 128 });
        builder = builder.child(spec);
    }
    let system = builder.start().await.unwrap();
    let (_quiet, mut letters) = (system.failures(1), system.dead_letters(1 << 22));
    let handles: Vec<_> = (0..ACTORS).map(|n| system.find::<Clerk>(&n.to_string()).unwrap()).collect();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (handles, all, mut rng) = (handles.clone(), all.clone(), fastrand::Rng::with_seed(seed << 8 | sender));
            spawn(Box::pin(async move {
                for _ in 0..messages / SENDERS {
                    let at = rng.usize(..ACTORS);
                    let accepted = offer(&handles[at], &mut rng).await;
                    all[at].accepted.fetch_add(u64::from(accepted), Ordering::Relaxed);
                    if rng.u32(0..200) == 0 {
                        torment(&handles[rng.usize(..ACTORS)], &mut rng).await;
                    }
                }
            }))
        })
        .collect();
    for sender in senders {
        soon("a sender", sender).await.unwrap();
    }
    calm();
    soon("rest", system.quiescent()).await;
    // Ticks are no messages before they are handled, and hold up no rest. Afterwards none is handled any more.
    soon("the end", pin!(system.stop())).await;
    let dead = dead(&mut letters);
    for (handle, books) in handles.iter().zip(&all) {
        let ledger = handle.snapshot().mailbox.unwrap().ledger;
        let (dead, dead_ticks) = dead.get(handle.path().as_str()).copied().unwrap_or_default();
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        assert!(ledger.is_balanced() && ledger.queued == 0, "seed {seed}, {handle:?}: {ledger:?}");
        // A tick counts as accepted when it is handled.
        let accepted = count(&books.accepted) + count(&books.ticks) + dead_ticks;
        let counted = (accepted, count(&books.handled), dead, handle.quarantined().len() as u64);
        let booked = (ledger.accepted, ledger.handled, ledger.dead_lettered, ledger.quarantined);
        assert_eq!(counted, booked, "seed {seed}, {handle:?}: {ledger:?}");
    }
    let books = system.ledger();
    assert!(books.is_balanced() && books.queued == 0, "seed {seed}: {books:?}");
    books
}

fn real(seeds: u64, messages: u64) {
    let _alone = alone();
    let runtime = two_threads();
    let begun = Instant::now();
    let all = (0..seeds).map(|seed| runtime.block_on(storm(seed, messages, |task| tokio::spawn(task), || {})));
    let sum: Ledger = all.sum();
    println!("conservation: {seeds} seeds x {messages} messages on two threads in {:.1?}: {sum:?}", begun.elapsed());
}

fn simulated(seeds: u64, messages: u64) {
    let _alone = alone();
    let begun = Instant::now();
    let sum = Arc::new(parking_lot::Mutex::new(Ledger::default()));
    let faults = Faults { crash: 0.002, slow: 0.01, slow_most: Duration::from_millis(3), ..Faults::default() };
    System::simulate(0..seeds, |sim: Sim| {
        let sum = Arc::clone(&sum);
        async move {
            sim.faults(faults);
            let ledger =
                storm(sim.random() >> 8, messages, |task| sim.spawn(task), || sim.faults(Faults::default())).await;
            let mut sum = sum.lock();
            *sum = *sum + ledger;
        }
    });
    let sum = *sum.lock();
    println!("conservation: {seeds} seeds x {messages} messages simulated in {:.1?}: {sum:?}", begun.elapsed());
}

#[test]
fn in_equals_out_for_every_actor() {
    real(20, 10_000);
}

#[test]
fn in_equals_out_for_every_actor_in_simulations() {
    simulated(20, 500);
}

#[test]
#[ignore = "takes minutes"]
fn in_equals_out_for_every_actor_of_a_thousand_seeds() {
    real(1_000, 100_000);
}

#[test]
#[ignore = "takes minutes"]
fn in_equals_out_for_every_actor_of_a_thousand_simulated_seeds() {
    simulated(1_000, 10_000);
}
