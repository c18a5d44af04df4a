//! Handles: how messages get to an actor.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::ask::{AskError, Awaiting, Reply, Slot, within};
use crate::actor::cell::Cell;
use crate::actor::child::{Address, Child};
#[cfg(not(loom))]
use crate::actor::drive;
use crate::actor::send::Sending;
use crate::actor::waits::{Located, Wait};
use crate::actor::watch::{Watched, ended};
use crate::exit::Exit;
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::Refused;
use crate::mailbox::reserve::QuarantineEntry;
use crate::path::Path;
use crate::snapshot::{ActorSnapshot, Status};
use crate::sync::spend;

/// An actor's address, typed by what it can be sent. Cheap to clone; valid across restarts, and afterwards it refuses.
pub struct Handle<M: Message> {
    pub(crate) cell: Arc<Cell<M>>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) lane: Lane,
}

impl<M: Message> Handle<M> {
    pub(crate) fn new(cell: Arc<Cell<M>>) -> Self {
        Self { cell, deadline: None, lane: Lane::Normal }
    }

    /// The same address; its messages travel in the urgent lane.
    #[must_use]
    pub fn urgent(&self) -> Self {
        Self { lane: Lane::Urgent, ..self.clone() }
    }

    /// The same address; its asks have this deadline instead of the declared one.
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self.clone() }
    }

    /// Where the actor stands.
    #[must_use]
    pub fn path(&self) -> Path {
        Located::path(&*self.cell)
    }

    /// Sends a message; a full mailbox does as its overflow policy says, by default the sender waits for room.
    ///
    /// # Errors
    /// The future yields [`Refused`] with the message and the reason.
    pub fn send(&self, message: M) -> Sending<'_, M> {
        Sending::new(&self.cell, self.lane, message)
    }

    #[cfg(not(loom))]
    pub(crate) fn send_owned(&self, message: M) -> Sending<'static, M> {
        Sending::owned(Arc::clone(&self.cell), self.lane, message)
    }

    /// Sends a message without waiting.
    ///
    /// # Errors
    /// [`Refused`] gives the message back, with the reason.
    pub fn try_send(&self, message: M) -> Result<(), Refused<M>> {
        self.cell.offer(self.lane, message)
    }

    /// Sends a message beyond the capacity if need be; whoever does so bounds what it sends.
    #[cfg(not(loom))]
    pub(crate) fn send_beyond(&self, message: M) -> Result<(), Refused<M>> {
        self.cell.offer_beyond(self.lane, message)
    }

    /// How many messages are queued in both lanes.
    #[cfg(not(loom))]
    pub(crate) fn depth(&self) -> usize {
        let inner = self.cell.inner.lock();
        inner.lanes.depth(Lane::Normal) + inner.lanes.depth(Lane::Urgent)
    }

    /// Sends a message in a lane of its own choice; see [`Handle::send`].
    pub fn send_in(&self, lane: Lane, message: M) -> Sending<'_, M> {
        Sending::new(&self.cell, if self.lane == Lane::Urgent { Lane::Urgent } else { lane }, message)
    }

    /// Sends a message in a lane of its own choice without waiting; see [`Handle::try_send`].
    ///
    /// # Errors
    /// [`Refused`] gives the message back, with the reason.
    pub fn try_send_in(&self, lane: Lane, message: M) -> Result<(), Refused<M>> {
        self.cell.offer(if self.lane == Lane::Urgent { Lane::Urgent } else { lane }, message)
    }

    /// Sends a message made around a reply port, and waits for the reply until the deadline of this handle or the
    /// actor's `ask_timeout`.
    ///
    /// # Errors
    /// [`AskError`]; errors of the domain travel inside the reply.
    pub async fn ask<R>(&self, message: impl FnOnce(Reply<R>) -> M) -> Result<R, AskError> {
        spend().await;
        self.ask_in(self.lane, None, message).await
    }

    /// As [`Handle::send`], for callers outside of async code.
    ///
    /// # Errors
    /// [`Refused`] gives the message back, with the reason.
    ///
    /// # Panics
    /// On a thread that runs async tasks, as tokio's blocking calls do.
    #[cfg(not(loom))]
    pub fn blocking_send(&self, message: M) -> Result<(), Refused<M>> {
        self.block_on(self.send(message))
    }

    /// As [`Handle::ask`], for callers outside of async code.
    ///
    /// # Errors
    /// [`AskError`], as [`Handle::ask`].
    ///
    /// # Panics
    /// On a thread that runs async tasks, as tokio's blocking calls do.
    #[cfg(not(loom))]
    pub fn blocking_ask<R>(&self, message: impl FnOnce(Reply<R>) -> M) -> Result<R, AskError> {
        self.block_on(self.ask(message))
    }

    /// Waits for any future of this handle outside of async code: `jfk.block_on(jfk.report())`.
    ///
    /// # Panics
    /// On a thread that runs async tasks, as tokio's blocking calls do.
    #[cfg(not(loom))]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        drive::blocking(|| self.cell.hub().executor.runtime().block_on(future))
    }

    /// Stops the actor for good after its present handler: its supervisor asks it to, and kills it if its shutdown limit
    /// passes. Queued messages go to the dead letters. Returns at once; [`Handle::stopped`] waits. As in OTP, a declared
    /// child comes back if its whole group is restarted, or its supervisor.
    pub fn stop(&self) {
        if let Some(owner) = self.cell.class.owner.upgrade() {
            owner.terminate(&self.cell.name, Address::of(&self.cell));
        }
    }

    /// Refuses new messages, handles those that are queued, then stops for good, as `Exit::Shutdown`: it is not started
    /// again. Returns at once; [`Handle::stopped`] waits.
    pub fn drain(&self) {
        self.cell.drain();
    }

    /// Ends the incarnation at once, even inside an asynchronous handler; the supervisor restarts it as after a crash.
    pub fn kill(&self) {
        if let Some(owner) = self.cell.class.owner.upgrade() {
            owner.kill(&self.cell.name, Address::of(&self.cell));
        }
    }

    /// Stops the incarnation in good order and starts a new one. Does not count as a failure.
    pub fn restart(&self) {
        if let Some(owner) = self.cell.class.owner.upgrade() {
            owner.restart(&self.cell.name, Address::of(&self.cell));
        }
    }

    /// Handles no messages until resumed; they queue up. Control still reaches it.
    pub fn suspend(&self) {
        Child::suspend(Arc::clone(&self.cell), true);
    }

    /// Goes on after [`Handle::suspend`].
    pub fn resume(&self) {
        Child::suspend(Arc::clone(&self.cell), false);
    }

    /// Waits until the actor has stopped for good, and says why.
    pub async fn stopped(&self) -> Exit {
        self.cell.assist();
        ended(Arc::clone(&self.cell) as Arc<dyn Child>).await
    }

    /// Whether the actor has stopped for good.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.cell.is_stopped()
    }

    /// Changes the capacity of each lane, between 1 and 2^24. Messages above a smaller one stay and are handled.
    pub fn set_capacity(&self, capacity: usize) {
        self.cell.set_capacity(capacity);
    }

    /// The actor at this moment. Never waits for it.
    #[must_use]
    pub fn snapshot(&self) -> ActorSnapshot {
        let seen = Child::snapshot(&*self.cell);
        let owner = (seen.status == Status::Down).then(|| self.cell.class.owner.upgrade()).flatten();
        let back_in = owner.and_then(|owner| owner.back_in(&self.cell.name, Address::of(&self.cell)));
        ActorSnapshot { back_in, ..seen }
    }

    /// The messages in quarantine; [`Handle::peek`] shows one of them.
    #[must_use]
    pub fn quarantined(&self) -> Vec<QuarantineEntry> {
        self.cell.inner.lock().lanes.quarantine()
    }

    /// Looks at a quarantined message. None if it is not there, or in somebody else's hands.
    pub fn peek<R>(&self, id: u64, look: impl FnOnce(&M) -> R) -> Option<R> {
        self.cell.peek(id, look)
    }

    /// Queues a quarantined message again, after an edit. False if it is not there, in somebody else's hands, if
    /// the edit made it heavier than the whole mailbox, or if the actor has stopped.
    pub fn release(&self, id: u64, edit: impl FnOnce(&mut M)) -> bool {
        self.cell.release(id, edit)
    }

    /// Drops a quarantined message. False if it is not there, or in somebody else's hands.
    pub fn discard(&self, id: u64) -> bool {
        self.cell.discard(id)
    }

    pub(crate) async fn ask_in<R>(
        &self,
        lane: Lane,
        declared: Option<Duration>,
        message: impl FnOnce(Reply<R>) -> M,
    ) -> Result<R, AskError> {
        let (reply, awaiting): (Reply<R>, Awaiting<R>) = Slot::open(self.wait_edge()?);
        let message = message(reply);
        self.wait(declared, async {
            Sending::new(&self.cell, lane, message)
                .visiting()
                .await
                .map_err(|refused| AskError::from(refused.reason))?;
            awaiting.answer().await
        })
        .await
    }

    /// Waits for what an ask brings, until the deadline of this handle, of the handler, or of the actor.
    pub(crate) async fn wait<R>(
        &self,
        declared: Option<Duration>,
        ask: impl Future<Output = Result<R, AskError>>,
    ) -> Result<R, AskError> {
        let deadline = self.deadline.or(declared).unwrap_or(self.cell.class.options.ask_timeout);
        within(&self.cell.hub().executor, deadline, ask).await
    }

    /// Records that the handler on this thread waits for the actor; none outside of handlers.
    pub(crate) fn wait_edge(&self) -> Result<Option<Wait>, AskError> {
        let Some(from) = self.cell.hub().running() else { return Ok(None) };
        let at: Arc<dyn Located> = Arc::clone(&self.cell) as Arc<dyn Located>;
        match self.cell.hub().waits.wait((from, self.cell.id), at, None) {
            Ok(wait) => Ok(Some(wait)),
            Err(cycle) => Err(AskError::Deadlock { cycle }),
        }
    }
}

impl<M: Message> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { cell: Arc::clone(&self.cell), deadline: self.deadline, lane: self.lane }
    }
}

impl<M: Message> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.path())
    }
}

impl<M: Message> PartialEq for Handle<M> {
    /// Whether both are the same address.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.cell, &other.cell)
    }
}

impl<M: Message> Eq for Handle<M> {}

/// A typed handle, as `#[handlers]` writes them.
impl<H, M> From<&H> for Watched
where
    H: Deref<Target = Handle<M>>,
    M: Message,
{
    fn from(handle: &H) -> Self {
        Self::from(&**handle)
    }
}

impl<M: Message> From<&Handle<M>> for Watched {
    fn from(handle: &Handle<M>) -> Self {
        Self::new(Arc::clone(&handle.cell) as Arc<dyn Child>)
    }
}
