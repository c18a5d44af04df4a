//! Stories about whole systems, on paused time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

mod asking;
mod dynamic;
mod handlers;
mod kit;
mod mailbox;
mod shutdown;
mod supervision;
mod timers;
