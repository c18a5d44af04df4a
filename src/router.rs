//! Routers: one handle over many actors of a kind.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::actor::definition::Actor;
use crate::supervisor::dynamic::handle_of;
use crate::supervisor::node::Node;
use crate::supervisor::spec::{ActorSpec, Supervisor};

/// A fixed number of actors of one type under one supervisor, chosen in turn.
///
/// [`Pool::spec`] describes its supervisor; once that runs, [`crate::System::pool`] gives the pool.
pub struct Pool<A: Actor> {
    workers: Arc<[A::Handle]>,
    next: Arc<AtomicUsize>,
}

impl<A: Actor> Pool<A> {
    /// A one-for-one supervisor of `size` workers (at least one) named `0`, `1`, ..., each from a spec.
    #[must_use]
    pub fn spec(name: &str, size: usize, worker: impl Fn(&str) -> ActorSpec<A>) -> Supervisor {
        (0..size.max(1)).fold(Supervisor::one_for_one(name), |pool, at| pool.child(worker(&at.to_string())))
    }

    pub(crate) fn of(node: &Node) -> Self {
        let workers: Vec<A::Handle> = node.children().into_iter().filter_map(handle_of::<A>).collect();
        Self { workers: workers.into(), next: Arc::new(AtomicUsize::new(0)) }
    }

    /// The next worker in turn. None if the supervisor has no worker of this type.
    #[must_use]
    pub fn next(&self) -> Option<&A::Handle> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.workers.get(turn.checked_rem(self.workers.len())?)
    }

    /// All workers.
    #[must_use]
    pub fn workers(&self) -> &[A::Handle] {
        &self.workers
    }
}

impl<A: Actor> Clone for Pool<A> {
    fn clone(&self) -> Self {
        Self { workers: Arc::clone(&self.workers), next: Arc::clone(&self.next) }
    }
}

impl<A: Actor> fmt::Debug for Pool<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}
