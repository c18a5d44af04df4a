//! The children of one supervisor: a slab of slots, their start order, and what is done to one child at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::spec::{ChildKind, ChildPolicy, Restart, Shutdown, Strategy};
use crate::supervisor::rules::action::{Action, Alarm, AlarmKind};
use crate::supervisor::rules::entry::{ChildKey, Entry, Slot, Status, Then, Via};

/// How long a kill may take before the child is abandoned.
pub const KILL_GRACE: Duration = Duration::from_secs(1);

/// All children. Adding, starting, stopping and removing a child of a dynamic supervisor takes the same time however
/// many there are; only walks over all of them (begin, end, iteration) take longer.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    dynamic: bool,
    entries: Vec<Entry>,
    free: Vec<Slot>,
    /// Start order; of a dynamic supervisor's children only the declared ones stand here.
    order: Vec<Slot>,
    live: usize,
    busy: usize,
    significant_up: usize,
}

impl Table {
    /// An empty one.
    pub(crate) fn new(strategy: Strategy) -> Self {
        let dynamic = strategy == Strategy::Dynamic;
        Self { dynamic, entries: Vec::new(), free: Vec::new(), order: Vec::new(), live: 0, busy: 0, significant_up: 0 }
    }

    /// Adds a child at the end of the start order.
    pub(crate) fn insert(&mut self, policy: Arc<ChildPolicy>, via: Via) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| {
            // 2^32 children would take 160 GB of entries, so the index never saturates.
            let slot = Slot(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
            self.entries.push(Entry::free());
            slot
        });
        if let Some(entry) = self.entry_mut(slot) {
            entry.occupy(policy, via);
        }
        if !self.dynamic || via == Via::Kept {
            self.order.push(slot);
        }
        slot
    }

    /// Removes a child and frees its slot.
    pub(crate) fn remove(&mut self, slot: Slot) {
        self.set(slot, Status::Down);
        let Some(entry) = self.entry_mut(slot).filter(|entry| entry.policy.is_some()) else { return };
        let ordered = entry.declared;
        entry.vacate();
        self.free.push(slot);
        if (!self.dynamic || ordered)
            && let Some(place) = self.order.iter().rposition(|other| *other == slot)
        {
            self.order.remove(place);
        }
    }

    /// The child in a slot; none where the slot is free.
    pub(crate) fn get(&self, slot: Slot) -> Option<&Entry> {
        self.entries.get(slot.0 as usize).filter(|entry| entry.policy.is_some())
    }

    /// The child in a slot, to be changed. Its status is changed with [`Table::set`] only, which keeps the counts.
    pub(crate) fn entry_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.entries.get_mut(slot.0 as usize)
    }

    /// What a child is doing; a free slot's is down.
    pub(crate) fn status(&self, slot: Slot) -> Status {
        self.get(slot).map_or(Status::Down, |entry| entry.status)
    }

    /// The key of the incarnation started last.
    pub(crate) fn key(&self, slot: Slot) -> ChildKey {
        ChildKey { slot, incarnation: self.get(slot).map_or(0, |entry| entry.incarnation) }
    }

    /// What a child is doing, if the key is that of its latest incarnation.
    pub(crate) fn current(&self, key: ChildKey) -> Option<Status> {
        self.get(key.slot).filter(|entry| entry.incarnation == key.incarnation).map(|entry| entry.status)
    }

    /// Changes what a child is doing.
    pub(crate) fn set(&mut self, slot: Slot, status: Status) {
        let Some(entry) = self.entry_mut(slot) else { return };
        let was = std::mem::replace(&mut entry.status, status);
        let significant = entry.policy.as_ref().is_some_and(|policy| policy.significant);
        step(&mut self.live, was.is_live(), status.is_live());
        step(&mut self.busy, was.is_busy(), status.is_busy());
        if significant {
            step(&mut self.significant_up, was != Status::Down, status != Status::Down);
        }
    }

    /// Notes that a child is up.
    pub(crate) fn started(&mut self, slot: Slot, now: Instant) {
        self.set(slot, Status::Running);
        if let Some(entry) = self.entry_mut(slot) {
            entry.at = Some(now);
            entry.via = Via::Kept;
        }
    }

    /// Notes that a child is gone.
    pub(crate) fn ended(&mut self, slot: Slot, now: Instant) {
        self.set(slot, Status::Down);
        if let Some(entry) = self.entry_mut(slot) {
            entry.end_run(now);
        }
    }

    /// Starts a new incarnation of a child.
    pub(crate) fn start(&mut self, slot: Slot, via: Via, out: &mut Vec<Action>) {
        let Some(entry) = self.entry_mut(slot) else { return };
        entry.incarnation = entry.incarnation.wrapping_add(1);
        entry.at = None;
        entry.via = via;
        entry.killed = false;
        let timeout = entry.policy.as_ref().and_then(|policy| policy.start_timeout);
        let key = ChildKey { slot, incarnation: entry.incarnation };
        self.set(slot, Status::Starting);
        out.push(Action::Start(key));
        if let Some(after) = timeout {
            out.push(Action::SetAlarm { alarm: Alarm { kind: AlarmKind::StartTimeout, key }, after });
        }
    }

    /// Stops a running child in the way its policy says. A start is cut at once: there is nobody to ask yet.
    pub(crate) fn stop(&mut self, slot: Slot, then: Then, out: &mut Vec<Action>) {
        let key = self.key(slot);
        let was = self.status(slot);
        self.set(slot, Status::Stopping(then));
        let how = self.get(slot).and_then(|entry| entry.policy.as_ref()).map(|policy| policy.shutdown);
        match how {
            Some(Shutdown::Timeout(after)) if was == Status::Running => {
                out.push(Action::Stop(key));
                out.push(Action::SetAlarm { alarm: Alarm { kind: AlarmKind::StopTimeout, key }, after });
            }
            Some(Shutdown::Infinity) if was == Status::Running => out.push(Action::Stop(key)),
            Some(Shutdown::Timeout(_) | Shutdown::Infinity | Shutdown::BrutalKill) | None => self.kill(slot, out),
        }
    }

    /// Kills a stopping child, unless it was killed already.
    pub(crate) fn kill(&mut self, slot: Slot, out: &mut Vec<Action>) {
        let key = self.key(slot);
        let Some(entry) = self.entry_mut(slot) else { return };
        if std::mem::replace(&mut entry.killed, true) {
            return;
        }
        let kind = entry.policy.as_ref().map(|policy| policy.kind);
        out.push(Action::Kill(key));
        // A supervisor waits for its own children, each of which has its own grace.
        if kind != Some(ChildKind::Supervisor) {
            out.push(Action::SetAlarm { alarm: Alarm { kind: AlarmKind::KillGrace, key }, after: KILL_GRACE });
        }
    }

    /// Whether a child is temporary.
    pub(crate) fn is_temporary(&self, slot: Slot) -> bool {
        self.restart(slot) == Some(Restart::Temporary)
    }

    /// When a child is restarted; none where the slot is free.
    pub(crate) fn restart(&self, slot: Slot) -> Option<Restart> {
        self.get(slot).and_then(|entry| entry.policy.as_ref()).map(|policy| policy.restart)
    }

    /// Whether a child leaves the table when it is down for good: temporary, dynamic, or never started properly.
    pub(crate) fn leaves_when_closed(&self, slot: Slot) -> bool {
        let fresh = self.get(slot).is_some_and(|entry| matches!(entry.via, Via::New | Via::First));
        self.dynamic || fresh || self.is_temporary(slot)
    }

    /// Whether a child leaves the table when its supervisor ends: temporary, or not declared.
    pub(crate) fn leaves_at_the_end(&self, slot: Slot) -> bool {
        self.is_temporary(slot) || !self.get(slot).is_some_and(|entry| entry.declared)
    }

    /// All children, in start order where there is one.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let entries = if self.dynamic { self.entries.as_slice() } else { &[] };
        let order = if self.dynamic { &[] } else { self.order.as_slice() };
        let occupied = entries.iter().zip(0..).filter(|(entry, _)| entry.policy.is_some()).map(|(_, at)| Slot(at));
        occupied.chain(order.iter().copied())
    }

    /// The declared children in start order.
    pub(crate) fn declared(&self) -> impl Iterator<Item = Slot> + '_ {
        self.order.iter().copied().filter(|slot| self.get(*slot).is_some_and(|entry| entry.declared))
    }

    /// The start order; of a dynamic supervisor the declared children only.
    pub(crate) fn order(&self) -> &[Slot] {
        &self.order
    }

    /// How many children are up, coming up or going down.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// How many children are coming up, going down, or waiting to be restarted.
    pub(crate) fn busy(&self) -> usize {
        self.busy
    }

    /// How many significant children are not down.
    pub(crate) fn significant_up(&self) -> usize {
        self.significant_up
    }
}

fn step(count: &mut usize, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *count += 1,
        (true, false) => *count -= 1,
        (true, true) | (false, false) => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::supervisor::rules::entry::Entry;

    #[test]
    fn an_entry_is_small_enough_for_a_million() {
        assert!(size_of::<Entry>() <= 48, "{}", size_of::<Entry>());
    }
}
