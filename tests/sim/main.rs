//! Laws of the runtime, each held under many seeds. `SWARMTREE_SEEDS` says how many; the planted bugs of
//! `tests/mutants.rs` are found by these.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, dropping_copy_types, reason = "tests")]

mod blast;
mod crowd;
mod grove;
#[path = "../it/kit.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the stories, which use more of it")]
mod kit;
mod lives;
mod messages;
mod shoal;
mod swarms;
mod waits;
mod wedges;

/// Seeds per law, unless the environment says otherwise.
const SEEDS: u64 = 150;

fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("SWARMTREE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS)
}
