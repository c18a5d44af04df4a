//! Links, diameters, ways, broadcasts and cut members of each shape, against the table of `guide::topologies`.

use std::collections::{BTreeMap, BTreeSet};

use crate::topology::builder::Topology;
use crate::topology::graph::Graph;
use crate::topology::layout::Layout;
use crate::topology::rank::{EdgeKind, Rank};

const SIZES: [usize; 6] = [1, 2, 3, 8, 64, 1000];

fn whole(layout: &Layout) -> Graph {
    layout.graph(&layout.members().iter().map(|member| member.rank).collect::<Vec<_>>())
}

/// Pairs of members with an edge in one direction or both; of directed edges with `directed`.
fn links(graph: &Graph, directed: bool) -> usize {
    let tells = graph.edges().filter(|edge| edge.kind != EdgeKind::Ask);
    let pairs =
        tells.map(|edge| if directed || edge.from < edge.to { (edge.from, edge.to) } else { (edge.to, edge.from) });
    pairs.collect::<BTreeSet<_>>().len()
}

/// The longest way between two members, of those between which there is one.
fn diameter(graph: &Graph) -> usize {
    let live = graph.live();
    let ways = live.iter().flat_map(|from| live.iter().filter_map(|to| graph.distance(*from, *to)));
    ways.max().unwrap()
}

/// How many messages a broadcast takes, and how many steps; panics if someone gets it twice.
fn spread(graph: &Graph, origin: Rank) -> (usize, usize) {
    let (mut line, mut reached, mut steps) = (vec![origin], BTreeSet::from([origin]), 0);
    loop {
        let next: Vec<Rank> = line.iter().flat_map(|at| graph.broadcast(origin, *at)).collect();
        if next.is_empty() {
            return (reached.len() - 1, steps);
        }
        for to in &next {
            assert!(reached.insert(*to), "{to} gets a broadcast of {origin} twice");
        }
        (line, steps) = (next, steps + 1);
    }
}

/// The members without which others fall apart (Tarjan's articulation points), seen without directions.
fn cuts(graph: &Graph) -> Vec<Rank> {
    struct Visit {
        near: BTreeMap<Rank, BTreeSet<Rank>>,
        depth: BTreeMap<Rank, usize>,
        cuts: BTreeSet<Rank>,
    }
    fn visit(seen: &mut Visit, at: Rank, above: Option<Rank>, depth: usize) -> usize {
        seen.depth.insert(at, depth);
        let (mut low, mut children) = (depth, 0);
        for next in seen.near.get(&at).cloned().unwrap_or_default() {
            if let Some(known) = seen.depth.get(&next) {
                low = low.min(*known);
                continue;
            }
            children += 1;
            let lowest = visit(seen, next, Some(at), depth + 1);
            low = low.min(lowest);
            if (above.is_some() && lowest >= depth) || (above.is_none() && children > 1) {
                seen.cuts.insert(at);
            }
        }
        low
    }
    let mut seen = Visit { near: BTreeMap::new(), depth: BTreeMap::new(), cuts: BTreeSet::new() };
    for edge in graph.edges() {
        seen.near.entry(edge.from).or_default().insert(edge.to);
        seen.near.entry(edge.to).or_default().insert(edge.from);
    }
    visit(&mut seen, graph.live()[0], None, 0);
    assert_eq!(seen.depth.len(), graph.live().len(), "all hang together");
    seen.cuts.into_iter().collect()
}

/// What the table says of one shape at one size.
struct Row {
    links: usize,
    diameter: usize,
    first: (usize, usize),
    last: (usize, usize),
    cuts: Vec<usize>,
}

fn check(name: &str, layout: &Layout, directed: bool, row: &Row) {
    let graph = whole(layout);
    let n = layout.members().len();
    let (first, last) = (Rank(0), layout.members()[n - 1].rank);
    assert_eq!(links(&graph, directed), row.links, "links of a {name} of {n}");
    assert_eq!(diameter(&graph), row.diameter, "diameter of a {name} of {n}");
    assert_eq!(spread(&graph, first), row.first, "broadcast of the first in a {name} of {n}");
    assert_eq!(spread(&graph, last), row.last, "broadcast of the last in a {name} of {n}");
    let cuts: Vec<usize> = cuts(&graph).into_iter().map(Rank::index).collect();
    assert_eq!(cuts, row.cuts, "cut members of a {name} of {n}");
}

#[test]
fn a_hierarchy_is_a_tree() {
    for (n, fan_out) in SIZES.into_iter().flat_map(|n| [(n, 2), (n, 3), (n, 8)]) {
        let parent = |slot: usize| (slot - 1) / fan_out;
        let depth = |mut slot: usize| std::iter::from_fn(|| (slot > 0).then(|| slot = parent(slot))).count();
        let last = n - 1;
        let layout = Topology::hierarchical(fan_out).layout(n).unwrap();
        let graph = whole(&layout);
        let farthest = (0..n).filter_map(|to| graph.distance(Rank(to as u32), Rank(last as u32))).max().unwrap();
        // In full levels the farthest member stands in another branch as deep as the last one.
        assert!(diameter(&graph) <= 2 * depth(last), "2 * floor(log_k((k-1)(n-1)+1))");
        assert!(fan_out > 2 || depth(last) == n.ilog2() as usize, "with a fan-out of 2 that is 2 * floor(log_2 n)");
        let cuts = (0..n).filter(|slot| slot * fan_out + 1 < n && (*slot > 0 || n > 2)).collect();
        let row =
            Row { links: last, diameter: diameter(&graph), first: (last, depth(last)), last: (last, farthest), cuts };
        check("hierarchy", &layout, false, &row);
    }
}

#[test]
fn a_mesh_joins_all_pairs() {
    for n in SIZES {
        let once = usize::from(n > 1);
        let to_all = (n - 1, once);
        let row = Row { links: n * (n - 1) / 2, diameter: once, first: to_all, last: to_all, cuts: vec![] };
        check("mesh", &Topology::mesh().layout(n).unwrap(), false, &row);
    }
}

#[test]
fn a_ring_goes_round() {
    for n in SIZES {
        let row = Row { links: n, diameter: n - 1, first: (n - 1, n - 1), last: (n - 1, n - 1), cuts: vec![] };
        check("ring", &Topology::ring().layout(n).unwrap(), true, &row);
    }
}

#[test]
fn a_star_goes_through_its_hub() {
    for n in SIZES {
        let (first, last) = ((n - 1, 1.min(n - 1)), (n - 1, 2.min(n - 1)));
        let cuts = if n > 2 { vec![0] } else { vec![] };
        check(
            "star",
            &Topology::star().layout(n).unwrap(),
            false,
            &Row { links: n - 1, diameter: 2.min(n - 1), first, last, cuts },
        );
    }
}

#[test]
fn a_pipeline_leads_forward_only() {
    for n in SIZES {
        let cuts = (1..n.max(2) - 1).collect();
        let row = Row { links: n - 1, diameter: n - 1, first: (n - 1, n - 1), last: (0, 0), cuts };
        check("pipeline", &Topology::pipeline().layout(n).unwrap(), true, &row);
    }
}

#[test]
fn a_dual_mesh_leads_over_its_bridges_to_the_queries() {
    for (n, commands, bridges) in
        [(1, 1, 1), (2, 1, 1), (3, 1, 1), (3, 2, 1), (8, 4, 2), (8, 4, 1), (64, 16, 3), (1000, 100, 4)]
    {
        let queries: usize = n - commands;
        let over = usize::from(commands > bridges && queries > 0);
        let depth = if over == 1 { 2 } else { usize::from(n > 1) };
        let links = commands * (commands - 1) / 2 + queries * queries.saturating_sub(1) / 2 + bridges * queries;
        let last = if queries == 0 { n - 1 } else { queries - 1 };
        let cuts = if bridges == 1 && commands > 1 && queries > 0 { vec![commands - 1] } else { vec![] };
        check(
            "dual mesh",
            &Topology::dual_mesh(commands, bridges).layout(n).unwrap(),
            false,
            &Row {
                links,
                diameter: depth,
                first: (commands - 1 + queries, depth),
                last: (last, usize::from(last > 0)),
                cuts,
            },
        );
    }
}

fn route(graph: &Graph, from: u32, to: u32) -> Option<Vec<u32>> {
    graph.route(Rank(from), Rank(to)).map(|route| route.into_iter().map(|rank| rank.0).collect())
}

#[test]
fn ways_lead_as_the_shape_says() {
    let of = |topology: Topology, n| whole(&topology.layout(n).unwrap());
    assert_eq!(route(&of(Topology::hierarchical(2), 8), 7, 5), Some(vec![7, 3, 1, 0, 2, 5]));
    assert_eq!(route(&of(Topology::hierarchical(2), 8), 1, 7), Some(vec![1, 3, 7]));
    assert_eq!(route(&of(Topology::mesh(), 8), 7, 5), Some(vec![7, 5]));
    assert_eq!(route(&of(Topology::ring(), 8), 6, 1), Some(vec![6, 7, 0, 1]));
    assert_eq!(route(&of(Topology::star(), 8), 6, 1), Some(vec![6, 0, 1]));
    assert_eq!(route(&of(Topology::pipeline(), 8), 1, 4), Some(vec![1, 2, 3, 4]));
    assert_eq!(route(&of(Topology::pipeline(), 8), 4, 1), None);
    let dual = of(Topology::dual_mesh(4, 2), 8);
    assert_eq!(route(&dual, 0, 6), Some(vec![0, 2, 6]));
    assert_eq!(route(&dual, 0, 7), Some(vec![0, 3, 7]), "queries are dealt out to the bridges");
    assert_eq!(route(&dual, 3, 6), Some(vec![3, 6]));
    assert_eq!(route(&dual, 6, 0), None);
    let custom = Topology::custom([
        (0, 2, EdgeKind::Shed),
        (0, 1, EdgeKind::Credit),
        (1, 3, EdgeKind::Wait),
        (2, 3, EdgeKind::Wait),
    ]);
    assert_eq!(route(&of(custom, 4), 0, 3), Some(vec![0, 1, 3]), "ties go to the lowest rank");
}

#[test]
fn a_small_ring_is_a_ring() {
    let alone = whole(&Topology::ring().layout(1).unwrap());
    assert_eq!(alone.neighbours(Rank(0)), [Rank(0)]);
    assert_eq!(alone.edge(Rank(0), Rank(0)), Some(EdgeKind::Credit));
    assert_eq!(alone.broadcast(Rank(0), Rank(0)), []);
    let two = whole(&Topology::ring().layout(2).unwrap());
    assert_eq!(two.edges().map(|edge| (edge.from.0, edge.to.0)).collect::<Vec<_>>(), [(0, 1), (1, 0)]);
    assert_eq!(two.neighbours(Rank(1)), [Rank(0)]);
}

#[test]
fn shapes_close_over_members_that_are_gone_or_are_cut_there() {
    let left = |topology: Topology| topology.layout(6).unwrap().graph(&[Rank(5), Rank(0), Rank(2), Rank(3)]);
    let ring = left(Topology::ring());
    assert_eq!(route(&ring, 3, 2), Some(vec![3, 5, 0, 2]));
    assert_eq!(ring.neighbours(Rank(3)), [Rank(5), Rank(0)]);
    assert_eq!(route(&left(Topology::pipeline()), 0, 5), Some(vec![0, 2, 3, 5]));
    assert_eq!(route(&left(Topology::hierarchical(2)), 3, 0), None, "its parent 1 is gone");
    assert_eq!(route(&left(Topology::hierarchical(2)), 5, 0), Some(vec![5, 2, 0]));
    let hubless = Topology::star().layout(3).unwrap().graph(&[Rank(1), Rank(2)]);
    assert_eq!((route(&hubless, 1, 2), hubless.broadcast(Rank(1), Rank(1))), (None, vec![]));
    assert_eq!(left(Topology::mesh()).live(), [Rank(0), Rank(2), Rank(3), Rank(5)]);
}

#[test]
fn a_nested_topology_is_entered_and_left_at_its_ends() {
    // A star whose leaf 1 is a ring of three (ranks 1 to 3) and whose leaf 2 is a pipeline of two (ranks 4 and 5).
    let star = Topology::star().nest(1, Topology::ring(), 3).nest(2, Topology::pipeline(), 2);
    let layout = star.layout(4).unwrap();
    let names: Vec<&str> = layout.members().iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["0", "1/0", "1/1", "1/2", "2/0", "2/1", "3"]);
    let graph = whole(&layout);
    assert_eq!(route(&graph, 2, 5), Some(vec![2, 3, 1, 0, 4, 5]), "out at the ring's first, in at the first stage");
    assert_eq!(route(&graph, 4, 6), Some(vec![4, 5, 0, 6]), "out at the last stage");
    assert_eq!(route(&graph, 5, 4), None, "a pipeline leads forward only");
    assert_eq!((0..7).map(|origin| spread(&graph, Rank(origin)).0).collect::<Vec<_>>(), [6, 6, 6, 6, 6, 5, 6]);
    let ringless = layout.graph(&[Rank(0), Rank(2), Rank(3), Rank(4), Rank(6)]);
    assert_eq!(route(&ringless, 3, 4), Some(vec![3, 2, 0, 4]), "the next live one stands for the ring");
    let headless = Topology::pipeline().nest(0, Topology::mesh(), 2).layout(3).unwrap().graph(&[Rank(2), Rank(3)]);
    assert_eq!(route(&headless, 2, 3), Some(vec![2, 3]), "ranks stay where they are though nobody nested is live");
}
