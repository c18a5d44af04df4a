//! How an idle actor's handler runs on the caller's own core.

use std::sync::Arc;

use crate::actor::cell::{Behaviour, Cell};
use crate::actor::cell_turn::Borrowed;
use crate::actor::definition::{Actor, Context};
use crate::actor::panics;
use crate::actor::running::{is_known, known};
use crate::actor::waits::Located;
use crate::exit::{Cause, Exit, Fail, Failure};
use crate::mailbox::message::Message;

/// A handler that ends without waiting, with its arguments apart.
pub(crate) type Here<A, T, R> = fn(&mut A, T, &mut Context<A>) -> Result<R, Fail>;

/// The handler failed its actor; there is no reply.
pub(crate) struct NoReply;

/// How often an ask looks again while another one runs in place: handlers that do not wait are mostly shorter than the way
/// through the queue.
const LOOKS: u32 = if cfg!(loom) { 0 } else { 16 };
/// Pauses of the processor between two looks.
const PAUSES: u32 = 8;

/// The state of an actor that is idle, or will be in a moment.
fn borrow<M: Message>(cell: &Cell<M>) -> Option<(Box<dyn Behaviour<M>>, u32)> {
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
    handler: Here<A, T, R>,
) -> Result<Result<R, NoReply>, T> {
    if cell.hub().world().is_some_and(|world| world.detours(Located::path(&**cell).as_str())) {
        return Err(args);
    }
    let Some((state, ticket)) = borrow(cell) else { return Err(args) };
    // A handle may be made over an actor of another type that takes the same messages.
    if !is_known::<A>(&*state) {
        cell.return_state(state, ticket);
        return Err(args);
    }
    let Some(mut running) = known::<A>(state) else { return Err(args) };
    let current = cell.current();
    let outcome = current.enter(|| panics::catch(|| handler(&mut running.actor, args, &mut running.cx)));
    cell.hub().waits.forget(cell.id);
    let failure = match outcome {
        Ok(Ok(reply)) => {
            let (leave, stashed) = (running.cx.take_leave(), running.cx.take_stashed());
            cell.note_handled(kind, stashed);
            cell.hand_back(running, ticket, leave, stashed);
            return Ok(Ok(reply));
        }
        Ok(Err(fail)) => Failure::new(Cause::Fail, fail.reason()),
        Err(failure) => failure,
    };
    let failure = Failure { message: Some(kind), ..failure };
    let stashed = running.cx.take_stashed();
    current.enter(|| panics::drop_quietly(running));
    cell.failed_in_place(ticket, kind, stashed, Exit::Failed(Arc::new(failure)));
    Ok(Err(NoReply))
}
