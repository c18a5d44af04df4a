//! A compiled topology: members, supervisors and edges, before anything runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::topology::graph::Graph;
use crate::topology::plan::Plan;
use crate::topology::rank::{Edge, Rank};
use crate::topology::shape::Shape;
use crate::topology::tree::{Branch, Opening, branch, opening, path, place_of};

/// A member of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its place in the order of all.
    pub rank: Rank,
    /// Its path below the swarm's supervisor: `3`, `1/router`, `2/0` in a topology nested as member 2.
    pub name: String,
    /// How many messages its mailbox holds.
    pub mailbox: usize,
}

/// What a topology compiles to for so many members: supervisors with their strategies, edges with their kinds, bounds.
///
/// It prints as a text tree with the reason for each strategy and the verdict on liveness; [`Layout::dot`] and
/// [`Layout::mermaid`] draw the edges.
#[derive(Debug, Clone)]
pub struct Layout {
    pub(in crate::topology) plan: Arc<Plan>,
    pub(in crate::topology) members: Arc<[Member]>,
    pub(in crate::topology) tree: Arc<Branch>,
    pub(in crate::topology) in_flight: Option<usize>,
}

impl Layout {
    pub(in crate::topology) fn new(plan: Arc<Plan>, in_flight: Option<usize>) -> Self {
        let tree = Arc::new(branch(&plan, "", 0));
        let members = (0..plan.members()).map(|rank| member(&plan, rank)).collect();
        Self { plan, members, tree, in_flight }
    }

    /// The members it is laid out for, in rank order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// A member of this rank, be it laid out or one that may join; none from the cap on.
    #[must_use]
    pub fn member(&self, rank: Rank) -> Option<Member> {
        let laid_out = self.members.get(rank.index()).cloned();
        laid_out.or_else(|| (rank.0 < self.plan.members_limit()).then(|| member(&self.plan, rank.0)))
    }

    /// The hub of a star.
    #[must_use]
    pub fn hub(&self) -> Option<Rank> {
        matches!(self.plan.shape, Shape::Star).then_some(Rank(0))
    }

    /// Who stands right below a member in a hierarchy, or may be placed there.
    #[must_use]
    pub fn subordinates(&self, rank: Rank) -> Vec<Rank> {
        self.plan.subordinates(rank.0).into_iter().map(Rank).collect()
    }

    /// Whether the edges of this shape close around a member that is down, until it is back. In the others its mailbox
    /// waits for it.
    #[must_use]
    pub fn bypasses(&self, rank: Rank) -> bool {
        self.plan.bypasses(rank.0)
    }

    /// The most members at any time.
    #[must_use]
    pub fn max_agents(&self) -> usize {
        self.plan.members_limit() as usize
    }

    /// How many messages may be under way in the swarm at once; none if that has no bound.
    #[must_use]
    pub fn in_flight(&self) -> Option<usize> {
        self.in_flight
    }

    /// What people call its shape: `ring`, `dual mesh`.
    #[must_use]
    pub fn shape(&self) -> &'static str {
        self.plan.shape.name()
    }

    /// The swarm's own supervisor, with all below it in start order.
    #[must_use]
    pub fn tree(&self) -> &Branch {
        &self.tree
    }

    /// Where a member of this rank is started when it joins, behind the present children there; none from the cap on.
    ///
    /// A supervisor that restarts the rest counts such a member last, whatever its rank.
    #[must_use]
    pub fn opening(&self, rank: Rank) -> Option<Opening> {
        (rank.0 < self.plan.members_limit()).then(|| opening(&self.plan, rank.0, 0))
    }

    /// The rank of a new member: the lowest one below the cap that is not taken; none if all are.
    ///
    /// Topologies with nested ones do not grow; a member that was removed there may be replaced.
    #[must_use]
    pub fn place(&self, taken: &BTreeSet<Rank>) -> Option<Rank> {
        (0..self.plan.members_limit()).map(Rank).find(|rank| !taken.contains(rank))
    }

    /// The edges among these members, by their ranks; ranks that the layout does not have are left out.
    ///
    /// The graph follows from the layout and the live ranks alone, however they came about. Who counts as live is the
    /// caller's business. Costs O(live), and no edge is stored.
    #[must_use]
    pub fn graph(&self, live: &[Rank]) -> Graph {
        Graph::new(Arc::clone(&self.plan), live)
    }

    /// The edges among all members it is laid out for, by sender; made as they are asked for.
    pub fn edges(&self) -> impl Iterator<Item = Edge> + use<> {
        let all: Vec<Rank> = self.members.iter().map(|member| member.rank).collect();
        let graph = self.graph(&all);
        all.into_iter().flat_map(move |from| graph.edges_from(from))
    }
}

fn member(plan: &Plan, rank: u32) -> Member {
    let (supervisor, own) = place_of(plan, rank);
    Member { rank: Rank(rank), name: path(&supervisor, &own), mailbox: plan.mailbox_of(rank) }
}
