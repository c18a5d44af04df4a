//! A turn: the task that handles an actor's messages while there are any.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::actor::cell::{Behaviour, Cell};
use crate::actor::cell_turn::{Last, Next, Settled};
use crate::actor::dead_letter::DeadReason;
use crate::actor::definition::{Actor, Handled};
use crate::actor::drive::Drive;
use crate::actor::panics;
use crate::actor::rare::Look;
use crate::actor::residents::Resident;
use crate::actor::running::{Running, known};
use crate::actor::waits::Located;
use crate::exit::{Cause, Exit, Fail, Failure};
use crate::mailbox::aside::Crashed;
use crate::mailbox::lanes::Taken;
use crate::mailbox::message::{Lane, Message, kind_name};
use crate::world::Strike;

impl<A: Actor> Behaviour<A::Msg> for Running<A> {
    fn begin(self: Box<Self>, cell: Arc<Cell<A::Msg>>, ticket: u32) {
        let turn = make::<A, _>(Arc::clone(&cell), ticket, |mut turn, lost| async move {
            turn.run(None).await;
            lost.disarm();
        });
        // Until its task gets a core, others may drive it.
        cell.lay_ready(self, ticket, &turn);
        turn.call();
    }
}

/// A turn that does this work.
pub(crate) fn make<A: Actor, F>(
    cell: Arc<Cell<A::Msg>>,
    ticket: u32,
    work: impl FnOnce(Turn<A>, Lost<A::Msg>) -> F,
) -> Arc<Drive>
where
    F: Future<Output = ()> + Send + 'static,
{
    let current = cell.current();
    // Made here, so that a turn that is dropped before its first step is heard of too.
    let lost = Lost { cell: Arc::clone(&cell), ticket, armed: true };
    Drive::new(Arc::clone(cell.hub()), current, |own| {
        let work = work(Turn::new(cell, own, ticket), lost);
        Box::pin(async move {
            let mut work = pin!(work);
            poll_fn(|cx| current.enter(|| work.as_mut().poll(cx))).await;
        })
    })
}

/// Why a handler was left before its end.
pub(crate) enum Cut {
    Panicked(Failure),
    Killed,
}

/// Runs user code that may wait: a panic is caught, and a kill of the ticket's holder cuts it short.
pub(crate) async fn guarded<M: Message, F: Future>(cell: &Cell<M>, ticket: u32, code: F) -> Result<F::Output, Cut> {
    let mut code = pin!(code);
    poll_fn(|cx| match panics::catch(|| code.as_mut().poll(cx)) {
        Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
        Ok(Poll::Pending) if cell.is_cut(ticket, cx.waker()) => Poll::Ready(Err(Cut::Killed)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(failure) => Poll::Ready(Err(Cut::Panicked(failure))),
    })
    .await
}

/// A pause by the simulation's clock.
async fn pause(time: Duration) {
    #[cfg(not(loom))]
    tokio::time::sleep(time).await;
    #[cfg(loom)]
    let _ = time;
}

/// Why a turn stopped handling its batch.
enum Pause<M> {
    /// The batch is handled, or something else is more urgent.
    Done,
    /// The next message takes an asynchronous handler.
    Async(M),
    /// The handler failed on purpose.
    Failed(Fail),
}

/// The time after which other tasks get the core, however few messages it went to.
const TURN_TIME_LIMIT: Duration = Duration::from_micros(250);
const CLOCK_EVERY: u32 = 16;

/// How an incarnation ends.
pub(crate) enum End {
    Failed(Failure),
    Killed,
}

pub(crate) struct Turn<A: Actor> {
    pub(crate) cell: Arc<Cell<A::Msg>>,
    own: Arc<Drive>,
    pub(crate) ticket: u32,
    batch: VecDeque<A::Msg>,
    taken: Option<Taken>,
    /// How many of the batch are done.
    done: u32,
    /// Handled since other tasks last got the core.
    unyielded: u32,
    /// When the first of these were; not known before there are some.
    since: Option<Instant>,
    /// The kind of the message in hand.
    kind: usize,
    /// A copy of the message in hand, where the actor keeps one.
    kept: Option<A::Msg>,
    times: Vec<Duration>,
    wakers: Vec<Waker>,
}

/// Tells the supervisor of a turn that panicked outside of user code, and the system of one that its runtime has dropped.
pub(crate) struct Lost<M: Message> {
    cell: Arc<Cell<M>>,
    ticket: u32,
    armed: bool,
}

impl<M: Message> Lost<M> {
    /// The turn has ended as it should.
    pub(crate) fn disarm(mut self) {
        self.armed = false;
    }
}

impl<M: Message> Drop for Lost<M> {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        if std::thread::panicking() {
            self.cell.lost(self.ticket);
        } else {
            self.cell.hub().runtime_is_gone();
        }
    }
}

/// A step that a turn carries out with the state in hand.
enum Step<A: Actor> {
    Batch,
    Tick(A::Msg),
    Look(Look),
    Stop(Exit),
    End(End),
}

impl<A: Actor> Turn<A> {
    fn new(cell: Arc<Cell<A::Msg>>, own: Arc<Drive>, ticket: u32) -> Self {
        Self {
            cell,
            own,
            ticket,
            batch: VecDeque::new(),
            taken: None,
            done: 0,
            unyielded: 0,
            since: None,
            kind: 0,
            kept: None,
            times: Vec::new(),
            wakers: Vec::new(),
        }
    }

    /// Goes from message to message, until there are none or the incarnation ends.
    pub(crate) async fn run(&mut self, mut running: Option<Box<Running<A>>>) {
        while let Some(next) = self.next(&mut running).await {
            if let Some(end) = self.carry_out(next, &mut running).await {
                self.end(running.take(), end);
                break;
            }
        }
    }

    /// Waits until there is something to do; none ends the turn.
    async fn next(&mut self, running: &mut Option<Box<Running<A>>>) -> Option<Step<A>> {
        let mut refused = false;
        let (state, step) = poll_fn(|cx| {
            loop {
                let next = self.ask(running, std::mem::take(&mut refused));
                self.wakers.drain(..).for_each(Waker::wake);
                return match next {
                    Next::Batch(state, taken) => {
                        self.taken = Some(taken);
                        Poll::Ready(Some((state, Step::Batch)))
                    }
                    Next::Tick(state, message) => Poll::Ready(Some((state, Step::Tick(message)))),
                    Next::Look(state, look) => Poll::Ready(Some((state, Step::Look(look)))),
                    Next::Stop(state, exit) => Poll::Ready(Some((state, Step::Stop(exit)))),
                    Next::Kill(state) => Poll::Ready(Some((state, Step::End(End::Killed)))),
                    Next::Fail(state, failure) => Poll::Ready(Some((state, Step::End(End::Failed(failure))))),
                    Next::Drained => {
                        self.cell.drained();
                        continue;
                    }
                    Next::Apply => {
                        let newcomer: Arc<dyn Resident> = Arc::clone(&self.cell) as Arc<dyn Resident>;
                        refused = !self.cell.hub().residents.admit(&newcomer);
                        continue;
                    }
                    Next::Park => {
                        (self.unyielded, self.since) = (0, None);
                        Poll::Pending
                    }
                    Next::Later => {
                        (self.unyielded, self.since) = (0, None);
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    }
                    Next::Leave | Next::Gone => Poll::Ready(None),
                };
            }
        })
        .await?;
        *running = known::<A>(state);
        Some(step)
    }

    /// Gives back what is in hand, and asks the cell what comes next.
    fn ask(&mut self, running: &mut Option<Box<Running<A>>>, refused: bool) -> Next<A::Msg> {
        // A parked turn has begun no wait: what there is belongs to a handler that runs elsewhere.
        if running.is_some() {
            self.cell.forget_waits(self.ticket);
        }
        let rests = self.is_up();
        let leave = running.as_mut().is_some_and(|running| running.cx.take_leave());
        let state = running.take().map(|running| running as Box<dyn Behaviour<A::Msg>>);
        let settled = state.as_ref().map(|_| Settled {
            lane: self.taken.take().map_or(Lane::Normal, |taken| taken.lane),
            done: std::mem::take(&mut self.done),
            times: &mut self.times,
            leave,
        });
        self.cell.next(self.ticket, state, settled, (&mut self.batch, &mut self.wakers), (&self.own, refused, rests))
    }

    async fn carry_out(&mut self, step: Step<A>, running: &mut Option<Box<Running<A>>>) -> Option<End> {
        let state = running.as_mut()?;
        match step {
            Step::Batch => self.handle_batch(state).await,
            Step::Tick(message) => self.handle_tick(state, message).await,
            Step::Look(look) => panics::catch(|| look(&mut **state)).err().map(End::Failed),
            Step::End(end) => Some(end),
            Step::Stop(exit) => {
                let mut state = running.take()?;
                let stopped = guarded(&self.cell, self.ticket, state.actor.stop(&exit, &mut state.cx)).await;
                let exit = match stopped {
                    Ok(()) => exit,
                    Err(Cut::Killed) => Exit::Killed,
                    Err(Cut::Panicked(failure)) => Exit::Failed(Arc::new(failure)),
                };
                panics::drop_quietly(state);
                self.cell.end(self.ticket, exit);
                None
            }
        }
    }

    /// Handles the batch; `Some` ends the incarnation.
    async fn handle_batch(&mut self, state: &mut Box<Running<A>>) -> Option<End> {
        if self.is_simulated()
            && let Some(message) = self.batch.pop_front()
        {
            match Box::pin(self.strike(message)).await {
                Ok(message) => self.batch.push_front(message),
                Err(end) => return Some(end),
            }
        }
        loop {
            match panics::catch(|| self.handle_sync(state)) {
                Ok(Pause::Done) => return None,
                Ok(Pause::Async(message)) => {
                    let begun = self.cell.hub().stamp();
                    let handler = state.actor.handle_async(message, &mut state.cx);
                    let ended = guarded(&self.cell, self.ticket, handler).await;
                    self.cell.forget_waits(self.ticket);
                    match ended {
                        Ok(Ok(())) => self.book(state, begun),
                        Ok(Err(fail)) => return Some(End::Failed(self.on_purpose(&fail))),
                        Err(Cut::Panicked(failure)) => return Some(End::Failed(self.blamed(failure))),
                        Err(Cut::Killed) => return Some(End::Killed),
                    }
                }
                Ok(Pause::Failed(fail)) => return Some(End::Failed(self.on_purpose(&fail))),
                Err(failure) => return Some(End::Failed(self.blamed(failure))),
            }
        }
    }

    /// Handles messages as long as they take no waiting. Runs inside `catch_unwind`: everything that must survive a
    /// panic is in `self`.
    fn handle_sync(&mut self, state: &mut Running<A>) -> Pause<A::Msg> {
        let keeps = self.cell.class.options.retry > 0;
        let metered = self.cell.hub().stamp().is_some();
        while !self.looks_up() && !self.is_up() && !state.cx.wants_pause() {
            let Some(message) = self.batch.pop_front() else { break };
            self.kind = message.kind();
            if keeps {
                self.kept = A::keep(&message);
            }
            state.record(&message);
            let begun = if metered { self.cell.hub().stamp() } else { None };
            match state.actor.handle(message, &mut state.cx) {
                // A simulation looks up after each message, as it may strike the next one.
                Handled::Done if self.is_simulated() => {
                    self.book(state, begun);
                    break;
                }
                Handled::Done => self.book(state, begun),
                Handled::Async(message) => return Pause::Async(message),
                Handled::Fail(fail) => return Pause::Failed(fail),
            }
        }
        Pause::Done
    }

    fn is_simulated(&self) -> bool {
        self.cell.hub().world().is_some()
    }

    /// Lets a simulation strike a message before its handler begins.
    async fn strike(&mut self, message: A::Msg) -> Result<A::Msg, End> {
        let path = Located::path(&*self.cell);
        let Some(strike) = self.cell.hub().world().and_then(|world| world.strike(path.as_str())) else {
            return Ok(message);
        };
        self.kind = message.kind();
        self.kept = if self.cell.class.options.retry > 0 { A::keep(&message) } else { None };
        let struck = match strike {
            Strike::Crash => Err(End::Failed(self.on_purpose(&Fail::new("struck by the simulation")))),
            Strike::Hang => guarded(&self.cell, self.ticket, std::future::pending()).await.map_err(|_| End::Killed),
            Strike::Slow(by) => guarded(&self.cell, self.ticket, pause(by)).await.map_err(|_| End::Killed),
        };
        struck.map(|()| message)
    }

    /// Whether something is more urgent than the next message, or the cell was taken from this turn while it hung.
    fn looks_up(&self) -> bool {
        self.cell.attention.load(Ordering::Relaxed) || self.cell.holder.load(Ordering::Relaxed) != self.ticket
    }

    /// Whether other tasks should get the core.
    fn is_up(&self) -> bool {
        self.unyielded >= self.cell.class.options.turn.max(1)
    }

    /// Counts a message towards the turn's end. The clock is read now and then only.
    fn count(&mut self) {
        self.unyielded += 1;
        if self.unyielded.is_multiple_of(CLOCK_EVERY) {
            let now = self.cell.hub().now();
            if now.saturating_duration_since(*self.since.get_or_insert(now)) >= TURN_TIME_LIMIT {
                self.unyielded = self.unyielded.max(self.cell.class.options.turn);
            }
        }
    }

    /// One message of the batch is handled, or stashed.
    fn book(&mut self, state: &mut Running<A>, begun: Option<Instant>) {
        self.count();
        let stashed = state.cx.take_stashed();
        self.done += 1;
        self.cell.note_done(self.ticket, self.done);
        if self.kept.is_some() {
            panics::drop_quietly(self.kept.take());
        }
        self.cell.note_handled(kind_name::<A::Msg>(self.kind), stashed);
        if let (Some(begun), Some(now)) = (begun, self.cell.hub().stamp()) {
            self.times.push(now.saturating_duration_since(begun));
        }
    }

    async fn handle_tick(&mut self, state: &mut Box<Running<A>>, message: A::Msg) -> Option<End> {
        self.kind = message.kind();
        self.count();
        let struck = if self.is_simulated() { Box::pin(self.strike(message)).await } else { Ok(message) };
        self.kept = None;
        let end = match struck {
            Ok(message) => self.handle_alone(state, message).await,
            Err(end) => Some(end),
        };
        let stashed = state.cx.take_stashed();
        self.book_alone(kind_name::<A::Msg>(self.kind), stashed, end.as_ref());
        end
    }

    /// Books a message that was never queued.
    pub(crate) fn book_alone(&self, kind: &'static str, stashed: bool, end: Option<&End>) {
        if end.is_none() {
            self.cell.note_handled(kind, stashed);
        }
        match end {
            _ if stashed => {}
            None => self.cell.book_tick(self.ticket),
            Some(End::Killed) => self.cell.tick_died(self.ticket, kind, DeadReason::Killed),
            Some(End::Failed(failure)) => {
                let failure = Arc::new(failure.clone());
                self.cell.tick_died(self.ticket, kind, DeadReason::Crashed(failure));
            }
        }
    }

    async fn handle_alone(&mut self, state: &mut Box<Running<A>>, message: A::Msg) -> Option<End> {
        state.record(&message);
        match panics::catch(|| state.actor.handle(message, &mut state.cx)) {
            Ok(Handled::Done) => None,
            Ok(Handled::Fail(fail)) => Some(End::Failed(self.on_purpose(&fail))),
            Ok(Handled::Async(message)) => {
                let handler = state.actor.handle_async(message, &mut state.cx);
                match guarded(&self.cell, self.ticket, handler).await {
                    Ok(Ok(())) => None,
                    Ok(Err(fail)) => Some(End::Failed(self.on_purpose(&fail))),
                    Err(Cut::Panicked(failure)) => Some(End::Failed(self.blamed(failure))),
                    Err(Cut::Killed) => Some(End::Killed),
                }
            }
            Err(failure) => Some(End::Failed(self.blamed(failure))),
        }
    }

    /// The incarnation failed or was killed: books its batch and the message in hand, drops the state, tells the
    /// supervisor.
    pub(crate) fn end(&mut self, mut running: Option<Box<Running<A>>>, end: End) {
        // A message that its handler stashed before it crashed is in the stash, and safe there.
        let stashed = running.as_mut().is_some_and(|running| running.cx.take_stashed());
        if let (End::Failed(failure), Some(running)) = (&end, &mut running) {
            running.leave_capsule(failure);
        }
        panics::drop_quietly(running);
        let kind = kind_name::<A::Msg>(self.kind);
        let taken = self.taken.take();
        let crashes = taken.as_ref().map(|taken| taken.crashes + 1).filter(|_| !stashed);
        let kept = self.kept.take();
        let (exit, last) = match (end, crashes) {
            (End::Killed, None) => (Exit::Killed, Last::Safe),
            (End::Killed, Some(_)) => (Exit::Killed, Last::Killed { kind, kept }),
            (End::Failed(failure), None) => (Exit::Failed(Arc::new(failure)), Last::Safe),
            (End::Failed(failure), Some(crashes)) => {
                let failure = Arc::new(Failure { crashes, ..failure });
                let crashed = kept.map_or(Crashed::Lost, |mut message| {
                    if crashes > self.cell.class.options.retry {
                        // Nobody will answer what goes to quarantine. User code; the end it is part of must go on.
                        drop(panics::catch(|| message.break_off()));
                    }
                    Crashed::Kept { message, kind, crashes }
                });
                (Exit::Failed(Arc::clone(&failure)), Last::Crashed { kind, crashed, failure })
            }
        };
        if let Some(taken) = taken {
            let done = std::mem::take(&mut self.done);
            let settled = Settled { lane: taken.lane, done, times: &mut self.times, leave: false };
            self.cell.settle_last(self.ticket, settled, &mut self.batch, last);
        }
        self.cell.end(self.ticket, exit);
    }

    fn on_purpose(&self, fail: &Fail) -> Failure {
        self.blamed(Failure::new(Cause::Fail, fail.reason()))
    }

    fn blamed(&self, failure: Failure) -> Failure {
        Failure { message: Some(kind_name::<A::Msg>(self.kind)), ..failure }
    }
}
