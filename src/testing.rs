//! The test kit (feature `testing`): probes, scripted children, a shared record of what happened, and assertions on the
//! conservation of messages. [`crate::guide::testing`] shows how to use it.

pub(crate) mod conservation;
pub(crate) mod probe;
pub(crate) mod record;
pub(crate) mod scripted;

pub use crate::testing::conservation::{assert_balanced, assert_system_balanced};
pub use crate::testing::probe::Probe;
pub use crate::testing::record::Record;
pub use crate::testing::scripted::{Act, OnStart, OnStop, Script, Scripted};
