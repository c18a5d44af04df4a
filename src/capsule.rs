//! Crash capsules (feature `capsule`): what an actor was and had been sent when it failed, and how to live through it again.
//! [`crate::guide::capsules`] shows how to use it.

#[doc(hidden)]
pub use crate::actor::capsule::field;
pub use crate::actor::capsule::{CAPSULE_VERSION, Capsule, Crash, Json, LoadError, Recorded, Recording, Step};
pub use crate::actor::replay::{ReplayError, Replayed};
pub use crate::actor::restored::instant;
pub use crate::actor::shelf::CAPSULE_FILES_LIMIT;
#[doc(hidden)]
pub use serde;
