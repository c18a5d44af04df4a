//! How incarnations of a cell begin and end, and how the address itself is closed.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use crate::actor::cell::{Batch, Behaviour, Bell, Cell, Inner, Orders, Phase, Wake};
use crate::actor::child::{Address, After, Child, Incarnation};
use crate::actor::dead_letter::DeadReason;
use crate::actor::panics::drop_quietly;
use crate::actor::rare::{Look, Order, Place, Tick, Watcher};
use crate::actor::waits::Located;
use crate::exit::{Exit, Failure};
use crate::mailbox::aside::Origin;
use crate::mailbox::ledger::Ledger;
use crate::mailbox::message::{Lane, Message, kind_name};
use crate::mailbox::refused::{Refusal, Refused};
use crate::path::Path;
use crate::snapshot::{ActorKind, ActorSnapshot, MailboxSnapshot, Status};

/// What an incarnation leaves behind, to be dropped outside the lock.
struct Remains<M: Message> {
    _state: Option<Box<dyn Behaviour<M>>>,
    _ticks: VecDeque<Tick<M>>,
    _looks: VecDeque<Look>,
}

impl<M: Message> Inner<M> {
    /// The incarnation is over: no turn, no orders, nothing of its own is left.
    fn fall(&mut self) -> (Remains<M>, Bell) {
        self.phase = Phase::Down;
        self.alive = false;
        self.lent = false;
        self.batch = Batch::default();
        self.ticket = self.ticket.wrapping_add(1);
        self.resident = false;
        self.orders.stop = false;
        self.orders.kill = false;
        self.orders.leave = false;
        self.drain_told = false;
        let (ticks, looks) = match &mut self.rare {
            Some(rare) => {
                rare.failure = None;
                (std::mem::take(&mut rare.ticks), std::mem::take(&mut rare.looks))
            }
            None => (VecDeque::new(), VecDeque::new()),
        };
        (
            Remains { _state: self.state.take(), _ticks: ticks, _looks: looks },
            std::mem::replace(&mut self.bell, Bell::NOBODY),
        )
    }
}

impl<M: Message> Inner<M> {
    /// Books what a hung turn has done, and all else that it has as dead; says how many those are.
    fn forfeit(&mut self, done: u32) -> u64 {
        self.catch_up(done);
        self.lanes.forfeit(self.batch.holds_stashed(done))
    }
}

impl<M: Message> Cell<M> {
    /// A start begins; it holds the cell with the ticket that comes back, beside the number of the life. An address that was closed opens again.
    pub(crate) fn begin_start(&self, who: Incarnation) -> (u32, u32) {
        let stamp = self.hub().stamp();
        let mut inner = self.inner.lock();
        if inner.phase == Phase::Stopped {
            inner.lanes.reopen();
            inner.orders = Orders::default();
            inner.rare().exit = None;
        }
        let (remains, _) = inner.fall();
        inner.phase = Phase::Starting;
        inner.who = who;
        inner.lives += 1;
        inner.alive = true;
        let (ticket, life) = (inner.ticket, inner.lives);
        // Room may have come free with nobody there to notice: a reopened address, or a turn that hung.
        let mut wakers = Vec::new();
        inner.lanes.admit(stamp, &mut wakers);
        drop(inner);
        wakers.into_iter().for_each(Waker::wake);
        drop_quietly(remains);
        if let Some(world) = self.hub().world() {
            let (path, current) = (Located::path(self), self.current());
            world.name((current.system, current.actor.0), path.as_str());
            world.note(&format!("{path} starts, life {life}"));
        }
        (ticket, life)
    }

    /// The start has succeeded. False, and the state is dropped, if it was cut short meanwhile.
    pub(crate) fn install(self: &Arc<Self>, ticket: u32, state: Box<dyn Behaviour<M>>, leave: bool) -> bool {
        let attendance = self.class.attendance.as_ref().map(|attendance| (attendance, self.inner.lock().lives));
        if let Some((attendance, life)) = &attendance {
            attendance.up(*life);
        }
        let wake = {
            let mut inner = self.inner.lock();
            if inner.ticket != ticket || inner.orders.kill {
                drop(inner);
                drop_quietly(state);
                if let Some((attendance, life)) = attendance {
                    attendance.down(life);
                }
                return false;
            }
            inner.state = Some(state);
            inner.phase = Phase::Idle;
            inner.bell = Bell::NOBODY;
            inner.orders.leave = leave;
            inner.rouse()
        };
        self.wake(wake);
        true
    }

    /// The start has not succeeded.
    pub(crate) fn start_failed(&self, ticket: u32) {
        let mut inner = self.inner.lock();
        if inner.ticket == ticket {
            let (remains, _) = inner.fall();
            drop(inner);
            drop_quietly(remains);
        }
    }

    /// The incarnation has ended and its state is dropped: the supervisor hears of it. Called by the ticket's holder.
    pub(crate) fn end(&self, ticket: u32, exit: Exit) {
        let (remains, bell, who, life) = {
            let mut inner = self.inner.lock();
            if inner.ticket != ticket {
                return;
            }
            let (remains, bell) = inner.fall();
            self.attention.store(false, Ordering::Relaxed);
            (remains, bell, inner.who, inner.lives)
        };
        drop_quietly(remains);
        if let Some(attendance) = &self.class.attendance {
            attendance.down(life);
        }
        // A turn that was parked while an ask in place failed has lost its cell.
        bell.ring();
        self.hub().note(|| format!("{} {exit}", Located::path(self)));
        if let Some(owner) = self.class.owner.upgrade() {
            owner.exited(who, exit);
        }
    }

    /// The turn panicked outside of user code.
    pub(crate) fn lost(&self, ticket: u32) {
        {
            let mut inner = self.inner.lock();
            if inner.ticket != ticket {
                return;
            }
            inner.resident = false;
            inner.bell = Bell::NOBODY;
            if inner.phase != Phase::Busy {
                return;
            }
            let done = self.done(&inner);
            inner.forfeit(done);
        }
        self.end(ticket, Exit::Killed);
    }

    /// A draining actor has handled everything: its supervisor is to stop it.
    pub(crate) fn drained(self: &Arc<Self>) {
        if let Some(owner) = self.class.owner.upgrade() {
            owner.terminate(&self.name, Address::of(self));
        }
    }

    /// The handler of an ask in place failed its actor.
    pub(crate) fn failed_in_place(&self, ticket: u32, kind: &'static str, stashed: bool, exit: Exit) {
        {
            let mut inner = self.inner.lock();
            if inner.ticket != ticket {
                return;
            }
            if !stashed {
                inner.lanes.book_in_place_crash();
            }
        }
        if let Exit::Failed(failure) = &exit
            && !stashed
        {
            self.dead_letter(kind, DeadReason::Crashed(Arc::clone(failure)), None);
        }
        self.end(ticket, exit);
    }

    /// Delivers what an incarnation ordered for itself; false if that incarnation is over, or has taken the order back. A
    /// tick of which the last one still waits is skipped.
    pub(crate) fn tick(self: &Arc<Self>, life: u32, order: &Order, place: Place, message: M) -> bool {
        let mut skipped = None;
        let wake = {
            let mut inner = self.inner.lock();
            if !inner.lives(life) || order.cancelled.load(Ordering::Relaxed) {
                drop(inner);
                drop_quietly(message);
                return false;
            }
            let behind = (place == Place::Last).then(|| inner.lanes.back());
            let ticks = &mut inner.rare().ticks;
            if ticks.iter().any(|waiting| waiting.order == order.id) {
                skipped = Some(message);
                Wake::Nobody
            } else {
                ticks.push_back(Tick { order: order.id, message, behind });
                self.attention.store(true, Ordering::Relaxed);
                inner.rouse()
            }
        };
        self.wake(wake);
        drop_quietly(skipped);
        true
    }

    /// Fails the incarnation before its next message: what it has running beside it panicked. A task that was taken back
    /// harms nobody.
    pub(crate) fn fail(self: &Arc<Self>, life: u32, cancelled: &AtomicBool, failure: Failure) {
        let wake = {
            let mut inner = self.inner.lock();
            if !inner.lives(life) || cancelled.load(Ordering::Relaxed) {
                drop(inner);
                tracing::error!(target: "swarmtree::failure", path = %Located::path(&**self), %failure, "a cancelled task panicked");
                return;
            }
            inner.rare().failure = Some(failure);
            self.attention.store(true, Ordering::Relaxed);
            inner.rouse()
        };
        self.wake(wake);
    }

    /// How much of what the incarnation ordered is due and waits to be handled.
    pub(crate) fn ticks(&self) -> usize {
        self.inner.lock().rare.as_ref().map_or(0, |rare| rare.ticks.len())
    }

    /// Takes back what an incarnation ordered, if it is due and not yet handled.
    pub(crate) fn untick(&self, life: u32, order: u64) {
        let mut inner = self.inner.lock();
        if !inner.lives(life) {
            return;
        }
        let Some(rare) = &mut inner.rare else { return };
        let Some(at) = rare.ticks.iter().position(|tick| tick.order == order) else { return };
        let tick = rare.ticks.remove(at);
        drop(inner);
        drop_quietly(tick);
    }

    /// Refuses all further messages, and stops once those inside are handled.
    pub(crate) fn drain(self: &Arc<Self>) {
        self.refuse();
        self.order(|orders| orders.drain = true);
    }

    /// Keeps a message aside for a handler; it comes back if there is no room, or that incarnation is over. The first one
    /// that a handler stashes is taken for the message it was given; `further` ones are new.
    pub(crate) fn stash(&self, life: u32, message: M, further: bool) -> Result<(), Refused<M>> {
        let mut inner = self.inner.lock();
        if !inner.lives(life) {
            return Err(Refused { message, reason: Refusal::Stopped });
        }
        let done = self.done(&inner);
        let origin = match inner.batch.lane {
            _ if further => Origin::New,
            Some(_) => Origin::Batch,
            None => Origin::Alone,
        };
        if origin == Origin::New {
            inner.catch_up(done);
        }
        inner.lanes.stash(message, origin)?;
        match origin {
            Origin::Batch => inner.batch.stash(done),
            Origin::Alone => inner.batch.alone_stashed = true,
            Origin::New => {}
        }
        Ok(())
    }

    /// Puts all stashed messages before the normal lane; none if that incarnation is over.
    pub(crate) fn unstash(&self, life: u32) -> usize {
        let mut inner = self.inner.lock();
        if inner.lives(life) { inner.lanes.unstash() } else { 0 }
    }

    /// Refuses all further messages, those of waiting senders too.
    pub(crate) fn refuse(&self) {
        let wakers = {
            let mut inner = self.inner.lock();
            inner.lanes.close();
            inner.lanes.wakers()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.inner.lock().phase == Phase::Stopped
    }
}

impl<M: Message> Child for Cell<M> {
    fn name(&self) -> &str {
        &self.name
    }

    fn stop(self: Arc<Self>) {
        self.order(|orders| orders.stop = true);
    }

    fn kill(self: Arc<Self>) {
        self.order(|orders| orders.kill = true);
    }

    fn abandon(self: Arc<Self>) -> After {
        let (remains, cut, lost, life) = {
            let mut inner = self.inner.lock();
            let done = self.done(&inner);
            let lost = inner.forfeit(done);
            let (remains, cut) = inner.fall();
            self.holder.store(inner.ticket, Ordering::Relaxed);
            (remains, cut, lost, inner.lives)
        };
        // What the hung handler waits for, the next life does not.
        let waits = self.hub().waits.give_up(self.id);
        tracing::error!(
            target: "swarmtree::failure",
            path = %Located::path(&*self), lost,
            "a handler hangs and did not react to a kill; its actor goes on without it"
        );
        Box::new(move || {
            drop_quietly((remains, waits));
            cut.ring();
            // Which messages they are only the hung turn knows.
            (0..lost).for_each(|_| self.dead_letter(kind_name::<M>(usize::MAX), DeadReason::Killed, None));
            if let Some(attendance) = &self.class.attendance {
                attendance.down(life);
            }
        })
    }

    fn close(self: Arc<Self>, exit: &Exit) -> After {
        let (remains, cut, dead, wakers, watchers) = {
            let mut inner = self.inner.lock();
            if inner.phase == Phase::Stopped {
                return Box::new(|| {});
            }
            let (remains, cut) = inner.fall();
            inner.phase = Phase::Stopped;
            inner.orders = Orders::default();
            inner.lanes.close();
            let dead = inner.lanes.drain();
            let watchers = match &mut inner.rare {
                Some(rare) => std::mem::take(&mut rare.watchers),
                None => Vec::new(),
            };
            if *exit != Exit::Shutdown {
                inner.rare().exit = Some(exit.clone());
            }
            (remains, cut, dead, inner.lanes.wakers(), watchers)
        };
        let exit = exit.clone();
        Box::new(move || {
            drop_quietly(remains);
            if let Some(attendance) = &self.class.attendance {
                attendance.gone();
            }
            self.bury(dead);
            cut.ring();
            wakers.into_iter().for_each(Waker::wake);
            watchers.into_iter().for_each(|watcher| watcher.tell(&exit));
        })
    }

    fn is_leaving(&self) -> bool {
        let inner = self.inner.lock();
        inner.orders.drain || inner.phase == Phase::Stopped
    }

    fn leave(self: Arc<Self>) -> After {
        let dead = self.inner.lock().lanes.drain_quarantine();
        Box::new(move || self.bury(dead))
    }

    fn snapshot(&self) -> ActorSnapshot {
        let now = self.hub().now();
        let inner = self.inner.lock();
        let lanes = &inner.lanes;
        let bounds = lanes.bounds();
        let full = (3 * bounds.capacity).saturating_mul(size_of::<M>());
        let oldest = lanes.oldest(Lane::Urgent).into_iter().chain(lanes.oldest(Lane::Normal)).min();
        let mailbox = MailboxSnapshot {
            capacity: bounds.capacity,
            bytes_limit: (bounds.bytes > 0).then_some(bounds.bytes),
            overflow: bounds.overflow,
            urgent: lanes.depth(Lane::Urgent),
            normal: lanes.depth(Lane::Normal),
            oldest: oldest.map(|since| now.saturating_duration_since(since)),
            ledger: lanes.ledger(),
            memory_bound: if bounds.bytes > 0 { bounds.bytes.min(full) } else { full },
            times: inner.rare.as_ref().and_then(|rare| rare.times.as_deref().cloned()),
        };
        let status = match inner.phase {
            Phase::Down => Status::Down,
            Phase::Starting => Status::Starting,
            Phase::Stopped => Status::Stopped,
            Phase::Idle if inner.orders.suspend => Status::Suspended,
            Phase::Idle => Status::Idle,
            Phase::Busy => Status::Busy,
        };
        let incarnation = inner.lives;
        drop(inner);
        ActorSnapshot {
            path: Located::path(self),
            kind: ActorKind::Cell,
            actor: self.class.actor,
            status,
            incarnation,
            back_in: None,
            handlers: self.class.descriptor.handlers,
            restarts: None,
            mailbox: Some(mailbox),
        }
    }

    fn ledger(&self) -> Ledger {
        self.inner.lock().lanes.ledger()
    }

    fn help(self: Arc<Self>) {
        self.called().ring();
    }

    fn suspend(self: Arc<Self>, suspended: bool) {
        self.order(|orders| orders.suspend = suspended);
    }

    fn watch(&self, told: Box<dyn FnOnce(Exit) + Send>) -> u64 {
        let mut inner = self.inner.lock();
        if inner.phase == Phase::Stopped {
            let exit = inner.rare.as_ref().and_then(|rare| rare.exit.clone()).unwrap_or(Exit::Shutdown);
            drop(inner);
            told(exit);
            return 0;
        }
        let rare = inner.rare();
        rare.watches_issued += 1;
        let id = rare.watches_issued;
        rare.watchers.push(Watcher { id, told });
        id
    }

    fn unwatch(&self, watch: u64) {
        let mut inner = self.inner.lock();
        let Some(rare) = &mut inner.rare else { return };
        let Some(at) = rare.watchers.iter().position(|watcher| watcher.id == watch) else { return };
        let watcher = rare.watchers.swap_remove(at);
        drop(inner);
        drop(watcher);
    }

    #[cfg(all(feature = "testing", not(loom)))]
    fn crash(self: Arc<Self>, failure: Failure) {
        let life = self.inner.lock().lives;
        self.fail(life, &AtomicBool::new(false), failure);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn path(&self) -> Path {
        Located::path(self)
    }
}
