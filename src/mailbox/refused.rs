//! Why a mailbox refused a message; the message comes back.

use std::fmt;

use crate::path::Path;

/// A message that was not accepted, and why. It comes back, so the caller decides: hold it, drop it or send it elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Refused<M> {
    /// The message as it was sent.
    pub message: M,
    /// Why it was refused.
    pub reason: Refusal,
}

/// Why a message was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The lane holds as many messages as it may. Wait with `send`, or try again later.
    #[error("the mailbox is full ({capacity} messages); wait for room with `send`, or try again later")]
    Full {
        /// The capacity of each lane.
        capacity: usize,
    },
    /// The message alone weighs more than the mailbox may hold. It would never fit.
    #[error("the message weighs {bytes} bytes, the mailbox may hold {limit}; split it or raise the bound")]
    TooLarge {
        /// The message's weight.
        bytes: usize,
        /// The mailbox's bound in bytes.
        limit: usize,
    },
    /// The actor has stopped for good, or is draining.
    #[error("the actor has stopped")]
    Stopped,
    /// Waiting for room here would close a cycle of actors that wait for each other.
    #[error("waiting for room would deadlock: {}", cycle_text(.cycle))]
    Deadlock {
        /// The actors on the cycle; the last one waits for the first.
        cycle: Vec<Path>,
    },
}

/// A cycle as people read it: `a -> b -> a`.
pub(crate) fn cycle_text(cycle: &[Path]) -> String {
    let mut names: Vec<&str> = cycle.iter().map(Path::as_str).collect();
    names.extend(names.first().copied());
    names.join(" -> ")
}

impl<M> fmt::Debug for Refused<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<M> fmt::Display for Refused<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<M> std::error::Error for Refused<M> {}
