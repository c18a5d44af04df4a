//! The systems of a simulated world.

use std::sync::Arc;

use crate::supervisor::node::Node;
use crate::system::running::System;
use crate::world::Part;

/// A system of a world, if it is still there.
pub(crate) fn system_of(part: &Part) -> Option<System> {
    let root = part.upgrade()?.downcast::<Node>().ok()?;
    Some(System::new(Arc::clone(&root.hub), root))
}
