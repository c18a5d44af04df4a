//! Turns that stay parked after their work, so that the next message finds a task to wake instead of making one.
//!
//! A bounded number of them per system; a newcomer beyond it replaces another one now and then (every eighth time), so
//! that the busiest actors come to be inside while a sweep over very many actors leaves them alone.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// The most turns that one system keeps parked.
pub(crate) const RESIDENTS_LIMIT: usize = 1024;
const REPLACE_EVERY: u32 = 8;

/// A cell whose turn may be parked.
pub(crate) trait Resident: Send + Sync {
    /// Leaves: a parked turn ends, a running one ends when it next has nothing to do.
    fn evict(&self);
}

#[derive(Default)]
struct Seats {
    taken: Vec<Weak<dyn Resident>>,
    hand: usize,
    refused: u32,
}

#[derive(Default)]
pub(crate) struct Residents {
    seats: Mutex<Seats>,
}

impl Residents {
    /// Whether the newcomer may stay. Nobody has to give a seat back: that of an actor that is gone is taken over.
    pub(crate) fn admit(&self, newcomer: &Arc<dyn Resident>) -> bool {
        let mut seats = self.seats.lock();
        if seats.taken.len() < RESIDENTS_LIMIT {
            seats.taken.push(Arc::downgrade(newcomer));
            return true;
        }
        let hand = seats.hand;
        seats.hand = (hand + 1) % RESIDENTS_LIMIT;
        let dead = seats.taken.get(hand).is_none_or(|seat| seat.strong_count() == 0);
        seats.refused = seats.refused.wrapping_add(1);
        if !dead && !seats.refused.is_multiple_of(REPLACE_EVERY) {
            return false;
        }
        let Some(seat) = seats.taken.get_mut(hand) else { return false };
        let evicted = std::mem::replace(seat, Arc::downgrade(newcomer));
        drop(seats);
        if let Some(evicted) = evicted.upgrade() {
            evicted.evict();
        }
        true
    }
}
