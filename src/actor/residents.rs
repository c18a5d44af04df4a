//! Turns that stay parked after their work, so that the next message finds a task to wake instead of making one.
//!
//! A bounded number of them per system; a newcomer beyond it replaces another one now and then (every eighth time), so
//! that the busiest actors come to be inside while a sweep over very many actors leaves them alone.

use std::sync::{Arc, Weak};

use crate::sync::Mutex;

/// The most turns that one system keeps parked.
pub(crate) const RESIDENTS_LIMIT: usize = 1024;
const REPLACE_EVERY: u32 = 8;

/// A cell whose turn may be parked.
pub(crate) trait Resident: Send + Sync {
    /// It has a seat. Called before anybody can evict it.
    fn seat(&self);
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
            newcomer.seat();
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
        newcomer.seat();
        drop(seats);
        if let Some(evicted) = evicted.upgrade() {
            evicted.evict();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    struct Guest {
        residents: Arc<Residents>,
        seated: AtomicBool,
    }

    impl Resident for Guest {
        fn seat(&self) {
            assert!(self.residents.seats.try_lock().is_none(), "somebody may evict it before it knows");
            self.seated.store(true, Ordering::Relaxed);
        }

        fn evict(&self) {
            self.seated.store(false, Ordering::Relaxed);
        }
    }

    #[test]
    fn as_many_know_of_a_seat_as_there_are() {
        let residents = Arc::new(Residents::default());
        let new = |_| Arc::new(Guest { residents: Arc::clone(&residents), seated: AtomicBool::new(false) });
        let guests: Vec<Arc<Guest>> = (0..4 * RESIDENTS_LIMIT).map(new).collect();
        let admitted: Vec<bool> =
            guests.iter().map(|guest| residents.admit(&(Arc::clone(guest) as Arc<dyn Resident>))).collect();
        let seated: Vec<bool> = guests.iter().map(|guest| guest.seated.load(Ordering::Relaxed)).collect();
        assert_eq!(seated.iter().filter(|seated| **seated).count(), RESIDENTS_LIMIT);
        assert!(seated.iter().zip(&admitted).all(|(seated, admitted)| *admitted || !seated));
    }
}
