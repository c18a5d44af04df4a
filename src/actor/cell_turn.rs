//! What a turn, or an ask in place, does with its cell.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::actor::cell::{Batch, Behaviour, Bell, Cell, Inner, Orders, Phase, Wake};
use crate::actor::dead_letter::{DeadLetter, DeadReason};
use crate::actor::drive::{self, Drive};
use crate::actor::panics::{catch, drop_quietly};
use crate::actor::rare::Look;
use crate::actor::residents::Resident;
use crate::actor::waits::Located;
use crate::exit::{Exit, Failure};
use crate::mailbox::aside::{Crashed, Fate};
use crate::mailbox::histogram::Histogram;
use crate::mailbox::lanes::Taken;
use crate::mailbox::message::{Lane, Message, kind_name};
use crate::snapshot::Times;

/// What a turn brings back: how its last batch went.
pub(crate) struct Settled<'a> {
    pub(crate) lane: Lane,
    /// How many of it are done.
    pub(crate) done: u32,
    /// How long each handler took; empty unless somebody reads it.
    pub(crate) times: &'a mut Vec<Duration>,
    /// The actor wants to end.
    pub(crate) leave: bool,
}

/// The message in hand when an incarnation ends.
pub(crate) enum Last<M> {
    /// There is none, or its handler stashed it.
    Safe,
    /// A kill cut its handler short.
    Killed { kind: &'static str, kept: Option<M> },
    /// Its handler crashed.
    Crashed { kind: &'static str, crashed: Crashed<M>, failure: Arc<Failure> },
}

/// What an ask finds that would run in place.
pub(crate) enum Borrowed<M: Message> {
    /// The state, and the ticket to give it back with.
    State(Box<dyn Behaviour<M>>, u32),
    /// Another ask runs in place, and nothing is queued behind it.
    Soon,
    /// The actor has other things to do.
    No,
}

/// What a turn has to do next.
pub(crate) enum Next<M: Message> {
    /// Handle the batch that was put into the turn's buffer.
    Batch(Box<dyn Behaviour<M>>, Taken),
    /// Handle what the incarnation ordered for itself.
    Tick(Box<dyn Behaviour<M>>, M),
    /// Show the state.
    Look(Box<dyn Behaviour<M>>, Look),
    /// Run the stop handler and end.
    Stop(Box<dyn Behaviour<M>>, Exit),
    /// End at once.
    Kill(Box<dyn Behaviour<M>>),
    /// Fail: what the incarnation had running beside it panicked.
    Fail(Box<dyn Behaviour<M>>, Failure),
    /// Everything is handled: tell the supervisor to stop this actor, and go on.
    Drained,
    /// Nothing to do; the state lies in the cell, and the turn stays parked until it is woken.
    Park,
    /// There is more to do, but not for whoever visits; the turn is called again.
    Later,
    /// Nothing to do, and the turn may not stay.
    Leave,
    /// Nothing to do, and it is not known yet whether the turn may stay.
    Apply,
    /// The cell belongs to somebody else by now.
    Gone,
}

impl<M: Message> Inner<M> {
    /// Books a batch; what is left of it goes back to the front of its lane.
    fn settle(
        &mut self,
        settled: Settled<'_>,
        rest: &mut VecDeque<M>,
        stamp: Option<Instant>,
        wakers: &mut Vec<Waker>,
    ) {
        self.catch_up(settled.done);
        self.batch.lane = None;
        self.lanes.settle(settled.lane, rest, stamp);
        self.lanes.admit(stamp, wakers);
        self.orders.leave |= settled.leave;
        if !settled.times.is_empty() {
            let times = self.times();
            settled.times.drain(..).for_each(|time| times.handled.record(time));
        }
    }

    fn times(&mut self) -> &mut Times {
        let new = || Box::new(Times { queued: Histogram::new(), handled: Histogram::new() });
        self.rare().times.get_or_insert_with(new)
    }

    /// The next thing to do, in the order of the lanes: control, urgent, the incarnation's own, normal.
    fn decide(&mut self, limit: usize, batch: &mut VecDeque<M>, stamp: Option<Instant>) -> Option<Next<M>> {
        let state = self.state.take()?;
        if self.orders.kill {
            return Some(Next::Kill(state));
        }
        if self.orders.stop {
            return Some(Next::Stop(state, Exit::Shutdown));
        }
        if let Some(failure) = self.rare.as_mut().and_then(|rare| rare.failure.take()) {
            return Some(Next::Fail(state, failure));
        }
        if self.orders.leave {
            return Some(Next::Stop(state, Exit::Normal));
        }
        if let Some(look) = self.rare.as_mut().and_then(|rare| rare.looks.pop_front()) {
            return Some(Next::Look(state, look));
        }
        if self.orders.suspend {
            self.state = Some(state);
            return None;
        }
        let urgent = self.lanes.depth(Lane::Urgent) > 0;
        let front = self.lanes.front();
        if let Some(rare) = &mut self.rare
            && !urgent
            // A tick that orders the next one at once must not starve the normal lane.
            && !(std::mem::take(&mut rare.ticked) && self.lanes.has_work())
            && let Some(tick) = rare.take_tick(front)
        {
            rare.ticked = true;
            self.batch.alone_stashed = false;
            return Some(Next::Tick(state, tick.message));
        }
        let before_tick = self.rare.as_ref().and_then(|rare| rare.distance(front));
        let limit = before_tick.map_or(limit, |distance| limit.min(distance));
        let mut ages = Vec::new();
        let taken = self.lanes.take(limit, batch, stamp, |since| {
            ages.extend(stamp.map(|now| now.saturating_duration_since(since)));
        });
        if !ages.is_empty() {
            let times = self.times();
            ages.into_iter().for_each(|age| times.queued.record(age));
        }
        if let Some(taken) = taken {
            return Some(Next::Batch(state, taken));
        }
        self.state = Some(state);
        if self.orders.drain && !std::mem::replace(&mut self.drain_told, true) {
            // A stash that nobody takes up again does not hold up the end.
            return Some(Next::Drained);
        }
        None
    }
}

impl<M: Message> Cell<M> {
    /// A turn gives the state back, books its batch, and learns what comes next. `state` is none where the turn was
    /// parked. `refused` says that [`Next::Apply`] was in vain; `rests` leaves what there is to do for later.
    pub(crate) fn next(
        &self,
        ticket: u32,
        state: Option<Box<dyn Behaviour<M>>>,
        settled: Option<Settled<'_>>,
        (batch, wakers): (&mut VecDeque<M>, &mut Vec<Waker>),
        (own, refused, rests): (&Arc<Drive>, bool, bool),
    ) -> Next<M> {
        let stamp = self.hub().stamp();
        let limit = self.class.options.turn.max(1) as usize;
        let mut inner = self.inner.lock();
        if inner.ticket != ticket {
            return Next::Gone;
        }
        if !matches!(inner.bell, Bell::Turn(Some(_))) {
            inner.bell = Bell::Turn(Some(Arc::clone(own)));
        }
        if let Some(state) = state {
            inner.state = Some(state);
        } else if inner.phase != Phase::Busy || inner.state.is_none() {
            // Parked, and not called: evicted, woken for nothing, or an ask runs in place.
            return inner.park();
        }
        if let Some(settled) = settled {
            inner.settle(settled, batch, stamp, wakers);
        }
        self.attention.store(false, Ordering::Relaxed);
        self.holder.store(ticket, Ordering::Relaxed);
        if (rests || drive::is_served()) && inner.wants_turn() && !inner.is_controlled() {
            return Next::Later;
        }
        if let Some(next) = inner.decide(limit, batch, stamp) {
            drive::serve();
            if let Next::Batch(_, taken) = &next {
                self.note_done(ticket, 0);
                inner.batch = Batch::of(taken.lane);
                // The message in hand takes no room.
                inner.lanes.admit(stamp, wakers);
            }
            return next;
        }
        inner.resident |= inner.seated;
        if !inner.resident && !refused {
            return Next::Apply;
        }
        inner.phase = Phase::Idle;
        inner.park()
    }

    /// Takes the state of an idle actor that has nothing else to do.
    pub(crate) fn borrow_state(&self) -> Borrowed<M> {
        let mut inner = self.inner.lock();
        if inner.orders != Orders::default() || inner.lanes.has_work() {
            return Borrowed::No;
        }
        if inner.lent {
            return Borrowed::Soon;
        }
        match inner.state.take() {
            Some(state) if inner.phase == Phase::Idle => {
                inner.phase = Phase::Busy;
                inner.lent = true;
                inner.batch.alone_stashed = false;
                Borrowed::State(state, inner.ticket)
            }
            state => {
                inner.state = state;
                Borrowed::No
            }
        }
    }

    /// Gives a borrowed state back untouched.
    pub(crate) fn return_state(self: &Arc<Self>, state: Box<dyn Behaviour<M>>, ticket: u32) {
        self.lay_back(state, ticket, |_| {});
    }

    /// Gives a borrowed state back after a message that was handled in place.
    pub(crate) fn hand_back(self: &Arc<Self>, state: Box<dyn Behaviour<M>>, ticket: u32, leave: bool, stashed: bool) {
        self.lay_back(state, ticket, |inner| {
            if !stashed {
                inner.lanes.book_in_place();
            }
            inner.orders.leave |= leave;
        });
    }

    fn lay_back(self: &Arc<Self>, state: Box<dyn Behaviour<M>>, ticket: u32, book: impl FnOnce(&mut Inner<M>)) {
        let (wake, lost) = {
            let mut inner = self.inner.lock();
            if inner.ticket == ticket {
                book(&mut inner);
                inner.state = Some(state);
                inner.phase = Phase::Idle;
                inner.lent = false;
                (inner.rouse(), None)
            } else {
                (Wake::Nobody, Some(state))
            }
        };
        self.wake(wake);
        if lost.is_some() {
            drop_quietly(lost);
        }
    }

    /// Leaves the state for a turn that has no core yet.
    pub(crate) fn lay_ready(&self, state: Box<dyn Behaviour<M>>, ticket: u32, turn: &Arc<Drive>) {
        let mut inner = self.inner.lock();
        if inner.ticket != ticket {
            drop(inner);
            return drop_quietly(state);
        }
        inner.state = Some(state);
        inner.bell = Bell::Turn(Some(Arc::clone(turn)));
    }

    /// A handler that began in place waits, and goes on in a turn with the ticket that comes back; none if the cell was taken
    /// meanwhile.
    pub(crate) fn keep_lent(&self, ticket: u32) -> Option<u32> {
        self.note_slow();
        let mut inner = self.inner.lock();
        if inner.ticket != ticket {
            return None;
        }
        inner.ticket = ticket.wrapping_add(1);
        let ticket = inner.ticket;
        (inner.lent, inner.resident) = (false, false);
        // A turn that is parked has lost its cell.
        let parked = std::mem::replace(&mut inner.bell, Bell::NOBODY);
        drop(inner);
        parked.ring();
        Some(ticket)
    }

    /// Books a message handled outside of a batch (a tick).
    pub(crate) fn book_tick(&self, ticket: u32) {
        let mut inner = self.inner.lock();
        if inner.ticket == ticket {
            inner.lanes.book_in_place();
        }
    }

    /// Books a tick whose handler crashed or was cut short.
    pub(crate) fn tick_died(&self, ticket: u32, kind: &'static str, reason: DeadReason) {
        {
            let mut inner = self.inner.lock();
            // What its handler stashed is safe.
            if inner.ticket != ticket || std::mem::take(&mut inner.batch.alone_stashed) {
                return;
            }
            inner.lanes.book_in_place_crash();
        }
        self.dead_letter(kind, reason, None);
    }

    /// Books the batch of an incarnation that ends, and the message in hand with it; what it has not begun stays for the
    /// next one.
    pub(crate) fn settle_last(&self, ticket: u32, settled: Settled<'_>, rest: &mut VecDeque<M>, last: Last<M>) {
        let stamp = self.hub().stamp();
        let mut wakers = Vec::new();
        let dead = {
            let mut inner = self.inner.lock();
            if inner.ticket != ticket {
                return;
            }
            inner.settle(settled, rest, stamp, &mut wakers);
            match last {
                Last::Safe => None,
                Last::Killed { kind, kept } => {
                    inner.lanes.book_killed();
                    Some((kind, DeadReason::Killed, kept))
                }
                Last::Crashed { kind, crashed, failure } => {
                    match inner.lanes.crash(crashed, self.class.options.retry, &failure) {
                        Fate::Redelivered | Fate::Quarantined => None,
                        Fate::Dead(message) => Some((kind, DeadReason::Crashed(failure), message)),
                    }
                }
            }
        };
        wakers.into_iter().for_each(Waker::wake);
        if let Some((kind, reason, message)) = dead {
            self.dead_letter(kind, reason, message);
        }
    }

    /// Leaves the waker of a handler that waits where a kill finds it; says whether the handler is to be cut short.
    pub(crate) fn is_cut(&self, ticket: u32, waker: &Waker) -> bool {
        let stamp = self.hub().stamp();
        let mut wakers = Vec::new();
        {
            let mut inner = self.inner.lock();
            if inner.ticket != ticket || inner.orders.kill {
                return true;
            }
            match &mut inner.bell {
                Bell::Turn(Some(_)) => {}
                Bell::Start(kept) => kept.clone_from(waker),
                Bell::Turn(None) => inner.bell = Bell::Start(waker.clone()),
            }
            // While the handler waits, nobody else need wait for the room of those before it.
            let done = self.done(&inner);
            inner.catch_up(done);
            inner.lanes.admit(stamp, &mut wakers);
        }
        wakers.into_iter().for_each(Waker::wake);
        false
    }

    /// What became of the message whose handler crashed or was cut short: to the dead letters, again, or quarantine.
    pub(crate) fn dead_letter(&self, kind: &'static str, reason: DeadReason, mut message: Option<M>) {
        if let Some(message) = &mut message {
            // User code; the end it is part of must go on.
            drop(catch(|| message.break_off()));
        }
        let topic = &self.hub().dead_letters;
        self.hub().note(|| format!("{} loses {kind}: {reason}", self.path()));
        tracing::debug!(target: "swarmtree::dead_letter", path = %self.path(), kind, %reason);
        if topic.has_subscribers() {
            topic.publish(&DeadLetter::new(self.path(), kind, reason, message));
        } else if let Some(message) = message {
            drop_quietly(message);
        }
    }

    /// Hands everything that still waits to the dead letters.
    pub(crate) fn bury(&self, messages: VecDeque<M>) {
        for message in messages {
            // User code; the end it is part of must go on.
            let kind = catch(|| message.kind()).unwrap_or(usize::MAX);
            self.dead_letter(kind_name::<M>(kind), DeadReason::Stopped, Some(message));
        }
    }
}

impl<M: Message> Inner<M> {
    fn park(&mut self) -> Next<M> {
        if self.resident {
            return Next::Park;
        }
        self.lanes.shrink(SHRINK_ABOVE);
        // Nobody must call a turn that is gone.
        self.bell = Bell::NOBODY;
        Next::Leave
    }
}

impl<M: Message> Resident for Cell<M> {
    fn seat(&self) {
        let mut inner = self.inner.lock();
        (inner.resident, inner.seated) = (true, true);
    }

    fn evict(&self) {
        let bell = {
            let mut inner = self.inner.lock();
            (inner.resident, inner.seated) = (false, false);
            if inner.phase == Phase::Idle { inner.bell.clone() } else { Bell::NOBODY }
        };
        bell.ring();
    }
}

/// An idle actor without a turn keeps a ring for this many messages.
const SHRINK_ABOVE: usize = 8;
