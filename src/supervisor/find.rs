//! Finding children by their paths.

use std::sync::Arc;

use crate::actor::child::Child;
use crate::path::Path;
use crate::supervisor::node::Node;

impl Node {
    /// The supervisor at a path below this one; this one for the root path.
    pub(crate) fn supervisor_at(self: &Arc<Self>, path: &Path) -> Option<Arc<Self>> {
        let mut node = Arc::clone(self);
        for name in path.names() {
            node = node.child(name)?.into_any().downcast::<Self>().ok()?;
        }
        Some(node)
    }

    /// The child at a path below this one, with its supervisor.
    pub(crate) fn child_at(self: &Arc<Self>, path: &Path) -> Option<(Arc<Self>, Arc<dyn Child>)> {
        let (above, name) = path.split_last()?;
        let node = self.supervisor_at(&above)?;
        let child = node.child(name)?;
        Some((node, child))
    }

    /// Visits everything below in start order, supervisors before their children.
    pub(crate) fn visit(self: &Arc<Self>, depth: usize, visit: &mut impl FnMut(usize, &Arc<dyn Child>)) {
        for child in self.children() {
            visit(depth, &child);
            if let Ok(node) = child.into_any().downcast::<Self>() {
                node.visit(depth + 1, visit);
            }
        }
    }
}
