//! Asking: a request, its reply, and the time between.

use std::future::{Future, poll_fn};
#[cfg(not(loom))]
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::actor::waits::{Current, Wait};
use crate::mailbox::refused::{Refusal, cycle_text};
use crate::path::Path;
use crate::sync::{AtomicBool, Executor, Mutex};
use crate::world::World;

/// Why an ask brought no reply. Errors of the domain travel inside the reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// No reply came in time. The request may still be handled.
    #[error("no reply within {deadline:?}; the request may still be handled")]
    Timeout {
        /// The deadline that passed.
        deadline: Duration,
    },
    /// The actor has stopped for good, or is draining. The request was not handled.
    #[error("the actor has stopped")]
    Stopped,
    /// The mailbox is full and its policy is not to wait. The request was not accepted.
    #[error("the mailbox is full ({capacity} messages); try again later")]
    Full {
        /// The capacity of each lane.
        capacity: usize,
    },
    /// The request alone is too heavy for the mailbox.
    #[error("the request weighs {bytes} bytes, the mailbox may hold {limit}")]
    TooLarge {
        /// The request's weight.
        bytes: usize,
        /// The mailbox's bound.
        limit: usize,
    },
    /// Waiting for this reply would close a cycle of actors that wait for each other. The request was not sent.
    #[error("waiting for this reply would deadlock: {}", cycle_text(.cycle))]
    Deadlock {
        /// The actors on the cycle; the last one waits for the first.
        cycle: Vec<Path>,
    },
    /// The request was dropped without a reply: its handler crashed or was killed, the overflow policy dropped it, or its
    /// actor stopped before.
    #[error("the request was dropped without a reply; its handler crashed, or it never ran")]
    NoReply,
}

impl From<Refusal> for AskError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full { capacity } => Self::Full { capacity },
            Refusal::TooLarge { bytes, limit } => Self::TooLarge { bytes, limit },
            Refusal::Stopped => Self::Stopped,
            Refusal::Deadlock { cycle } => Self::Deadlock { cycle },
        }
    }
}

enum Answer<T> {
    Open(Option<Waker>),
    Given(T),
    /// No reply will come.
    Broken,
    /// Nobody waits any more.
    Unwanted,
}

struct State<T> {
    answer: Answer<T>,
    /// Copies of the reply port: one, and one more for each kept copy of its message.
    ports: u32,
    /// The edge from the asking handler; gone when the answer is certain or its promise is somebody else's.
    wait: Option<Wait>,
}

impl<T> State<T> {
    /// No answer will come, if none has; says whom to wake.
    fn break_open(&mut self) -> Option<Waker> {
        match &mut self.answer {
            Answer::Open(waker) => {
                let waker = waker.take();
                self.answer = Answer::Broken;
                waker
            }
            Answer::Given(_) | Answer::Broken | Answer::Unwanted => None,
        }
    }
}

pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
    /// An answer was given; the ports that are left have nothing to say.
    given: AtomicBool,
}

impl<T> Slot<T> {
    /// A slot with its first port. `wait` is the edge of an ask from inside a handler.
    pub(crate) fn open(wait: Option<Wait>) -> (Reply<T>, Awaiting<T>) {
        let state = State { answer: Answer::Open(None), ports: 1, wait };
        let slot = Arc::new(Self { state: Mutex::new(state), given: AtomicBool::new(false) });
        (Reply { slot: Arc::clone(&slot) }, Awaiting { slot, done: false })
    }

    fn give(&self, value: T) -> Result<(), T> {
        let (waker, _wait) = {
            let mut state = self.state.lock();
            match &mut state.answer {
                Answer::Open(waker) => {
                    let waker = waker.take();
                    state.answer = Answer::Given(value);
                    self.given.store(true, Ordering::Relaxed);
                    (waker, state.wait.take())
                }
                Answer::Given(_) | Answer::Broken | Answer::Unwanted => return Err(value),
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

/// The port an answer goes through, once. Dropped without an answer, it ends the ask at once with
/// [`AskError::NoReply`]. It may be kept, moved into a task, or sent on to whoever answers instead.
///
/// A clone is the same port: the first answer counts, and the ask ends without one when the last clone is dropped.
pub struct Reply<T> {
    slot: Arc<Slot<T>>,
}

impl<T> Reply<T> {
    /// Answers.
    ///
    /// # Errors
    /// The value comes back if nobody waits for it any more, or if it was answered before.
    pub fn send(self, value: T) -> Result<(), T> {
        if is_lost() {
            // One port more than there are: whoever asked never learns that none is left.
            self.slot.state.lock().ports += 1;
            return Ok(());
        }
        self.slot.give(value)
    }

    /// Ends the ask without an answer, as dropping does, while the port itself lives on.
    pub fn break_off(&mut self) {
        let (waker, _wait) = {
            let mut state = self.slot.state.lock();
            (state.break_open(), state.wait.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether nobody waits any more: the deadline passed, the ask was dropped, or it was answered.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !matches!(self.slot.state.lock().answer, Answer::Open(_))
    }

    /// Says that the answer will come from elsewhere than the present handler, so that the asking actor no longer counts
    /// as waiting for this one when deadlocks are looked for. `#[ask]` handlers that take a `Reply` do it by themselves.
    #[must_use]
    pub fn detach(self) -> Self {
        let wait = self.slot.state.lock().wait.take();
        drop(wait);
        self
    }
}

impl<T> Clone for Reply<T> {
    fn clone(&self) -> Self {
        self.slot.state.lock().ports += 1;
        Self { slot: Arc::clone(&self.slot) }
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        if self.slot.given.load(Ordering::Relaxed) {
            return;
        }
        let (waker, _wait) = {
            let mut state = self.slot.state.lock();
            state.ports -= 1;
            if state.ports > 0 {
                return;
            }
            (state.break_open(), state.wait.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> std::fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}

/// Whether a simulation loses the reply that the handler on this thread gives.
fn is_lost() -> bool {
    World::IS_SIMULATED
        && World::current()
            .zip(Current::get())
            .is_some_and(|(world, current)| world.loses_reply((current.system, current.actor.0)))
}

/// The asking side.
pub(crate) struct Awaiting<T> {
    slot: Arc<Slot<T>>,
    /// The ask has ended.
    done: bool,
}

impl<T> Awaiting<T> {
    pub(crate) async fn answer(mut self) -> Result<T, AskError> {
        poll_fn(|cx| {
            let mut state = self.slot.state.lock();
            let ended = match std::mem::replace(&mut state.answer, Answer::Unwanted) {
                Answer::Given(value) => Ok(value),
                Answer::Broken | Answer::Unwanted => Err(AskError::NoReply),
                Answer::Open(_) => {
                    state.answer = Answer::Open(Some(cx.waker().clone()));
                    return Poll::Pending;
                }
            };
            self.done = true;
            Poll::Ready(ended)
        })
        .await
    }

    /// Leaves the port open without anybody there, as it was when its request was handled.
    #[cfg(all(feature = "capsule", not(loom)))]
    pub(crate) fn look_away(mut self) {
        self.done = true;
    }
}

impl<T> Drop for Awaiting<T> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let (answer, _wait) = {
            let mut state = self.slot.state.lock();
            (std::mem::replace(&mut state.answer, Answer::Unwanted), state.wait.take())
        };
        drop(answer);
    }
}

/// Gives an ask its deadline. The timer is set only when the answer has to be waited for.
pub(crate) async fn within<T>(
    executor: &Executor,
    deadline: Duration,
    ask: impl Future<Output = Result<T, AskError>>,
) -> Result<T, AskError> {
    #[cfg(not(loom))]
    {
        let mut ask = pin!(ask);
        let first = poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx))).await;
        if let Poll::Ready(answer) = first {
            return answer;
        }
        // Whoever asks may be on any thread, and in any runtime.
        let ask = {
            let _entered = executor.runtime().enter();
            tokio::time::timeout(deadline, ask)
        };
        match ask.await {
            Ok(answer) => answer,
            Err(_) => Err(AskError::Timeout { deadline }),
        }
    }
    #[cfg(loom)]
    {
        let _ = (executor, deadline);
        ask.await
    }
}
