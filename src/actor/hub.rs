//! What all actors of one system share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::actor::dead_letter::DeadLetter;
use crate::actor::failure::FailureReport;
use crate::actor::residents::Residents;
use crate::actor::topic::Topic;
use crate::actor::waits::{ActorId, Current, Waits};
use crate::mailbox::ledger::Ledger;
use crate::sync::Executor;
use crate::world::World;

/// The shared services of a system: its executor, clock, randomness and numbers, and where news of it goes.
pub(crate) struct Hub {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) executor: Executor,
    pub(crate) dead_letters: Topic<DeadLetter>,
    pub(crate) failures: Topic<FailureReport>,
    pub(crate) waits: Arc<Waits>,
    pub(crate) residents: Residents,
    /// The books of all that have left the tree.
    departed: Mutex<Ledger>,
    rng: Mutex<fastrand::Rng>,
    actors: AtomicU64,
    meters: AtomicUsize,
}

impl Hub {
    pub(crate) fn new(name: String, seed: u64, executor: Executor) -> Arc<Self> {
        #[cfg(not(loom))]
        crate::actor::panics::install();
        let mut rng = fastrand::Rng::with_seed(seed);
        let id = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
        Arc::new(Self {
            name,
            id,
            executor,
            dead_letters: Topic::new(),
            failures: Topic::new(),
            waits: Arc::new(Waits::default()),
            residents: Residents::default(),
            departed: Mutex::new(Ledger::default()),
            rng: Mutex::new(rng),
            actors: AtomicU64::new(0),
            meters: AtomicUsize::new(0),
        })
    }

    pub(crate) fn next_actor(&self) -> ActorId {
        ActorId(self.actors.fetch_add(1, Ordering::Relaxed))
    }

    /// The system's clock: tokio's, so that paused time holds for everything.
    pub(crate) fn now(&self) -> Instant {
        #[cfg(not(loom))]
        return tokio::time::Instant::now().into_std();
        #[cfg(loom)]
        return Instant::now();
    }

    /// When a message came in, where anybody reads such things.
    pub(crate) fn stamp(&self) -> Option<Instant> {
        (self.meters.load(Ordering::Relaxed) > 0).then(|| self.now())
    }

    pub(crate) fn meter(&self) {
        self.meters.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn unmeter(&self) {
        self.meters.fetch_sub(1, Ordering::Relaxed);
    }

    /// Keeps the books of an actor that leaves the tree.
    pub(crate) fn book_departed(&self, ledger: Ledger) {
        let mut departed = self.departed.lock();
        *departed = *departed + ledger;
    }

    /// The books of all that have left the tree.
    pub(crate) fn departed(&self) -> Ledger {
        *self.departed.lock()
    }

    /// The simulated world that this system runs in, if any.
    pub(crate) fn world(&self) -> Option<&World> {
        self.executor.world()
    }

    /// Writes down what happened, where a simulation keeps a log.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(world) = self.world() {
            world.note(&line());
        }
    }

    /// Draws from the system's seeded source.
    pub(crate) fn with_rng<R>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> R) -> R {
        draw(&mut self.rng.lock())
    }

    pub(crate) fn current(self: &Arc<Self>, actor: ActorId) -> Current {
        Current { system: Arc::as_ptr(self) as usize, actor }
    }

    /// The actor of this system whose code this thread runs, if any.
    pub(crate) fn running(self: &Arc<Self>) -> Option<ActorId> {
        Current::get().filter(|current| current.system == Arc::as_ptr(self) as usize).map(|current| current.actor)
    }
}
