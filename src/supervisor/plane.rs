//! What supervisors are to ractor, and to each other: shells, and who stands behind which ractor actor.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Weak};

use ractor::{ActorCell, ActorId};

use crate::actor::child::{Incarnation, Owner};

/// A supervisor, as those below it and its own shell know it.
pub(crate) trait Above: Owner {
    /// Its running shell, to link others under.
    fn shell(&self) -> Option<ShellRef>;
    /// Notes who stands behind a ractor actor below.
    fn adopt(&self, actor: ActorId, whose: Whose);
    /// A ractor actor below has ended: who stood behind it.
    fn disown(&self, actor: ActorId) -> Option<Whose>;
    /// The runtime that all this ran on has dropped its tasks; called on the root, once.
    fn bury(&self);
    /// This shell was killed or panicked: without its supervisor nothing below may go on.
    fn shell_died(&self, shell: ActorId);
}

/// A running shell.
#[derive(Clone)]
pub(crate) struct ShellRef(pub(crate) ActorCell);

/// Who stands behind a ractor actor.
pub(crate) enum Whose {
    /// A ractor actor of somebody's, as a child, and whether it was asked to stop.
    Child(Incarnation, Arc<AtomicBool>),
    /// A supervisor, whose shell it is.
    Supervisor(Weak<dyn Above>),
}

/// The ractor actors below one supervisor.
pub(crate) type Foreign = HashMap<ActorId, Whose>;
