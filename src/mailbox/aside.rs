//! What a mailbox keeps aside: the stash, redeliveries, quarantine.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::exit::Failure;
use crate::mailbox::lanes::Lanes;
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::{Refusal, Refused};
use crate::mailbox::reserve::{QuarantineEntry, Quarantined, Retry};

/// The most messages one actor keeps in quarantine; a further one goes to the dead letters.
pub const QUARANTINE_LIMIT: usize = 64;

/// What became of the message whose handler crashed.
pub(crate) enum Crashed<M> {
    /// It was consumed; nothing is left of it but its kind.
    Lost,
    /// A copy was kept; it goes again, into quarantine, or to the dead letters.
    Kept { message: M, kind: &'static str, crashes: u32 },
}

/// Where a message comes from that goes to the stash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is the one in hand, of a batch.
    Batch,
    /// It is the one in hand, and was never queued: a tick, or an ask in place.
    Alone,
    /// It is one more.
    New,
}

/// Where a crashed message went.
pub(crate) enum Fate<M> {
    Redelivered,
    Quarantined,
    /// To the dead letters, with the copy where there is one.
    Dead(Option<M>),
}

impl<M: Message> Lanes<M> {
    /// Books the message whose handler crashed; call after [`Lanes::settle`].
    pub(crate) fn crash(&mut self, crashed: Crashed<M>, retry: u32, failure: &Arc<Failure>) -> Fate<M> {
        let Crashed::Kept { message, kind, crashes } = crashed else {
            self.dead_lettered += 1;
            return Fate::Dead(None);
        };
        if crashes <= retry {
            self.reserve().retry = Some(Retry { message, crashes });
            return Fate::Redelivered;
        }
        let reserve = self.reserve();
        if reserve.quarantine.len() >= QUARANTINE_LIMIT {
            self.dead_lettered += 1;
            return Fate::Dead(Some(message));
        }
        let id = reserve.issued;
        reserve.issued += 1;
        let failure = Arc::clone(failure);
        reserve.quarantine.push_back(Quarantined { id, kind, message: Some(message), crashes, failure });
        Fate::Quarantined
    }

    /// Keeps a message aside that the handler will want later; it comes back when there is no room for it.
    pub(crate) fn stash(&mut self, message: M, origin: Origin) -> Result<(), Refused<M>> {
        let capacity = self.capacity as usize;
        let aside = self.reserve.as_ref().map_or((0, 0), |reserve| (reserve.stash.len(), reserve.unstashed.len()));
        let full = aside.0 + aside.1 >= capacity;
        // A new one needs room in the lane too, where an unstashing will put it.
        let crowded = origin == Origin::New && (aside.1 >= capacity || self.has_no_room(Lane::Normal, &message));
        if full || crowded {
            return Err(Refused { message, reason: Refusal::Full { capacity } });
        }
        if let Some(weight) = &mut self.weight {
            weight.held = weight.held.saturating_add(message.bytes());
        }
        self.reserve().stash.push_back(message);
        self.accepted += u64::from(origin != Origin::Batch);
        Ok(())
    }

    /// Puts all stashed messages before the normal lane, in the order they were stashed; says how many. They stand there
    /// from the next batch on: what the turn has in hand goes back behind them.
    pub(crate) fn unstash(&mut self) -> usize {
        let Some(reserve) = &mut self.reserve else { return 0 };
        let mut stash = std::mem::take(&mut reserve.stash);
        let count = stash.len();
        stash.append(&mut reserve.unstashed);
        reserve.unstashed = stash;
        count
    }

    pub(crate) fn quarantine(&self) -> Vec<QuarantineEntry> {
        let kept = self.reserve.iter().flat_map(|reserve| &reserve.quarantine);
        kept.map(|kept| QuarantineEntry {
            id: kept.id,
            kind: kept.kind,
            crashes: kept.crashes,
            failure: Arc::clone(&kept.failure),
        })
        .collect()
    }

    /// Gives a quarantined message out of hand, to be looked at or edited; its place is kept. `take_back` or `requeue`
    /// must follow.
    pub(crate) fn lend(&mut self, id: u64) -> Option<M> {
        self.quarantined(id)?.message.take()
    }

    /// Puts a lent message back on its place.
    pub(crate) fn take_back(&mut self, id: u64, message: M) {
        if let Some(kept) = self.quarantined(id) {
            kept.message = Some(message);
        }
    }

    /// Queues a lent message at the end of the normal lane, beyond its bound if need be: it was accepted before.
    pub(crate) fn requeue(&mut self, id: u64, message: M, stamp: Option<Instant>) {
        if let Some(reserve) = &mut self.reserve {
            reserve.quarantine.retain(|kept| kept.id != id);
        }
        self.accepted -= 1;
        self.push(Lane::Normal, message, stamp);
    }

    /// Takes a message that nobody has in hand out of quarantine, and books it as dropped.
    pub(crate) fn discard(&mut self, id: u64) -> Option<M> {
        let message = self.lend(id)?;
        if let Some(reserve) = &mut self.reserve {
            reserve.quarantine.retain(|kept| kept.id != id);
        }
        self.dropped += 1;
        Some(message)
    }

    /// Takes out all that nobody has in hand, to be dead-lettered.
    pub(crate) fn drain_quarantine(&mut self) -> VecDeque<M> {
        let Some(reserve) = &mut self.reserve else { return VecDeque::new() };
        let mut all = VecDeque::new();
        reserve.quarantine.retain_mut(|kept| match kept.message.take() {
            Some(message) => {
                all.push_back(message);
                false
            }
            None => true,
        });
        self.dead_lettered += all.len() as u64;
        all
    }

    fn quarantined(&mut self, id: u64) -> Option<&mut Quarantined<M>> {
        self.reserve.as_mut()?.quarantine.iter_mut().find(|kept| kept.id == id)
    }
}
