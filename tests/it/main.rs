//! Stories about whole systems, on paused time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, dropping_copy_types, reason = "tests")]

mod asking;
mod blast;
mod capsules;
mod conservation;
mod cycles;
mod dynamic;
mod edges;
mod fates;
mod foreign;
mod handlers;
mod hostile;
mod hung;
mod in_place;
mod kit;
mod late;
mod leaks;
mod liveness;
mod mailbox;
mod passing;
mod poison;
mod shutdown;
mod simulation;
mod specs;
mod supervision;
mod swarms;
mod system;
mod timers;
mod tokens;
