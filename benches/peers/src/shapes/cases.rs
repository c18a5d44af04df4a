//! Which shapes are measured, and what is sent over them.

use std::sync::Arc;

use swarmtree::{Graph, Layout, Rank, Topology, TopologyError};

/// A shape of one size.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) topology: Topology,
    pub(crate) members: usize,
}

/// To one member, or to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unicast,
    Broadcast,
}

/// Where one message goes: all members on its way, both ends among them.
pub(crate) type Route = Arc<[u32]>;

/// To whom each member passes a broadcast of member 0.
pub(crate) type Tree = Arc<[Vec<u32>]>;

/// What is sent in one measurement.
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) routes: Vec<Route>,
    pub(crate) tree: Tree,
    /// Messages, or broadcasts, sent from outside.
    pub(crate) messages: usize,
    /// How many of them are under way at once.
    pub(crate) batch: usize,
    /// Mailboxes that all of them pass through, the one where each enters among them.
    pub(crate) hops: usize,
}

/// Pairs that unicast goes between in turn.
const PAIRS: u64 = 251;

/// All shapes of the library.
pub(crate) fn all(members: usize) -> [Case; 6] {
    let case = |name, topology: Topology| Case { name, topology: topology.mailbox(1_024), members };
    [
        case("hierarchy", Topology::hierarchical(4)),
        case("mesh", Topology::mesh()),
        case("ring", Topology::ring()),
        case("star", Topology::star()),
        case("pipeline", Topology::pipeline()),
        case("dual_mesh", Topology::dual_mesh(members / 2, 2)),
    ]
}

impl Case {
    /// What to send for about so many hops.
    pub(crate) fn plan(&self, kind: Kind, hops: usize, batch: usize) -> Result<Plan, TopologyError> {
        let layout = self.topology.layout(self.members)?;
        let ranks: Vec<Rank> = layout.members().iter().map(|member| member.rank).collect();
        let graph = layout.graph(&ranks);
        let routes = routes(&layout, &graph);
        let tree: Tree = ranks.iter().map(|at| numbers(graph.broadcast(Rank(0), *at))).collect();
        let (messages, batch) = match kind {
            Kind::Unicast => {
                let mean = routes.iter().map(|route| route.len()).sum::<usize>() / routes.len().max(1);
                ((hops / mean.max(1)).max(1), batch)
            }
            Kind::Broadcast => ((hops / self.members).max(1), (batch / self.members).max(1)),
        };
        let hops = match kind {
            Kind::Unicast => (0..messages).map(|nth| routes[nth % routes.len()].len()).sum(),
            Kind::Broadcast => messages * self.members,
        };
        Ok(Plan { kind, routes, tree, messages, batch, hops })
    }
}

/// Ways between pairs that are spread over all members, those left out between which there is none.
fn routes(layout: &Layout, graph: &Graph) -> Vec<Route> {
    let members = layout.members().len() as u64;
    let pair = |nth: u64| {
        let (from, to) = (nth * 7_919 % members, (nth * 104_729 + 1) % members);
        let far = graph.route(Rank(from as u32), Rank(to as u32)).filter(|route| route.len() > 1)?;
        Some(numbers(far).into())
    };
    (0..PAIRS * 4).filter_map(pair).take(PAIRS as usize).collect()
}

fn numbers(ranks: Vec<Rank>) -> Vec<u32> {
    ranks.into_iter().map(|rank| rank.0).collect()
}
