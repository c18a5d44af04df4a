//! Messages that were accepted and will not be handled.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::exit::Failure;
use crate::path::Path;

/// Why a message became a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadReason {
    /// Its handler crashed, and the actor redelivers nothing or its quarantine is full.
    Crashed(Arc<Failure>),
    /// Its handler was cut short by a kill.
    Killed,
    /// Its actor stopped for good with the message still queued.
    Stopped,
    /// It was on its way through a swarm, and no edges led to its addressee any more.
    Undeliverable,
}

impl fmt::Display for DeadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crashed(failure) => write!(f, "its handler {failure}"),
            Self::Killed => f.write_str("its handler was killed"),
            Self::Stopped => f.write_str("its actor stopped"),
            Self::Undeliverable => f.write_str("no way led to its addressee any more"),
        }
    }
}

/// A message that was accepted and will not be handled: to whom it was sent, of which kind, and why.
#[derive(Clone)]
pub struct DeadLetter {
    /// Whose message it was.
    pub path: Path,
    /// The kind of message.
    pub kind: &'static str,
    /// Why it is dead.
    pub reason: DeadReason,
    message: Arc<Mutex<Option<Box<dyn Any + Send>>>>,
}

impl DeadLetter {
    pub(crate) fn new<M: Send + 'static>(
        path: Path,
        kind: &'static str,
        reason: DeadReason,
        message: Option<M>,
    ) -> Self {
        let message = message.map(|message| Box::new(message) as Box<dyn Any + Send>);
        Self { path, kind, reason, message: Arc::new(Mutex::new(message)) }
    }

    /// Takes the message itself, once for all subscribers. None where the crashed handler consumed it, where it was
    /// taken before, or where it is of another type.
    #[must_use]
    pub fn take<M: 'static>(&self) -> Option<M> {
        let mut slot = self.message.lock();
        match slot.take()?.downcast::<M>() {
            Ok(message) => Some(*message),
            Err(other) => {
                *slot = Some(other);
                None
            }
        }
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
