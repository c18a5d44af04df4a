//! Stories about whole systems, on paused time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, dropping_copy_types, reason = "tests")]

mod asking;
mod conservation;
mod dynamic;
mod fates;
mod foreign;
mod handlers;
mod kit;
mod leaks;
mod mailbox;
mod shutdown;
mod simulation;
mod specs;
mod supervision;
mod system;
mod timers;
