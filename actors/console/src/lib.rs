//! Faces of a running [swarmtree] system. So far: its snapshot as JSON.

mod view;

pub use crate::view::{ActorView, LedgerView, MailboxView, SystemView, snapshot, snapshot_json};
