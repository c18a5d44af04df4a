//! Ready-made actors for [swarmtree].

mod dead_letter_log;

pub use crate::dead_letter_log::{DeadLetterLog, DeadLetterLogHandle, DeadLetterLogMsg};
