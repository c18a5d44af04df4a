//! An actor that keeps what it is sent, for tests to look at.

use std::fmt;

use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::mpsc;

use crate::actor::definition::{Actor, Context, Handled, StartError};
use crate::actor::handle::Handle;
use crate::mailbox::message::Message;
use crate::supervisor::dynamic::SpawnError;
use crate::supervisor::spec::ActorSpec;
use crate::system::running::System;

/// Stands in for an actor that is sent messages of type `M`: a test gives its handle away and expects what comes.
/// Keeps at most 1,024 messages that were not expected yet; then its senders wait.
pub struct Probe<M: Message> {
    handle: Handle<M>,
    received: mpsc::Receiver<M>,
}

const KEPT: usize = 1024;

struct Keeper<M>(mpsc::Sender<M>);

impl<M: Message> Probe<M> {
    /// Starts a probe below the root.
    ///
    /// # Errors
    /// [`SpawnError`] if the name is taken or none.
    pub async fn start(system: &System, name: &str) -> Result<Self, SpawnError> {
        let (keep, received) = mpsc::channel(KEPT);
        let keep = Arc::new(Mutex::new(keep));
        let spec = ActorSpec::<Keeper<M>>::with(name, move || keep.lock().clone());
        let handle = system.start_child("", spec).await?;
        Ok(Self { handle, received })
    }

    /// The address to give away.
    #[must_use]
    pub fn handle(&self) -> &Handle<M> {
        &self.handle
    }

    /// The next message; waits for it. None once the probe has stopped.
    pub async fn next(&mut self) -> Option<M> {
        self.received.recv().await
    }

    /// The next message if one has been handled already.
    pub fn try_next(&mut self) -> Option<M> {
        self.received.try_recv().ok()
    }
}

impl<M: Message> Actor for Keeper<M> {
    type Msg = M;
    type Args = mpsc::Sender<M>;
    type Handle = Handle<M>;

    async fn start(keep: mpsc::Sender<M>, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self(keep))
    }

    fn handle(&mut self, message: M, _: &mut Context<Self>) -> Handled<M> {
        match self.0.try_send(message) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Handled::Done,
            Err(mpsc::error::TrySendError::Full(message)) => Handled::Async(message),
        }
    }

    async fn handle_async(&mut self, message: M, _: &mut Context<Self>) -> Result<(), crate::exit::Fail> {
        let _ = self.0.send(message).await;
        Ok(())
    }
}

impl<M: Message> fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Probe({})", self.handle.path())
    }
}
