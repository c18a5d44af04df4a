//! What a handler can do besides changing its state.

#[cfg(not(loom))]
use std::future::{Future, poll_fn};
#[cfg(not(loom))]
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(loom))]
use std::task::Poll;
use std::time::Instant;

#[cfg(all(feature = "capsule", not(loom)))]
use crate::actor::capsule::Step;
use crate::actor::cell::Cell;
use crate::actor::definition::{Actor, Context};
use crate::actor::handle::Handle;
#[cfg(all(feature = "capsule", not(loom)))]
use crate::actor::owned::Owned;
use crate::actor::owned::{OrderId, TooManyOrders};
use crate::actor::panics::catch;
#[cfg(not(loom))]
use crate::actor::rare::Order;
use crate::actor::rare::Place;
#[cfg(all(feature = "capsule", not(loom)))]
use crate::actor::tape::Tape;
use crate::actor::waits::Located;
use crate::actor::watch::Watched;
use crate::exit::Exit;
use crate::mailbox::refused::Refused;
use crate::path::Path;

impl<A: Actor> Context<A> {
    pub(crate) fn new(cell: Arc<Cell<A::Msg>>, incarnation: u32) -> Self {
        #[cfg(all(feature = "capsule", not(loom)))]
        if A::CAPSULE.is_some() {
            let hub = cell.hub();
            let tape = Tape::blank(hub.now(), hub.with_rng(|rng| rng.u64(..)));
            return Self::on_tape(cell, incarnation, tape);
        }
        Self { cell, incarnation, leave: false, pause: false, stashed: false, owned: None }
    }

    /// A handle to this actor, to give to others.
    #[must_use]
    pub fn handle(&self) -> A::Handle {
        A::Handle::from(Handle::new(Arc::clone(&self.cell)))
    }

    /// Where this actor stands.
    #[must_use]
    pub fn path(&self) -> Path {
        Located::path(&*self.cell)
    }

    /// Which of its lives this is, counted from 1.
    #[must_use]
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The system's clock; paused and simulated time hold for it.
    #[must_use]
    pub fn now(&self) -> Instant {
        let now = self.cell.hub().now();
        #[cfg(all(feature = "capsule", not(loom)))]
        if let Some(tape) = self.tape() {
            return tape.now(now);
        }
        now
    }

    /// A number from the system's seeded source.
    #[must_use]
    pub fn random(&self) -> u64 {
        #[cfg(all(feature = "capsule", not(loom)))]
        if let Some(tape) = self.tape() {
            return tape.random();
        }
        self.cell.hub().with_rng(|rng| rng.u64(..))
    }

    /// Refuses new messages, handles those that are queued, then stops this actor for good, as `Exit::Shutdown`: it is not
    /// started again. How an actor that nobody needs any more passivates without losing a message.
    pub fn drain(&mut self) {
        self.cell.drain();
    }

    /// Ends this actor after the present handler, as `Exit::Normal`: a permanent one is started again, and handles what is
    /// queued; otherwise what is queued goes to the dead letters.
    pub fn stop(&mut self) {
        self.leave = true;
    }

    /// Keeps a message for later. The stash holds as many messages as a lane, and survives a crash.
    ///
    /// # Errors
    /// [`Refused`] gives the message back when the stash is full, or when the cell was taken from this incarnation because
    /// it hung.
    pub fn stash(&mut self, message: A::Msg) -> Result<(), Refused<A::Msg>> {
        self.cell.stash(self.incarnation, message, self.stashed)?;
        self.stashed = true;
        Ok(())
    }

    /// Puts all stashed messages before the normal lane, in the order they were stashed. Says how many.
    pub fn unstash_all(&mut self) -> usize {
        self.pause = true;
        self.cell.unstash(self.incarnation)
    }

    /// Runs a future beside the actor and has its outcome handled as a message, before the normal lane. A panic in it
    /// fails the actor.
    ///
    /// # Errors
    /// [`TooManyOrders`] beyond [`crate::OWNED_LIMIT`]; the future was not started.
    #[cfg(not(loom))]
    pub fn pipe<F>(
        &mut self,
        future: F,
        message: impl FnOnce(F::Output) -> A::Msg + Send + 'static,
    ) -> Result<OrderId, TooManyOrders>
    where
        F: Future + Send + 'static,
    {
        let (cell, incarnation) = (Arc::clone(&self.cell), self.incarnation);
        self.own(move |order| async move {
            let message = message(future.await);
            cell.tick(incarnation, &order, Place::First, message);
        })
    }

    /// Has a message handled when another actor has stopped for good; at once if it has. Restarts do not count. As in OTP
    /// it comes behind what is queued in the normal lane by then, and so behind all that the other actor has sent there.
    ///
    /// # Errors
    /// [`TooManyOrders`] beyond [`crate::OWNED_LIMIT`].
    pub fn watch(
        &mut self,
        other: impl Into<Watched>,
        message: impl FnOnce(Exit) -> A::Msg + Send + 'static,
    ) -> Result<OrderId, TooManyOrders> {
        let (id, waiting) = (self.cell.hub().next_order(), self.cell.ticks());
        if self.is_replayed() {
            return Ok(OrderId(id));
        }
        let owned = self.owned.get_or_insert_with(Box::default);
        let order = owned.issue(id, waiting)?;
        let target = other.into().child();
        let (cell, incarnation) = (Arc::clone(&self.cell), self.incarnation);
        let fired = Arc::new(AtomicBool::new(false));
        let (told, at) = (order.clone(), Arc::clone(&fired));
        let watch = target.watch(Box::new(move |exit| {
            match catch(|| message(exit)) {
                Ok(message) => drop(cell.tick(incarnation, &told, Place::Last, message)),
                Err(failure) => cell.fail(incarnation, &told.cancelled, failure),
            }
            at.store(true, Ordering::Relaxed);
        }));
        Ok(owned.keep_watch(order, target, watch, fired))
    }

    /// Takes back a watch.
    pub fn unwatch(&mut self, watch: OrderId) {
        self.cancel(watch);
    }

    /// Takes back a timer, a pipe or a watch: its message will not be handled, even if it is due already.
    pub fn cancel(&mut self, order: OrderId) {
        if let Some(owned) = &mut self.owned {
            owned.cancel(order);
        }
        self.cell.untick(self.incarnation, order.0);
    }

    /// Orders a task that is aborted with the incarnation; a panic in it fails the incarnation.
    #[cfg(not(loom))]
    pub(crate) fn own<F>(&mut self, task: impl FnOnce(Order) -> F) -> Result<OrderId, TooManyOrders>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (id, waiting) = (self.cell.hub().next_order(), self.cell.ticks());
        if self.is_replayed() {
            return Ok(OrderId(id));
        }
        let owned = self.owned.get_or_insert_with(Box::default);
        let order = owned.issue(id, waiting)?;
        let (cell, incarnation, task) = (Arc::clone(&self.cell), self.incarnation, task(order.clone()));
        let cancelled = Arc::clone(&order.cancelled);
        let task = self.cell.hub().executor.start(async move {
            let mut task = pin!(task);
            poll_fn(|cx| match catch(|| task.as_mut().poll(cx)) {
                Ok(polled) => polled,
                Err(failure) => {
                    cell.fail(incarnation, &cancelled, failure);
                    Poll::Ready(())
                }
            })
            .await;
        });
        Ok(owned.keep_task(order, task))
    }

    /// Whether what it orders is among the messages of a capsule already.
    #[cfg(any(not(feature = "capsule"), loom))]
    fn is_replayed(&self) -> bool {
        false
    }

    /// Whether the turn has to look up before the next message of its batch.
    pub(crate) fn wants_pause(&self) -> bool {
        self.leave || self.pause
    }

    pub(crate) fn take_leave(&mut self) -> bool {
        self.pause = false;
        std::mem::take(&mut self.leave)
    }

    pub(crate) fn take_stashed(&mut self) -> bool {
        std::mem::take(&mut self.stashed)
    }
}

#[cfg(all(feature = "capsule", not(loom)))]
impl<A: Actor> Context<A> {
    fn on_tape(cell: Arc<Cell<A::Msg>>, incarnation: u32, tape: Tape) -> Self {
        let owned = Box::new(Owned::on_tape(tape));
        Self { cell, incarnation, leave: false, pause: false, stashed: false, owned: Some(owned) }
    }

    /// Of a life that is lived again: when it begins, and where its chance stood.
    pub(crate) fn replayed(cell: Arc<Cell<A::Msg>>, incarnation: u32, (began, seed): (Instant, u64)) -> Self {
        Self::on_tape(cell, incarnation, Tape::replayed(began, seed))
    }

    /// Sets the clock for the next message.
    pub(crate) fn cue(&mut self, step: &Step) {
        if let Some(tape) = self.owned.as_mut().and_then(|owned| owned.tape.as_mut()) {
            tape.cue(step);
        }
    }

    fn tape(&self) -> Option<&Tape> {
        if A::CAPSULE.is_some() { self.owned.as_ref()?.tape.as_deref() } else { None }
    }

    fn is_replayed(&self) -> bool {
        self.tape().is_some_and(Tape::is_replayed)
    }
}

impl<A: Actor> std::fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("path", &self.path()).finish_non_exhaustive()
    }
}
