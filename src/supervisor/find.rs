//! Finding children by their paths.

use std::sync::Arc;

use crate::actor::child::{Address, Child, Owner};
use crate::path::Path;
use crate::snapshot::{ActorSnapshot, Status};
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

    /// A child of this supervisor at this moment.
    pub(crate) fn look_at(&self, child: &Arc<dyn Child>) -> ActorSnapshot {
        let seen = child.snapshot();
        let back_in = (seen.status == Status::Down).then(|| self.back_in(child.name(), Address::of(child))).flatten();
        ActorSnapshot { back_in, ..seen }
    }

    /// Looks at everything below in start order, supervisors before their children.
    pub(crate) fn visit(self: &Arc<Self>, depth: usize, visit: &mut impl FnMut(usize, &str, ActorSnapshot)) {
        for child in self.children() {
            visit(depth, child.name(), self.look_at(&child));
            if let Ok(node) = child.into_any().downcast::<Self>() {
                node.visit(depth + 1, visit);
            }
        }
    }
}
