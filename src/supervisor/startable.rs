//! What comes out when a spec is started while the tree runs.

use crate::actor::definition::Actor;
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::reference::ActorRef;
use crate::supervisor::spec::{ActorSpec, Supervisor};

/// A spec of any kind, and what its starter holds: a handle where the spec knows its actor's type, else an [`ActorRef`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no spec of a child",
    note = "start an `ActorSpec` such as `Airport::spec(\"jfk\", args)`, a `Supervisor`, or a `ChildSpec`"
)]
pub trait Startable: Into<ChildSpec> {
    /// What its starter holds.
    type Handle;

    /// The handle of a child that was made of such a spec; none of any other.
    fn handle(child: ActorRef) -> Option<Self::Handle>;
}

impl<A: Actor> Startable for ActorSpec<A> {
    type Handle = A::Handle;

    fn handle(child: ActorRef) -> Option<A::Handle> {
        child.handle::<A>()
    }
}

impl Startable for Supervisor {
    type Handle = ActorRef;

    fn handle(child: ActorRef) -> Option<ActorRef> {
        Some(child)
    }
}

impl Startable for ChildSpec {
    type Handle = ActorRef;

    fn handle(child: ActorRef) -> Option<ActorRef> {
        Some(child)
    }
}
