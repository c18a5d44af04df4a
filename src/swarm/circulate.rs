//! Starting a token.

use crate::mailbox::message::Message;
use crate::swarm::running::Swarm;
use crate::swarm::token::{circulating, go, next_fence};
use crate::swarm::undelivered::{Undeliverable, Undelivered};

impl<W: Message + Clone + Sync> Swarm<W> {
    /// Lets a token go round a ring, beginning at its first member; it takes the place of one that goes round already. Whoever has
    /// it gets it as a [`crate::Delivery`] with a `fence`, and hands it on with [`crate::Seat::pass`].
    ///
    /// A token that is lost, because its member fails or drops it, is made anew as it was last passed on, with a higher fence, and
    /// goes on at the next member. One that comes late, out of the mailbox of a member that was down, is not handed over any more.
    ///
    /// # Errors
    /// [`Undeliverable::NoRing`] in other shapes.
    pub fn circulate(&self, message: W) -> Result<(), Undelivered<W>> {
        let view = self.home.view();
        let entry = view.graph.entry().filter(|entry| view.graph.successor(*entry).is_some());
        let Some(entry) = entry else { return Err(Undelivered { message, reason: Undeliverable::NoRing }) };
        let fence = {
            let mut token = self.home.token.lock();
            let fence = next_fence(&self.home);
            *token = Some(circulating(&self.home, fence, entry, message));
            fence
        };
        go(&self.home, fence, entry);
        Ok(())
    }
}
