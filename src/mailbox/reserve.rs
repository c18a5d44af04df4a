//! Messages an address keeps aside: stashed, to be redelivered, in quarantine.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::exit::Failure;

/// A message that goes before all others, because its handler crashed before.
pub(crate) struct Retry<M> {
    pub(crate) message: M,
    /// How often its handler has crashed on it.
    pub(crate) crashes: u32,
}

/// A message that crashed more incarnations than its actor's `retry` allows.
pub(crate) struct Quarantined<M> {
    pub(crate) id: u64,
    pub(crate) kind: &'static str,
    /// None while somebody has it in hand.
    pub(crate) message: Option<M>,
    pub(crate) crashes: u32,
    pub(crate) failure: Arc<Failure>,
}

/// Made on first use, so that an actor that never stashes or crashes pays one pointer.
pub(crate) struct Reserve<M> {
    pub(crate) stash: VecDeque<M>,
    /// Out of the stash, and before the normal lane from the next batch on.
    pub(crate) unstashed: VecDeque<M>,
    pub(crate) retry: Option<Retry<M>>,
    pub(crate) quarantine: VecDeque<Quarantined<M>>,
    pub(crate) issued: u64,
}

impl<M> Reserve<M> {
    pub(crate) fn new() -> Self {
        Self { stash: VecDeque::new(), unstashed: VecDeque::new(), retry: None, quarantine: VecDeque::new(), issued: 0 }
    }
}

/// A message in quarantine, as its keeper shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineEntry {
    /// Its number, for release and discard.
    pub id: u64,
    /// The kind of message.
    pub kind: &'static str,
    /// How many incarnations it crashed.
    pub crashes: u32,
    /// The last of these crashes.
    pub failure: Arc<Failure>,
}
