//! The laws of the runtime over long runs, each with its figures. The gate runs a small version of each; all of it takes
//! some minutes: `cargo test --release --test long -- --include-ignored --nocapture`.
//!
//! Counts are asserted. Times are printed, and asserted nowhere: they are the machine's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "tests, and the figures are worth seeing"
)]

mod acyclic;
mod conservation;
mod cost;
mod cycles;
mod figures;
mod overload;
mod poison;
mod simulation;
