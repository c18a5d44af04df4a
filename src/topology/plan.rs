//! A checked topology: its shape with all parameters, and the topologies nested in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::spec::Intensity;
use crate::topology::rank::EdgeKind;
use crate::topology::shape::Shape;

/// A checked topology. Its slots are its members by rank, a nested topology being one of them; ranks count the members of
/// nested ones too and are relative to this topology's first.
#[derive(Debug)]
pub(in crate::topology) struct Plan {
    pub(in crate::topology) shape: Shape,
    /// The kind of edges to tell along; those of a custom shape have their own.
    pub(in crate::topology) tells: EdgeKind,
    /// How many slots it is laid out for.
    pub(in crate::topology) slots: u32,
    /// How many slots it may have at most.
    pub(in crate::topology) slots_limit: u32,
    pub(in crate::topology) mailbox: usize,
    pub(in crate::topology) intensity: Intensity,
    pub(in crate::topology) hub_state: bool,
    pub(in crate::topology) durable: bool,
    pub(in crate::topology) nested: BTreeMap<u32, Arc<Self>>,
    /// The rank of each slot's first member; empty where nothing is nested, as slots are ranks then.
    pub(in crate::topology) starts: Vec<u32>,
}

impl Plan {
    /// How many members slots have in all, up to the number of slots given.
    fn ranks(&self, slots: u32) -> u32 {
        let extra: u32 = self.nested.values().map(|inner| inner.members() - 1).sum();
        slots + extra
    }

    /// How many members it is laid out for.
    pub(in crate::topology) fn members(&self) -> u32 {
        self.ranks(self.slots)
    }

    /// How many members it may have at most.
    pub(in crate::topology) fn members_limit(&self) -> u32 {
        self.ranks(self.slots_limit)
    }

    /// Writes down where each slot's ranks begin; to be called once all is nested.
    pub(in crate::topology) fn number(&mut self) {
        if self.nested.is_empty() {
            return;
        }
        let mut next = 0;
        for slot in 0..self.slots {
            self.starts.push(next);
            next += self.nested.get(&slot).map_or(1, |inner| inner.members());
        }
    }

    /// The slot of a rank.
    pub(in crate::topology) fn slot(&self, rank: u32) -> u32 {
        if self.starts.is_empty() {
            return rank;
        }
        let behind = self.starts.partition_point(|start| *start <= rank);
        u32::try_from(behind).unwrap_or(u32::MAX).saturating_sub(1)
    }

    /// The rank of a slot's first member.
    pub(in crate::topology) fn start(&self, slot: u32) -> u32 {
        self.starts.get(slot as usize).copied().unwrap_or(slot)
    }

    /// The mailbox's capacity of a member.
    pub(in crate::topology) fn mailbox_of(&self, rank: u32) -> usize {
        let slot = self.slot(rank);
        self.nested.get(&slot).map_or(self.mailbox, |inner| inner.mailbox_of(rank - self.start(slot)))
    }

    /// Whether the shape that a member stands in closes around it while it is down.
    pub(in crate::topology) fn bypasses(&self, rank: u32) -> bool {
        let slot = self.slot(rank);
        if let Some(inner) = self.nested.get(&slot) {
            return inner.bypasses(rank - self.start(slot));
        }
        matches!(self.shape, Shape::Mesh | Shape::Ring { .. } | Shape::DualMesh { .. })
    }

    /// The members right below one in a hierarchy, as many as there may be.
    pub(in crate::topology) fn subordinates(&self, rank: u32) -> Vec<u32> {
        let slot = self.slot(rank);
        if let Some(inner) = self.nested.get(&slot) {
            let start = self.start(slot);
            return inner.subordinates(rank - start).into_iter().map(|below| below + start).collect();
        }
        let Shape::Hierarchical { fan_out } = self.shape else { return Vec::new() };
        let first = slot.saturating_mul(fan_out).saturating_add(1);
        (first..first.saturating_add(fan_out).min(self.slots_limit)).map(|slot| self.start(slot)).collect()
    }

    /// Whether any edge is of the kind Credit.
    pub(in crate::topology) fn any_credit(&self) -> bool {
        let own = match &self.shape {
            Shape::Custom(links) => links.any(EdgeKind::Credit),
            Shape::Hierarchical { .. }
            | Shape::Mesh
            | Shape::Ring { .. }
            | Shape::Star
            | Shape::Pipeline
            | Shape::DualMesh { .. } => self.tells == EdgeKind::Credit,
        };
        own || self.nested.values().any(|inner| inner.any_credit())
    }
}
