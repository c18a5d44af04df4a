//! One topology with those nested in it: ways lead within a nested one to its exit, along an outer edge, and in at an entry.
//!
//! Ranks are relative to the first one of the topology. Those given are live. An entry always reaches the exit of the same
//! nested topology, for they are the same member or the ends of a pipeline; so a way of slots is a way of members.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::topology::graph::live::Live;
use crate::topology::graph::local::Local;
use crate::topology::plan::Plan;
use crate::topology::rank::EdgeKind;
use crate::topology::shape::Shape;

/// One topology, its live slots, and what is nested in them.
#[derive(Debug)]
pub(in crate::topology) struct Level {
    plan: Arc<Plan>,
    local: Local,
    nested: BTreeMap<u32, Self>,
}

/// Where a rank stands: its slot, and within a nested topology the rank there.
struct Standing<'a> {
    slot: u32,
    within: Option<(&'a Level, u32)>,
}

impl Level {
    /// Of ranks that are sorted, each once and below the cap.
    pub(in crate::topology) fn new(plan: Arc<Plan>, live: &[u32]) -> Self {
        let mut slots: Vec<u32> = live.iter().map(|rank| plan.slot(*rank)).collect();
        slots.dedup();
        let mut nested = BTreeMap::new();
        for (slot, inner) in &plan.nested {
            let (begin, end) = (plan.start(*slot), plan.start(*slot) + inner.members());
            let at = |rank: u32| live.partition_point(|live| *live < rank);
            let ranks: Vec<u32> = live[at(begin)..at(end)].iter().map(|rank| rank - begin).collect();
            if !ranks.is_empty() {
                nested.insert(*slot, Self::new(Arc::clone(inner), &ranks));
            }
        }
        let local = Local::new(Arc::clone(&plan), Live::new(slots));
        Self { plan, local, nested }
    }

    fn stand(&self, rank: u32) -> Standing<'_> {
        let slot = self.plan.slot(rank);
        let within = self.nested.get(&slot).map(|inner| (inner, rank - self.plan.start(slot)));
        Standing { slot, within }
    }

    /// The member that messages for a slot enter at.
    fn entry(&self, slot: u32) -> Option<u32> {
        let within = match self.nested.get(&slot) {
            Some(inner) => inner.entry(inner.local.ends()?.0)?,
            None => 0,
        };
        Some(self.plan.start(slot) + within)
    }

    /// The member that messages from a slot leave from.
    fn exit(&self, slot: u32) -> Option<u32> {
        let within = match self.nested.get(&slot) {
            Some(inner) => inner.exit(inner.local.ends()?.1)?,
            None => 0,
        };
        Some(self.plan.start(slot) + within)
    }

    fn entries(&self, slots: Vec<u32>) -> impl Iterator<Item = u32> + '_ {
        slots.into_iter().filter_map(|slot| self.entry(slot))
    }

    /// The ranks found within a nested topology, as ranks of this one.
    fn lifted(&self, slot: u32, ranks: Vec<u32>) -> impl Iterator<Item = u32> {
        let start = self.plan.start(slot);
        ranks.into_iter().map(move |rank| start + rank)
    }

    /// What a member has along outer edges: only the exit of a slot has any, and a nested topology sends none to itself.
    fn outer(&self, rank: u32, slot: u32, choose: impl FnOnce(&Local) -> Vec<u32>) -> Vec<u32> {
        if self.exit(slot) != Some(rank) {
            return Vec::new();
        }
        let mut slots = choose(&self.local);
        if self.nested.contains_key(&slot) {
            slots.retain(|to| *to != slot);
        }
        slots
    }

    /// Whether it is a ring of members alone.
    pub(in crate::topology) fn is_ring(&self) -> bool {
        matches!(self.plan.shape, Shape::Ring { .. }) && self.plan.nested.is_empty()
    }

    /// Whom a member knows, those within its own nested topology first.
    pub(in crate::topology) fn neighbours(&self, rank: u32) -> Vec<u32> {
        let Standing { slot, within } = self.stand(rank);
        let inner = within.map_or_else(Vec::new, |(inner, rank)| inner.neighbours(rank));
        let outer = self.outer(rank, slot, |local| local.neighbours(slot));
        self.lifted(slot, inner).chain(self.entries(outer)).collect()
    }

    /// Gives each edge of a member: the receiver and the kind, if that is wanted. Shapes of other kinds are not looked through.
    pub(in crate::topology) fn edges(
        &self,
        rank: u32,
        wanted: fn(EdgeKind) -> bool,
        note: &mut dyn FnMut(u32, EdgeKind),
    ) {
        let Standing { slot, within } = self.stand(rank);
        if let Some((inner, rank)) = within {
            let start = self.plan.start(slot);
            inner.edges(rank, wanted, &mut |to, kind| note(start + to, kind));
        }
        let links = self.local.links();
        if links.is_some() || wanted(self.plan.tells) {
            for to in self.outer(rank, slot, |local| local.targets(slot)) {
                let kind = links.map_or(Some(self.plan.tells), |links| links.tell(slot, to));
                if let (Some(entry), Some(kind)) = (self.entry(to), kind.filter(|kind| wanted(*kind))) {
                    note(entry, kind);
                }
            }
        }
        if wanted(EdgeKind::Ask) {
            let outer = self.outer(rank, slot, |local| local.asked(slot));
            self.entries(outer).for_each(|to| note(to, EdgeKind::Ask));
        }
    }

    /// The kind of an edge to tell along.
    pub(in crate::topology) fn edge(&self, from: u32, to: u32) -> Option<EdgeKind> {
        let (sender, receiver) = (self.stand(from), self.stand(to));
        match (sender.within, receiver.within) {
            (Some((inner, from)), Some((_, to))) if sender.slot == receiver.slot => inner.edge(from, to),
            _ if !self.joined(from, &sender, to, &receiver) => None,
            _ => self.local.edge(sender.slot, receiver.slot),
        }
    }

    /// Whether a member may ask another.
    pub(in crate::topology) fn asks(&self, from: u32, to: u32) -> bool {
        let (sender, receiver) = (self.stand(from), self.stand(to));
        match (sender.within, receiver.within) {
            (Some((inner, from)), Some((_, to))) if sender.slot == receiver.slot => inner.asks(from, to),
            _ => self.joined(from, &sender, to, &receiver) && self.local.asks(sender.slot, receiver.slot),
        }
    }

    /// Whether an edge between the slots would be one between these members.
    fn joined(&self, from: u32, sender: &Standing<'_>, to: u32, receiver: &Standing<'_>) -> bool {
        self.exit(sender.slot) == Some(from) && self.entry(receiver.slot) == Some(to)
    }

    /// The next member on the way to another one; none if the way does not lead to its end.
    pub(in crate::topology) fn next_hop(&self, from: u32, to: u32) -> Option<u32> {
        if self.plan.nested.is_empty() {
            return self.local.way(from, to).map(|way| way.0);
        }
        if self.reaches(from, to) { self.step(from, to) } else { None }
    }

    /// Whether there is a way: out of the sender's slot, along the slots, and from the entry of the receiver's to itself.
    fn reaches(&self, from: u32, to: u32) -> bool {
        let (sender, receiver) = (self.stand(from), self.stand(to));
        let within = |standing: &Standing<'_>, from: Option<u32>, to: Option<u32>| match (standing.within, from, to) {
            (Some((inner, _)), Some(from), Some(to)) => {
                let start = self.plan.start(standing.slot);
                inner.reaches(from - start, to - start)
            }
            (None, Some(_), Some(_)) => true,
            _ => false,
        };
        if from == to || sender.slot == receiver.slot {
            return from == to || within(&sender, Some(from), Some(to));
        }
        self.local.way(sender.slot, receiver.slot).is_some()
            && within(&sender, Some(from), self.exit(sender.slot))
            && within(&receiver, self.entry(receiver.slot), Some(to))
    }

    /// The next member on a way that there is.
    fn step(&self, from: u32, to: u32) -> Option<u32> {
        let (sender, receiver) = (self.stand(from), self.stand(to));
        let start = self.plan.start(sender.slot);
        match sender.within {
            Some((inner, within)) if sender.slot == receiver.slot => inner.next_hop(within, to - start),
            Some((inner, within)) if self.exit(sender.slot)? != from => {
                inner.next_hop(within, self.exit(sender.slot)? - start)
            }
            _ => return self.entry(self.local.way(sender.slot, receiver.slot)?.0),
        }
        .map(|next| start + next)
    }

    /// How many edges a message takes.
    pub(in crate::topology) fn distance(&self, from: u32, to: u32) -> Option<usize> {
        if self.plan.nested.is_empty() {
            return self.local.way(from, to).map(|way| way.1);
        }
        let (mut at, mut steps) = (from, 0);
        while at != to {
            at = self.next_hop(at, to)?;
            steps += 1;
        }
        Some(steps)
    }

    /// To whom `at` passes on what began at `origin`. Within a nested topology that it came to from outside, it began at the entry.
    pub(in crate::topology) fn broadcast(&self, origin: u32, at: u32) -> Vec<u32> {
        let (began, here) = (self.stand(origin), self.stand(at));
        let begin = if began.slot == here.slot { Some(origin) } else { self.entry(here.slot) };
        let start = self.plan.start(here.slot);
        let inner = match (&here.within, begin) {
            (Some((inner, at)), Some(begin)) => inner.broadcast(begin - start, *at),
            _ => Vec::new(),
        };
        let outer = self.outer(at, here.slot, |local| local.broadcast(began.slot, here.slot));
        self.lifted(here.slot, inner).chain(self.entries(outer)).collect()
    }
}
