//! The cell: an address with its mailbox, and the state of its present incarnation, behind one small lock.
//!
//! The protocol that loom checks: whoever finds the cell `Idle` with something to do makes it `Busy` under the lock and
//! starts exactly one turn; only the holder of the state handles messages, and it gives the state back under the lock,
//! where it sees everything that came in meanwhile. A turn whose ticket is no longer the cell's has lost its cell.

use std::any::Any;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use crate::actor::child::{Attendance, Incarnation, Owner};
use crate::actor::drive::Drive;
use crate::actor::hub::Hub;
use crate::actor::options::Options;
use crate::actor::panics::drop_quietly;
use crate::actor::rare::{LOOKS_LIMIT, Look, Rare};
use crate::actor::waits::{ActorId, Current, Located, Place};
use crate::descriptor::Descriptor;
use crate::mailbox::lane::Ticket;
use crate::mailbox::lanes::{Accepted, Bounds, Lanes, Waiting};
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::{Refusal, Refused};
use crate::path::Path;
use crate::spec::Overflow;
use crate::sync::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Mutex};

/// The state of a cell, of an actor type that only its own turn knows.
pub(crate) trait Behaviour<M: Message>: Any + Send {
    /// Starts a turn with this state.
    fn begin(self: Box<Self>, cell: Arc<Cell<M>>, ticket: u32);
}

/// What all children of one kind under one supervisor share.
pub(crate) struct Class {
    pub(crate) hub: Arc<Hub>,
    pub(crate) owner: Weak<dyn Owner>,
    pub(crate) parent: Path,
    pub(crate) options: Options,
    pub(crate) descriptor: Descriptor,
    pub(crate) actor: &'static str,
    /// Who hears of each life of it; of most actors only their supervisor does.
    pub(crate) attendance: Option<Arc<dyn Attendance>>,
}

/// Where an incarnation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No incarnation: before the first, or between two. Messages are accepted and wait.
    Down,
    /// The start is running.
    Starting,
    /// The state lies in the cell.
    Idle,
    /// The state is out with a turn or an ask in place, or its turn has been called.
    Busy,
    /// For good. Messages are refused.
    Stopped,
}

/// What was ordered on the control lane. Orders are flags, so that they take no room and never wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orders {
    pub(crate) stop: bool,
    pub(crate) kill: bool,
    pub(crate) suspend: bool,
    pub(crate) drain: bool,
    /// The actor itself wants to end.
    pub(crate) leave: bool,
}

pub(crate) struct Inner<M: Message> {
    pub(crate) lanes: Lanes<M>,
    pub(crate) state: Option<Box<dyn Behaviour<M>>>,
    /// Whom to wake for what is urgent, or for the next message.
    pub(crate) bell: Bell,
    pub(crate) rare: Option<Box<Rare<M>>>,
    pub(crate) who: Incarnation,
    /// How many incarnations there have been.
    pub(crate) lives: u32,
    /// Whether the latest of them is there now.
    pub(crate) alive: bool,
    /// Who may touch the state: the present turn or start.
    pub(crate) ticket: u32,
    pub(crate) phase: Phase,
    pub(crate) orders: Orders,
    /// This incarnation has told its supervisor that it is drained.
    pub(crate) drain_told: bool,
    /// An ask in place has the state.
    pub(crate) lent: bool,
    /// Whether the turn may stay parked.
    pub(crate) resident: bool,
    /// Whether the address has a seat among the residents, through all its lives.
    pub(crate) seated: bool,
    /// What is booked of the batch that is with the turn.
    pub(crate) batch: Batch,
}

/// The books of a batch while it is with its turn. The turn counts in [`Cell::done`]; whoever holds the lock may book it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Batch {
    /// None while no batch is out.
    pub(crate) lane: Option<Lane>,
    /// How many are booked as done.
    booked: u32,
    /// How many of those that are not booked were stashed, the one in hand included.
    stashed: u32,
    /// How many were done when the last one was stashed, and one more; 0 is never.
    stashed_at: u32,
    /// The message in hand was never queued, and is stashed.
    pub(crate) alone_stashed: bool,
}

impl Batch {
    pub(crate) fn of(lane: Lane) -> Self {
        Self { lane: Some(lane), ..Self::default() }
    }

    /// The message in hand, after so many others, goes to the stash.
    pub(crate) fn stash(&mut self, done: u32) {
        self.stashed += 1;
        self.stashed_at = done + 1;
    }

    /// Whether the message in hand is in the stash.
    pub(crate) fn holds_stashed(&self, done: u32) -> bool {
        self.stashed_at == done + 1
    }

    /// How many more are done than were booked, and how many of those were handled. From here on they are booked.
    fn book(&mut self, done: u32) -> (u32, u32) {
        let new = done.saturating_sub(self.booked);
        if new == 0 {
            return (0, 0);
        }
        let in_hand = u32::from(self.holds_stashed(done));
        let handled = new.saturating_sub(self.stashed.saturating_sub(in_hand));
        self.booked = self.booked.max(done);
        self.stashed = in_hand;
        (new, handled)
    }
}

/// An address and its actor.
pub(crate) struct Cell<M: Message> {
    pub(crate) class: Arc<Class>,
    pub(crate) name: Arc<str>,
    pub(crate) id: ActorId,
    /// Something is more urgent than the next message of the present batch.
    pub(crate) attention: AtomicBool,
    /// How many asks in a row are queued, because a handler that began in place had to wait.
    pub(crate) slow: AtomicU8,
    /// The ticket of the present turn, for it to see between two messages that the cell was taken from it.
    pub(crate) holder: AtomicU32,
    /// How many of the present batch the turn has done with, below the turn's ticket; see [`Cell::note_done`].
    done: AtomicU64,
    pub(crate) inner: Mutex<Inner<M>>,
}

/// Who holds the cell, and can be woken.
#[derive(Clone)]
pub(crate) enum Bell {
    /// Its turn, if there is one.
    Turn(Option<Arc<Drive>>),
    /// A start that waits.
    Start(Waker),
}

impl Bell {
    pub(crate) const NOBODY: Self = Self::Turn(None);

    /// Wakes whoever it is to look up.
    pub(crate) fn ring(self) {
        match self {
            Self::Turn(turn) => turn.into_iter().for_each(|turn| turn.wake()),
            Self::Start(waker) => waker.wake(),
        }
    }
}

/// What to do, after the lock is released, for a cell that was roused.
pub(crate) enum Wake<M: Message> {
    Nobody,
    Parked(Arc<Drive>),
    Begin(Box<dyn Behaviour<M>>, u32),
}

impl<M: Message> Inner<M> {
    pub(crate) fn rare(&mut self) -> &mut Rare<M> {
        self.rare.get_or_insert_with(|| Box::new(Rare::new()))
    }

    /// Whether a turn would find anything to do.
    pub(crate) fn wants_turn(&self) -> bool {
        if self.is_controlled() {
            return true;
        }
        let ticks = self.rare.as_ref().is_some_and(|rare| !rare.ticks.is_empty());
        !self.orders.suspend && (ticks || (self.orders.drain && !self.drain_told) || self.lanes.has_work())
    }

    /// Whether the turn was called and waits for a core.
    pub(crate) fn is_called(&self) -> bool {
        self.phase == Phase::Busy && self.state.is_some()
    }

    /// Whether there is something on the control lane.
    pub(crate) fn is_controlled(&self) -> bool {
        let rare = self.rare.as_ref();
        self.orders.kill
            || self.orders.stop
            || self.orders.leave
            || rare.is_some_and(|rare| !rare.looks.is_empty() || rare.failure.is_some())
    }

    /// Whether this incarnation is the one that is there now. Another one's doings come too late.
    pub(crate) fn lives(&self, life: u32) -> bool {
        self.alive && self.lives == life
    }

    /// Books what the turn has done of its batch so far: that takes no room any more.
    pub(crate) fn catch_up(&mut self, done: u32) {
        if let Some(lane) = self.batch.lane {
            let (done, handled) = self.batch.book(done);
            self.lanes.progress(lane, done, handled);
        }
    }

    /// Calls a turn if the cell is idle and has something to do. Carry out the answer after releasing the lock.
    pub(crate) fn rouse(&mut self) -> Wake<M> {
        if self.phase != Phase::Idle || !self.wants_turn() {
            return Wake::Nobody;
        }
        self.phase = Phase::Busy;
        if let Bell::Turn(Some(turn)) = &self.bell {
            return Wake::Parked(Arc::clone(turn));
        }
        self.ticket = self.ticket.wrapping_add(1);
        self.resident = false;
        match self.state.take() {
            Some(state) => Wake::Begin(state, self.ticket),
            None => Wake::Nobody,
        }
    }
}

impl<M: Message> Cell<M> {
    pub(crate) fn new(class: Arc<Class>, name: Arc<str>) -> Arc<Self> {
        let options = &class.options;
        let bounds = Bounds { capacity: options.mailbox, bytes: options.mailbox_bytes, overflow: options.overflow };
        Arc::new(Self {
            id: class.hub.next_actor(),
            name,
            attention: AtomicBool::new(false),
            slow: AtomicU8::new(0),
            holder: AtomicU32::new(0),
            done: AtomicU64::new(0),
            inner: Mutex::new(Inner {
                lanes: Lanes::new(bounds),
                state: None,
                bell: Bell::NOBODY,
                rare: None,
                who: Incarnation { slot: u32::MAX, number: 0 },
                lives: 0,
                alive: false,
                ticket: 0,
                phase: Phase::Down,
                orders: Orders::default(),
                drain_told: false,
                lent: false,
                resident: false,
                seated: false,
                batch: Batch::default(),
            }),
            class,
        })
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.class.hub
    }

    pub(crate) fn current(&self) -> Current {
        self.class.hub.current(self.id)
    }

    /// Offers a message without waiting.
    pub(crate) fn offer(self: &Arc<Self>, lane: Lane, message: M) -> Result<(), Refused<M>> {
        let stamp = self.hub().stamp();
        let (accepted, wake) = {
            let mut inner = self.inner.lock();
            self.make_room(lane, &mut inner);
            let accepted = inner.lanes.offer(lane, message, stamp)?;
            (accepted, self.after_push(lane, &mut inner))
        };
        self.wake(wake);
        drop_displaced(accepted);
        Ok(())
    }

    /// Offers a message that may go beyond the capacity.
    pub(crate) fn offer_beyond(self: &Arc<Self>, lane: Lane, message: M) -> Result<(), Refused<M>> {
        let stamp = self.hub().stamp();
        let wake = {
            let mut inner = self.inner.lock();
            inner.lanes.offer_beyond(lane, message, stamp)?;
            self.after_push(lane, &mut inner)
        };
        self.wake(wake);
        Ok(())
    }

    /// Offers a message, or lines the sender up for room where the policy is to wait. Before that it makes room itself, if the
    /// turn was called and waits for a core.
    pub(crate) fn offer_or_enroll(
        self: &Arc<Self>,
        lane: Lane,
        mut message: M,
        (waker, visits): (&Waker, bool),
    ) -> Result<Option<Ticket>, Refused<M>> {
        let mut assists = true;
        let (accepted, wake) = loop {
            let stamp = self.hub().stamp();
            let mut inner = self.inner.lock();
            self.make_room(lane, &mut inner);
            match inner.lanes.offer(lane, message, stamp) {
                Ok(accepted) => break (accepted, self.after_push(lane, &mut inner)),
                Err(Refused { message: back, reason: Refusal::Full { .. } })
                    if inner.lanes.bounds().overflow == Overflow::Wait =>
                {
                    if !assists || !inner.is_called() {
                        return Ok(Some(inner.lanes.enroll(lane, back, waker.clone())));
                    }
                    (message, assists) = (back, false);
                }
                Err(refused) => return Err(refused),
            }
            drop(inner);
            self.assist();
        };
        match wake {
            Wake::Parked(turn) if visits && self.is_open() => turn.visit(),
            // Whoever asks may block for the answer, and must not be waited for.
            Wake::Parked(turn) if visits => turn.wake(),
            Wake::Nobody | Wake::Parked(_) | Wake::Begin(..) => self.wake(wake),
        }
        drop_displaced(accepted);
        Ok(None)
    }

    /// What a waiting sender finds when it looks again.
    pub(crate) fn look(&self, lane: Lane, ticket: Ticket, waker: &Waker) -> Poll<Result<(), Refused<M>>> {
        match self.inner.lock().lanes.look(lane, ticket, waker) {
            Waiting::Still => Poll::Pending,
            Waiting::Admitted => Poll::Ready(Ok(())),
            Waiting::Refused(message) => Poll::Ready(Err(Refused { message, reason: Refusal::Stopped })),
        }
    }

    /// A waiting sender gives up. Its message comes back unless it was admitted meanwhile.
    pub(crate) fn withdraw(self: &Arc<Self>, lane: Lane, ticket: Ticket) -> Option<M> {
        let mut wakers = Vec::new();
        let stamp = self.hub().stamp();
        let (message, wake) = {
            let mut inner = self.inner.lock();
            let message = inner.lanes.withdraw(lane, ticket);
            // The one behind it may be lighter, and fit.
            inner.lanes.admit(stamp, &mut wakers);
            (message, inner.rouse())
        };
        self.wake(wake);
        wakers.into_iter().for_each(Waker::wake);
        message
    }

    pub(crate) fn set_capacity(self: &Arc<Self>, capacity: usize) {
        let mut wakers = Vec::new();
        let stamp = self.hub().stamp();
        let wake = {
            let mut inner = self.inner.lock();
            inner.lanes.set_capacity(capacity);
            inner.lanes.admit(stamp, &mut wakers);
            inner.rouse()
        };
        self.wake(wake);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Leaves the mailbox no room, until it gets a capacity again; says which one it had.
    #[cfg(all(feature = "testing", not(loom)))]
    pub(crate) fn fill(&self) -> usize {
        self.inner.lock().lanes.fill()
    }

    /// Gives an order on the control lane.
    pub(crate) fn order(self: &Arc<Self>, give: impl FnOnce(&mut Orders)) {
        let (wake, busy) = {
            let mut inner = self.inner.lock();
            give(&mut inner.orders);
            self.attention.store(true, Ordering::Relaxed);
            let wake = inner.rouse();
            // A handler that waits must look up, so that a kill can cut it short.
            let cut = inner.orders.kill && matches!(wake, Wake::Nobody);
            (wake, cut.then(|| inner.bell.clone()))
        };
        self.wake(wake);
        if let Some(bell) = busy {
            bell.ring();
        }
    }

    /// Asks to look at the state before the next message. The look comes back if too many wait or nobody is there.
    pub(crate) fn look_in(self: &Arc<Self>, look: Look) -> Result<(), (Look, Refusal)> {
        let wake = {
            let mut inner = self.inner.lock();
            if inner.phase == Phase::Stopped {
                return Err((look, Refusal::Stopped));
            }
            let rare = inner.rare();
            if rare.looks.len() >= LOOKS_LIMIT {
                return Err((look, Refusal::Full { capacity: LOOKS_LIMIT }));
            }
            rare.looks.push_back(look);
            self.attention.store(true, Ordering::Relaxed);
            inner.rouse()
        };
        self.wake(wake);
        self.assist();
        Ok(())
    }

    /// Writes down that a message was handled, where a simulation keeps a log.
    pub(crate) fn note_handled(&self, kind: &'static str, stashed: bool) {
        self.hub().note(|| format!("{} {} {kind}", Located::path(self), if stashed { "stashes" } else { "handled" }));
    }

    /// Carries out what [`Inner::rouse`] decided.
    pub(crate) fn wake(self: &Arc<Self>, wake: Wake<M>) {
        match wake {
            Wake::Nobody => {}
            Wake::Parked(turn) => turn.call(),
            Wake::Begin(state, ticket) => state.begin(Arc::clone(self), ticket),
        }
    }

    /// The turn has done with so many of its batch. A turn that lost its cell may still say so, and is not believed.
    pub(crate) fn note_done(&self, ticket: u32, done: u32) {
        self.done.store(u64::from(ticket) << 32 | u64::from(done), Ordering::Relaxed);
    }

    /// How many of its batch the present turn has done with.
    pub(crate) fn done(&self, inner: &Inner<M>) -> u32 {
        let noted = self.done.load(Ordering::Relaxed);
        if noted >> 32 == u64::from(inner.ticket) { (noted & u64::from(u32::MAX)) as u32 } else { 0 }
    }

    /// A full lane may hold messages that are handled already.
    fn make_room(&self, lane: Lane, inner: &mut Inner<M>) {
        if inner.lanes.is_tight(lane) {
            inner.catch_up(self.done(inner));
        }
    }

    fn after_push(&self, lane: Lane, inner: &mut Inner<M>) -> Wake<M> {
        if lane == Lane::Urgent {
            self.attention.store(true, Ordering::Relaxed);
        }
        inner.rouse()
    }
}

impl<M: Message> Located for Cell<M> {
    fn path(&self) -> Path {
        self.class.parent.child(&self.name)
    }

    fn holds_up(self: Arc<Self>, (lane, ticket): Place) -> bool {
        let mut wakers = Vec::new();
        let stamp = self.hub().stamp();
        let (waits, wake) = {
            let mut inner = self.inner.lock();
            self.make_room(lane, &mut inner);
            inner.lanes.admit(stamp, &mut wakers);
            (inner.lanes.is_in_line(lane, ticket), inner.rouse())
        };
        self.wake(wake);
        wakers.into_iter().for_each(Waker::wake);
        waits
    }
}

/// Displaced messages are dropped outside the lock: their destructors are user code.
fn drop_displaced<M>(accepted: Accepted<M>) {
    if !accepted.displaced.is_empty() {
        drop_quietly(accepted);
    }
}
