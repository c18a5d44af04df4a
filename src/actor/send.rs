//! Sending: now, or when there is room.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::actor::cell::Cell;
use crate::actor::waits::{Located, Wait};
use crate::mailbox::lane::Ticket;
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::{Refusal, Refused};
use crate::path::Path;
use crate::sync::poll_spend;

/// A message on its way into a mailbox; done when it is accepted.
///
/// Dropping it before takes the message back: it is dropped too, was never accepted, and holds no room.
#[must_use = "a send does nothing until it is awaited"]
pub struct Sending<'a, M: Message> {
    target: Target<'a, M>,
    lane: Lane,
    state: State<M>,
    wait: Option<Wait>,
    /// Whoever sends waits for an answer, and may as well handle the message.
    visits: bool,
}

/// The cell of the one it is sent to.
enum Target<'a, M: Message> {
    Borrowed(&'a Arc<Cell<M>>),
    Owned(Arc<Cell<M>>),
}

impl<M: Message> Target<'_, M> {
    fn get(&self) -> &Arc<Cell<M>> {
        match self {
            Self::Borrowed(cell) => cell,
            Self::Owned(cell) => cell,
        }
    }
}

enum State<M> {
    New(M),
    Waiting(Ticket),
    Done,
}

impl<'a, M: Message> Sending<'a, M> {
    pub(crate) fn new(cell: &'a Arc<Cell<M>>, lane: Lane, message: M) -> Self {
        Self { target: Target::Borrowed(cell), lane, state: State::New(message), wait: None, visits: false }
    }

    pub(crate) fn owned(cell: Arc<Cell<M>>, lane: Lane, message: M) -> Self {
        Self { target: Target::Owned(cell), lane, state: State::New(message), wait: None, visits: false }
    }

    /// The same, of an ask.
    pub(crate) fn visiting(mut self) -> Self {
        self.visits = true;
        self
    }

    /// The first look: in, refused, or in line.
    fn begin(&mut self, message: M, cx: &mut Context<'_>) -> Poll<Result<(), Refused<M>>> {
        match self.target.get().offer_or_enroll(self.lane, message, (cx.waker(), self.visits)) {
            Ok(None) => Poll::Ready(Ok(())),
            Ok(Some(ticket)) => self.in_line(ticket),
            Err(refused) => Poll::Ready(Err(refused)),
        }
    }

    /// A handler that waits records it; where that would close a cycle it leaves the line again.
    fn in_line(&mut self, ticket: Ticket) -> Poll<Result<(), Refused<M>>> {
        if let Err(cycle) = self.record_wait(ticket) {
            return match self.target.get().withdraw(self.lane, ticket) {
                Some(message) => Poll::Ready(Err(Refused { message, reason: Refusal::Deadlock { cycle } })),
                None => Poll::Ready(Ok(())),
            };
        }
        self.state = State::Waiting(ticket);
        Poll::Pending
    }

    /// Records that the handler on this thread waits for the target; nothing outside of handlers.
    fn record_wait(&mut self, ticket: Ticket) -> Result<(), Vec<Path>> {
        let target = self.target.get();
        if let Some(from) = target.hub().running()
            && self.wait.is_none()
        {
            let at: Arc<dyn Located> = Arc::clone(target) as Arc<dyn Located>;
            self.wait = Some(target.hub().waits.wait((from, target.id), at, Some((self.lane, ticket)))?);
        }
        Ok(())
    }
}

/// Nothing in it is ever pinned.
impl<M: Message> Unpin for Sending<'_, M> {}

impl<M: Message> Future for Sending<'_, M> {
    type Output = Result<(), Refused<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // An ask has spent its share already.
        if !self.visits {
            ready!(poll_spend(cx));
        }
        let sent = match std::mem::replace(&mut self.state, State::Done) {
            State::New(message) => self.begin(message, cx),
            State::Waiting(ticket) => {
                let seen = self.target.get().look(self.lane, ticket, cx.waker());
                if seen.is_pending() {
                    self.state = State::Waiting(ticket);
                }
                seen
            }
            State::Done => Poll::Pending,
        };
        if sent.is_ready() {
            self.wait = None;
        }
        sent
    }
}

impl<M: Message> Drop for Sending<'_, M> {
    fn drop(&mut self) {
        if let State::Waiting(ticket) = self.state {
            drop(self.target.get().withdraw(self.lane, ticket));
        }
    }
}

impl<M: Message> std::fmt::Debug for Sending<'_, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending").field("to", &Located::path(&**self.target.get())).finish_non_exhaustive()
    }
}
