//! A whole mailbox: two lanes of messages under one set of bounds, and the books that balance them.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::task::Waker;
use std::time::Instant;

use crate::mailbox::lane::{LaneQueue, Ticket};
use crate::mailbox::ledger::Ledger;
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::{Refusal, Refused};
use crate::mailbox::reserve::{Reserve, Retry};
use crate::spec::Overflow;

/// The largest capacity of a lane.
pub const CAPACITY_LIMIT: usize = 1 << 24;

/// The bounds of one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Messages that each lane may hold.
    pub(crate) capacity: usize,
    /// Bytes that both lanes together may hold; 0 is no bound.
    pub(crate) bytes: usize,
    pub(crate) overflow: Overflow,
}

/// What became of an offered message that was not refused.
pub(crate) struct Accepted<M> {
    /// Dropped by the overflow policy; the caller drops them in fact, outside the lock.
    pub(crate) displaced: Vec<M>,
}

/// A batch that a turn took out.
pub(crate) struct Taken {
    pub(crate) lane: Lane,
    /// How often the (only) message of the batch has crashed its handler before.
    pub(crate) crashes: u32,
}

pub(crate) struct Lanes<M> {
    pub(in crate::mailbox) normal: LaneQueue<M>,
    pub(in crate::mailbox) urgent: Option<Box<LaneQueue<M>>>,
    pub(in crate::mailbox) reserve: Option<Box<Reserve<M>>>,
    pub(in crate::mailbox) capacity: u32,
    pub(in crate::mailbox) weight: Option<Box<Weight>>,
    pub(in crate::mailbox) accepted: u64,
    pub(in crate::mailbox) handled: u64,
    pub(in crate::mailbox) dropped: u64,
    pub(in crate::mailbox) dead_lettered: u64,
    pub(in crate::mailbox) overflow: Overflow,
    pub(in crate::mailbox) closed: bool,
    /// A redelivery is with the turn; how often its message had crashed before.
    pub(in crate::mailbox) retry_taken: Option<NonZeroU32>,
}

/// The bound in bytes, of those actors that have one.
pub(in crate::mailbox) struct Weight {
    pub(in crate::mailbox) limit: usize,
    /// What is queued, stashed or with the turn.
    pub(in crate::mailbox) held: usize,
    /// The weights of what is with the turn, in its order.
    pub(in crate::mailbox) taken: VecDeque<usize>,
}

impl Weight {
    /// So many of those with the turn weigh nothing any more.
    fn release(&mut self, count: usize) {
        let released: usize = self.taken.drain(..count.min(self.taken.len())).sum();
        self.held = self.held.saturating_sub(released);
    }
}

impl<M: Message> Lanes<M> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            normal: LaneQueue::new(),
            urgent: None,
            reserve: None,
            capacity: count(bounds.capacity),
            weight: (bounds.bytes > 0)
                .then(|| Box::new(Weight { limit: bounds.bytes, held: 0, taken: VecDeque::new() })),
            accepted: 0,
            handled: 0,
            dropped: 0,
            dead_lettered: 0,
            overflow: bounds.overflow,
            closed: false,
            retry_taken: None,
        }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            capacity: self.capacity as usize,
            bytes: self.weight.as_ref().map_or(0, |weight| weight.limit),
            overflow: self.overflow,
        }
    }

    /// Offers a message; a full lane does as its overflow policy says, and `Wait` refuses here as `Reject` does.
    pub(crate) fn offer(&mut self, lane: Lane, message: M, stamp: Option<Instant>) -> Result<Accepted<M>, Refused<M>> {
        if self.closed {
            return Err(Refused { message, reason: Refusal::Stopped });
        }
        if let Err(reason) = self.weigh(&message) {
            return Err(Refused { message, reason });
        }
        let mut accepted = Accepted { displaced: Vec::new() };
        if self.has_waiters(lane) || !self.fits(lane, &message) {
            match self.overflow {
                Overflow::Wait | Overflow::Reject => {
                    let reason = Refusal::Full { capacity: self.capacity as usize };
                    return Err(Refused { message, reason });
                }
                Overflow::DropOldest if self.displaces(lane, &message) => self.displace(lane, &message, &mut accepted),
                Overflow::DropNewest | Overflow::DropOldest => {
                    self.accepted += 1;
                    self.dropped += 1;
                    accepted.displaced.push(message);
                    return Ok(accepted);
                }
            }
        }
        self.push(lane, message, stamp);
        Ok(accepted)
    }

    /// Takes a message in beyond the capacity and ahead of who waits for room. Whoever sends so bounds what it sends.
    pub(crate) fn offer_beyond(&mut self, lane: Lane, message: M, stamp: Option<Instant>) -> Result<(), Refused<M>> {
        if self.closed {
            return Err(Refused { message, reason: Refusal::Stopped });
        }
        self.push(lane, message, stamp);
        Ok(())
    }

    /// Lines a sender up for room; only after [`Lanes::offer`] said `Full` under [`Overflow::Wait`].
    pub(crate) fn enroll(&mut self, lane: Lane, message: M, waker: Waker) -> Ticket {
        self.lane_mut(lane).enroll(message, waker)
    }

    /// What a waiting sender finds when it looks again.
    pub(crate) fn look(&mut self, lane: Lane, ticket: Ticket, waker: &Waker) -> Waiting<M> {
        let closed = self.closed;
        let queue = self.lane_mut(lane);
        if closed {
            return match queue.withdraw(ticket) {
                Some(message) => Waiting::Refused(message),
                None => Waiting::Admitted,
            };
        }
        if queue.is_waiting(ticket, waker) { Waiting::Still } else { Waiting::Admitted }
    }

    /// Whether a sender still waits for room.
    pub(crate) fn is_in_line(&self, lane: Lane, ticket: Ticket) -> bool {
        !self.closed && self.queue(lane).is_some_and(|queue| queue.is_in_line(ticket))
    }

    /// A waiting sender gives up; its message comes back unless it was admitted meanwhile.
    pub(crate) fn withdraw(&mut self, lane: Lane, ticket: Ticket) -> Option<M> {
        self.lane_mut(lane).withdraw(ticket)
    }

    /// Fills room that has come free with the messages of waiting senders, and hands out whom to wake. Nobody is let in
    /// where messages are refused.
    pub(crate) fn admit(&mut self, stamp: Option<Instant>, wakers: &mut Vec<Waker>) {
        if self.closed {
            return;
        }
        for lane in [Lane::Urgent, Lane::Normal] {
            while self.queue(lane).and_then(LaneQueue::next_waiting).is_some_and(|next| self.fits(lane, next)) {
                let Some((message, waker)) = self.lane_mut(lane).admit() else { break };
                self.push(lane, message, stamp);
                wakers.push(waker);
            }
        }
    }

    /// Moves the next messages of one lane into a turn's empty buffer: a redelivery alone, else urgent, else normal.
    pub(crate) fn take(
        &mut self,
        limit: usize,
        batch: &mut VecDeque<M>,
        stamp: Option<Instant>,
        aged: impl FnMut(Instant),
    ) -> Option<Taken> {
        if let Some(retry) = self.reserve.as_mut().and_then(|reserve| reserve.retry.take()) {
            batch.push_back(retry.message);
            self.retry_taken = NonZeroU32::new(retry.crashes);
            return Some(Taken { lane: Lane::Normal, crashes: retry.crashes });
        }
        if let Some(reserve) = &mut self.reserve
            && !reserve.unstashed.is_empty()
        {
            self.normal.push_all_front(&mut reserve.unstashed, self.capacity, stamp);
        }
        let limit = limit.min((self.capacity as usize / 2).max(1));
        let lane = if self.urgent.as_ref().is_some_and(|urgent| urgent.queued() > 0) {
            Lane::Urgent
        } else if self.normal.queued() > 0 {
            Lane::Normal
        } else {
            return None;
        };
        self.lane_mut(lane).take(limit, batch, aged);
        if let Some(weight) = &mut self.weight {
            weight.taken = batch.iter().map(Message::bytes).collect();
        }
        Some(Taken { lane, crashes: 0 })
    }

    /// Books so many messages of a batch as done, of which some were handled; the others are in the stash.
    pub(crate) fn progress(&mut self, lane: Lane, done: u32, handled: u32) {
        self.handled += u64::from(handled);
        // A redelivery weighs nothing and takes no place: it gave both up when it crashed.
        if done == 0 || self.retry_taken.take().is_some() {
            return;
        }
        if let Some(weight) = &mut self.weight {
            weight.release(done as usize);
        }
        self.lane_mut(lane).done(done);
    }

    /// Ends a batch: the rest goes back to the front of its lane. Whatever else is left of it is the message in hand, which
    /// the caller books.
    pub(crate) fn settle(&mut self, lane: Lane, rest: &mut VecDeque<M>, stamp: Option<Instant>) {
        if let Some(crashes) = self.retry_taken.take() {
            if let Some(message) = rest.pop_front() {
                self.reserve().retry = Some(Retry { message, crashes: crashes.get() });
            }
        } else if let Some(weight) = &mut self.weight {
            weight.release(weight.taken.len().saturating_sub(rest.len()));
            weight.taken.clear();
        }
        let capacity = self.capacity;
        let queue = self.lane_mut(lane);
        queue.release();
        queue.push_all_front(rest, capacity, stamp);
    }

    /// Books one message that was handled without ever being queued (an ask run in place, a timer's tick).
    pub(crate) fn book_in_place(&mut self) {
        self.accepted += 1;
        self.handled += 1;
    }

    /// Books one message that crashed its handler without ever being queued.
    pub(crate) fn book_in_place_crash(&mut self) {
        self.accepted += 1;
        self.dead_lettered += 1;
    }

    /// Books the message whose handler a kill cut short; call after [`Lanes::settle`].
    pub(crate) fn book_killed(&mut self) {
        self.dead_lettered += 1;
    }

    /// Books all that is left with a turn as dead: the turn hangs, and nobody waits for it any more. The message in hand may
    /// be in the stash by now.
    pub(crate) fn forfeit(&mut self, stashed: bool) -> u64 {
        let mut lost = u64::from(self.retry_taken.take().is_some());
        if let Some(urgent) = &mut self.urgent {
            lost += urgent.release();
        }
        lost += self.normal.release();
        lost = lost.saturating_sub(u64::from(stashed));
        self.dead_lettered += lost;
        if let Some(weight) = &mut self.weight {
            weight.release(usize::MAX);
        }
        lost
    }

    /// Changes the capacity of each lane. What is above a smaller one stays and is handled.
    pub(crate) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = count(capacity);
    }

    /// Leaves no room for anything, until a capacity is set again; says which one there was.
    #[cfg(all(feature = "testing", not(loom)))]
    pub(crate) fn fill(&mut self) -> usize {
        std::mem::take(&mut self.capacity) as usize
    }

    /// Refuses all further messages; what is inside stays.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// Accepts messages again, for an actor that is started after it was stopped.
    pub(crate) fn reopen(&mut self) {
        self.closed = false;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes out everything that waits to be handled, to be dead-lettered. Quarantine stays where it is.
    pub(crate) fn drain(&mut self) -> VecDeque<M> {
        let mut all = VecDeque::new();
        if let Some(reserve) = &mut self.reserve {
            all.extend(reserve.retry.take().map(|retry| retry.message));
            all.append(&mut reserve.unstashed);
            all.append(&mut reserve.stash);
        }
        if let Some(urgent) = &mut self.urgent {
            all.append(&mut urgent.drain());
        }
        all.append(&mut self.normal.drain());
        self.dead_lettered += all.len() as u64;
        if let Some(weight) = &mut self.weight {
            weight.held = weight.taken.iter().sum();
        }
        all
    }

    /// Wakes all waiting senders to look again.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let urgent = self.urgent.iter().flat_map(|lane| lane.wakers());
        urgent.chain(self.normal.wakers()).collect()
    }

    /// Whether a turn would find a message.
    pub(crate) fn has_work(&self) -> bool {
        self.normal.queued() > 0
            || self.urgent.as_ref().is_some_and(|lane| lane.queued() > 0)
            || self.reserve.as_ref().is_some_and(|reserve| reserve.retry.is_some() || !reserve.unstashed.is_empty())
    }

    pub(crate) fn depth(&self, lane: Lane) -> usize {
        self.queue(lane).map_or(0, LaneQueue::len)
    }

    /// The place of the first normal message. Places count up through the life of the mailbox.
    pub(crate) fn front(&self) -> u64 {
        self.normal.front()
    }

    /// The place of the next normal message that will be queued.
    pub(crate) fn back(&self) -> u64 {
        self.normal.front() + self.normal.queued() as u64
    }

    pub(crate) fn oldest(&self, lane: Lane) -> Option<Instant> {
        self.queue(lane).and_then(LaneQueue::oldest)
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let reserve = self.reserve.as_ref();
        let aside = reserve
            .map_or(0, |reserve| reserve.stash.len() + reserve.unstashed.len() + usize::from(reserve.retry.is_some()));
        let inside =
            self.depth(Lane::Urgent) + self.depth(Lane::Normal) + aside + usize::from(self.retry_taken.is_some());
        Ledger {
            accepted: self.accepted,
            handled: self.handled,
            dropped: self.dropped,
            dead_lettered: self.dead_lettered,
            quarantined: reserve.map_or(0, |reserve| reserve.quarantine.len() as u64),
            queued: inside as u64,
        }
    }

    /// Gives back buffers larger than `keep` messages.
    pub(crate) fn shrink(&mut self, keep: usize) {
        self.normal.shrink(keep);
        if let Some(urgent) = &mut self.urgent {
            urgent.shrink(keep);
        }
    }

    /// Whether a lane has no place left, or bytes are counted: then what its turn has done must be booked before.
    pub(crate) fn is_tight(&self, lane: Lane) -> bool {
        self.weight.is_some() || self.queue(lane).is_some_and(|queue| queue.occupied() >= self.capacity as usize)
    }

    /// Whether a message alone is heavier than all that the mailbox may hold.
    pub(crate) fn is_too_heavy(&self, message: &M) -> bool {
        self.weigh(message).is_err()
    }

    /// Whether a sender of this message would have to wait, or be refused as `Full`.
    pub(crate) fn has_no_room(&self, lane: Lane, message: &M) -> bool {
        self.weigh(message).is_ok() && (self.has_waiters(lane) || !self.fits(lane, message))
    }

    /// What is weighed now.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.weight.as_ref().map_or(0, |weight| weight.held)
    }

    fn weigh(&self, message: &M) -> Result<(), Refusal> {
        let Some(weight) = &self.weight else { return Ok(()) };
        let bytes = message.bytes();
        if bytes > weight.limit {
            return Err(Refusal::TooLarge { bytes, limit: weight.limit });
        }
        Ok(())
    }

    fn fits(&self, lane: Lane, message: &M) -> bool {
        let room = self.queue(lane).map_or(0, LaneQueue::occupied) < self.capacity as usize;
        room && self
            .weight
            .as_ref()
            .is_none_or(|weight| weight.held.checked_add(message.bytes()).is_some_and(|sum| sum <= weight.limit))
    }

    fn has_waiters(&self, lane: Lane) -> bool {
        self.queue(lane).is_some_and(LaneQueue::has_waiters)
    }

    pub(in crate::mailbox) fn push(&mut self, lane: Lane, message: M, stamp: Option<Instant>) {
        if let Some(weight) = &mut self.weight {
            weight.held = weight.held.saturating_add(message.bytes());
        }
        self.accepted += 1;
        let capacity = self.capacity;
        self.lane_mut(lane).push(message, capacity, stamp);
    }

    /// Whether dropping older ones can make room: not where what is more urgent, or with the turn, takes it.
    fn displaces(&self, lane: Lane, message: &M) -> bool {
        let queue = self.queue(lane);
        if queue.is_some_and(|queue| queue.occupied() - queue.queued() >= self.capacity as usize) {
            return false;
        }
        let normal = if lane == Lane::Urgent { Some(&self.normal) } else { None };
        self.weight.as_ref().is_none_or(|weight| {
            let older: usize = queue.into_iter().chain(normal).map(LaneQueue::bytes).sum();
            weight.held.saturating_sub(older).saturating_add(message.bytes()) <= weight.limit
        })
    }

    /// Drops from the front of a lane until the message fits; an urgent one that weighs too much displaces normal ones.
    fn displace(&mut self, lane: Lane, message: &M, accepted: &mut Accepted<M>) {
        while !self.fits(lane, message) {
            let oldest = match self.lane_mut(lane).pop_oldest() {
                None if self.weight.is_some() => self.normal_after(lane),
                popped => popped,
            };
            let Some(oldest) = oldest else { return };
            if let Some(weight) = &mut self.weight {
                weight.held = weight.held.saturating_sub(oldest.bytes());
            }
            self.dropped += 1;
            accepted.displaced.push(oldest);
        }
    }

    /// The oldest normal message, to make room for an urgent one.
    fn normal_after(&mut self, lane: Lane) -> Option<M> {
        match lane {
            Lane::Urgent => self.normal.pop_oldest(),
            Lane::Normal => None,
        }
    }

    pub(in crate::mailbox) fn reserve(&mut self) -> &mut Reserve<M> {
        self.reserve.get_or_insert_with(|| Box::new(Reserve::new()))
    }

    fn queue(&self, lane: Lane) -> Option<&LaneQueue<M>> {
        match lane {
            Lane::Normal => Some(&self.normal),
            Lane::Urgent => self.urgent.as_deref(),
        }
    }

    fn lane_mut(&mut self, lane: Lane) -> &mut LaneQueue<M> {
        match lane {
            Lane::Normal => &mut self.normal,
            Lane::Urgent => self.urgent.get_or_insert_with(|| Box::new(LaneQueue::new())),
        }
    }
}

/// What a waiting sender finds.
pub(crate) enum Waiting<M> {
    Still,
    Admitted,
    Refused(M),
}

fn count(capacity: usize) -> u32 {
    u32::try_from(capacity.clamp(1, CAPACITY_LIMIT)).unwrap_or(u32::MAX)
}
