//! Being told of an actor's end.

use std::fmt;
use std::sync::Arc;

use crate::actor::ask::Slot;
use crate::actor::child::Child;
use crate::exit::Exit;

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

/// Waits until a child is down for good. Dropped before, it leaves no watch behind.
pub(crate) async fn ended(child: Arc<dyn Child>) -> Exit {
    struct Watch(Arc<dyn Child>, u64);
    impl Drop for Watch {
        fn drop(&mut self) {
            self.0.unwatch(self.1);
        }
    }
    let (reply, awaiting) = Slot::open(None);
    let id = child.watch(Box::new(move |exit| {
        let _ = reply.send(exit);
    }));
    let _watch = Watch(child, id);
    awaiting.answer().await.unwrap_or(Exit::Shutdown)
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watched({})", self.0.path())
    }
}
