//! Ready-made actors for [swarmtree].

pub mod agents;
mod dead_letter_log;

pub use crate::dead_letter_log::{DeadLetterLog, DeadLetterLogHandle, DeadLetterLogMsg};
