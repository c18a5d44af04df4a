//! Who may send to whom among the live members, and which way messages take.

#[cfg(test)]
mod chaos;
pub(in crate::topology) mod dual;
pub(in crate::topology) mod heap;
pub(in crate::topology) mod level;
pub(in crate::topology) mod live;
pub(in crate::topology) mod local;
pub(in crate::topology) mod search;
#[cfg(test)]
mod tables;

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::topology::graph::level::Level;
use crate::topology::plan::Plan;
use crate::topology::rank::{Edge, EdgeKind, Rank};

/// The edges among live members: a function of the layout and the live ranks, with no history. Cheap to clone.
///
/// Edges of the library's shapes are computed, not stored. A custom graph keeps a table per destination, and one per origin
/// of broadcasts, from the first use on. A ring and a mesh close over members that are not live, a pipeline joins over them; in
/// a hierarchy and a star they cut off what lies behind them.
#[derive(Clone)]
pub struct Graph(Arc<Inner>);

struct Inner {
    live: Vec<Rank>,
    level: Level,
    /// How many others the entry reaches: whoever broadcasts from outside asks that each time.
    entry_reach: OnceLock<usize>,
}

impl Graph {
    pub(in crate::topology) fn new(plan: Arc<Plan>, live: &[Rank]) -> Self {
        let limit = plan.members_limit();
        let mut live: Vec<Rank> = live.iter().copied().filter(|rank| rank.0 < limit).collect();
        live.sort_unstable();
        live.dedup();
        let ranks: Vec<u32> = live.iter().map(|rank| rank.0).collect();
        let level = Level::new(plan, &ranks);
        Self(Arc::new(Inner { live, level, entry_reach: OnceLock::new() }))
    }

    /// The live members in rank order.
    #[must_use]
    pub fn live(&self) -> &[Rank] {
        &self.0.live
    }

    /// Whether a member is live here.
    #[must_use]
    pub fn contains(&self, rank: Rank) -> bool {
        // Where nobody is missing below it, a member stands at its own rank.
        self.0.live.get(rank.index()) == Some(&rank) || self.0.live.binary_search(&rank).is_ok()
    }

    /// Whom a member knows: the receivers of its edges to tell along, in order. In a ring these are its next successors,
    /// nearest first, of which it sends to the first.
    #[must_use]
    pub fn neighbours(&self, from: Rank) -> Vec<Rank> {
        self.of(from, Level::neighbours)
    }

    /// The kind of the edge to tell along; none if there is no such edge.
    #[must_use]
    pub fn edge(&self, from: Rank, to: Rank) -> Option<EdgeKind> {
        if self.contains(from) && self.contains(to) { self.0.level.edge(from.0, to.0) } else { None }
    }

    /// Whether a member may ask another one directly.
    #[must_use]
    pub fn asks(&self, from: Rank, to: Rank) -> bool {
        self.contains(from) && self.contains(to) && self.0.level.asks(from.0, to.0)
    }

    /// To whom a message for `to` goes next from `from`; itself if it is there; none if `to` cannot be reached.
    #[must_use]
    pub fn next_hop(&self, from: Rank, to: Rank) -> Option<Rank> {
        if !self.contains(from) || !self.contains(to) {
            return None;
        }
        if from == to { Some(to) } else { self.0.level.next_hop(from.0, to.0).map(Rank) }
    }

    /// The members a message passes through, both ends among them; none if `to` cannot be reached.
    #[must_use]
    pub fn route(&self, from: Rank, to: Rank) -> Option<Vec<Rank>> {
        let mut at = self.contains(from).then_some(from)?;
        let mut route = vec![at];
        while at != to {
            at = self.next_hop(at, to)?;
            route.push(at);
        }
        Some(route)
    }

    /// How many edges a message takes; none if `to` cannot be reached.
    #[must_use]
    pub fn distance(&self, from: Rank, to: Rank) -> Option<usize> {
        if !self.contains(from) || !self.contains(to) {
            return None;
        }
        if from == to { Some(0) } else { self.0.level.distance(from.0, to.0) }
    }

    /// To whom `at` passes on a broadcast that began at `origin`, in order. It follows from these two alone, so a message needs to
    /// carry only its origin. Each member that `origin` can reach gets it exactly once, and the origin none.
    #[must_use]
    pub fn broadcast(&self, origin: Rank, at: Rank) -> Vec<Rank> {
        if !self.contains(origin) {
            return Vec::new();
        }
        self.of(at, |level, at| level.broadcast(origin.0, at))
    }

    /// Where what comes from outside enters: the first live member.
    #[must_use]
    pub fn entry(&self) -> Option<Rank> {
        self.0.live.first().copied()
    }

    /// Whether it is a ring of members alone, so that a token can go round.
    #[must_use]
    pub fn is_ring(&self) -> bool {
        self.0.level.is_ring()
    }

    /// Who comes after a member in a ring, be it live or not: the next live one clockwise, itself if it is the only one. None in
    /// other shapes.
    #[must_use]
    pub fn successor(&self, of: Rank) -> Option<Rank> {
        if !self.is_ring() {
            return None;
        }
        let live = &self.0.live;
        live.get(live.partition_point(|rank| *rank <= of)).or(live.first()).copied()
    }

    /// How many others a broadcast of this member reaches. Costs O(live), but for the entry only the first time.
    #[must_use]
    pub fn reach(&self, origin: Rank) -> usize {
        if self.entry() == Some(origin) {
            return *self.0.entry_reach.get_or_init(|| self.reached(origin));
        }
        self.reached(origin)
    }

    fn reached(&self, origin: Rank) -> usize {
        let (mut open, mut reached) = (vec![origin], 0);
        while let Some(at) = open.pop() {
            let next = self.broadcast(origin, at);
            reached += next.len();
            open.extend(next);
        }
        reached
    }

    /// All edges, by sender and receiver; made as they are asked for.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        self.0.live.iter().flat_map(|from| self.edges_from(*from))
    }

    /// The edges of one sender, by receiver.
    #[must_use]
    pub fn edges_from(&self, from: Rank) -> Vec<Edge> {
        self.chosen(from, |_| true)
    }

    /// The edges of one sender along which its handlers may wait, by receiver.
    pub(in crate::topology) fn waits_from(&self, from: Rank) -> Vec<Edge> {
        self.chosen(from, EdgeKind::waits)
    }

    fn chosen(&self, from: Rank, wanted: fn(EdgeKind) -> bool) -> Vec<Edge> {
        let mut edges: Vec<Edge> = Vec::new();
        if self.contains(from) {
            let mut note = |to: u32, kind: EdgeKind| edges.push(Edge { from, to: Rank(to), kind });
            self.0.level.edges(from.0, wanted, &mut note);
        }
        edges.sort_unstable();
        edges
    }

    fn of(&self, rank: Rank, choose: impl FnOnce(&Level, u32) -> Vec<u32>) -> Vec<Rank> {
        if !self.contains(rank) {
            return Vec::new();
        }
        choose(&self.0.level, rank.0).into_iter().map(Rank).collect()
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph of {} live members", self.0.live.len())
    }
}
