//! The cell: an address with its mailbox, and the state of its present incarnation, behind one small lock.
//!
//! The protocol that loom checks: whoever finds the cell `Idle` with something to do makes it `Busy` under the lock and
//! starts exactly one turn; only the holder of the state handles messages, and it gives the state back under the lock,
//! where it sees everything that came in meanwhile. A turn whose ticket is no longer the cell's has lost its cell.

use std::any::Any;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};

use crate::actor::child::{Incarnation, Owner};
use crate::actor::hub::Hub;
use crate::actor::options::Options;
use crate::actor::panics::drop_quietly;
use crate::actor::rare::{LOOKS_LIMIT, Look, Rare};
use crate::actor::waits::{ActorId, Current, Located};
use crate::descriptor::Descriptor;
use crate::mailbox::lane::Ticket;
use crate::mailbox::lanes::{Accepted, Bounds, Lanes, Waiting};
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::{Refusal, Refused};
use crate::path::Path;
use crate::spec::Overflow;
use crate::sync::{AtomicBool, AtomicU32, Mutex};

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
    /// Of a parked turn, or of an asynchronous handler that a kill may cut short.
    pub(crate) waker: Option<Waker>,
    pub(crate) rare: Option<Box<Rare<M>>>,
    pub(crate) who: Incarnation,
    /// How many incarnations there have been.
    pub(crate) lives: u32,
    /// The one that is there now, by its number; 0 between two. Another one's doings come too late.
    pub(crate) life: u32,
    /// Who may touch the state: the present turn or start.
    pub(crate) ticket: u32,
    pub(crate) phase: Phase,
    pub(crate) orders: Orders,
    /// This incarnation has told its supervisor that it is drained.
    pub(crate) drain_told: bool,
    /// Whether the turn may stay parked.
    pub(crate) resident: bool,
}

/// An address and its actor.
pub(crate) struct Cell<M: Message> {
    pub(crate) class: Arc<Class>,
    pub(crate) name: Arc<str>,
    pub(crate) id: ActorId,
    /// Something is more urgent than the next message of the present batch.
    pub(crate) attention: AtomicBool,
    /// The ticket of the present turn, for it to see between two messages that the cell was taken from it.
    pub(crate) holder: AtomicU32,
    pub(crate) inner: Mutex<Inner<M>>,
}

/// What to do, after the lock is released, for a cell that was roused.
pub(crate) enum Wake<M: Message> {
    Nobody,
    Parked(Waker),
    Begin(Box<dyn Behaviour<M>>, u32),
}

impl<M: Message> Inner<M> {
    pub(crate) fn rare(&mut self) -> &mut Rare<M> {
        self.rare.get_or_insert_with(|| Box::new(Rare::new()))
    }

    /// Whether a turn would find anything to do.
    fn wants_turn(&self) -> bool {
        let rare = self.rare.as_ref();
        if self.orders.kill
            || self.orders.stop
            || self.orders.leave
            || rare.is_some_and(|rare| !rare.looks.is_empty() || rare.failure.is_some())
        {
            return true;
        }
        let ticks = rare.is_some_and(|rare| !rare.ticks.is_empty());
        !self.orders.suspend && (ticks || (self.orders.drain && !self.drain_told) || self.lanes.has_work())
    }

    /// Calls a turn if the cell is idle and has something to do. Carry out the answer after releasing the lock.
    pub(crate) fn rouse(&mut self) -> Wake<M> {
        if self.phase != Phase::Idle || !self.wants_turn() {
            return Wake::Nobody;
        }
        self.phase = Phase::Busy;
        if let Some(waker) = self.waker.take() {
            return Wake::Parked(waker);
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
            holder: AtomicU32::new(0),
            inner: Mutex::new(Inner {
                lanes: Lanes::new(bounds),
                state: None,
                waker: None,
                rare: None,
                who: Incarnation { slot: u32::MAX, number: 0 },
                lives: 0,
                life: 0,
                ticket: 0,
                phase: Phase::Down,
                orders: Orders::default(),
                drain_told: false,
                resident: false,
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
            let accepted = inner.lanes.offer(lane, message, stamp)?;
            (accepted, self.after_push(lane, &mut inner))
        };
        self.wake(wake);
        drop_displaced(accepted);
        Ok(())
    }

    /// Offers a message, or lines the sender up for room where the policy is to wait.
    pub(crate) fn offer_or_enroll(
        self: &Arc<Self>,
        lane: Lane,
        message: M,
        waker: &Waker,
    ) -> Result<Option<Ticket>, Refused<M>> {
        let stamp = self.hub().stamp();
        let (accepted, wake) = {
            let mut inner = self.inner.lock();
            match inner.lanes.offer(lane, message, stamp) {
                Ok(accepted) => (accepted, self.after_push(lane, &mut inner)),
                Err(Refused { message, reason: Refusal::Full { .. } })
                    if inner.lanes.bounds().overflow == Overflow::Wait =>
                {
                    return Ok(Some(inner.lanes.enroll(lane, message, waker.clone())));
                }
                Err(refused) => return Err(refused),
            }
        };
        self.wake(wake);
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

    /// Whether a sender would have to wait now.
    pub(crate) fn would_wait(&self, lane: Lane, message: &M) -> bool {
        let inner = self.inner.lock();
        let bounds = inner.lanes.bounds();
        bounds.overflow == Overflow::Wait && !inner.lanes.is_closed() && inner.lanes.has_no_room(lane, message)
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
            (wake, if cut { inner.waker.take() } else { None })
        };
        self.wake(wake);
        if let Some(waker) = busy {
            waker.wake();
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
            Wake::Parked(waker) => waker.wake(),
            Wake::Begin(state, ticket) => state.begin(Arc::clone(self), ticket),
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
}

/// Displaced messages are dropped outside the lock: their destructors are user code.
fn drop_displaced<M>(accepted: Accepted<M>) {
    if accepted.displaced.is_some() {
        drop_quietly(accepted);
    }
}
