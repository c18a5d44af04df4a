//! The check of liveness against brute force: all cycles are listed, and a small swarm is run through all it can do.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{ProptestConfig, any, proptest};

use crate::topology::builder::Topology;
use crate::topology::liveness::verdict::{Facts, Wedge};
use crate::topology::rank::{Edge, EdgeKind, Rank};

/// A small swarm: waiting edges and buffers by member.
#[derive(Debug, Clone)]
struct Small {
    members: usize,
    mailbox: usize,
    edges: BTreeSet<(usize, usize, EdgeKind)>,
    facts: Vec<Facts>,
}

impl Small {
    fn draw(members: usize, mailbox: usize, density: usize, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut pairs = BTreeMap::new();
        for _ in 0..density {
            let kind = [EdgeKind::Wait, EdgeKind::Wait, EdgeKind::Ask, EdgeKind::Credit, EdgeKind::Shed][rng.usize(0..5)];
            pairs.insert((rng.usize(0..members), rng.usize(0..members), kind == EdgeKind::Ask), kind);
        }
        let edges = pairs.into_iter().map(|((from, to, _), kind)| (from, to, kind)).collect();
        let asks = |rng: &mut fastrand::Rng| if rng.usize(0..8) == 0 { vec![Rank(rng.u32(0..members as u32))] } else { vec![] };
        let facts = (0..members).map(|_| Facts { open: rng.usize(0..4) == 0, asks: asks(&mut rng) }).collect();
        Self { members, mailbox, edges, facts }
    }

    fn check(&self, in_flight: usize) -> Result<Option<u64>, Wedge> {
        let topology = Topology::custom(self.edges.iter().copied()).mailbox(self.mailbox).in_flight(in_flight);
        let verdict = topology.layout(self.members).unwrap().check(&self.facts);
        verdict.map(|liveness| liveness.least.map(|least| least.needs))
    }

    /// The waiting edges: those of the shape, and what members ask beside it.
    fn waiting(&self) -> BTreeSet<(usize, usize, EdgeKind)> {
        let own = self.edges.iter().copied().filter(|edge| edge.2.waits());
        let asked = self.facts.iter().enumerate();
        own.chain(asked.flat_map(|(from, fact)| fact.asks.iter().map(move |to| (from, to.index(), EdgeKind::Ask)))).collect()
    }

    fn buffer(&self, member: usize) -> u64 {
        if self.facts[member].open { 0 } else { self.mailbox as u64 }
    }

    /// What a cycle needs, by the letter of the rule.
    fn needs(&self, cycle: &[(usize, usize, EdgeKind)]) -> u64 {
        let waits = cycle.iter().filter(|edge| edge.2 == EdgeKind::Wait);
        let buffers: Vec<u64> = waits.map(|edge| self.buffer(edge.1)).collect();
        cycle.len() as u64 + buffers.iter().sum::<u64>() + u64::from(buffers.is_empty())
    }

    /// The least that any simple cycle of these edges needs: all of them are listed, by their lowest member.
    fn least(&self, edges: &BTreeSet<(usize, usize, EdgeKind)>) -> Option<u64> {
        let mut open: Vec<Vec<(usize, usize, EdgeKind)>> = edges.iter().map(|edge| vec![*edge]).collect();
        let mut least = None;
        while let Some(path) = open.pop() {
            let (start, end) = (path[0].0, path[path.len() - 1].1);
            if start == end {
                let needs = self.needs(&path);
                least = Some(least.map_or(needs, |least: u64| least.min(needs)));
            } else if end > start && path.iter().all(|edge| edge.0 != end) {
                let next = edges.iter().filter(|edge| edge.0 == end && edge.1 >= start);
                open.extend(next.map(|edge| path.iter().copied().chain([*edge]).collect()));
            }
        }
        least
    }
}

fn plain(edge: &Edge) -> (usize, usize, EdgeKind) {
    (edge.from.index(), edge.to.index(), edge.kind)
}

/// The witness is a cycle of the swarm that needs what it says, and no other edge of it relaxes the rest more.
fn check_witness(small: &Small, wedge: &Wedge) {
    let edges = small.waiting();
    let cycle: Vec<_> = wedge.cycle.edges.iter().map(plain).collect();
    assert!(cycle.iter().all(|edge| edges.contains(edge)), "{cycle:?} are waiting edges");
    assert!((0..cycle.len()).all(|at| cycle[at].1 == cycle[(at + 1) % cycle.len()].0), "{cycle:?} is a cycle");
    assert_eq!(cycle.iter().map(|edge| edge.0).collect::<BTreeSet<_>>().len(), cycle.len(), "{cycle:?} is simple");
    assert_eq!(small.needs(&cycle), wedge.cycle.needs);
    let rest = |edge: &(usize, usize, EdgeKind)| {
        let mut rest = edges.clone();
        rest.remove(edge);
        small.least(&rest).unwrap_or(u64::MAX)
    };
    let best = cycle.iter().map(rest).max().unwrap();
    let expected = cycle.iter().filter(|edge| rest(edge) == best).min();
    assert_eq!(wedge.relax.as_ref().map(plain).as_ref(), expected);
    assert_eq!(wedge.relaxed.unwrap_or(u64::MAX), best);
}

/// What one member is doing: handling, waiting for room at another one, or waiting for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    Idle,
    /// Whether the message in hand still has its permit, and which member waits for it to be handled.
    Handling { permit: bool, asker: Option<usize> },
    Sending { to: usize, asker: Option<usize> },
    Asking { to: usize, permit: bool, asker: Option<usize> },
}

/// A state of a small swarm: what each member does, its queued messages (each with who waits for its answer), and how many
/// messages of others fill an open mailbox.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    free: u64,
    doing: Vec<Doing>,
    queued: Vec<Vec<Option<usize>>>,
    foreign: Vec<usize>,
}
