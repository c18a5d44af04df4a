//! Changing the shape of a swarm that runs.
//!
//! The old shape is flushed before the new one holds: what goes out from then on waits, and what is under way arrives along
//! its edges. One counter of all that is under way says when that is over; between machines a marker along each edge would
//! (Chandy and Lamport 1985). So whoever sent two messages to one member has both of them handled in one shape, or the first
//! one before it changes.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::mailbox::message::Message;
use crate::swarm::check::check;
use crate::swarm::home::{Home, Outbox, Term};
use crate::swarm::mail::Mail;
use crate::swarm::running::Swarm;
use crate::topology::builder::Topology;
use crate::topology::error::TopologyError;
use crate::topology::layout::Layout;
use crate::topology::liveness::verdict::Wedge;
use crate::topology::tree::Node;

/// What handlers may send while a shape is flushed, in messages of all members together.
pub const MORPH_LIMIT: usize = 1 << 16;

/// Why the shape of a swarm was not changed. It is as it was, and nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MorphError {
    /// The topology is none.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// Handlers that wait along its edges could lock each other up.
    #[error(transparent)]
    Wedge(#[from] Wedge),
    /// Members would have to move to other supervisors, and lose their state.
    #[error(
        "a {from} cannot become a {to} while it runs: where supervisors are nested, members would move to others and lose \
         their state; start a new swarm"
    )]
    Nested {
        /// The present shape.
        from: &'static str,
        /// The shape asked for.
        to: &'static str,
    },
    /// Another change is under way.
    #[error("the shape is being changed already; wait for that")]
    Busy,
    /// What was under way did not arrive in time.
    #[error("{under_way} messages were still under way after {limit:?}; try again when the members are less busy")]
    NotQuiet {
        /// How many.
        under_way: usize,
        /// How long was waited for.
        limit: Duration,
    },
}

impl<W: Message> Swarm<W> {
    /// Changes the shape while members go on: flushes the old one, at most for so long, and gives the epoch of the new one.
    ///
    /// Members keep their state and their mailboxes, and their supervisor gets the new shape's strategy. Meanwhile what handlers
    /// send waits in the swarm, up to [`MORPH_LIMIT`], and goes out in the new shape, in its order; who sends from outside
    /// waits. No message is lost by it and none comes twice, but what the new shape has no way for goes to the dead letters.
    ///
    /// # Errors
    /// [`MorphError`]; the swarm is as it was.
    pub async fn morph(&self, topology: Topology, limit: Duration) -> Result<u64, MorphError> {
        let before = self.layout();
        let members = self.home.view().places.keys().last().map_or(1, |last| last.index() + 1);
        let layout = topology.layout(members)?;
        if !is_flat(&before) || !is_flat(&layout) {
            return Err(MorphError::Nested { from: before.shape(), to: layout.shape() });
        }
        let liveness = check(&layout, &self.home.view().places)?;
        let mut closing = Closing::of(&self.home)?;
        tokio::time::timeout(limit, closing.quiet())
            .await
            .map_err(|_| MorphError::NotQuiet { under_way: closing.term.under_way.load(Ordering::SeqCst), limit })?;
        let (strategy, in_flight) = (layout.tree().strategy, layout.in_flight());
        let epoch = closing.reopen(Some((layout, liveness.live_least)));
        if let Some(node) = self.system.root.supervisor_at(self.path()) {
            node.state.lock().rules.set_strategy(strategy);
        }
        let owed = self.home.credits.set_limit(in_flight);
        self.home.credits.retire(owed).await;
        Ok(epoch)
    }
}

/// Whether all members stand side by side below one supervisor.
fn is_flat(layout: &Layout) -> bool {
    layout.tree().children.iter().all(|child| matches!(child, Node::Member(_)))
}

/// A shape in which nothing new goes out. Dropped, it is open again.
struct Closing<'a, W: Message> {
    home: &'a Arc<Home<Mail<W>>>,
    term: Arc<Term>,
    open: bool,
}

impl<'a, W: Message> Closing<'a, W> {
    fn of(home: &'a Arc<Home<Mail<W>>>) -> Result<Self, MorphError> {
        let mut outbox = home.outbox.lock();
        if outbox.is_some() {
            return Err(MorphError::Busy);
        }
        *outbox = Some(Outbox { items: Vec::new(), limit: MORPH_LIMIT });
        let term = Arc::clone(&home.view().term);
        term.closed.store(true, Ordering::SeqCst);
        Ok(Self { home, term, open: false })
    }

    /// Waits until nothing is under way.
    async fn quiet(&mut self) {
        loop {
            let mut quiet = pin!(self.term.quiet.notified());
            quiet.as_mut().enable();
            if self.term.under_way.load(Ordering::SeqCst) == 0 {
                return;
            }
            quiet.await;
        }
    }

    /// Lets out what has waited, before anything else can go out, and gives the new epoch.
    fn reopen(&mut self, layout: Option<(Layout, Option<usize>)>) -> u64 {
        self.open = true;
        let mut outbox = self.home.outbox.lock();
        let items = outbox.take().map(|outbox| outbox.items).unwrap_or_default();
        let (epoch, stranded) = self
            .home
            .morph(layout, |view| items.into_iter().filter_map(|mail| mail.release(view)).collect::<Vec<Mail<W>>>());
        drop(outbox);
        self.home.reopened.notify_waiters();
        stranded.into_iter().for_each(Mail::bury);
        epoch
    }
}

impl<W: Message> Drop for Closing<'_, W> {
    fn drop(&mut self) {
        if !self.open {
            self.reopen(None);
        }
    }
}
