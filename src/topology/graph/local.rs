//! The edges and ways of one topology between its live slots, nested topologies being one slot each.

use std::sync::Arc;

use crate::topology::graph::dual::Dual;
use crate::topology::graph::heap;
use crate::topology::graph::live::Live;
use crate::topology::graph::search::Tables;
use crate::topology::plan::Plan;
use crate::topology::rank::EdgeKind;
use crate::topology::shape::{Links, Shape};

/// One topology with its live slots. Slots given to it are live.
#[derive(Debug)]
pub(in crate::topology) struct Local {
    plan: Arc<Plan>,
    live: Live,
    tables: Tables,
}

impl Local {
    pub(in crate::topology) fn new(plan: Arc<Plan>, live: Live) -> Self {
        let searched = if matches!(plan.shape, Shape::Custom(_)) { live.len() } else { 0 };
        Self { plan, live, tables: Tables::new(searched) }
    }

    /// The slots that messages from outside enter at, and leave from; none if nobody is live.
    pub(in crate::topology) fn ends(&self) -> Option<(u32, u32)> {
        let first = self.live.first()?;
        let last = if matches!(self.plan.shape, Shape::Pipeline) { self.live.last()? } else { first };
        Some((first, last))
    }

    /// Whom a slot knows, and in what order it would send to them.
    pub(in crate::topology) fn neighbours(&self, from: u32) -> Vec<u32> {
        match &self.plan.shape {
            Shape::Ring { successors } => self.live.round(from, *successors),
            Shape::Hierarchical { .. }
            | Shape::Mesh
            | Shape::Star
            | Shape::Pipeline
            | Shape::DualMesh { .. }
            | Shape::Custom(_) => self.targets(from),
        }
    }

    /// The receivers of a slot's edges to tell along.
    pub(in crate::topology) fn targets(&self, from: u32) -> Vec<u32> {
        let live = &self.live;
        match &self.plan.shape {
            Shape::Hierarchical { fan_out } => {
                let above = heap::above(live, *fan_out, from);
                above.into_iter().chain(heap::below(live, *fan_out, from).iter().copied()).collect()
            }
            Shape::Mesh => live.others(from),
            Shape::Ring { .. } => live.next(from).into_iter().collect(),
            Shape::Star if from == 0 => live.others(0),
            Shape::Star => live.contains(0).then_some(0).into_iter().collect(),
            Shape::Pipeline => live.after(from).into_iter().collect(),
            Shape::DualMesh { commands, bridges } => Dual::new(*commands, *bridges).targets(live, from),
            Shape::Custom(links) => self.listed(links.tells(from)),
        }
    }

    /// The kind of an edge to tell along.
    pub(in crate::topology) fn edge(&self, from: u32, to: u32) -> Option<EdgeKind> {
        let there = match &self.plan.shape {
            Shape::Custom(links) => return links.tell(from, to),
            Shape::Hierarchical { fan_out } => heap::way(&self.live, *fan_out, from, to).is_some_and(|way| way.1 == 1),
            Shape::Mesh => from != to,
            Shape::Ring { .. } => self.live.next(from) == Some(to),
            Shape::Star => from != to && (from == 0 || to == 0),
            Shape::Pipeline => self.live.after(from) == Some(to),
            Shape::DualMesh { commands, bridges } => Dual::new(*commands, *bridges).edge(from, to),
        };
        there.then_some(self.plan.tells)
    }

    /// The receivers of a slot's edges to ask along.
    pub(in crate::topology) fn asked(&self, from: u32) -> Vec<u32> {
        match &self.plan.shape {
            Shape::Hierarchical { fan_out } => heap::below(&self.live, *fan_out, from).to_vec(),
            Shape::Star if from > 0 => self.live.contains(0).then_some(0).into_iter().collect(),
            Shape::Pipeline => self.live.after(from).into_iter().collect(),
            Shape::Custom(links) => self.listed(links.asks(from)),
            Shape::Star | Shape::Mesh | Shape::Ring { .. } | Shape::DualMesh { .. } => Vec::new(),
        }
    }

    /// Whether a slot may ask another.
    pub(in crate::topology) fn asks(&self, from: u32, to: u32) -> bool {
        match &self.plan.shape {
            Shape::Hierarchical { fan_out } => heap::above(&self.live, *fan_out, to) == Some(from),
            Shape::Star => from > 0 && to == 0,
            Shape::Pipeline => self.live.after(from) == Some(to),
            Shape::Custom(links) => links.ask(from, to),
            Shape::Mesh | Shape::Ring { .. } | Shape::DualMesh { .. } => false,
        }
    }

    /// The next slot on the way to another one, and the way's length; none if there is no way.
    pub(in crate::topology) fn way(&self, from: u32, to: u32) -> Option<(u32, usize)> {
        let live = &self.live;
        match &self.plan.shape {
            Shape::Hierarchical { fan_out } => heap::way(live, *fan_out, from, to),
            Shape::Mesh => Some((to, 1)),
            Shape::Ring { .. } => {
                let steps = live.steps(from, to)?.rem_euclid(live.len().cast_signed());
                Some((live.next(from)?, steps.unsigned_abs()))
            }
            Shape::Star if from == 0 || to == 0 => Some((to, 1)),
            Shape::Star => live.contains(0).then_some((0, 2)),
            Shape::Pipeline => {
                let steps = live.steps(from, to).filter(|steps| *steps > 0)?;
                Some((live.after(from)?, steps.unsigned_abs()))
            }
            Shape::DualMesh { commands, bridges } => Dual::new(*commands, *bridges).way(live, from, to),
            Shape::Custom(links) => self.tables.way(links, live, from, to),
        }
    }

    /// To whom a slot passes on what began at `origin`.
    pub(in crate::topology) fn broadcast(&self, origin: u32, at: u32) -> Vec<u32> {
        let live = &self.live;
        let away = |from: Option<u32>| self.targets(at).into_iter().filter(|to| Some(*to) != from).collect();
        match &self.plan.shape {
            Shape::Hierarchical { .. } if at != origin => match self.way(at, origin) {
                Some((back, _)) => away(Some(back)),
                None => Vec::new(),
            },
            Shape::Mesh | Shape::Star if at != origin && (at != 0 || matches!(self.plan.shape, Shape::Mesh)) => {
                Vec::new()
            }
            Shape::Hierarchical { .. } | Shape::Mesh | Shape::Star => away(Some(origin)),
            Shape::Ring { .. } => away(Some(origin)),
            Shape::Pipeline if at < origin => Vec::new(),
            Shape::Pipeline => away(None),
            Shape::DualMesh { commands, bridges } => Dual::new(*commands, *bridges).broadcast(live, origin, at),
            Shape::Custom(links) => self.tables.broadcast(links, live, origin, at),
        }
    }

    /// The live ones of a custom topology's neighbours.
    fn listed(&self, targets: &[(u32, EdgeKind)]) -> Vec<u32> {
        targets.iter().map(|(to, _)| *to).filter(|to| self.live.contains(*to)).collect()
    }

    /// The edges of a custom topology, if it is one.
    pub(in crate::topology) fn links(&self) -> Option<&Links> {
        match &self.plan.shape {
            Shape::Custom(links) => Some(links),
            Shape::Hierarchical { .. }
            | Shape::Mesh
            | Shape::Ring { .. }
            | Shape::Star
            | Shape::Pipeline
            | Shape::DualMesh { .. } => None,
        }
    }
}
