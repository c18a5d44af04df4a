//! Cells: actors with a mailbox and a boxed state behind one small lock, run in turns.

pub(crate) mod ask;
pub(crate) mod begun;
pub(crate) mod call;
#[cfg(all(feature = "capsule", not(loom)))]
pub(crate) mod capsule;
pub(crate) mod cell;
pub(crate) mod cell_guests;
pub(crate) mod cell_life;
pub(crate) mod cell_turn;
pub(crate) mod child;
pub(crate) mod context;
pub(crate) mod dead_letter;
pub(crate) mod definition;
pub(crate) mod drive;
pub(crate) mod failure;
pub(crate) mod handle;
pub(crate) mod here;
pub(crate) mod hub;
pub(crate) mod lent;
#[cfg(not(loom))]
pub(crate) mod lookout;
#[cfg(all(test, loom))]
mod model;
pub(crate) mod options;
pub(crate) mod owned;
pub(crate) mod panics;
pub(crate) mod quarantine;
pub(crate) mod rare;
pub(crate) mod record;
#[cfg(all(feature = "capsule", not(loom)))]
pub(crate) mod replay;
pub(crate) mod residents;
#[cfg(all(feature = "capsule", not(loom)))]
pub(crate) mod restored;
pub(crate) mod running;
#[cfg(all(feature = "capsule", not(loom)))]
pub(crate) mod scope;
pub(crate) mod send;
#[cfg(all(feature = "capsule", not(loom)))]
pub(crate) mod shelf;
#[cfg(not(loom))]
pub(crate) mod sink;
#[cfg(all(feature = "capsule", not(loom)))]
pub(crate) mod tape;
#[cfg(not(loom))]
pub(crate) mod timer;
pub(crate) mod topic;
pub(crate) mod turn;
pub(crate) mod waits;
pub(crate) mod watch;
