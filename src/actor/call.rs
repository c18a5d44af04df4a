//! Calls that know the actor's type: asks that may run in place, and looks at the state.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use crate::actor::ask::{AskError, Reply, Slot};
use crate::actor::definition::Actor;
use crate::actor::handle::Handle;
use crate::actor::here::{Start, begin_here, run_here};
use crate::actor::lent::Here;
use crate::actor::running::Running;
use crate::mailbox::message::{Lane, Message};
use crate::sync::spend;

/// One `#[ask]` method, as data: how it runs in place, and how it is sent. The macro writes it; by hand it is what makes
/// an ask of an idle actor free of hops and allocations.
pub struct Call<A: Actor, T, R> {
    /// The handler's name, for failure reports.
    pub kind: &'static str,
    /// The lane of the request.
    pub lane: Lane,
    /// The declared deadline; none leaves it to the actor's `ask_timeout`.
    pub timeout: Option<Duration>,
    /// The handler, if it may run on the caller's core: it answers by returning.
    pub here: Option<Here<A, T, R>>,
    /// The request as a message.
    pub message: fn(T, Reply<R>) -> A::Msg,
}

impl<A: Actor, T, R> fmt::Debug for Call<A, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<M: Message> Handle<M> {
    /// The ask behind the methods that `#[ask]` writes: an idle actor runs the handler at once on the caller's core, one that
    /// waits as far as its first wait; otherwise the request is sent.
    ///
    /// # Errors
    /// [`AskError`], as [`Handle::ask`].
    pub async fn call<A, T, R>(&self, call: Call<A, T, R>, args: T) -> Result<R, AskError>
    where
        A: Actor<Msg = M>,
        R: Send + 'static,
    {
        spend().await;
        let args = match call.here.filter(|_| self.runs_in_place::<A>()) {
            Some(Here::Sync(handler)) => match run_here(&self.cell, call.kind, args, handler) {
                Ok(answer) => return answer.map_err(|_| AskError::NoReply),
                Err(args) => args,
            },
            Some(Here::Async(handler)) => {
                match begin_here(&self.cell, call.kind, args, handler, || self.wait_edge())? {
                    Ok(Start::Ended(answer)) => return answer.map_err(|_| AskError::NoReply),
                    Ok(Start::Waits(awaiting)) => return self.wait(call.timeout, awaiting.answer()).await,
                    Err(args) => args,
                }
            }
            None => args,
        };
        let lane = if self.lane == Lane::Urgent { Lane::Urgent } else { call.lane };
        self.ask_in(lane, call.timeout, |reply| (call.message)(args, reply)).await
    }

    /// Whether asks may run in place at all. What ran there would be missing in a capsule.
    fn runs_in_place<A: Actor>(&self) -> bool {
        self.cell.class.options.runs_in_place() && !Running::<A>::IS_RECORDED
    }

    /// Looks at the state before the next message, however many are queued. Fails the actor if `look` panics.
    ///
    /// # Errors
    /// [`AskError::Full`] if 64 such looks wait already, [`AskError::NoReply`] if the incarnation ended before,
    /// [`AskError::Timeout`] if the actor did not get to it in time (it is between two lives, or in a long handler),
    /// [`AskError::Stopped`] if it has stopped for good.
    pub async fn inspect<A, R>(&self, look: fn(&A) -> R) -> Result<R, AskError>
    where
        A: Actor<Msg = M>,
        R: Send + 'static,
    {
        let (reply, awaiting) = Slot::open(self.wait_edge()?);
        let show = Box::new(move |state: &mut dyn Any| {
            if let Some(running) = state.downcast_ref::<Running<A>>() {
                drop(reply.send(look(&running.actor)));
            }
        });
        self.cell.look_in(show).map_err(|(_, refusal)| AskError::from(refusal))?;
        self.wait(None, awaiting.answer()).await
    }
}
