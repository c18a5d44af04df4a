//! The static description of an actor's type, for introspection.

use std::time::Duration;

use crate::mailbox::message::Lane;

/// What an actor's type is made of. `#[handlers]` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// The type's name.
    pub actor: &'static str,
    /// Its handlers, in the order of the source.
    pub handlers: &'static [HandlerDescriptor],
    /// The types of actors that its handlers ask, by name, as declared. A swarm is refused where such asks among its members can
    /// lock up.
    pub asks: &'static [&'static str],
}

/// One handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerDescriptor {
    /// The method's name.
    pub name: &'static str,
    /// How it is reached.
    pub kind: HandlerKind,
    /// The lane its messages travel in.
    pub lane: Lane,
    /// Whether it is an `async fn`.
    pub is_async: bool,
    /// The type it replies with, as written; none where it does not reply.
    pub reply: Option<&'static str>,
    /// The deadline or the period declared with it.
    pub time: Option<Duration>,
}

/// How a handler is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandlerKind {
    /// A message without an answer.
    Tell,
    /// A request with an answer and a deadline.
    Ask,
    /// A timer.
    Every,
    /// A look at the state, ahead of all messages.
    Inspect,
    /// A message of the swarm that the actor is a member of.
    Mail,
}
