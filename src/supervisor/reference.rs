//! A reference to any actor of the tree, whatever it can be sent.

use std::fmt;
use std::sync::Arc;

use crate::actor::child::{Address, Child, Owner};
use crate::actor::definition::Actor;
use crate::actor::watch::{Watched, ended};
use crate::exit::Exit;
use crate::path::Path;
use crate::snapshot::ActorSnapshot;
use crate::supervisor::delete::DeleteError;
use crate::supervisor::dynamic::handle_of;
use crate::supervisor::foreign::{RactorChild, typed};
use crate::supervisor::node::Node;

/// Any actor of the tree: a cell, a supervisor or a ractor actor. For control, not for messages.
#[derive(Clone)]
pub struct ActorRef {
    node: Arc<Node>,
    child: Arc<dyn Child>,
}

impl ActorRef {
    pub(crate) fn new(node: Arc<Node>, child: Arc<dyn Child>) -> Self {
        Self { node, child }
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> Path {
        self.child.path()
    }

    /// The actor at this moment.
    #[must_use]
    pub fn snapshot(&self) -> ActorSnapshot {
        self.node.look_at(&self.child)
    }

    /// Stops it for good, with everything below it. Returns at once; [`ActorRef::stopped`] waits.
    pub fn stop(&self) {
        self.node.terminate(self.child.name(), Address::of(&self.child));
    }

    /// Ends its incarnation at once; its supervisor restarts it as after a crash.
    pub fn kill(&self) {
        Owner::kill(&*self.node, self.child.name(), Address::of(&self.child));
    }

    /// Stops it in good order and starts it anew; also starts one that was stopped. Does not count as a failure.
    pub fn restart(&self) {
        self.node.restart(self.child.name(), Address::of(&self.child));
    }

    /// Takes it out of its supervisor (OTP's `delete_child`): only one that is down and stays so may go. Its name is free
    /// then. One that the spec declares comes back when its supervisor is started again.
    ///
    /// # Errors
    /// [`DeleteError`]; the child is as it was.
    pub fn delete(&self) -> Result<(), DeleteError> {
        self.node.delete(self.child.name(), &self.child)
    }

    /// Suspends it, or all cells below it. ractor actors know no suspension and go on.
    pub fn suspend(&self) {
        Arc::clone(&self.child).suspend(true);
    }

    /// Goes on after [`ActorRef::suspend`].
    pub fn resume(&self) {
        Arc::clone(&self.child).suspend(false);
    }

    /// Waits until it has stopped for good, and says why.
    pub async fn stopped(&self) -> Exit {
        ended(Arc::clone(&self.child)).await
    }

    /// Its handle, if it is an actor that takes the messages of this type.
    #[must_use]
    pub fn handle<A: Actor>(&self) -> Option<A::Handle> {
        handle_of::<A>(Arc::clone(&self.child))
    }

    /// The present incarnation of a ractor actor, if it is one and takes this type of message. A restart makes another.
    #[must_use]
    pub fn ractor<M: ractor::Message>(&self) -> Option<ractor::ActorRef<M>> {
        let child = Arc::clone(&self.child).into_any().downcast::<RactorChild>().ok()?;
        typed(&child)
    }
}

impl From<&ActorRef> for Watched {
    fn from(actor: &ActorRef) -> Self {
        Self::new(Arc::clone(&actor.child))
    }
}

impl fmt::Debug for ActorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorRef({})", self.path())
    }
}
