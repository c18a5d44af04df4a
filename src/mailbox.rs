//! Bounded mailboxes: what an address holds for its actor, and how senders wait for room.
//!
//! Pure state behind the cell's lock; nothing here knows tasks, clocks or supervisors.

pub(crate) mod aside;
pub(crate) mod histogram;
pub(crate) mod lane;
pub(crate) mod lanes;
pub(crate) mod ledger;
pub(crate) mod message;
pub(crate) mod refused;
pub(crate) mod reserve;
#[cfg(test)]
mod tests;
