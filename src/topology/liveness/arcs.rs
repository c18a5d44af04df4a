//! The edges of a graph along which handlers may wait, by index of the live members.

use crate::topology::graph::Graph;
use crate::topology::rank::{Edge, EdgeKind, Rank};

/// What a handler waits for at the end of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::topology) enum Awaited {
    Room,
    /// An answer to what it asks beside the layout, where nothing holds a permit.
    AnswerBeside,
    Answer,
}

/// A waiting edge to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::topology) struct Arc {
    pub(in crate::topology) to: u32,
    pub(in crate::topology) awaited: Awaited,
}

impl Arc {
    fn kind(self) -> EdgeKind {
        match self.awaited {
            Awaited::Room => EdgeKind::Wait,
            Awaited::Answer | Awaited::AnswerBeside => EdgeKind::Ask,
        }
    }
}

/// All waiting edges, sorted by sender and receiver, and the room at each member.
#[derive(Debug, Clone)]
pub(in crate::topology) struct Arcs {
    ranks: Vec<Rank>,
    room: Vec<u64>,
    begins: Vec<usize>,
    arcs: Vec<Arc>,
}

impl Arcs {
    /// Of a graph, and of what its members ask beside it.
    pub(in crate::topology) fn new<'a>(
        graph: &Graph,
        room: impl Fn(Rank) -> usize,
        asks: impl Fn(Rank) -> &'a [Rank],
    ) -> Self {
        let ranks = graph.live().to_vec();
        let room = ranks.iter().map(|rank| room(*rank) as u64).collect();
        let mut new = Self { room, begins: vec![0], arcs: Vec::new(), ranks };
        for from in graph.live() {
            let mut own: Vec<Arc> = Vec::new();
            let awaited = |kind| if kind == EdgeKind::Ask { Awaited::Answer } else { Awaited::Room };
            let edges = graph.waits_from(*from).into_iter().map(|edge| (edge.to, awaited(edge.kind)));
            for (to, awaited) in edges.chain(asks(*from).iter().map(|to| (*to, Awaited::AnswerBeside))) {
                own.extend(new.index(to).map(|to| Arc { to, awaited }));
            }
            own.sort_unstable();
            // Of two ways to ask one member that without permits remains: it wedges sooner.
            own.dedup_by_key(|arc| (arc.to, arc.kind()));
            new.arcs.append(&mut own);
            new.begins.push(new.arcs.len());
        }
        new
    }

    fn index(&self, rank: Rank) -> Option<u32> {
        let at = match self.ranks.get(rank.index()) {
            Some(found) if *found == rank => Some(rank.index()),
            _ => self.ranks.binary_search(&rank).ok(),
        };
        at.and_then(|at| u32::try_from(at).ok())
    }

    /// The same without one edge.
    pub(in crate::topology) fn without(&self, edge: Edge) -> Self {
        let mut rest = self.clone();
        let ends = self.index(edge.from).zip(self.index(edge.to));
        let Some((from, to)) = ends else { return rest };
        if let Some(at) = self.of(from).iter().position(|arc| arc.to == to && arc.kind() == edge.kind) {
            rest.arcs.remove(self.begins[from as usize] + at);
            rest.begins.iter_mut().skip(from as usize + 1).for_each(|begin| *begin -= 1);
        }
        rest
    }

    pub(in crate::topology) fn len(&self) -> usize {
        self.ranks.len()
    }

    pub(in crate::topology) fn indices(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    pub(in crate::topology) fn rooms(&self) -> &[u64] {
        &self.room
    }

    /// The waiting edges of one member, sorted.
    pub(in crate::topology) fn of(&self, from: u32) -> &[Arc] {
        &self.arcs[self.begins[from as usize]..self.begins[from as usize + 1]]
    }

    /// The waiting edges from one member to another: at most one to wait along and one to ask along.
    pub(in crate::topology) fn between(&self, from: u32, to: u32) -> &[Arc] {
        let own = self.of(from);
        let begin = own.partition_point(|arc| arc.to < to);
        let count = own[begin..].iter().take_while(|arc| arc.to == to).count();
        &own[begin..begin + count]
    }

    /// What an edge adds to a cycle.
    pub(in crate::topology) fn cost(&self, arc: Arc) -> Cost {
        match arc.awaited {
            Awaited::Answer => Cost { weight: 1, asks: 1 },
            Awaited::AnswerBeside => Cost { weight: 0, asks: 0 },
            Awaited::Room => Cost { weight: 1 + self.room[arc.to as usize], asks: 0 },
        }
    }

    /// An edge by ranks.
    pub(in crate::topology) fn edge(&self, from: u32, arc: Arc) -> Edge {
        Edge { from: self.ranks[from as usize], to: self.ranks[arc.to as usize], kind: arc.kind() }
    }
}

/// The weight of a way, then how many of its edges ask along the layout: among ways of one weight the one that asks least often
/// comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::topology) struct Cost {
    pub(in crate::topology) weight: u64,
    pub(in crate::topology) asks: u64,
}

impl Cost {
    pub(in crate::topology) fn plus(self, other: Self) -> Self {
        Self { weight: self.weight + other.weight, asks: self.asks + other.asks }
    }

    /// How many permits a cycle of this cost needs to wedge: its weight, and 1 more if nobody on it waits for room. Then, and only
    /// then, the weight is the count of those that ask, for an edge to wait along has a weight and asks nothing.
    pub(in crate::topology) fn needs(self) -> u64 {
        self.weight + u64::from(self.weight == self.asks)
    }
}
