//! The cycle that needs the fewest permits to wedge.
//!
//! Cycles of one and of two edges are looked at first: in a mesh they are the least, and a lower bound of all longer ones says so.
//! Otherwise Dijkstra's search from each member in turn finds the least cycle through it; the member is taken out afterwards, and
//! with it all that are then on no cycle.
//!
//! The least cycle by [`Cost`] is the one that needs the fewest permits: a cycle of asks alone needs its weight and 1 more,
//! and any cycle of the same weight that also waits for room comes before it in the order of costs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::topology::liveness::arcs::{Arc, Arcs, Cost};
use crate::topology::rank::Edge;

/// A cycle by indices: who sends along which edge. It begins at its lowest member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::topology) struct Found {
    cost: Cost,
    hops: Vec<(u32, Arc)>,
}

impl Found {
    /// How many permits it needs to wedge.
    pub(in crate::topology) fn needs(&self) -> u64 {
        self.cost.needs()
    }

    /// Its edges by ranks.
    pub(in crate::topology) fn edges(&self, arcs: &Arcs) -> Vec<Edge> {
        self.hops.iter().map(|(from, arc)| arcs.edge(*from, *arc)).collect()
    }
}

/// The cycle that needs the fewest permits to wedge; none if the waiting edges close no cycle.
pub(in crate::topology) fn least(arcs: &Arcs) -> Option<Found> {
    let short = shortest(arcs);
    if short.as_ref().is_some_and(|short| short.needs() <= longer_at_least(arcs)) {
        return short;
    }
    Search::new(arcs, short).run()
}

/// The least cycle of one or two edges.
fn shortest(arcs: &Arcs) -> Option<Found> {
    let mut best: Option<Found> = None;
    for from in arcs.indices() {
        for arc in arcs.of(from) {
            let back = if arc.to > from { arcs.between(arc.to, from) } else { &[] };
            let pairs = back.iter().map(|back| vec![(from, *arc), (arc.to, *back)]);
            let alone = (arc.to == from).then(|| vec![(from, *arc)]);
            for hops in pairs.chain(alone) {
                let cost = hops.iter().fold(Cost { weight: 0, asks: 0 }, |sum, hop| sum.plus(arcs.cost(hop.1)));
                if best.as_ref().is_none_or(|best| cost < best.cost) {
                    best = Some(Found { cost, hops });
                }
            }
        }
    }
    best
}

/// What a cycle of three or more edges weighs at least: it enters three members, each along an edge no lighter than the lightest.
fn longer_at_least(arcs: &Arcs) -> u64 {
    let mut lightest = vec![u64::MAX; arcs.len()];
    for arc in arcs.indices().flat_map(|from| arcs.of(from)) {
        let known = &mut lightest[arc.to as usize];
        *known = arcs.cost(*arc).weight.min(*known);
    }
    lightest.sort_unstable();
    lightest.iter().take(3).fold(0, |sum, weight| sum.saturating_add(*weight))
}

/// How far a member is from where the search began, and along which edge it was reached.
#[derive(Debug, Clone, Copy)]
struct Reached {
    round: u32,
    cost: Cost,
    from: u32,
    by: Arc,
}

struct Search<'a> {
    arcs: &'a Arcs,
    best: Option<Found>,
    callers: Vec<Vec<u32>>,
    edges_in: Vec<usize>,
    edges_out: Vec<usize>,
    gone: Vec<bool>,
    reached: Vec<Option<Reached>>,
}

impl<'a> Search<'a> {
    fn new(arcs: &'a Arcs, best: Option<Found>) -> Self {
        let mut callers = vec![Vec::new(); arcs.len()];
        for from in arcs.indices() {
            for arc in arcs.of(from) {
                callers[arc.to as usize].push(from);
            }
        }
        let edges_in = callers.iter().map(Vec::len).collect();
        let edges_out = arcs.indices().map(|from| arcs.of(from).len()).collect();
        let (gone, reached) = (vec![false; arcs.len()], vec![None; arcs.len()]);
        Self { arcs, best, callers, edges_in, edges_out, gone, reached }
    }

    fn run(mut self) -> Option<Found> {
        let idle = |at: &u32| self.edges_in[*at as usize] == 0 || self.edges_out[*at as usize] == 0;
        let idle: Vec<u32> = self.arcs.indices().filter(idle).collect();
        self.take_out(idle);
        for start in self.arcs.indices() {
            if !self.gone[start as usize] {
                self.through(start);
                self.take_out(vec![start]);
            }
        }
        self.best
    }

    /// Takes members out, and then all that have no edge in or none out any more, as no cycle leads through them.
    fn take_out(&mut self, mut line: Vec<u32>) {
        while let Some(at) = line.pop() {
            if std::mem::replace(&mut self.gone[at as usize], true) {
                continue;
            }
            for arc in self.arcs.of(at) {
                self.edges_in[arc.to as usize] -= 1;
                if self.edges_in[arc.to as usize] == 0 {
                    line.push(arc.to);
                }
            }
            for caller in &self.callers[at as usize] {
                self.edges_out[*caller as usize] -= 1;
                if self.edges_out[*caller as usize] == 0 {
                    line.push(*caller);
                }
            }
        }
    }

    /// Whether a way of this cost can still become a better cycle.
    fn promises(&self, cost: Cost) -> bool {
        self.best.as_ref().is_none_or(|best| cost.weight < best.needs())
    }

    /// Looks for a better cycle through one member, among those that are left.
    fn through(&mut self, start: u32) {
        let mut open = BinaryHeap::from([Reverse((Cost { weight: 0, asks: 0 }, start))]);
        while let Some(Reverse((cost, at))) = open.pop() {
            let known = self.reached[at as usize].filter(|known| known.round == start);
            let stale = at != start && known.is_some_and(|known| known.cost < cost);
            if stale || !self.promises(cost) {
                continue;
            }
            let arcs: &Arcs = self.arcs;
            for arc in arcs.of(at) {
                if self.gone[arc.to as usize] {
                    continue;
                }
                let next = cost.plus(self.arcs.cost(*arc));
                if arc.to == start {
                    self.close(start, at, *arc, next);
                    continue;
                }
                let known = self.reached[arc.to as usize].filter(|known| known.round == start);
                if known.is_none_or(|known| next < known.cost) && self.promises(next) {
                    self.reached[arc.to as usize] = Some(Reached { round: start, cost: next, from: at, by: *arc });
                    open.push(Reverse((next, arc.to)));
                }
            }
        }
    }

    /// Keeps the cycle that ends with this edge, if it is the best so far.
    fn close(&mut self, start: u32, last: u32, arc: Arc, cost: Cost) {
        if self.best.as_ref().is_some_and(|best| cost.needs() >= best.needs()) {
            return;
        }
        let mut hops = vec![(last, arc)];
        let mut at = last;
        while let Some(reached) = self.reached[at as usize].filter(|_| at != start) {
            hops.push((reached.from, reached.by));
            at = reached.from;
        }
        hops.reverse();
        self.best = Some(Found { cost, hops });
    }
}
