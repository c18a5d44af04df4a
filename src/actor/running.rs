//! An incarnation: the actor's state with its context.

use std::any::Any;

use crate::actor::cell::Behaviour;
use crate::actor::definition::{Actor, Context};

/// One incarnation of an actor.
pub(crate) struct Running<A: Actor> {
    pub(crate) actor: A,
    pub(crate) cx: Context<A>,
}

/// Whether the state is that of this actor type.
pub(crate) fn is_known<A: Actor>(state: &dyn Behaviour<A::Msg>) -> bool {
    (state as &dyn Any).is::<Running<A>>()
}

/// The state as what it is; none if it is something else, see [`is_known`].
pub(crate) fn known<A: Actor>(state: Box<dyn Behaviour<A::Msg>>) -> Option<Box<Running<A>>> {
    (state as Box<dyn Any>).downcast::<Running<A>>().ok()
}
