//! Shapes of swarms: what is declared compiles to supervisors, edges, routes and a verdict. Pure: no actor runs here.

pub(crate) mod builder;
pub(crate) mod compile;
pub(crate) mod count;
pub(crate) mod draw;
pub(crate) mod error;
pub(crate) mod graph;
pub(crate) mod layout;
pub(crate) mod liveness;
pub(crate) mod plan;
pub(crate) mod rank;
pub(crate) mod rename;
pub(crate) mod shape;
#[cfg(test)]
mod tests;
pub(crate) mod tree;
