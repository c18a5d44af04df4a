//! Whether the waiting edges of a swarm can lock it up.
//!
//! **The model.** A member handles one message at a time. Its mailbox holds as many messages as its capacity. A handler that
//! sends along a Wait edge waits while the receiver's mailbox is full; along an Ask edge until the receiver has handled the
//! request. Every message and request in the swarm holds one of K permits until it is handled. The first send of a handler
//! takes over the permit of the message in hand; each further send takes a free one, or is refused. A handler that asks takes
//! a free permit for the request, and keeps one of its own while it waits: that of its message, or, where that is gone or
//! there was none, another free one. A **wedge** is a cycle of members each of which waits for the next: with deadlines gone,
//! nobody on it moves again (circular wait is one of the four conditions of Coffman, Elphick and Shoshani, "System
//! Deadlocks", 1971; the others hold by the model).
//!
//! **The rule.** A cycle of L waiting edges can wedge if and only if K ≥ T, with T = L + the sum of buffer(target) over its Wait
//! edges; and T = L + 1 if all its edges are Ask. The buffer of a member is the capacity of its mailbox, or 0 if it is open, for
//! then messages from elsewhere, which hold no permit, may fill it. (Kundu and Akyildiz, "Deadlock free buffer allocation in
//! closed queueing networks", 1989: a closed cycle is free of deadlock if its buffers hold more than what circulates.)
//!
//! Asks beside the layout, from one actor to another, hold no permits: such an edge adds nothing to T, and the members on both
//! ends may be handling messages from elsewhere. With them T is what is needed at least: a cycle on which requests along the
//! layout end at members that ask beside it may need more, and is refused all the same.
//!
//! *T permits are needed.* In a wedge each member holds a permit no other one holds: who waits for room has that of the message it
//! sends, which no mailbox has admitted; who waits for an answer keeps one of its own. That is L. The target of a Wait edge
//! has a full mailbox, and each message in it holds one more: its buffer. If all edges are Ask, one request still lies in a
//! mailbox with its permit, and that is 1 more: were all in hand, each would have been sent while handling the one before it,
//! round the cycle, so each before itself.
//!
//! *T permits are enough.* Where there is a Wait edge, begin at its target: it takes a message, and each Ask edge that follows
//! hands a request on, whose permit is the next member's own. The member before the next Wait edge finds the mailbox filled with as
//! many messages as it holds, and waits. This uses one permit per member and one per place. Where all edges are Ask, the last
//! request stays in the mailbox of the first member.
//!
//! **The search.** The cycle of the least T, among edges of weight 1 + buffer(target) for Wait, 1 for Ask and 0
//! for asks beside the layout (`least`). If K is
//! below it no cycle can wedge; else that cycle is the witness.

pub(in crate::topology) mod arcs;
pub(in crate::topology) mod least;
#[cfg(test)]
mod model;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
pub(crate) mod verdict;

use crate::topology::layout::{Layout, Member};
use crate::topology::liveness::arcs::Arcs;
use crate::topology::liveness::least::{Found, least};
use crate::topology::liveness::verdict::{Cycle, Facts, Liveness, Wedge};
use crate::topology::rank::Rank;
use crate::topology::shape::Shape;

/// How many edges of a witness are tried for the one to relax; the others of a longer one are not looked at.
const RELAX_TRIES: usize = 64;

impl Layout {
    /// Whether all its members can never wait for each other in a cycle. Facts are given by rank; members without any are
    /// closed and ask nobody but along the layout's edges.
    ///
    /// # Errors
    /// [`Wedge`] holds the cycle of members that can lock up, and what helps.
    pub fn check(&self, facts: &[Facts]) -> Result<Liveness, Wedge> {
        let all: Vec<Rank> = self.members().iter().map(|member| member.rank).collect();
        self.check_among(&all, facts)
    }

    /// The same for those members that are live: to be asked before one joins or is removed, as a pipeline closes up
    /// over one that is gone, and a new one may close a cycle.
    ///
    /// # Errors
    /// [`Wedge`] holds the cycle of members that can lock up, and what helps.
    pub fn check_among(&self, live: &[Rank], facts: &[Facts]) -> Result<Liveness, Wedge> {
        let graph = self.graph(live);
        let fact = |rank: Rank| facts.get(rank.index());
        let room = |rank: Rank| if fact(rank).is_some_and(|fact| fact.open) { 0 } else { self.plan.mailbox_of(rank.0) };
        let arcs = Arcs::new(&graph, room, |rank| fact(rank).map_or(&[], |fact| fact.asks.as_slice()));
        let Some(found) = least(&arcs) else {
            let fixed = !self.plan.nested.is_empty() && facts.iter().any(|fact| !fact.asks.is_empty());
            let live_least = fixed.then_some(graph.live().len());
            return Ok(Liveness { in_flight: self.in_flight, least: None, live_least });
        };
        let in_flight = self.in_flight.map(|messages| messages as u64);
        if in_flight.is_none_or(|messages| messages >= found.needs()) {
            return Err(self.wedge(&arcs, &found));
        }
        let live_least = self.live_least(&arcs, facts, in_flight.unwrap_or(0));
        Ok(Liveness { in_flight: self.in_flight, least: Some(self.cycle(&arcs, &found)), live_least })
    }

    fn cycle(&self, arcs: &Arcs, found: &Found) -> Cycle {
        let edges = found.edges(arcs);
        let name = |rank: Rank| self.member(rank).map_or_else(|| rank.to_string(), |Member { name, .. }| name);
        let names = edges.iter().map(|edge| name(edge.from)).collect();
        Cycle { edges, names, needs: found.needs() }
    }

    /// The refusal, with the edge whose absence raises the least T of the rest the most; among equals the first in rank order.
    fn wedge(&self, arcs: &Arcs, found: &Found) -> Wedge {
        let cycle = self.cycle(arcs, found);
        let mut edges = cycle.edges.clone();
        edges.sort_unstable();
        let mut best = (edges.first().copied(), Some(0));
        for edge in edges.into_iter().take(RELAX_TRIES) {
            let rest = least(&arcs.without(edge)).map(|found| found.needs());
            if rest.is_none() || best.1.is_some_and(|best| rest.is_some_and(|rest| rest > best)) {
                best = (Some(edge), rest);
            }
            if rest.is_none() {
                break;
            }
        }
        let library = !matches!(self.plan.shape, Shape::Custom(_)) && self.plan.nested.is_empty();
        Wedge { cycle, in_flight: self.in_flight, relax: best.0, relaxed: best.1, library }
    }

    /// How many members have to be live for the verdict to hold. A ring closes up over those that fail, so that fewer buffers are
    /// left on its cycle; the worst that can happen leaves the smallest ones.
    fn live_least(&self, arcs: &Arcs, facts: &[Facts], in_flight: u64) -> Option<usize> {
        let nested = !self.plan.nested.is_empty();
        let ring = matches!(self.plan.shape, Shape::Ring { .. });
        if !nested && !ring {
            return None;
        }
        if nested || facts.iter().any(|fact| !fact.asks.is_empty()) {
            return Some(arcs.len());
        }
        let mut weights: Vec<u64> = arcs.rooms().iter().map(|room| 1 + room).collect();
        weights.sort_unstable();
        let sums = weights.iter().scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Some(sums.take_while(|sum| *sum <= in_flight).count() + 1)
    }
}
