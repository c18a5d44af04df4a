//! Handlers as they run on their caller's core, and the state that they borrow.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use crate::actor::definition::{Actor, Context};
use crate::actor::panics;
use crate::actor::running::Running;
use crate::exit::{Fail, Failure};

/// How a handler runs on its caller's core, with its arguments apart.
pub enum Here<A: Actor, T, R> {
    /// It ends without waiting.
    Sync(fn(&mut A, T, &mut Context<A>) -> Result<R, Fail>),
    /// It may wait: [`Lent::caught`] around its future, and the state beside what came of it. Once it waits, a turn of the
    /// actor's own goes on with it.
    Async(fn(Lent<A>, T) -> Begun<A, R>),
}

impl<A: Actor, T, R> Clone for Here<A, T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Actor, T, R> Copy for Here<A, T, R> {}

impl<A: Actor, T, R> fmt::Debug for Here<A, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync(_) => "Sync",
            Self::Async(_) => "Async",
        })
    }
}

/// An asynchronous handler that has begun, with the state it works on.
pub type Begun<A, R> = Pin<Box<dyn Future<Output = (Lent<A>, Result<Result<R, Fail>, Failure>)> + Send>>;

/// An actor's state, lent to a handler that runs on its caller's core.
pub struct Lent<A: Actor> {
    pub(crate) running: Box<Running<A>>,
}

impl<A: Actor> Lent<A> {
    /// The actor and its context, as a handler takes them.
    pub fn parts(&mut self) -> (&mut A, &mut Context<A>) {
        (&mut self.running.actor, &mut self.running.cx)
    }

    /// Runs a handler's future; a panic comes back as a failure.
    ///
    /// # Errors
    /// The [`Failure`] that the panic makes.
    pub async fn caught<F: Future>(handler: F) -> Result<F::Output, Failure> {
        let mut handler = pin!(handler);
        poll_fn(|cx| match panics::catch(|| handler.as_mut().poll(cx)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(failure) => Poll::Ready(Err(failure)),
        })
        .await
    }
}

impl<A: Actor> fmt::Debug for Lent<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").finish_non_exhaustive()
    }
}
