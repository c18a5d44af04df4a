//! Guides: the house and its walls, what is promised, how to test with it, where state survives, how the code reads, what changed.

#[doc = include_str!("guide/architecture.md")]
pub mod architecture {}

#[doc = include_str!("guide/semantics.md")]
pub mod semantics {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/state.md")]
pub mod state {}

#[doc = include_str!("guide/style.md")]
pub mod style {}

#[doc = include_str!("guide/changelog.md")]
pub mod changelog {}
