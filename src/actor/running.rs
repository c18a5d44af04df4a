//! An incarnation: the actor's state with its context.

use std::any::Any;

use crate::actor::cell::Behaviour;
use crate::actor::definition::{Actor, Context};

/// One incarnation of an actor.
pub(crate) struct Running<A: Actor> {
    pub(crate) actor: A,
    pub(crate) cx: Context<A>,
}

/// The state as what it is; it comes back untouched if it is something else.
pub(crate) fn known<A: Actor>(state: Box<dyn Behaviour<A::Msg>>) -> Option<Box<Running<A>>> {
    (state as Box<dyn Any>).downcast::<Running<A>>().ok()
}
