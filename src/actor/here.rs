//! How an idle actor's handler runs on the caller's own core.

use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};

use crate::actor::ask::{AskError, Awaiting, Slot};
use crate::actor::begun;
use crate::actor::cell::{Behaviour, Cell};
use crate::actor::cell_turn::Borrowed;
use crate::actor::definition::{Actor, Context};
use crate::actor::drive;
use crate::actor::lent::{Begun, Lent};
use crate::actor::panics;
use crate::actor::running::{Running, is_known, known};
use crate::actor::waits::{Located, Wait};
use crate::exit::{Cause, Exit, Fail, Failure};
use crate::mailbox::message::Message;
use crate::sync::is_in_runtime;

/// The handler failed its actor; there is no reply.
pub(crate) struct NoReply;

/// How often an ask looks again while another one runs in place: handlers that do not wait are mostly shorter than the way
/// through the queue.
const LOOKS: u32 = if cfg!(loom) { 0 } else { 16 };
/// Pauses of the processor between two looks.
const PAUSES: u32 = 8;

/// The state of an actor that is idle, or will be in a moment.
fn borrow<A: Actor>(cell: &Arc<Cell<A::Msg>>) -> Option<(Box<Running<A>>, u32)> {
    let (state, ticket) = look_for_state(cell)?;
    // A handle may be made over an actor of another type that takes the same messages.
    if !is_known::<A>(&*state) {
        cell.return_state(state, ticket);
        return None;
    }
    Some((known::<A>(state)?, ticket))
}

fn look_for_state<M: Message>(cell: &Cell<M>) -> Option<(Box<dyn Behaviour<M>>, u32)> {
    for _ in 0..=LOOKS {
        match cell.borrow_state() {
            Borrowed::State(state, ticket) => return Some((state, ticket)),
            Borrowed::Soon => (0..PAUSES).for_each(|_| std::hint::spin_loop()),
            Borrowed::No => break,
        }
    }
    None
}

/// Runs a handler at once on the caller's core, if the actor is idle with empty lanes and no orders. Otherwise the
/// arguments come back, and the ask goes the usual way.
pub(crate) fn run_here<A: Actor, T, R>(
    cell: &Arc<Cell<A::Msg>>,
    kind: &'static str,
    args: T,
    handler: fn(&mut A, T, &mut Context<A>) -> Result<R, Fail>,
) -> Result<Result<R, NoReply>, T> {
    if !is_in_runtime() || cell.hub().world().is_some_and(|world| world.detours(Located::path(&**cell).as_str())) {
        return Err(args);
    }
    let Some((mut running, ticket)) = borrow::<A>(cell) else { return Err(args) };
    let outcome = cell.current().enter(|| panics::catch(|| handler(&mut running.actor, args, &mut running.cx)));
    Ok(finish(cell, kind, ticket, running, outcome))
}

/// What became of a handler that began on its caller's core.
pub(crate) enum Start<R> {
    /// It has ended.
    Ended(Result<R, NoReply>),
    /// It waits, and a turn goes on with it.
    Waits(Awaiting<R>),
}

/// As [`run_here`], for a handler that may wait. `wait` records the edge of an ask from inside a handler.
///
/// # Errors
/// Where the wait would close a cycle.
pub(crate) fn begin_here<A: Actor, T, R: Send + 'static>(
    cell: &Arc<Cell<A::Msg>>,
    kind: &'static str,
    args: T,
    handler: fn(Lent<A>, T) -> Begun<A, R>,
    wait: impl FnOnce() -> Result<Option<Wait>, AskError>,
) -> Result<Result<Start<R>, T>, AskError> {
    if drive::is_deep() || cell.is_slow() || !cell.is_open() {
        return Ok(Err(args));
    }
    let Some((running, ticket)) = borrow::<A>(cell) else { return Ok(Err(args)) };
    let wait = match wait() {
        Ok(wait) => wait,
        Err(error) => {
            cell.return_state(running, ticket);
            return Err(error);
        }
    };
    // A turn that goes on with it polls it again at once.
    let mut noop = TaskContext::from_waker(Waker::noop());
    let began = drive::deeper(|| {
        cell.current().enter(|| {
            panics::catch(|| {
                let mut begun = handler(Lent { running }, args);
                let polled = begun.as_mut().poll(&mut noop);
                (begun, polled)
            })
        })
    });
    let (begun, polled) = match began {
        Ok(began) => began,
        // Written by hand, and it has taken the state with it.
        Err(failure) => {
            cell.forget_waits(ticket);
            let failure = Failure { message: Some(kind), ..failure };
            cell.failed_in_place(ticket, kind, false, Exit::Failed(Arc::new(failure)));
            return Ok(Ok(Start::Ended(Err(NoReply))));
        }
    };
    Ok(Ok(match polled {
        Poll::Ready((lent, outcome)) => Start::Ended(finish(cell, kind, ticket, lent.running, outcome)),
        Poll::Pending => {
            let (reply, awaiting) = Slot::open(wait);
            match cell.keep_lent(ticket) {
                Some(ticket) => begun::go_on(Arc::clone(cell), ticket, kind, begun, reply),
                None => cell.current().enter(|| panics::drop_quietly(begun)),
            }
            Start::Waits(awaiting)
        }
    }))
}

/// Gives the state back, or ends the incarnation.
fn finish<A: Actor, R>(
    cell: &Arc<Cell<A::Msg>>,
    kind: &'static str,
    ticket: u32,
    mut running: Box<Running<A>>,
    outcome: Result<Result<R, Fail>, Failure>,
) -> Result<R, NoReply> {
    cell.forget_waits(ticket);
    let stashed = running.cx.take_stashed();
    let failure = match outcome {
        Ok(Ok(reply)) => {
            let leave = running.cx.take_leave();
            cell.note_handled(kind, stashed);
            cell.hand_back(running, ticket, leave, stashed);
            return Ok(reply);
        }
        Ok(Err(fail)) => Failure::new(Cause::Fail, fail.reason()),
        Err(failure) => failure,
    };
    let failure = Failure { message: Some(kind), ..failure };
    cell.current().enter(|| panics::drop_quietly(running));
    cell.failed_in_place(ticket, kind, stashed, Exit::Failed(Arc::new(failure)));
    Err(NoReply)
}
