//! The mailbox of a member, whatever its actor's type is.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::actor::ask::AskError;
use crate::actor::child::Child;
use crate::actor::waits::Wait;
use crate::mailbox::refused::Refused;

/// A message that waits for room.
pub(crate) type Putting<T> = Pin<Box<dyn Future<Output = Result<(), Refused<T>>> + Send>>;

/// A mailbox that takes `T`, whatever else it takes.
pub(crate) trait Post<T>: Send + Sync {
    /// Puts it in where there is room now; a full mailbox does as its policy says.
    fn put_now(&self, item: T) -> Result<(), Refused<T>>;
    /// Puts it in beyond the capacity: it has a credit for that.
    fn put_beyond(&self, item: T) -> Result<(), Refused<T>>;
    /// Puts it in once there is room.
    fn put(&self, item: T) -> Putting<T>;
    /// Records that the handler on this thread waits for this member; none outside of handlers.
    fn wait_edge(&self) -> Result<Option<Wait>, AskError>;
    /// The actor itself, for control.
    fn child(&self) -> Arc<dyn Child>;
    /// Refuses all further messages, and has it stop once it has handled those that it has.
    fn drain(&self);
    /// How many messages are queued.
    fn depth(&self) -> usize;
}
