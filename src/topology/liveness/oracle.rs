//! The check of liveness against brute force: all cycles of small swarms are listed, and what they need is counted.

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
            let kind =
                [EdgeKind::Wait, EdgeKind::Wait, EdgeKind::Ask, EdgeKind::Credit, EdgeKind::Shed][rng.usize(0..5)];
            pairs.insert((rng.usize(0..members), rng.usize(0..members), kind == EdgeKind::Ask), kind);
        }
        let edges = pairs.into_iter().map(|((from, to, _), kind)| (from, to, kind)).collect();
        let asks = |rng: &mut fastrand::Rng| {
            if rng.usize(0..8) == 0 { vec![Rank(rng.u32(0..members as u32))] } else { vec![] }
        };
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
        own.chain(asked.flat_map(|(from, fact)| fact.asks.iter().map(move |to| (from, to.index(), EdgeKind::Ask))))
            .collect()
    }

    fn buffer(&self, member: usize) -> u64 {
        if self.facts[member].open { 0 } else { self.mailbox as u64 }
    }

    /// Whether a member asks another one beside the shape.
    fn is_beside(&self, edge: &(usize, usize, EdgeKind)) -> bool {
        edge.2 == EdgeKind::Ask && self.facts[edge.0].asks.iter().any(|to| to.index() == edge.1)
    }

    /// What a cycle needs, by the letter of the rule.
    fn needs(&self, cycle: &[(usize, usize, EdgeKind)]) -> u64 {
        let waits = cycle.iter().filter(|edge| edge.2 == EdgeKind::Wait);
        let buffers: Vec<u64> = waits.map(|edge| self.buffer(edge.1)).collect();
        let members = cycle.iter().filter(|edge| !self.is_beside(edge)).count();
        members as u64 + buffers.iter().sum::<u64>() + u64::from(buffers.is_empty())
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_least_cycle_is_found(
        members in 1_usize..7, mailbox in 1_usize..5, density in 0_usize..20, seed in any::<u64>(), in_flight in 1_usize..24,
    ) {
        let small = Small::draw(members, mailbox, density, seed);
        let least = small.least(&small.waiting());
        match small.check(in_flight) {
            Ok(found) => {
                assert_eq!(found, least);
                assert!(least.is_none_or(|least| least > in_flight as u64));
            }
            Err(wedge) => {
                assert_eq!(Some(wedge.cycle.needs), least);
                assert!(wedge.cycle.needs <= in_flight as u64);
                check_witness(&small, &wedge);
            }
        }
    }

    #[test]
    fn the_largest_safe_bound_is_safe_and_the_next_is_not(
        members in 1_usize..7, mailbox in 1_usize..5, density in 4_usize..20, seed in any::<u64>(),
    ) {
        let small = Small::draw(members, mailbox, density, seed);
        let Err(wedge) = small.check(1 << 20) else { return Ok(()) };
        match wedge.in_flight_limit().map(|limit| usize::try_from(limit).unwrap()) {
            Some(limit) => assert!(small.check(limit).is_ok() && small.check(limit + 1).is_err()),
            None => assert!(small.check(1).is_err()),
        }
    }

    #[test]
    fn a_ring_that_closes_up_is_safe_while_enough_members_are_live(
        members in 1_usize..9, mailbox in 1_usize..5, in_flight in 1_usize..40, seed in any::<u64>(),
    ) {
        let ring = Topology::ring().edges(EdgeKind::Wait).mailbox(mailbox).in_flight(in_flight).layout(members).unwrap();
        let mut rng = fastrand::Rng::with_seed(seed);
        let facts: Vec<Facts> = (0..members).map(|_| Facts { open: rng.usize(0..3) == 0, asks: vec![] }).collect();
        let Ok(liveness) = ring.check(&facts) else { return Ok(()) };
        let enough = liveness.live_least.unwrap();
        let safe = |mask: &u32| {
            let live: Vec<Rank> = (0..members as u32).filter(|rank| mask >> rank & 1 == 1).map(Rank).collect();
            ring.check_among(&live, &facts).is_ok()
        };
        let of = |count: usize| (0..1_u32 << members).filter(move |mask| mask.count_ones() as usize == count);
        assert!((enough..=members).all(|count| of(count).all(|mask| safe(&mask))));
        assert!(enough == 1 || !of(enough - 1).all(|mask| safe(&mask)), "one member fewer may be too few");
    }
}
