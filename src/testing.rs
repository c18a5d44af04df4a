//! The test kit (feature `testing`): probes, scripted children, a shared record of what happened, and assertions on the
//! conservation of messages. [`crate::guide::testing`] shows how to use it.

pub(crate) mod conservation;
pub(crate) mod parts;
pub(crate) mod probe;
pub(crate) mod record;
pub(crate) mod scripted;
pub(crate) mod sim;
pub(crate) mod simulation;
pub(crate) mod sweep;
pub(crate) mod unchecked;

pub use crate::testing::conservation::{assert_balanced, assert_system_balanced};
pub use crate::testing::probe::Probe;
pub use crate::testing::record::Record;
pub use crate::testing::scripted::{Act, OnStart, OnStop, Script, Scripted};
pub use crate::testing::sim::{Filled, Sim};
pub use crate::testing::simulation::{Outcome, Simulation};
pub use crate::world::faults::Faults;
