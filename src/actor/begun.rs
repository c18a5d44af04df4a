//! A handler that began on its caller's core, and goes on in a turn because it waits.

use std::sync::Arc;

use crate::actor::ask::Reply;
use crate::actor::cell::Cell;
use crate::actor::definition::Actor;
use crate::actor::lent::Begun;
use crate::actor::panics::drop_quietly;
use crate::actor::running::Running;
use crate::actor::turn::{self, Cut, End, Turn, guarded};
use crate::exit::{Cause, Failure};

/// Starts a turn with a handler that has begun elsewhere.
pub(crate) fn go_on<A: Actor, R: Send + 'static>(
    cell: Arc<Cell<A::Msg>>,
    ticket: u32,
    kind: &'static str,
    begun: Begun<A, R>,
    reply: Reply<R>,
) {
    let turn = turn::make::<A, _>(cell, ticket, move |mut turn, lost| async move {
        if let Some(running) = conclude(&mut turn, kind, begun, reply).await {
            turn.run(Some(running)).await;
        }
        lost.disarm();
    });
    turn.wake();
}

/// Carries the handler to its end; none if that ended the incarnation.
async fn conclude<A: Actor, R>(
    turn: &mut Turn<A>,
    kind: &'static str,
    mut begun: Begun<A, R>,
    reply: Reply<R>,
) -> Option<Box<Running<A>>> {
    let ended = guarded(&turn.cell, turn.ticket, &mut begun).await;
    drop_quietly(begun);
    turn.cell.forget_waits(turn.ticket);
    let (mut running, failure) = match ended {
        Ok((lent, Ok(Ok(answer)))) => {
            drop(reply.send(answer));
            (Some(lent.running), None)
        }
        Ok((lent, Ok(Err(fail)))) => (Some(lent.running), Some(Failure::new(Cause::Fail, fail.reason()))),
        Ok((lent, Err(failure))) => (Some(lent.running), Some(failure)),
        Err(Cut::Panicked(failure)) => (None, Some(failure)),
        Err(Cut::Killed) => (None, None),
    };
    let end = match failure {
        Some(failure) => Some(End::Failed(Failure { message: Some(kind), ..failure })),
        None if running.is_none() => Some(End::Killed),
        None => None,
    };
    let stashed = running.as_mut().is_some_and(|running| running.cx.take_stashed());
    turn.book_alone(kind, stashed, end.as_ref());
    let Some(end) = end else { return running };
    turn.end(running, end);
    None
}
