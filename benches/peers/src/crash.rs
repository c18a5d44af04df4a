//! Crashes on purpose, and how long an actor is away after one.

use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

use crate::measure::{Measure, Outcome, Stopwatch, checked, median, nanos, p99, sum_below};

const POISON: &str = "poison";

/// How an actor is made to fail.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Poison {
    /// Its handler panics.
    Panic,
    /// Its handler fails in the way that the peer has for it.
    Fail,
}

/// The panic of all actors that are poisoned.
pub(crate) fn panic_on_purpose() -> ! {
    panic!("{}", POISON)
}

/// From now on no peer's poisoned actors print their panics; all others are printed as before.
pub(crate) fn silence_poison() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(POISON) {
            before(info);
        }
    }));
}

/// Where one crash after another is timed: from the sending of the poison until the replacement has handled its first
/// message.
pub(crate) struct Stage {
    poisoned: Mutex<Instant>,
    times: Mutex<Vec<f64>>,
    incarnations: AtomicU64,
    sum: AtomicU64,
    back: Notify,
    watch: Stopwatch,
}

impl Stage {
    pub(crate) fn new(crashes: u64) -> Self {
        Self {
            poisoned: Mutex::new(Instant::now()),
            times: Mutex::new(Vec::with_capacity(usize::try_from(crashes).unwrap_or(0))),
            incarnations: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            back: Notify::new(),
            watch: Stopwatch::start(),
        }
    }

    /// The driver is about to send the poison.
    pub(crate) fn poison(&self) {
        *self.poisoned.lock().expect("nobody panics with it") = Instant::now();
    }

    /// An incarnation begins.
    pub(crate) fn begin(&self) {
        self.incarnations.fetch_add(1, Ordering::Relaxed);
    }

    /// The replacement handles its first message.
    pub(crate) fn handle(&self, value: u64) {
        let time = nanos(self.poisoned.lock().expect("nobody panics with it").elapsed());
        self.times.lock().expect("nobody panics with it").push(time);
        self.sum.fetch_add(value, Ordering::Relaxed);
        self.back.notify_one();
    }

    /// Waits until the replacement has handled its first message.
    pub(crate) async fn back(&self) {
        self.back.notified().await;
    }

    /// What the crashes took. The check counts the first messages, and an incarnation for each crash and one before.
    pub(crate) fn outcome(&self, crashes: u64) -> Outcome {
        let times = self.times.lock().expect("nobody panics with it");
        let measure = Measure { value: median(&times), p99: Some(p99(&times)), cpu_ns: self.watch.cpu_ns(crashes) };
        let found = self.sum.load(Ordering::Relaxed) + self.incarnations.load(Ordering::Relaxed);
        checked(measure, sum_below(crashes) + crashes + 1, found)
    }
}
