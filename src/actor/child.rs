//! How a cell and its supervisor speak of each other, without naming each other's types.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::exit::Exit;
#[cfg(all(feature = "testing", not(loom)))]
use crate::exit::Failure;
use crate::mailbox::ledger::Ledger;
use crate::path::Path;
use crate::snapshot::ActorSnapshot;

/// One incarnation of one child, in its supervisor's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Incarnation {
    /// The child's place in the table.
    pub(crate) slot: u32,
    /// Which of its lives this is.
    pub(crate) number: u32,
}

/// Tells children apart while somebody holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(usize);

impl Address {
    pub(crate) fn of<T: ?Sized>(child: &Arc<T>) -> Self {
        Self(Arc::as_ptr(child).cast::<()>() as usize)
    }
}

/// A supervisor, as its children know it. Called without any lock held.
pub(crate) trait Owner: Send + Sync {
    /// The incarnation has ended, and its state is dropped.
    fn exited(&self, who: Incarnation, exit: Exit);
    /// Stop the child for good, if the one of that name is still this one.
    fn terminate(&self, name: &str, child: Address);
    /// Kill the child, if the one of that name is still this one; it is judged as after a crash.
    fn kill(&self, name: &str, child: Address);
    /// Stop the child and start it anew, if the one of that name is still this one.
    fn restart(&self, name: &str, child: Address);
    /// How long until the child is started again, while a backoff makes it wait.
    fn back_in(&self, name: &str, child: Address) -> Option<Duration>;
}

/// Hears of the lives of one actor, in their order but for what a hung handler tells too late. Called without any lock held.
pub(crate) trait Attendance: Send + Sync {
    /// This life has started; its first message comes after.
    fn up(&self, life: u32);
    /// This life is over, and its state is dropped.
    fn down(&self, life: u32);
    /// There will be no other, unless somebody starts it anew.
    fn gone(&self);
}

/// Above the root, and wherever else no supervisor is.
pub(crate) struct Nobody;

impl Owner for Nobody {
    fn exited(&self, _: Incarnation, _: Exit) {}
    fn terminate(&self, _: &str, _: Address) {}
    fn kill(&self, _: &str, _: Address) {}
    fn restart(&self, _: &str, _: Address) {}
    fn back_in(&self, _: &str, _: Address) -> Option<Duration> {
        None
    }
}

/// What runs user code (destructors, watchers) and therefore waits until the supervisor has released its lock.
pub(crate) type After = Box<dyn FnOnce() + Send>;

/// A child of any kind, as its supervisor knows it. No call waits, and none calls back into the supervisor before it
/// returns.
pub(crate) trait Child: Any + Send + Sync {
    /// Its name among its siblings.
    fn name(&self) -> &str;
    /// Ask it to stop after the current handler.
    fn stop(self: Arc<Self>);
    /// Cut it short.
    fn kill(self: Arc<Self>);
    /// It did not react to a kill: from now on it is somebody else's.
    fn abandon(self: Arc<Self>) -> After;
    /// It is down for good: refuse messages, hand over what is queued, tell who watches.
    fn close(self: Arc<Self>, exit: &Exit) -> After;
    /// It is closed and leaves the tree: hand over what is in quarantine.
    fn leave(self: Arc<Self>) -> After;
    /// Whether it takes no more messages, and will stop for good by itself.
    fn is_leaving(&self) -> bool;
    /// Its counters and its state of affairs.
    fn snapshot(&self) -> ActorSnapshot;
    /// Its books, and those of everything below it.
    fn ledger(&self) -> Ledger;
    /// Whoever of it, or below it, was called and waits for a core gets a task.
    fn help(self: Arc<Self>);
    /// Handle no user messages until resumed.
    fn suspend(self: Arc<Self>, suspended: bool);
    /// Calls back once it is down for good; at once if it is.
    fn watch(&self, told: Box<dyn FnOnce(Exit) + Send>) -> u64;
    /// Takes a watch back.
    fn unwatch(&self, watch: u64);
    /// Fail its present incarnation, as a panic beside its handlers does.
    #[cfg(all(feature = "testing", not(loom)))]
    fn crash(self: Arc<Self>, failure: Failure);
    /// The same child as a value whose type can be asked for.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// Where it stands.
    fn path(&self) -> Path;
}
