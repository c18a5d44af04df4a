//! A system: a root supervisor with everything below it, and how it begins and ends.

pub(crate) mod bound;
pub(crate) mod builder;
pub(crate) mod lifecycle;
pub(crate) mod running;
pub(crate) mod signals;
