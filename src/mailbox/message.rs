//! What may be sent to an actor.

use crate::path::short_name;

/// A message: plain data that one actor sends and another one owns. `#[actor]` implements it; by hand one line does.
pub trait Message: Sized + Send + 'static {
    /// The names of its kinds, one for each variant, for reports and introspection.
    const KINDS: &'static [&'static str] = &[];

    /// What the lightest one weighs: its own size by default. A mailbox bound in bytes below it is refused, as nothing would
    /// fit. State it where [`Message::bytes`] may count less.
    const BYTES_LEAST: usize = size_of::<Self>();

    /// Which of [`Message::KINDS`] this message is.
    fn kind(&self) -> usize {
        0
    }

    /// Ends the asks of whose requests it is one: it has become a dead letter, and nobody will answer. Call
    /// `Reply::break_off` on each reply port inside; the macros do. Without it a dead letter that somebody keeps keeps its
    /// asker waiting until the deadline.
    fn break_off(&mut self) {}

    /// What it weighs against a mailbox bound in bytes: its own size by default; add what it owns on the heap.
    fn bytes(&self) -> usize {
        size_of_val(self)
    }
}

/// The name of the n-th kind of a message, or the message's type where it names none.
pub(crate) fn kind_name<M: Message>(kind: usize) -> &'static str {
    M::KINDS.get(kind).copied().unwrap_or_else(|| short_name(std::any::type_name::<M>()))
}

/// The lane a message travels in. One handler runs at a time; within a lane each sender's order is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lane {
    /// Handled before every normal message.
    Urgent,
    /// The default.
    #[default]
    Normal,
}
