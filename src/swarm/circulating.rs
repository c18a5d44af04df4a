//! Who has the token of a ring.
//!
//! At most one token is valid: the one with the highest fence, a number that only grows (a fencing token, as Burrows' "The
//! Chubby lock service", 2006, calls it a sequencer). Where a token is lost, or its member goes down with it, another one is
//! made with a higher fence, and the earlier one is not handed over any more.

use std::sync::Arc;

use crate::topology::rank::Rank;

/// Makes the mail that is the token, with this fence; none once the swarm is gone.
pub(crate) type Mint<T> = Arc<dyn Fn(u64) -> Option<T> + Send + Sync>;

/// The token that goes round.
pub(crate) struct Circulating<T> {
    pub(crate) fence: u64,
    /// Who has it, in hand or in its mailbox.
    pub(crate) holder: Rank,
    pub(crate) mint: Mint<T>,
    /// Nobody was there to take it.
    pub(crate) stranded: bool,
}
