//! What is declared with an actor's type.

use std::time::Duration;

use crate::spec::{Overflow, Restart};

/// Limits and policies that belong to an actor's type. A spec may override those of supervision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Messages that each lane of the mailbox may hold, 1 to 2^24. Default 256.
    pub mailbox: usize,
    /// Bytes that the mailbox may hold, as [`crate::Message::bytes`] counts them, at least one message's; 0 is no bound.
    /// Default 0.
    pub mailbox_bytes: usize,
    /// What a full mailbox does with the next message. Default: the sender waits.
    pub overflow: Overflow,
    /// When an ended actor is started again. Default: permanent.
    pub restart: Restart,
    /// How often a message whose handler crashed is delivered again before it goes to quarantine. Default 0: a message
    /// that crashes its handler goes to the dead letters at once. Above 0 the actor keeps a copy of each message
    /// while it is handled (see [`crate::Actor::keep`]).
    pub retry: u32,
    /// Whether handlers of this actor may run on the core of whoever waits for it. Default true. Not where `retry` is above 0, as what ran in
    /// place could not be delivered again, nor where crashes leave capsules.
    pub in_place: bool,
    /// Messages handled in a turn before other tasks get the core; after a quarter of a millisecond they get it sooner.
    /// Default 256.
    pub turn: u32,
    /// The deadline of asks that name none. Default 5 s.
    pub ask_timeout: Duration,
}

impl Options {
    /// The defaults, for `Options { mailbox: 64, ..Options::DEFAULT }`.
    pub const DEFAULT: Self = Self {
        mailbox: 256,
        mailbox_bytes: 0,
        overflow: Overflow::Wait,
        restart: Restart::Permanent,
        retry: 0,
        in_place: true,
        turn: 256,
        ask_timeout: Duration::from_secs(5),
    };
}

impl Options {
    pub(crate) fn runs_in_place(&self) -> bool {
        self.in_place && self.retry == 0
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::DEFAULT
    }
}
