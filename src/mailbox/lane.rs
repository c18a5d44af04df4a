//! One lane: a ring of messages, those taken out by a turn, and the senders that wait for room, first come first served.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Instant;

use crate::mailbox::message::Message;

/// Places of a ring that holds anything, unless its lane has fewer.
const RING_LEAST: usize = 4;

/// A sender's place in the wait list of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// A waiting sender. Its message lies here, so that room that comes free is filled without waiting for the sender's task.
struct Waiter<M> {
    ticket: Ticket,
    message: M,
    waker: Waker,
}

struct WaitList<M> {
    list: VecDeque<Waiter<M>>,
    issued: u64,
}

pub(crate) struct LaneQueue<M> {
    queue: VecDeque<M>,
    /// When each queued message came in; kept only while somebody reads the histograms.
    #[expect(clippy::box_collection, reason = "one pointer in the mailbox of every actor that nobody measures")]
    stamps: Option<Box<VecDeque<Instant>>>,
    /// The place of the first one in the queue. It begins far from zero, as what goes back to the front counts it down.
    front: u64,
    /// Out with the turn, the one being handled among them.
    taken: u32,
    waiting: Option<Box<WaitList<M>>>,
}

impl<M: Message> LaneQueue<M> {
    /// What the queued messages weigh.
    pub(crate) fn bytes(&self) -> usize {
        self.queue.iter().map(Message::bytes).sum()
    }
}

impl<M> LaneQueue<M> {
    pub(crate) fn new() -> Self {
        Self { queue: VecDeque::new(), stamps: None, front: 1 << 63, taken: 0, waiting: None }
    }

    pub(crate) fn front(&self) -> u64 {
        self.front
    }

    /// Messages that take up room: queued, or taken and not yet begun.
    pub(crate) fn occupied(&self) -> usize {
        self.queue.len() + (self.taken as usize).saturating_sub(1)
    }

    /// Messages inside, those with the turn included.
    pub(crate) fn len(&self) -> usize {
        self.queue.len() + self.taken as usize
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn has_waiters(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.list.is_empty())
    }

    /// Adds a message to a lane that may hold so many.
    pub(crate) fn push(&mut self, message: M, capacity: u32, stamp: Option<Instant>) {
        if stamp.is_some() || self.stamps.is_some() {
            self.restamp(stamp);
            if let (Some(stamps), Some(at)) = (&mut self.stamps, stamp) {
                stamps.push_back(at);
            }
        }
        self.grow(1, capacity);
        self.queue.push_back(message);
    }

    /// Puts messages before all others, in their order.
    pub(crate) fn push_all_front(&mut self, messages: &mut VecDeque<M>, capacity: u32, stamp: Option<Instant>) {
        self.restamp(stamp);
        self.grow(messages.len(), capacity);
        while let Some(message) = messages.pop_back() {
            if let (Some(stamps), Some(at)) = (&mut self.stamps, stamp) {
                stamps.push_front(at);
            }
            self.queue.push_front(message);
            self.front -= 1;
        }
    }

    pub(crate) fn pop_oldest(&mut self) -> Option<M> {
        if let Some(stamps) = &mut self.stamps {
            stamps.pop_front();
        }
        let oldest = self.queue.pop_front();
        self.front += u64::from(oldest.is_some());
        oldest
    }

    /// Moves up to `limit` messages into the turn's own buffer; the whole ring changes hands where that suffices.
    pub(crate) fn take(&mut self, limit: usize, batch: &mut VecDeque<M>, mut aged: impl FnMut(Instant)) -> usize {
        let count = self.queue.len().min(limit);
        if let Some(stamps) = &mut self.stamps {
            stamps.drain(..count.min(stamps.len())).for_each(&mut aged);
        }
        if count == self.queue.len() && batch.is_empty() {
            std::mem::swap(&mut self.queue, batch);
        } else {
            batch.extend(self.queue.drain(..count));
        }
        self.front += count as u64;
        self.taken += u32::try_from(count).unwrap_or(u32::MAX);
        count
    }

    /// The turn has done with so many of what it took.
    pub(crate) fn done(&mut self, count: u32) {
        self.taken = self.taken.saturating_sub(count);
    }

    /// The turn has done with all that it took; says how many that were.
    pub(crate) fn release(&mut self) -> u64 {
        u64::from(std::mem::take(&mut self.taken))
    }

    pub(crate) fn oldest(&self) -> Option<Instant> {
        self.stamps.as_ref().and_then(|stamps| stamps.front().copied())
    }

    /// Gives back the buffer of an actor that has nothing to do.
    pub(crate) fn shrink(&mut self, keep: usize) {
        if self.queue.is_empty() && self.queue.capacity() > keep {
            self.queue = VecDeque::new();
        }
    }

    pub(crate) fn drain(&mut self) -> VecDeque<M> {
        self.stamps = None;
        self.front += self.queue.len() as u64;
        std::mem::take(&mut self.queue)
    }

    pub(crate) fn enroll(&mut self, message: M, waker: Waker) -> Ticket {
        let waiting = self.waiting.get_or_insert_with(|| Box::new(WaitList { list: VecDeque::new(), issued: 0 }));
        let ticket = Ticket(waiting.issued);
        waiting.issued += 1;
        waiting.list.push_back(Waiter { ticket, message, waker });
        ticket
    }

    /// The next waiter's message, for its weight.
    pub(crate) fn next_waiting(&self) -> Option<&M> {
        self.waiting.as_ref().and_then(|waiting| waiting.list.front()).map(|waiter| &waiter.message)
    }

    /// The next waiter leaves the list with its message; whoever admits it wakes it.
    pub(crate) fn admit(&mut self) -> Option<(M, Waker)> {
        let waiting = self.waiting.as_mut()?;
        let waiter = waiting.list.pop_front()?;
        Some((waiter.message, waiter.waker))
    }

    /// Whether the ticket still waits.
    pub(crate) fn is_in_line(&self, ticket: Ticket) -> bool {
        let waiting = self.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.list.binary_search_by_key(&ticket, |waiter| waiter.ticket).is_ok())
    }

    /// Whether the ticket still waits; its waker is brought up to date.
    pub(crate) fn is_waiting(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let Some(waiting) = &mut self.waiting else { return false };
        let Ok(at) = waiting.list.binary_search_by_key(&ticket, |waiter| waiter.ticket) else { return false };
        if let Some(waiter) = waiting.list.get_mut(at) {
            waiter.waker.clone_from(waker);
        }
        true
    }

    /// Takes a waiting message out of the list; none if it was admitted.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) -> Option<M> {
        let waiting = self.waiting.as_mut()?;
        let at = waiting.list.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()?;
        waiting.list.remove(at).map(|waiter| waiter.message)
    }

    /// Wakes every waiter to look again; their messages stay with them.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        self.waiting.iter().flat_map(|waiting| waiting.list.iter().map(|waiter| waiter.waker.clone())).collect()
    }

    /// Makes room in the ring for so many more: twice what it was, but no more than the lane can need. The bound on a system's
    /// memory would not hold where rings double beyond their lanes.
    fn grow(&mut self, more: usize, capacity: u32) {
        let (needed, room) = (self.queue.len() + more, self.queue.capacity());
        if needed > room {
            // One more than it may hold: what goes back may find the place of the one in hand taken.
            let most = capacity as usize + 1;
            let wanted = (2 * room).max(RING_LEAST).min(most).max(needed);
            self.queue.reserve_exact(wanted - self.queue.len());
        }
    }

    /// Keeps stamps while somebody reads, and one for each queued message; none otherwise.
    fn restamp(&mut self, stamp: Option<Instant>) {
        match (stamp, &mut self.stamps) {
            (None, Some(_)) => self.stamps = None,
            (Some(at), None) => self.stamps = Some(Box::new(self.queue.iter().map(|_| at).collect())),
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_grows_no_larger_than_its_lane_can_need() {
        for capacity in [1_u32, 3, 64, 257, 300] {
            let mut lane = LaneQueue::new();
            (0..capacity).for_each(|_| lane.push([0_u64; 4], capacity, None));
            let most = capacity as usize + 1;
            assert!(lane.queue.capacity() <= most, "{} places for {capacity}", lane.queue.capacity());
            lane.push_all_front(&mut VecDeque::from([[0; 4]]), capacity, None);
            assert!(lane.queue.capacity() <= most, "{} places for {capacity}", lane.queue.capacity());
        }
        // What is beyond, as after a smaller capacity was set, finds its place all the same.
        let mut lane = LaneQueue::new();
        (0..10).for_each(|_| lane.push([0_u64; 4], 4, None));
        assert_eq!(lane.len(), 10);
    }
}
