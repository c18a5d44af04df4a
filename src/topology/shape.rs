//! A checked shape, and the edges of a custom one.

use std::ops::Range;

use crate::topology::rank::EdgeKind;

/// What a topology looks like; its parameters are checked. Slots are its members by rank, nested topologies being one each.
#[derive(Debug, Clone)]
pub(in crate::topology) enum Shape {
    Hierarchical { fan_out: u32 },
    Mesh,
    Ring { successors: usize },
    Star,
    Pipeline,
    DualMesh { commands: u32, bridges: u32 },
    Custom(Links),
}

impl Shape {
    /// What people call it.
    pub(in crate::topology) fn name(&self) -> &'static str {
        match self {
            Self::Hierarchical { .. } => "hierarchy",
            Self::Mesh => "mesh",
            Self::Ring { .. } => "ring",
            Self::Star => "star",
            Self::Pipeline => "pipeline",
            Self::DualMesh { .. } => "dual mesh",
            Self::Custom(_) => "custom topology",
        }
    }
}

/// Neighbours by slot, sorted: all targets in one row, and where each slot's begin.
#[derive(Debug, Clone)]
struct Row {
    begins: Vec<usize>,
    targets: Vec<(u32, EdgeKind)>,
}

impl Row {
    fn new(slots: usize, mut edges: Vec<(u32, u32, EdgeKind)>) -> Self {
        edges.sort_unstable();
        let mut begins = vec![0; slots + 1];
        for (from, _, _) in &edges {
            begins[*from as usize + 1] += 1;
        }
        for slot in 0..slots {
            begins[slot + 1] += begins[slot];
        }
        Self { begins, targets: edges.into_iter().map(|(_, to, kind)| (to, kind)).collect() }
    }

    fn of(&self, slot: u32) -> &[(u32, EdgeKind)] {
        let at = slot as usize;
        let range: Range<usize> = match (self.begins.get(at), self.begins.get(at + 1)) {
            (Some(begin), Some(end)) => *begin..*end,
            _ => 0..0,
        };
        &self.targets[range]
    }

    fn kind(&self, from: u32, to: u32) -> Option<EdgeKind> {
        let targets = self.of(from);
        targets.binary_search_by_key(&to, |(to, _)| *to).ok().map(|at| targets[at].1)
    }
}

/// The edges of a custom topology, forwards and backwards.
#[derive(Debug, Clone)]
pub(in crate::topology) struct Links {
    tells: Row,
    tellers: Row,
    asks: Row,
}

impl Links {
    /// The links of so many slots; all ends lie below that.
    pub(in crate::topology) fn new(slots: usize, edges: &[(u32, u32, EdgeKind)]) -> Self {
        let (asks, tells): (Vec<_>, Vec<_>) = edges.iter().copied().partition(|edge| edge.2 == EdgeKind::Ask);
        let back = tells.iter().map(|&(from, to, kind)| (to, from, kind)).collect();
        Self { tells: Row::new(slots, tells), tellers: Row::new(slots, back), asks: Row::new(slots, asks) }
    }

    /// To whom a slot may tell, in order, and how.
    pub(in crate::topology) fn tells(&self, from: u32) -> &[(u32, EdgeKind)] {
        self.tells.of(from)
    }

    /// Who may tell a slot, in order.
    pub(in crate::topology) fn tellers(&self, to: u32) -> &[(u32, EdgeKind)] {
        self.tellers.of(to)
    }

    /// Whom a slot may ask, in order.
    pub(in crate::topology) fn asks(&self, from: u32) -> &[(u32, EdgeKind)] {
        self.asks.of(from)
    }

    /// The kind of one edge to tell along.
    pub(in crate::topology) fn tell(&self, from: u32, to: u32) -> Option<EdgeKind> {
        self.tells.kind(from, to)
    }

    /// Whether there is an edge to ask along.
    pub(in crate::topology) fn ask(&self, from: u32, to: u32) -> bool {
        self.asks.kind(from, to).is_some()
    }

    /// Whether any edge is of this kind.
    pub(in crate::topology) fn any(&self, kind: EdgeKind) -> bool {
        let row = if kind == EdgeKind::Ask { &self.asks } else { &self.tells };
        row.targets.iter().any(|(_, own)| *own == kind)
    }
}
