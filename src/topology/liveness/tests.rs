//! What the check accepts and refuses, in words, and that it is quick.

use crate::topology::builder::Topology;
use crate::topology::layout::Layout;
use crate::topology::liveness::verdict::Facts;
use crate::topology::rank::{EdgeKind, Rank};

/// All shapes with their defaults, a star of rings among them.
fn library(members: usize) -> Vec<Layout> {
    let nested = Topology::star().nest(members - 1, Topology::ring(), 3).nest(0, Topology::pipeline(), 2);
    let all = [
        Topology::hierarchical(2),
        Topology::mesh(),
        Topology::ring(),
        Topology::star(),
        Topology::pipeline(),
        Topology::dual_mesh(1, 1),
        nested,
    ];
    let layout = |(at, topology): (usize, Topology)| topology.layout(if at == 6 { members.max(2) } else { members });
    all.into_iter().enumerate().map(|topology| layout(topology).unwrap()).collect()
}

#[test]
fn shapes_of_the_library_are_accepted_as_they_are() {
    for members in [2, 3, 8, 64] {
        for layout in library(members) {
            let liveness = layout.check(&[]).unwrap();
            assert_eq!((liveness.least, liveness.live_least), (None, None), "{}", layout.shape());
        }
    }
}

#[test]
fn a_refusal_says_who_waits_for_whom_and_what_helps() {
    let ring = Topology::ring().mailbox(4).edges(EdgeKind::Wait);
    let layout = ring.clone().in_flight(15).layout(3).unwrap().renamed(["a", "b", "c"]).unwrap();
    let wedge = layout.check(&[]).unwrap_err();
    assert_eq!(
        wedge.to_string(),
        "the swarm can lock up in a -wait-> b -wait-> c -wait-> a: 15 messages under way are enough, and there may be 15; \
         the cheapest edge to relax is a -wait-> b (no cycle is left then): take `.edges(EdgeKind::Credit)`, or Shed where \
         messages may be dropped: neither waits; or let at most 14 be under way with `in_flight(14)`"
    );
    let layout = ring.in_flight(14).layout(3).unwrap();
    let safe = layout.check(&[]).unwrap();
    assert_eq!((safe.margin(), safe.live_least), (Some(1), Some(3)));
    assert!(layout.to_string().contains("liveness: cannot lock up: the least cycle of waiting edges, 0 -wait-> 1"));
}

#[test]
fn asks_beside_the_layout_count() {
    let pipeline = Topology::pipeline().layout(3).unwrap();
    let asks = |from: usize, to: u32| {
        let mut facts = vec![Facts::default(); 3];
        facts[from].asks.push(Rank(to));
        facts
    };
    assert!(pipeline.check(&asks(0, 2)).is_ok());
    let wedge = pipeline.check(&asks(2, 0)).unwrap_err();
    assert_eq!(wedge.cycle.to_string(), "0 -ask-> 1 -ask-> 2 -ask-> 0");
    assert_eq!((wedge.cycle.needs, wedge.in_flight), (3, None), "the ask back holds no permit");
    assert_eq!(wedge.relax.map(|edge| edge.from), Some(Rank(2)), "without the ask back no cycle is left");
    assert!(wedge.to_string().contains("tell instead of asking"), "{wedge}");
}

#[test]
fn no_bound_on_messages_helps_against_asks_beside_the_layout() {
    let mesh = Topology::mesh().in_flight(1).layout(2).unwrap();
    let facts = [Rank(1), Rank(0)].map(|to| Facts { open: true, asks: vec![to] });
    let wedge = mesh.check(&facts).unwrap_err();
    assert_eq!(wedge.cycle.to_string(), "0 -ask-> 1 -ask-> 0");
    assert_eq!((wedge.cycle.needs, wedge.in_flight_limit()), (1, None));
}

#[test]
fn mailboxes_that_others_may_fill_count_for_nothing() {
    let ring = Topology::ring().mailbox(100).edges(EdgeKind::Wait).in_flight(10).layout(2).unwrap();
    let open = Facts { open: true, asks: vec![] };
    assert_eq!(ring.check(std::slice::from_ref(&open)).unwrap().least.unwrap().needs, 102);
    assert_eq!(ring.check(&[open.clone(), open]).unwrap_err().cycle.needs, 2);
}

#[test]
fn a_pipeline_that_closes_up_is_checked_anew() {
    let pipeline = Topology::pipeline().mailbox(8).in_flight(2).layout(3).unwrap();
    let mut facts = vec![Facts::default(); 3];
    facts[2].asks.push(Rank(0));
    assert!(pipeline.check(&facts).is_ok());
    let wedge = pipeline.check_among(&[Rank(0), Rank(2)], &facts).unwrap_err();
    assert_eq!(wedge.cycle.to_string(), "0 -ask-> 2 -ask-> 0");
}

#[test]
fn large_swarms_are_checked() {
    // Short cycles come first in a mesh; in a ring nothing is left to search once one member is taken out.
    let mesh = Topology::mesh().edges(EdgeKind::Wait).layout(1000).unwrap();
    let wedge = mesh.check(&[Facts { open: true, asks: vec![] }]).unwrap_err();
    assert_eq!((wedge.cycle.edges.len(), wedge.cycle.needs, wedge.relaxed), (2, 258, Some(258)));
    let ring = Topology::ring().edges(EdgeKind::Wait).layout(10_000).unwrap();
    let wedge = ring.check(&[]).unwrap_err();
    assert_eq!((wedge.cycle.needs, wedge.relaxed), (2_570_000, None));
    assert!(wedge.cycle.to_string().ends_with("11 -wait-> ... 9988 more ... -> 0"), "{}", wedge.cycle);
}
