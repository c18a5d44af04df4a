//! Being told of an actor's end.

use std::sync::Arc;

use crate::actor::child::Child;

/// Whatever can be watched: handles of cells, and [`crate::ActorRef`] for any actor of the tree.
pub trait Watched: sealed::Sealed {
    #[doc(hidden)]
    fn child(&self) -> Arc<dyn Child>;
}

pub(crate) mod sealed {
    /// Only the runtime's own handles can be watched.
    pub trait Sealed {}
}
