//! The conservation law: every accepted message meets exactly one fate.

use std::iter::Sum;
use std::ops::Add;

/// What became of the messages that a mailbox accepted. At every quiescent point `accepted` equals the sum of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Messages taken in.
    pub accepted: u64,
    /// Handled to the end by a handler.
    pub handled: u64,
    /// Dropped by the overflow policy, or discarded from quarantine.
    pub dropped: u64,
    /// Handed to the dead letters, with a reason.
    pub dead_lettered: u64,
    /// In quarantine now.
    pub quarantined: u64,
    /// Queued, stashed, waiting for redelivery, or with the handler now.
    pub queued: u64,
}

impl Ledger {
    /// Whether what went in equals what came out plus what is still inside.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.accepted == self.handled + self.dropped + self.dead_lettered + self.quarantined + self.queued
    }
}

impl Add for Ledger {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            handled: self.handled + other.handled,
            dropped: self.dropped + other.dropped,
            dead_lettered: self.dead_lettered + other.dead_lettered,
            quarantined: self.quarantined + other.quarantined,
            queued: self.queued + other.queued,
        }
    }
}

impl Sum for Ledger {
    fn sum<I: Iterator<Item = Self>>(ledgers: I) -> Self {
        ledgers.fold(Self::default(), Add::add)
    }
}
