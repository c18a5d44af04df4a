//! A thousand actors that are offered ten times what they can do: what their queues take, how soon they answer to control, and
//! how much they still get done.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use swarmtree::{Actor, ActorSpec, Context, Fail, Handle, Handled, Message, Options, Overflow, StartError, System};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tracing::field::{Field, Visit};
use tracing::span;

use crate::figures::{afresh, alone, quantile, soon, spread, two_threads};

const ACTORS: usize = 1_000;
const FACTOR: f64 = 10.0;

/// Hears the bound that a system tells at its start.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Option<u64>>>);

impl Visit for Ear {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "bytes" {
            *self.0.lock() = Some(value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            println!("swarmtree: {value:?}");
        }
    }
}

impl tracing::Subscriber for Ear {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "swarmtree"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// What one message costs.
#[derive(Clone, Copy)]
enum Work {
    /// Waiting, as for a disk or a peer: the cores have little to do.
    Wait(Duration),
    /// Computing: the cores have no time left.
    Compute(Duration),
}

/// How many messages were handled, and whom to tell of the last one that is waited for.
#[derive(Default)]
struct Served {
    count: AtomicU64,
    awaited: AtomicU64,
    news: Notify,
}

impl Served {
    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn one(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.awaited.load(Ordering::Relaxed) {
            self.news.notify_one();
        }
    }
}

/// An actor whose turns are so long.
struct Consumer<const TURN: u32> {
    served: Arc<Served>,
    wait: Option<Duration>,
    steps: u32,
}

struct Parcel {
    _contents: [u64; 8],
}

const PARCEL: Parcel = Parcel { _contents: [7; 8] };

impl Message for Parcel {}

fn compute(steps: u32) {
    (0..steps).for_each(|step| _ = std::hint::black_box(step));
}

impl<const TURN: u32> Actor for Consumer<TURN> {
    type Msg = Parcel;
    type Args = (Arc<Served>, Option<Duration>, u32);
    type Handle = Handle<Parcel>;

    const OPTIONS: Options = Options { turn: TURN, ..Options::DEFAULT };

    async fn start((served, wait, steps): Self::Args, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self { served, wait, steps })
    }

    fn handle(&mut self, parcel: Parcel, _: &mut Context<Self>) -> Handled<Parcel> {
        if self.wait.is_some() {
            return Handled::Async(parcel);
        }
        compute(self.steps);
        self.served.one();
        Handled::Done
    }

    async fn handle_async(&mut self, _: Parcel, _: &mut Context<Self>) -> Result<(), Fail> {
        if let Some(wait) = self.wait {
            tokio::time::sleep(wait).await;
        }
        self.served.one();
        Ok(())
    }
}

/// Steps that take so long, alone on a core.
fn calibrated(time: Duration) -> u32 {
    const STEPS: u32 = 10_000_000;
    let took = |_| {
        let begun = Instant::now();
        compute(STEPS);
        begun.elapsed().as_secs_f64()
    };
    let fastest = (0..5).map(took).fold(f64::INFINITY, f64::min);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    let steps = (time.as_secs_f64() / fastest * f64::from(STEPS)) as u32;
    steps.max(1)
}

/// The resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).map_or(0, |kib: u64| kib * 1024)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

struct Plant {
    runtime: Runtime,
    system: System,
    handles: Vec<Handle<Parcel>>,
    served: Arc<Served>,
    /// As it was told at the start.
    bound: u64,
    mailbox: usize,
    /// Messages that were accepted so far.
    accepted: u64,
}

/// What came of the offers of one run.
struct Offers {
    offered: u64,
    accepted: u64,
}

#[derive(Default)]
struct Probes {
    inspected: Vec<Duration>,
    stopped: Vec<Duration>,
    looked: Vec<Duration>,
    looked_at_all: Vec<Duration>,
    queued_most: usize,
    resident_most: u64,
}

impl Plant {
    fn start<const TURN: u32>(work: Work, mailbox: usize) -> Self {
        let (wait, steps) = match work {
            Work::Wait(time) => (Some(time), 0),
            Work::Compute(time) => (None, calibrated(time)),
        };
        let (runtime, served) = (two_threads(), Arc::<Served>::default());
        let policies = [Overflow::Wait, Overflow::Reject, Overflow::DropNewest, Overflow::DropOldest];
        let mut builder = System::builder("plant").intensity(u32::MAX, "1h");
        for n in 0..ACTORS {
            let spec = ActorSpec::<Consumer<TURN>>::new(&n.to_string(), (Arc::clone(&served), wait, steps));
            builder = builder.child(spec.mailbox(mailbox).overflow(policies[n % 4]));
        }
        let ear = Ear::default();
        let start = || runtime.block_on(builder.start()).unwrap();
        let system = tracing::subscriber::with_default(ear.clone(), start);
        let handles = (0..ACTORS).map(|n| system.find::<Consumer<TURN>>(&n.to_string()).unwrap()).collect();
        let bound = ear.0.lock().unwrap();
        Self { runtime, system, handles, served, bound, mailbox, accepted: 0 }
    }

    /// Gives everybody so many messages, and measures how many a second are handled until half of them are.
    fn alone(&mut self, each: usize) -> f64 {
        self.handles.iter().for_each(Handle::suspend);
        for handle in &self.handles {
            (0..each).for_each(|_| handle.try_send(PARCEL).unwrap());
        }
        let all = (each * ACTORS) as u64;
        self.accepted += all;
        let half = self.served.count() + all.div_ceil(2);
        self.served.awaited.store(half, Ordering::Relaxed);
        let begun = Instant::now();
        self.handles.iter().for_each(Handle::resume);
        self.runtime.block_on(soon("half", self.served.news.notified()));
        let time = begun.elapsed();
        self.runtime.block_on(soon("rest", self.system.quiescent()));
        all.div_ceil(2) as f64 / time.as_secs_f64()
    }

    /// Offers so many a second, to all in turn, until it is done.
    fn offer(&self, rate: f64, done: &AtomicBool) -> Offers {
        let (begun, mut offers) = (Instant::now(), Offers { offered: 0, accepted: 0 });
        while !done.load(Ordering::Relaxed) {
            let due = begun.elapsed().as_secs_f64() * rate;
            // Not more than a few at once, so that the end is seen in time.
            for _ in 0..1_000 {
                if offers.offered as f64 >= due {
                    // This is the pace of the load, not a wait for anything.
                    thread::sleep(Duration::from_micros(500));
                    break;
                }
                let to = &self.handles[usize::try_from(offers.offered).unwrap() % ACTORS];
                offers.accepted += u64::from(to.try_send(PARCEL).is_ok());
                offers.offered += 1;
            }
        }
        offers
    }

    /// Looks at actors and stops some of them, one after the other, for so long.
    fn probe<const TURN: u32>(&self, time: Duration) -> Probes {
        let (begun, mut probes, mut rng) = (Instant::now(), Probes::default(), fastrand::Rng::with_seed(5));
        let timed = |times: &mut Vec<Duration>, run: &mut dyn FnMut()| {
            let begun = Instant::now();
            run();
            times.push(begun.elapsed());
        };
        while begun.elapsed() < time {
            // Somebody who looks on takes no core from those at work.
            thread::sleep(Duration::from_millis(2));
            let handle = self.handles[rng.usize(..ACTORS)].within(Duration::from_secs(60));
            timed(&mut probes.inspected, &mut || {
                let look = handle.inspect::<Consumer<TURN>, u32>(|consumer| consumer.steps);
                assert!(self.runtime.block_on(look).is_ok(), "a look at {handle:?}");
            });
            timed(&mut probes.looked, &mut || drop(handle.snapshot()));
            let to_stop = &self.handles[rng.usize(..ACTORS)];
            timed(&mut probes.stopped, &mut || {
                to_stop.stop();
                drop(self.runtime.block_on(soon("a stop", to_stop.stopped())));
            });
            self.system.actor(to_stop.path().as_str()).unwrap().restart();
            if probes.inspected.len().is_multiple_of(10) {
                let mut queued = 0;
                timed(&mut probes.looked_at_all, &mut || {
                    let boxes = self.system.snapshot().into_iter().filter_map(|actor| actor.mailbox);
                    queued = boxes.map(|mailbox| mailbox.normal + mailbox.urgent).sum();
                });
                probes.queued_most = probes.queued_most.max(queued);
                probes.resident_most = probes.resident_most.max(resident());
            }
        }
        probes
    }

    fn overload<const TURN: u32>(mut self, what: &str, time: Duration) {
        self.alone(1);
        let before = resident();
        let rates: Vec<f64> = (0..3).map(|_| self.alone(self.mailbox)).collect();
        let capacity = quantile(&rates, 0.5);
        let (done, served, begun) = (AtomicBool::new(false), self.served.count(), Instant::now());
        let (offers, probes, goodput) = thread::scope(|scope| {
            let producer = scope.spawn(|| self.offer(FACTOR * capacity, &done));
            let probes = self.probe::<TURN>(time);
            let goodput = (self.served.count() - served) as f64 / begun.elapsed().as_secs_f64();
            done.store(true, Ordering::Relaxed);
            (producer.join().unwrap(), probes, goodput)
        });
        let offered = offers.offered as f64 / begun.elapsed().as_secs_f64();
        self.runtime.block_on(soon("rest", self.system.quiescent()));
        let books = self.system.ledger();
        assert!(books.is_balanced() && books.queued == 0, "{books:?}");
        assert_eq!(books.accepted, self.accepted + offers.accepted);
        // The one in hand takes no place.
        assert!(probes.queued_most <= ACTORS * (self.mailbox + 1), "{} queued", probes.queued_most);
        let grown = probes.resident_most.saturating_sub(before);
        println!("overload, {what}, {:.1?}: {ACTORS} actors of {} messages", begun.elapsed(), self.mailbox);
        println!("  alone {capacity:.0}/s; offered {offered:.0}/s, {:.1} times as many", offered / capacity);
        println!("  goodput {goodput:.0}/s, {:.1} % of alone", goodput / capacity * 100.0);
        println!("  memory grew by {:.1} MiB, bound {:.1} MiB", mebibytes(grown), mebibytes(self.bound));
        println!("  stop: {}", spread(&probes.stopped));
        println!("  inspect: {}", spread(&probes.inspected));
        println!("  snapshot of one: {}; of all: {}", spread(&probes.looked), spread(&probes.looked_at_all));
        assert!(grown <= self.bound, "{grown} bytes, bound {}", self.bound);
        self.runtime.block_on(soon("the end", self.system.stop()));
    }
}

const WAIT: Work = Work::Wait(Duration::from_millis(2));
const COMPUTE: Work = Work::Compute(Duration::from_micros(20));

/// Runs in a process of its own, in which all threads share one arena of the allocator: what glibc keeps of freed memory for
/// each thread is no queue. Where the variable is set already it is this process.
fn in_one_arena(own: &str, run: impl FnOnce()) {
    const ARENAS: &str = "MALLOC_ARENA_MAX";
    let _alone = alone();
    if std::env::var_os(ARENAS).is_some() {
        run();
    } else {
        print!("{}", afresh(own, &[(ARENAS, "1")], &[]).0);
    }
}

#[test]
fn a_second_of_overload_stays_within_the_bound() {
    in_one_arena("overload::a_second_of_overload_stays_within_the_bound", || {
        Plant::start::<256>(WAIT, 64).overload::<256>("waiting handlers", Duration::from_secs(1));
    });
}

#[test]
#[ignore = "takes a minute"]
fn a_minute_of_overload_stays_within_the_bound() {
    in_one_arena("overload::a_minute_of_overload_stays_within_the_bound", || {
        Plant::start::<256>(WAIT, 256).overload::<256>("waiting handlers", Duration::from_secs(60));
    });
}

#[test]
#[ignore = "takes a minute"]
fn overload_that_takes_all_cores_stays_within_the_bound() {
    in_one_arena("overload::overload_that_takes_all_cores_stays_within_the_bound", || {
        let time = Duration::from_secs(15);
        Plant::start::<256>(COMPUTE, 300).overload::<256>("computing handlers, turns of 256", time);
        Plant::start::<1>(COMPUTE, 300).overload::<1>("computing handlers, turns of 1", time);
    });
}
