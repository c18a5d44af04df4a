//! Any shape with any members live, and what must hold there.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{ProptestConfig, any, prop, proptest};

use crate::topology::builder::Topology;
use crate::topology::count;
use crate::topology::graph::Graph;
use crate::topology::layout::Layout;
use crate::topology::rank::{Edge, EdgeKind, Rank};
use crate::topology::tree::{Branch, Node};

const SHAPES: usize = 7;

/// A shape for members by numbers; the seed chooses its parameters.
fn shape(kind: usize, members: usize, rng: &mut fastrand::Rng) -> Topology {
    match kind % SHAPES {
        0 => Topology::hierarchical(rng.usize(2..5)),
        1 => Topology::mesh(),
        2 => Topology::ring().successors(rng.usize(2..5)),
        3 => Topology::star(),
        4 => Topology::pipeline(),
        5 => {
            let commands = rng.usize(1..=members);
            Topology::dual_mesh(commands, rng.usize(1..=commands))
        }
        _ => {
            let kinds = [EdgeKind::Wait, EdgeKind::Shed, EdgeKind::Credit, EdgeKind::Ask];
            let mut edges = BTreeMap::new();
            for _ in 0..rng.usize(0..=3 * members) {
                let kind = kinds[rng.usize(0..4)];
                edges.insert((rng.usize(0..members), rng.usize(0..members), kind == EdgeKind::Ask), kind);
            }
            Topology::custom(edges.into_iter().map(|((from, to, _), kind)| (from, to, kind)))
        }
    }
}

/// A flat layout, with room to grow now and then.
fn flat(kind: usize, members: usize, seed: u64) -> Layout {
    let mut rng = fastrand::Rng::with_seed(seed);
    let topology = shape(kind, members, &mut rng);
    let topology = if rng.bool() { topology.max_agents(members + rng.usize(0..8)) } else { topology };
    topology.layout(members).unwrap()
}

/// A layout with others nested in it, and in those too.
fn nested(kind: usize, members: usize, seed: u64) -> Layout {
    fn add(kind: usize, members: usize, depth: usize, rng: &mut fastrand::Rng) -> Topology {
        let mut topology = shape(kind, members, rng);
        for rank in 0..members {
            if depth > 0 && rng.usize(0..3) == 0 {
                let members = rng.usize(1..5);
                topology = topology.nest(rank, add(rng.usize(0..SHAPES), members, depth - 1, rng), members);
            }
        }
        topology
    }
    add(kind, members, 2, &mut fastrand::Rng::with_seed(seed)).layout(members).unwrap()
}

/// Some of the ranks that the layout may have.
fn some(layout: &Layout, mask: u64) -> Vec<Rank> {
    let all = 0..u32::try_from(layout.max_agents()).unwrap();
    all.filter(|rank| mask >> (rank % 64) & 1 == 1).map(Rank).collect()
}

fn pairs(graph: &Graph) -> Vec<(Rank, Rank)> {
    graph.live().iter().flat_map(|from| graph.live().iter().map(move |to| (*from, *to))).collect()
}

/// Whom each member can reach in how many steps, by search along the edges.
fn reach(graph: &Graph, from: Rank) -> BTreeMap<Rank, usize> {
    let (mut reached, mut line, mut steps) = (BTreeMap::from([(from, 0)]), vec![from], 0);
    while !line.is_empty() {
        steps += 1;
        let edges = line.iter().flat_map(|at| graph.edges_from(*at)).filter(|edge| edge.kind != EdgeKind::Ask);
        let next: BTreeSet<Rank> = edges.map(|edge| edge.to).filter(|to| !reached.contains_key(to)).collect();
        reached.extend(next.iter().map(|to| (*to, steps)));
        line = next.into_iter().collect();
    }
    reached
}

/// Routes run along edges, step by step as `next_hop` says, to the end and through nobody twice.
fn check_routes(graph: &Graph) {
    for (from, to) in pairs(graph) {
        let Some(route) = graph.route(from, to) else {
            assert_eq!((graph.next_hop(from, to), graph.distance(from, to)), (None, None));
            continue;
        };
        assert_eq!((route.first(), route.last()), (Some(&from), Some(&to)));
        assert_eq!(graph.distance(from, to), Some(route.len() - 1));
        assert_eq!(route.iter().collect::<BTreeSet<_>>().len(), route.len(), "{route:?} passes somebody twice");
        for (at, step) in route.windows(2).enumerate() {
            assert!(graph.edge(step[0], step[1]).is_some(), "{route:?} uses no edge from {}", step[0]);
            assert_eq!(graph.route(step[0], to).as_deref(), Some(&route[at..]), "the way does not depend on the past");
        }
    }
}

/// A broadcast comes to each member that its origin can reach, exactly once, along edges.
fn check_broadcasts(graph: &Graph) {
    for origin in graph.live() {
        let (mut line, mut reached) = (vec![*origin], BTreeSet::from([*origin]));
        while let Some(at) = line.pop() {
            for to in graph.broadcast(*origin, at) {
                assert!(graph.edge(at, to).is_some(), "{at} -> {to} is no edge");
                assert!(reached.insert(to), "{to} gets a broadcast of {origin} twice");
                line.push(to);
            }
        }
        let expected = graph.live().iter().copied().filter(|to| graph.distance(*origin, *to).is_some());
        assert_eq!(reached, expected.collect(), "a broadcast of {origin}");
    }
}

/// The edges one by one are those in the list, each once, and the neighbours are whom one tells.
fn check_edges(graph: &Graph, ring: bool) {
    let listed: Vec<Edge> = graph.edges().collect();
    let mut asked = Vec::new();
    for (from, to) in pairs(graph) {
        asked.extend(graph.edge(from, to).map(|kind| Edge { from, to, kind }));
        asked.extend(graph.asks(from, to).then_some(Edge { from, to, kind: EdgeKind::Ask }));
    }
    asked.sort_unstable();
    assert_eq!(listed, asked);
    for from in graph.live() {
        let tells: Vec<Rank> =
            graph.edges_from(*from).iter().filter(|edge| edge.kind != EdgeKind::Ask).map(|edge| edge.to).collect();
        let mut known = graph.neighbours(*from);
        if !ring {
            known.sort_unstable();
            assert_eq!(known, tells, "neighbours of {from}");
        }
    }
}

/// The members of a tree with their paths, in start order; no two siblings have one name.
fn paths(branch: &Branch, above: &str, names: &[String], found: &mut Vec<(Rank, String)>) {
    let mut siblings = BTreeSet::new();
    for child in &branch.children {
        let name = match child {
            Node::Member(rank) => names[rank.index()].rsplit('/').next().unwrap(),
            Node::Branch(inner) => inner.name.as_str(),
        };
        assert!(siblings.insert(name.to_owned()), "two children {name} of {above}");
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
        match child {
            Node::Member(rank) => found.push((*rank, path)),
            Node::Branch(inner) => paths(inner, &path, names, found),
        }
    }
}

/// Each member stands once in the tree, at the path it is named by, and is where its seat says.
fn check_tree(layout: &Layout) {
    let names: Vec<String> = layout.members().iter().map(|member| member.name.clone()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "names are unique");
    let mut found = Vec::new();
    paths(layout.tree(), "", &names, &mut found);
    assert_eq!(found.iter().map(|(rank, _)| *rank).collect::<Vec<_>>(), layout.tree().start_order());
    found.sort();
    let expected = layout.members().iter().map(|member| (member.rank, member.name.clone()));
    assert_eq!(found, expected.collect::<Vec<_>>());
    for rank in (0..u32::try_from(layout.max_agents()).unwrap()).map(Rank) {
        let (seat, member) = (layout.opening(rank).unwrap(), layout.member(rank).unwrap());
        let own = member.name.rsplit('/').next().unwrap().to_owned();
        let below = match seat.node {
            Node::Member(seated) => (seated, own),
            Node::Branch(branch) => (branch.start_order()[0], format!("{}/{own}", branch.name)),
        };
        let path = if seat.supervisor.is_empty() { below.1 } else { format!("{}/{}", seat.supervisor, below.1) };
        assert_eq!((below.0, path), (rank, member.name), "the seat of {rank}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn edges_follow_from_the_layout_and_the_live_members_alone(
        kind in 0..SHAPES, members in 1_usize..24, seed in any::<u64>(), masks in prop::collection::vec(any::<u64>(), 1..5),
    ) {
        let layout = flat(kind, members, seed);
        let mut live = BTreeSet::new();
        for mask in &masks {
            // Members come and go; a graph made on the way leaves no trace in the next one.
            some(&layout, *mask).into_iter().for_each(|rank| { if !live.remove(&rank) { live.insert(rank); } });
            let graph = layout.graph(&live.iter().copied().collect::<Vec<_>>());
            let mut shuffled: Vec<Rank> = live.iter().chain(&live).copied().chain([Rank(u32::MAX)]).collect();
            fastrand::Rng::with_seed(*mask).shuffle(&mut shuffled);
            let again = flat(kind, members, seed).graph(&shuffled);
            assert_eq!(graph.edges().collect::<Vec<_>>(), again.edges().collect::<Vec<_>>());
            assert_eq!(graph.live(), again.live());
        }
    }

    #[test]
    fn routes_are_shortest_ways_along_edges(
        kind in 0..SHAPES, members in 1_usize..20, seed in any::<u64>(), mask in any::<u64>(),
    ) {
        let layout = flat(kind, members, seed);
        let graph = layout.graph(&some(&layout, mask));
        check_routes(&graph);
        for from in graph.live() {
            let reached = reach(&graph, *from);
            for to in graph.live() {
                assert_eq!(graph.distance(*from, *to), reached.get(to).copied(), "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_broadcast_comes_to_everyone_once(
        kind in 0..SHAPES, members in 1_usize..20, seed in any::<u64>(), mask in any::<u64>(),
    ) {
        let layout = flat(kind, members, seed);
        let graph = layout.graph(&some(&layout, mask));
        check_broadcasts(&graph);
        check_edges(&graph, kind == 2);
    }

    #[test]
    fn nesting_keeps_routes_broadcasts_edges_and_names(
        kind in 0..SHAPES, members in 1_usize..7, seed in any::<u64>(), mask in any::<u64>(),
    ) {
        let layout = nested(kind, members, seed);
        let graph = layout.graph(&some(&layout, mask | mask.rotate_left(7)));
        check_routes(&graph);
        check_broadcasts(&graph);
        check_edges(&graph, true);
        check_tree(&layout);
        let whole = layout.graph(&some(&layout, u64::MAX));
        check_routes(&whole);
        check_broadcasts(&whole);
    }

    #[test]
    fn each_member_stands_once_in_the_tree_under_its_name(
        kind in 0..SHAPES, members in 1_usize..40, seed in any::<u64>(),
    ) {
        check_tree(&flat(kind, members, seed));
    }

    #[test]
    fn edges_are_counted_as_they_are(kind in 0..SHAPES, members in 1_usize..12, seed in any::<u64>()) {
        for layout in [flat(kind, members, seed), nested(kind, members.min(5), seed)] {
            let mut counts = BTreeMap::new();
            layout.edges().for_each(|edge| *counts.entry(edge.kind).or_insert(0) += 1);
            assert_eq!(count::edges(&layout.plan), counts);
        }
    }

    #[test]
    fn the_successors_of_a_ring_are_one_cycle_clockwise(
        members in 1_usize..40, successors in 2_usize..6, mask in any::<u64>(),
    ) {
        let layout = Topology::ring().successors(successors).layout(members).unwrap();
        let graph = layout.graph(&some(&layout, mask));
        let live = graph.live();
        let next = |at: usize| live[(at + 1) % live.len()];
        for (at, from) in live.iter().enumerate() {
            assert_eq!(graph.edges_from(*from).iter().map(|edge| edge.to).collect::<Vec<_>>(), [next(at)]);
            let known = graph.neighbours(*from);
            assert_eq!(known, (0..known.len()).map(|step| next(at + step)).collect::<Vec<_>>());
            assert_eq!(known.len(), successors.min((live.len() - 1).max(1)));
        }
    }

    #[test]
    fn a_mesh_has_a_degree_of_one_less_than_its_members(members in 1_usize..40, mask in any::<u64>()) {
        let layout = Topology::mesh().layout(members).unwrap();
        let graph = layout.graph(&some(&layout, mask));
        for from in graph.live() {
            assert_eq!(graph.neighbours(*from).len(), graph.live().len() - 1);
        }
    }

    #[test]
    fn no_way_leads_from_queries_to_commands(
        commands in 1_usize..8, bridges in 1_usize..8, queries in 0_usize..12, mask in any::<u64>(),
    ) {
        let layout = Topology::dual_mesh(commands, bridges.min(commands)).layout(commands + queries).unwrap();
        let graph = layout.graph(&some(&layout, mask));
        for from in graph.live().iter().filter(|rank| rank.index() >= commands) {
            assert!(reach(&graph, *from).keys().all(|to| to.index() >= commands));
            assert!(graph.live().iter().all(|to| to.index() >= commands || graph.route(*from, *to).is_none()));
        }
    }
}
