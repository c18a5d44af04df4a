//! The state of one supervisor: what it consists of, what others may know of it, and the steps that need no decision.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::Exit;
use crate::spec::{ChildPolicy, Restart, Strategy, SupervisorPolicy};
use crate::supervisor::rules::action::{Action, Alarm, AlarmKind, Decision};
use crate::supervisor::rules::entry::{ChildKey, Slot, Status, Via};
use crate::supervisor::rules::plan::Plan;
use crate::supervisor::rules::queue::Queue;
use crate::supervisor::rules::table::Table;
use crate::supervisor::rules::window::Window;

/// Where a supervisor stands in its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It has not begun.
    New,
    /// Its declared children start for the first time.
    Init,
    /// It supervises.
    Running,
    /// Its children are stopped; then it ends like this.
    Ending(Exit),
    /// All its children are down. It may begin again.
    Ended,
}

/// What one call works with: the time, the dice, and the actions so far.
pub(crate) struct Turn<'a> {
    pub(in crate::supervisor::rules) now: Instant,
    pub(in crate::supervisor::rules) rng: &'a mut fastrand::Rng,
    pub(in crate::supervisor::rules) out: Vec<Action>,
}

/// The state of one supervisor.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(in crate::supervisor::rules) policy: SupervisorPolicy,
    pub(in crate::supervisor::rules) phase: Phase,
    pub(in crate::supervisor::rules) table: Table,
    pub(in crate::supervisor::rules) plan: Plan,
    pub(in crate::supervisor::rules) queue: Queue,
    /// Whom an attempt at a group restart has left behind; the next attempt takes them along, or they start by themselves.
    pub(in crate::supervisor::rules) lacking: Vec<Slot>,
    pub(in crate::supervisor::rules) window: Window,
    pub(in crate::supervisor::rules) restarts_total: u64,
}

impl Rules {
    /// A supervisor without children that has not begun.
    pub(crate) fn new(policy: SupervisorPolicy) -> Self {
        let table = Table::new(policy.strategy);
        let (plan, queue, window) = (Plan::default(), Queue::default(), Window::default());
        Self { policy, phase: Phase::New, table, plan, queue, lacking: Vec::new(), window, restarts_total: 0 }
    }

    /// From now on failures are judged by this strategy; none of both may be dynamic.
    pub(crate) fn set_strategy(&mut self, strategy: Strategy) {
        self.policy.strategy = strategy;
    }

    /// By which strategy failures are judged.
    pub(crate) fn strategy(&self) -> Strategy {
        self.policy.strategy
    }

    /// Adds a child of the supervisor's spec, at the end of the start order. [`Event::Begin`] starts it.
    pub(crate) fn declare(&mut self, policy: Arc<ChildPolicy>) -> Slot {
        self.table.insert(policy, Via::Kept)
    }

    /// Adds a child that no spec declares. [`Event::StartAdded`] must follow, and starts it.
    pub(crate) fn add(&mut self, policy: Arc<ChildPolicy>) -> Slot {
        self.table.insert(policy, Via::New)
    }

    /// A child that was added counts as one of the supervisor's spec from now on.
    pub(crate) fn adopt(&mut self, slot: Slot) {
        self.set_declared(slot, true);
    }

    /// A child counts as one that was added: it leaves for good when the supervisor ends.
    pub(crate) fn give_up(&mut self, slot: Slot) {
        self.set_declared(slot, false);
    }

    fn set_declared(&mut self, slot: Slot, declared: bool) {
        if let Some(entry) = self.table.entry_mut(slot) {
            entry.declared = declared;
        }
    }

    /// Removes a child that is down, and says whether it was; no action follows.
    pub(crate) fn delete(&mut self, slot: Slot) -> bool {
        let down = self.table.get(slot).is_some_and(|entry| entry.status == Status::Down);
        if down {
            self.plan.forget(slot);
            self.lacking.retain(|other| *other != slot);
            self.queue.take(slot);
            self.table.remove(slot);
        }
        down
    }

    /// Whether a child that is down will be started without anybody asking again: by the plan under way, or by a request
    /// that waits for it.
    pub(crate) fn will_start(&self, slot: Slot) -> bool {
        self.plan.starts(slot) || self.queue.holds(slot) || self.lacking.contains(&slot)
    }

    /// Which children a failure of this one restarts, itself included, in start order.
    pub(crate) fn blast(&self, slot: Slot) -> Vec<Slot> {
        if self.table.restart(slot).is_none_or(|restart| restart == Restart::Temporary) {
            return Vec::new();
        }
        let mut caught = self.caught_with(slot);
        caught.retain(|other| !self.table.is_temporary(*other));
        caught
    }

    /// What a child is doing; a free slot's is down.
    pub(crate) fn status(&self, slot: Slot) -> Status {
        self.table.status(slot)
    }

    /// The incarnation of a child that was started last; none where the slot is free.
    pub(crate) fn key(&self, slot: Slot) -> Option<ChildKey> {
        self.table.get(slot).map(|_| self.table.key(slot))
    }

    /// How a child is treated; none where the slot is free.
    pub(crate) fn policy(&self, slot: Slot) -> Option<&Arc<ChildPolicy>> {
        self.table.get(slot).and_then(|entry| entry.policy.as_ref())
    }

    /// All children that have an entry, in start order; a dynamic supervisor's in any.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        self.table.slots()
    }

    /// Where the supervisor stands in its life.
    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Whether nothing is under way: no start, stop, pause or plan, and nothing waits.
    pub(crate) fn is_quiet(&self) -> bool {
        self.table.busy() == 0 && self.plan.is_idle() && self.queue.is_empty() && self.lacking.is_empty()
    }

    /// Whether an alarm still has a meaning; a shell may drop those that have none.
    pub(crate) fn awaits(&self, alarm: Alarm) -> bool {
        let killed = self.table.get(alarm.key.slot).is_some_and(|entry| entry.killed);
        match (alarm.kind, self.table.current(alarm.key)) {
            (AlarmKind::StartTimeout, status) => status == Some(Status::Starting),
            (AlarmKind::StopTimeout, Some(Status::Stopping(_))) => !killed,
            (AlarmKind::KillGrace, Some(status)) => killed && status.is_live(),
            (AlarmKind::Backoff, status) => status == Some(Status::Waiting),
            (AlarmKind::StopTimeout | AlarmKind::KillGrace, _) => false,
        }
    }

    /// How many restarts there have been, over all its lives.
    pub(crate) fn restarts_total(&self) -> u64 {
        self.restarts_total
    }

    /// When a child is started again, while a backoff makes it wait: its own, or that of its group.
    pub(crate) fn resumes(&self, slot: Slot) -> Option<Instant> {
        let group = self.plan.pause().filter(|pause| pause.running && self.plan.starts(slot));
        let slot = group.map_or(slot, |pause| pause.slot);
        self.table.get(slot).filter(|entry| entry.status == Status::Waiting).and_then(|entry| entry.at)
    }

    /// How many restarts count towards the intensity now.
    pub(crate) fn failures_in_window(&self, now: Instant) -> u32 {
        self.window.count(now, &self.policy.intensity)
    }

    /// How many more failures it takes until it gives up, if all of them come now.
    pub(crate) fn failures_left(&self, now: Instant) -> u32 {
        self.policy.intensity.restarts.saturating_sub(self.failures_in_window(now)).saturating_add(1)
    }

    /// Allows another number of restarts within the period from now on: a forecast asks what would be if they were spent.
    pub(crate) fn allow(&mut self, restarts: u32) {
        self.policy.intensity.restarts = restarts;
    }

    // ---- Steps that need no decision.

    /// Lets a child wait for its restart.
    pub(in crate::supervisor::rules) fn pause(&mut self, slot: Slot, after: Duration, turn: &mut Turn<'_>) {
        self.table.set(slot, Status::Waiting);
        if let Some(entry) = self.table.entry_mut(slot) {
            entry.at = turn.now.checked_add(after);
        }
        let alarm = Alarm { kind: AlarmKind::Backoff, key: self.table.key(slot) };
        turn.out.push(Action::SetAlarm { alarm, after });
    }

    /// Reports what is done about a failure.
    pub(in crate::supervisor::rules) fn decide(
        &mut self,
        slot: Slot,
        exit: Exit,
        decision: Decision,
        turn: &mut Turn<'_>,
    ) {
        let failures_in_window = self.window.count(turn.now, &self.policy.intensity);
        turn.out.push(Action::Decided { slot, exit, decision, failures_in_window });
    }

    /// A child is down for good; whether its entry stays depends on the child.
    pub(in crate::supervisor::rules) fn retire(&mut self, slot: Slot, exit: Exit, turn: &mut Turn<'_>) {
        if self.table.leaves_when_closed(slot) {
            self.remove(slot, exit, turn);
        } else {
            turn.out.push(Action::Close(slot, exit));
        }
    }

    /// A child leaves, and no plan speaks of its slot any more.
    pub(in crate::supervisor::rules) fn remove(&mut self, slot: Slot, exit: Exit, turn: &mut Turn<'_>) {
        self.plan.forget(slot);
        self.lacking.retain(|other| *other != slot);
        self.table.remove(slot);
        turn.out.push(Action::Remove(slot, exit));
    }

    /// Whether failures and starts must wait: a first start or a group restart is under way and not just pausing.
    pub(crate) fn is_blocked(&self) -> bool {
        match self.phase {
            Phase::New | Phase::Init => true,
            Phase::Running | Phase::Ending(_) | Phase::Ended => !self.plan.is_idle() && !self.plan.is_pausing(),
        }
    }

    /// All that a restart of this child stops, itself included, in start order. A group restart that is still pausing
    /// is taken over: whoever it was going to start belongs to the new one.
    pub(in crate::supervisor::rules) fn caught_with(&self, slot: Slot) -> Vec<Slot> {
        let order = self.table.order();
        let caught = match self.policy.strategy {
            Strategy::OneForOne | Strategy::Dynamic => return vec![slot],
            Strategy::OneForAll => order,
            Strategy::RestForOne => {
                let planned = self.plan.next_start();
                let first = order.iter().position(|other| *other == slot || Some(*other) == planned);
                order.get(first.unwrap_or(order.len())..).unwrap_or_default()
            }
        };
        // Whoever was just added starts by a request of its own that is still waiting.
        let is_new = |slot: &Slot| self.table.get(*slot).is_some_and(|entry| entry.via == Via::New);
        caught.iter().copied().filter(|slot| !is_new(slot)).collect()
    }
}
