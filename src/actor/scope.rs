//! What handles, replies and points in time are written and read against. They mean something within a capsule only.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use crate::actor::hub::Hub;

/// While a view or a message is written or read.
#[derive(Clone)]
pub(crate) struct Scope {
    /// When the life began.
    pub(crate) began: Instant,
    /// Where it is lived again; none while it is recorded.
    pub(crate) stage: Option<Stage>,
}

/// Where a capsule is replayed.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) hub: Arc<Hub>,
    /// The cell of the actor itself.
    pub(crate) own: Arc<dyn Any + Send + Sync>,
}

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

impl Scope {
    /// Writes or reads in this scope.
    pub(crate) fn during<R>(self, run: impl FnOnce() -> R) -> R {
        struct Restore(Option<Scope>);
        impl Drop for Restore {
            fn drop(&mut self) {
                SCOPE.set(self.0.take());
            }
        }
        let _restore = Restore(SCOPE.replace(Some(self)));
        run()
    }

    pub(crate) fn get() -> Option<Self> {
        SCOPE.with_borrow(Clone::clone)
    }
}
