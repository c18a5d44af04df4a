//! What all actors of one system share.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::actor::dead_letter::DeadLetter;
use crate::actor::failure::FailureReport;
#[cfg(not(loom))]
use crate::actor::lookout::Lookout;
use crate::actor::panics::{Heard, introduce};
use crate::actor::residents::Residents;
#[cfg(all(feature = "capsule", not(loom)))]
use crate::actor::shelf::Shelf;
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
    #[cfg(all(feature = "capsule", not(loom)))]
    pub(crate) capsules: Shelf,
    pub(crate) waits: Arc<Waits>,
    pub(crate) residents: Residents,
    #[cfg(not(loom))]
    pub(crate) lookout: Arc<Lookout>,
    /// The books of all that have left the tree, and how many those are.
    departed: Mutex<(Ledger, u64)>,
    rng: Mutex<fastrand::Rng>,
    actors: AtomicU64,
    orders: AtomicU64,
    /// The runtime is gone: what is spawned is dropped, so nothing is restarted any more.
    gone: AtomicBool,
    meters: AtomicUsize,
}

impl Heard for Hub {
    fn is_heard(&self) -> bool {
        self.failures.is_heard()
    }
}

impl Hub {
    pub(crate) fn new(name: String, seed: u64, executor: Executor) -> Arc<Self> {
        #[cfg(not(loom))]
        crate::actor::panics::install();
        let mut rng = fastrand::Rng::with_seed(seed);
        let id = uuid::Builder::from_random_bytes(rng.u128(..).to_be_bytes()).into_uuid();
        let hub = Arc::new(Self {
            name,
            id,
            executor,
            dead_letters: Topic::new(),
            failures: Topic::new(),
            #[cfg(all(feature = "capsule", not(loom)))]
            capsules: Shelf::new(),
            waits: Arc::new(Waits::default()),
            residents: Residents::default(),
            #[cfg(not(loom))]
            lookout: Arc::default(),
            departed: Mutex::default(),
            rng: Mutex::new(rng),
            actors: AtomicU64::new(0),
            orders: AtomicU64::new(0),
            gone: AtomicBool::new(false),
            meters: AtomicUsize::new(0),
        });
        introduce(Arc::as_ptr(&hub) as usize, Arc::downgrade(&hub) as Weak<dyn Heard>);
        hub
    }

    pub(crate) fn next_actor(&self) -> ActorId {
        ActorId(self.actors.fetch_add(1, Ordering::Relaxed))
    }

    /// A number for one more timer, pipe or watch, unlike that of any other in this system.
    pub(crate) fn next_order(&self) -> u64 {
        self.orders.fetch_add(1, Ordering::Relaxed)
    }

    /// A task of the system was dropped: its runtime is shutting down. Says whether that is news.
    pub(crate) fn runtime_is_gone(&self) -> bool {
        !self.gone.swap(true, Ordering::Relaxed)
    }

    /// The system has ended: there will be no more news of it.
    pub(crate) fn close_topics(&self) {
        self.dead_letters.close();
        self.failures.close();
        #[cfg(all(feature = "capsule", not(loom)))]
        self.capsules.topic.close();
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
        *departed = (departed.0 + ledger, departed.1 + 1);
    }

    /// The books of all that have left the tree, and how many those are.
    pub(crate) fn departed(&self) -> (Ledger, u64) {
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
