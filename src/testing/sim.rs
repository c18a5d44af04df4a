//! What a story can do to the world it runs in.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::actor::handle::Handle;
use crate::exit::{Cause, Failure};
use crate::mailbox::message::Message;
use crate::path::Path;
use crate::testing::parts::system_of;
use crate::world::faults::Faults;
use crate::world::{Strike, World};

/// A story's side of its simulation: faults, tasks, randomness, notes. Cheap to clone.
///
/// Actors are named by their paths. Where several systems of one story have an actor of the same path, all of them are meant.
#[derive(Clone)]
pub struct Sim(Arc<World>);

impl Sim {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self(world)
    }

    /// Virtual time since the story began.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// A number from the simulation's seed.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.0.number()
    }

    /// Runs a task beside the story. It takes its turns by the seed, as the runtime's own do.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        tokio::spawn(World::delayed(Arc::clone(&self.0), task))
    }

    /// Writes a line into the log of events, and so into its hash.
    pub fn note(&self, line: impl AsRef<str>) {
        self.0.note(line.as_ref());
    }

    /// Fails an actor before its next message, as a panic beside its handlers does.
    ///
    /// # Panics
    /// If nobody stands at that path.
    #[track_caller]
    pub fn crash(&self, path: &str) {
        let parsed = Path::parse(path).ok();
        let systems = self.0.parts();
        let found: Vec<_> = systems
            .iter()
            .filter_map(system_of)
            .filter_map(|system| parsed.as_ref().and_then(|path| system.root.child_at(path)))
            .collect();
        assert!(!found.is_empty(), "nobody stands at {path:?} to crash");
        self.0.note(&format!("{path} is made to crash"));
        let failure = Failure::new(Cause::Panic, "crashed by the simulation");
        found.into_iter().for_each(|(_, child)| child.crash(failure.clone()));
    }

    /// Makes the handler of an actor's next message fail before it begins.
    pub fn poison(&self, path: &str) {
        self.0.arm(|arsenal| arsenal.arm(path, Strike::Crash));
    }

    /// Makes the handler of an actor's next message hang until it is killed.
    pub fn hang(&self, path: &str) {
        self.0.arm(|arsenal| arsenal.arm(path, Strike::Hang));
    }

    /// Makes all handlers of an actor take so much longer, until it is zero.
    pub fn slow(&self, path: &str, by: Duration) {
        self.0.arm(|arsenal| arsenal.slow(path, (!by.is_zero()).then_some(by)));
    }

    /// Loses the next reply that an actor gives: whoever asked waits until the deadline.
    pub fn lose_reply(&self, path: &str) {
        self.0.arm(|arsenal| arsenal.lose(path));
    }

    /// Strikes all actors by chance from now on, at these rates.
    pub fn faults(&self, rates: Faults) {
        self.0.set_rates(rates);
    }

    /// Leaves a mailbox no room for as long as what is returned lives. What is inside is handled.
    #[must_use = "the mailbox is full while this lives"]
    pub fn fill<M: Message>(&self, handle: &Handle<M>) -> Filled<M> {
        self.0.note(&format!("{} is filled", handle.path()));
        let capacity = handle.cell.fill();
        Filled { handle: handle.clone(), capacity }
    }
}

impl fmt::Debug for Sim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}

/// Keeps a mailbox full; dropping it gives the mailbox its room again.
#[derive(Debug)]
pub struct Filled<M: Message> {
    handle: Handle<M>,
    capacity: usize,
}

impl<M: Message> Drop for Filled<M> {
    fn drop(&mut self) {
        self.handle.set_capacity(self.capacity);
    }
}
