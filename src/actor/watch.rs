//! Being told of an actor's end.

use std::fmt;
use std::sync::Arc;

use crate::actor::child::Child;

/// An actor to be watched, made from a reference to a [`crate::Handle`], a typed handle or a `crate::ActorRef`.
#[derive(Clone)]
pub struct Watched(Arc<dyn Child>);

impl Watched {
    pub(crate) fn new(child: Arc<dyn Child>) -> Self {
        Self(child)
    }

    pub(crate) fn child(self) -> Arc<dyn Child> {
        self.0
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watched({})", self.0.path())
    }
}
