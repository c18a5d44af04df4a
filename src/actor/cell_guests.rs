//! Who may run an actor's handlers on a core that is not its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::actor::cell::{Bell, Cell};
use crate::actor::waits::Located;
use crate::mailbox::message::Message;

/// So many asks are queued after one that had to wait in place: going on elsewhere costs more than the queue.
const SLOW_FOR: u8 = 32;

impl<M: Message> Cell<M> {
    /// Whoever waits for this actor drives its turn, if that was called and waits for a core.
    pub(crate) fn assist(self: &Arc<Self>) {
        if let Bell::Turn(Some(turn)) = self.called()
            && self.is_open()
        {
            turn.visit();
        }
    }

    /// The turn that was called and waits for a core.
    pub(crate) fn called(&self) -> Bell {
        let inner = self.inner.lock();
        if inner.is_called() { inner.bell.clone() } else { Bell::NOBODY }
    }

    /// The handler that holds this ticket has ended, and so have its waits.
    pub(crate) fn forget_waits(&self, ticket: u32) {
        self.hub().waits.forget(self.id, || self.inner.lock().ticket == ticket);
    }

    /// Whether handlers of this actor may run on the core at hand.
    pub(crate) fn is_open(self: &Arc<Self>) -> bool {
        let hub = self.hub();
        self.class.options.in_place
            && hub.executor.is_here()
            && !hub.world().is_some_and(|world| world.detours(Located::path(&**self).as_str()))
    }

    /// Whether an asynchronous handler would probably wait: one did, not long ago.
    pub(crate) fn is_slow(&self) -> bool {
        let left = self.slow.load(Ordering::Relaxed);
        self.slow.store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }

    /// An asynchronous handler that began in place waits.
    pub(crate) fn note_slow(&self) {
        self.slow.store(SLOW_FOR, Ordering::Relaxed);
    }
}
