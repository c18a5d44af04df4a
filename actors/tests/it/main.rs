//! Stories of the ready-made actors, on paused time.
#![allow(clippy::unwrap_used, reason = "tests")]

mod crews;
mod dead_letter_log;
mod programs;
mod shapes;
mod turmoil;
mod work;
