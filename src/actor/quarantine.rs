//! Looking at quarantined messages, and deciding what becomes of them.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::actor::cell::Cell;
use crate::actor::panics::drop_quietly;
use crate::mailbox::message::Message;

impl<M: Message> Cell<M> {
    /// Shows a quarantined message to somebody, outside the lock. None if it is not there, or in other hands.
    pub(crate) fn peek<R>(&self, id: u64, look: impl FnOnce(&M) -> R) -> Option<R> {
        let message = self.inner.lock().lanes.lend(id)?;
        let seen = catch_unwind(AssertUnwindSafe(|| look(&message)));
        self.inner.lock().lanes.take_back(id, message);
        match seen {
            Ok(seen) => Some(seen),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Queues a quarantined message again, after an edit outside the lock. False if it is not there, in other hands, heavier
    /// than the mailbox by now, or if its actor has stopped for good.
    pub(crate) fn release(self: &Arc<Self>, id: u64, edit: impl FnOnce(&mut M)) -> bool {
        let stamp = self.hub().stamp();
        let lent = {
            let mut inner = self.inner.lock();
            if inner.lanes.is_closed() { None } else { inner.lanes.lend(id) }
        };
        let Some(mut message) = lent else { return false };
        let edited = catch_unwind(AssertUnwindSafe(|| edit(&mut message)));
        let (wake, released) = {
            let mut inner = self.inner.lock();
            // It may have stopped meanwhile; then nobody would ever handle the message.
            let release = edited.is_ok() && !inner.lanes.is_closed() && !inner.lanes.is_too_heavy(&message);
            if release {
                inner.lanes.requeue(id, message, stamp);
            } else {
                inner.lanes.take_back(id, message);
            }
            (inner.rouse(), release)
        };
        self.wake(wake);
        if let Err(panic) = edited {
            resume_unwind(panic);
        }
        released
    }

    /// Drops a quarantined message. False if it is not there, or in other hands.
    pub(crate) fn discard(&self, id: u64) -> bool {
        let discarded = self.inner.lock().lanes.discard(id);
        let found = discarded.is_some();
        drop_quietly(discarded);
        found
    }
}
