//! The world that a simulation runs in: what it decides, what it does to actors, and what it writes down.
//!
//! The runtime asks its world wherever chance may have a say. Without the feature `testing` there are no worlds, and
//! nothing of the questions is left in the code.

#[cfg(all(feature = "testing", not(loom)))]
pub(crate) mod choices;
#[cfg(all(feature = "testing", not(loom)))]
pub(crate) mod faults;
#[cfg(all(feature = "testing", not(loom)))]
pub(crate) mod log;
#[cfg(any(not(feature = "testing"), loom))]
mod real;
#[cfg(all(feature = "testing", not(loom)))]
mod simulated;

#[cfg(any(not(feature = "testing"), loom))]
pub(crate) use self::real::World;
#[cfg(all(feature = "testing", not(loom)))]
pub(crate) use self::simulated::World;

use std::any::Any;
use std::sync::Weak;
use std::time::Duration;

/// A system that runs in a world, for whoever knows its type.
pub(crate) type Part = Weak<dyn Any + Send + Sync>;

/// What a simulation does to the handler of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "the real world strikes by itself"))]
pub(crate) enum Strike {
    /// It panics before it begins.
    Crash,
    /// It never ends by itself.
    Hang,
    /// It takes this much longer.
    Slow(Duration),
}
