//! Guides: the house and its walls, what is promised, which shapes swarms have, how they run, how to test and to simulate, where state
//! survives, what a crash leaves behind, how the code reads, what changed.

#[doc = include_str!("guide/architecture.md")]
pub mod architecture {}

#[doc = include_str!("guide/semantics.md")]
pub mod semantics {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/topologies.md")]
pub mod topologies {}

#[doc = include_str!("guide/swarms.md")]
pub mod swarms {}

#[doc = include_str!("guide/state.md")]
pub mod state {}

#[doc = include_str!("guide/simulation.md")]
pub mod simulation {}

#[doc = include_str!("guide/capsules.md")]
pub mod capsules {}

#[doc = include_str!("guide/performance.md")]
pub mod performance {}

#[doc = include_str!("guide/style.md")]
pub mod style {}

#[doc = include_str!("guide/changelog.md")]
pub mod changelog {}
