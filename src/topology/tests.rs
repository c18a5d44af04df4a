//! What is refused, which strategies follow, names, places and drawings.

use std::collections::BTreeSet;

use crate::path::NameError;
use crate::spec::Strategy;
use crate::topology::builder::{MEMBERS_LIMIT, Topology};
use crate::topology::error::{RenameError, TopologyError};
use crate::topology::layout::Layout;
use crate::topology::rank::{EdgeKind, Rank};
use crate::topology::tree::{Branch, Node};

fn refused(topology: Topology, members: usize, expected: TopologyError) {
    assert_eq!(topology.layout(members).err(), Some(expected));
}

#[test]
fn a_wrong_declaration_says_what_is_wrong() {
    use TopologyError as E;
    let edge = |from, to, kind| Topology::custom([(0, 1, EdgeKind::Wait), (from, to, kind)]);
    refused(Topology::mesh(), 0, E::Empty);
    refused(Topology::mesh().max_agents(3), 4, E::Cap { members: 4, cap: 3 });
    refused(Topology::mesh().max_agents(MEMBERS_LIMIT + 1), 4, E::Limit { members: MEMBERS_LIMIT + 1 });
    refused(Topology::hierarchical(1), 4, E::FanOut { fan_out: 1 });
    refused(Topology::ring().successors(1), 4, E::Successors { successors: 1 });
    refused(Topology::dual_mesh(2, 3), 4, E::Parts { members: 4, commands: 2, bridges: 3 });
    refused(Topology::dual_mesh(5, 1), 4, E::Parts { members: 4, commands: 5, bridges: 1 });
    refused(Topology::mesh().mailbox(0), 4, E::Mailbox { capacity: 0 });
    refused(Topology::mesh().mailbox((1 << 24) + 1), 4, E::Mailbox { capacity: (1 << 24) + 1 });
    refused(Topology::mesh().in_flight(0), 4, E::InFlight);
    refused(Topology::mesh().intensity(1, "0s"), 4, E::Period);
    refused(Topology::mesh().edges(EdgeKind::Ask), 4, E::Tells);
    refused(Topology::mesh().successors(2), 4, E::Option { option: "successors", shape: "mesh" });
    refused(Topology::ring().hub_state(), 4, E::Option { option: "hub_state", shape: "ring" });
    refused(Topology::star().durable(), 4, E::Option { option: "durable", shape: "star" });
    refused(
        edge(1, 0, EdgeKind::Wait).edges(EdgeKind::Wait),
        2,
        E::Option { option: "edges", shape: "custom topology" },
    );
    refused(edge(0, 2, EdgeKind::Ask), 2, E::EdgeOutside { from: 0, to: 2, cap: 2 });
    refused(edge(0, 1, EdgeKind::Shed), 2, E::EdgeTwice { from: 0, to: 1 });
    assert!(edge(0, 1, EdgeKind::Ask).layout(2).is_ok(), "a pair may have an edge of each sort");
    let error = Topology::mesh().intensity(1, "soon").layout(4).unwrap_err().to_string();
    assert!(error.contains("\"soon\""), "{error}");
}

#[test]
fn what_cannot_be_nested_is_refused() {
    use TopologyError as E;
    let star = |inner, at| Topology::star().nest(at, inner, 2);
    refused(star(Topology::ring(), 4), 4, E::NestOutside { rank: 4, members: 4 });
    refused(star(Topology::ring(), 1).nest(1, Topology::mesh(), 2), 4, E::NestTwice { rank: 1 });
    refused(star(Topology::ring().max_agents(3), 1), 4, E::NestGrowth { members: 2, cap: 3 });
    refused(star(Topology::ring(), 1).max_agents(6), 4, E::NestGrowth { members: 5, cap: 6 });
    refused(star(Topology::ring(), 1).max_agents(4), 4, E::Cap { members: 5, cap: 4 });
    refused(star(Topology::ring().in_flight(9), 1), 4, E::NestInFlight { rank: 1 });
    refused(star(Topology::ring().mailbox(0), 1), 4, E::Mailbox { capacity: 0 });
    assert_eq!(star(Topology::ring(), 1).max_agents(5).layout(4).unwrap().max_agents(), 5);
}

/// A tree in short: `rest(0 one(1 2))`.
fn short(branch: &Branch) -> String {
    let children = branch.children.iter().map(|child| match child {
        Node::Member(rank) => rank.to_string(),
        Node::Branch(branch) => format!("{}={}", branch.name, short(branch)),
    });
    let strategy = branch.strategy.name().trim_end_matches("_for_one");
    assert_eq!(branch.strategy == Strategy::RestForOne, strategy == "rest");
    format!("{strategy}({})", children.collect::<Vec<_>>().join(" "))
}

fn tree(topology: Topology, members: usize) -> String {
    short(topology.layout(members).unwrap().tree())
}

#[test]
fn each_shape_has_its_supervisors() {
    assert_eq!(tree(Topology::mesh(), 3), "one(0 1 2)");
    assert_eq!(tree(Topology::ring(), 3), "one(0 1 2)");
    assert_eq!(tree(Topology::star(), 3), "one(0 1 2)");
    assert_eq!(tree(Topology::star().hub_state(), 3), "rest(0 1 2)");
    assert_eq!(tree(Topology::pipeline(), 3), "rest(0 1 2)");
    assert_eq!(tree(Topology::pipeline().durable(), 3), "one(0 1 2)");
    assert_eq!(tree(Topology::custom([]), 2), "one(0 1)");
    assert_eq!(tree(Topology::hierarchical(2), 6), "rest(0 1=rest(1 3 4) 2=rest(2 5))");
    assert_eq!(tree(Topology::dual_mesh(3, 2), 5), "one(commands=one(0) queries=one(3 4) bridges=rest(1 2))");
    assert_eq!(tree(Topology::star().nest(1, Topology::pipeline(), 2), 3), "one(0 1=rest(1 2) 3)");
    let routed = Topology::hierarchical(2).nest(1, Topology::ring(), 2);
    assert_eq!(tree(routed, 4), "rest(0 1=rest(router=one(1 2) 4) 3)");
}

#[test]
fn who_may_get_subordinates_has_a_supervisor_from_the_start() {
    let layout = Topology::hierarchical(2).max_agents(8).layout(4).unwrap();
    assert_eq!(short(layout.tree()), "rest(0 1=rest(1 3=rest(3)) 2=rest(2))");
    let names: Vec<String> = (0..8).map(|rank| layout.member(Rank(rank)).unwrap().name).collect();
    assert_eq!(names, ["router", "1/router", "2/router", "1/3/router", "1/4", "2/5", "2/6", "1/3/7"]);
    assert_eq!(layout.opening(Rank(7)).unwrap().supervisor, "1/3");
    assert_eq!(layout.opening(Rank(8)), None);
}

#[test]
fn a_new_member_gets_the_lowest_free_rank_below_the_cap() {
    let layout = Topology::ring().max_agents(4).layout(2).unwrap();
    let place = |taken: &[u32]| layout.place(&taken.iter().copied().map(Rank).collect::<BTreeSet<_>>());
    assert_eq!(place(&[0, 1]), Some(Rank(2)));
    assert_eq!(place(&[0, 2, 3]), Some(Rank(1)));
    assert_eq!(place(&[0, 1, 2, 3]), None);
}

#[test]
fn names_of_ones_own_are_unique_within_the_swarm() {
    let layout = |cap: usize| Topology::hierarchical(2).max_agents(cap).layout(4).unwrap();
    let named = layout(4).renamed(["lead", "planner", "critic", "scout"]).unwrap();
    let names: Vec<&str> = named.members().iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["lead", "1/planner", "critic", "1/scout"]);
    let refused = |names: [&str; 4]| layout(6).renamed(names).err();
    let taken = |name: &str| Some(RenameError::Taken { name: name.to_owned() });
    assert_eq!(refused(["a", "b", "a", "c"]), taken("a"));
    assert_eq!(refused(["a", "b", "1", "c"]), taken("1"), "a supervisor of the swarm has that name");
    assert_eq!(refused(["a", "b", "5", "c"]), taken("5"), "the member of rank 5 gets it when it joins");
    assert_eq!(refused(["a", "b", "", "c"]), Some(RenameError::Name(NameError::Empty)));
    assert_eq!(layout(4).renamed(["a"]).err(), Some(RenameError::Count { names: 1, members: 4 }));
}

#[test]
fn credits_bound_what_is_under_way() {
    let in_flight = |topology: Topology| topology.layout(3).unwrap().in_flight();
    assert_eq!(in_flight(Topology::mesh()), Some(1024));
    assert_eq!(in_flight(Topology::mesh().max_agents(5000)), Some(5000));
    assert_eq!(in_flight(Topology::mesh().in_flight(7)), Some(7));
    assert_eq!(in_flight(Topology::mesh().edges(EdgeKind::Shed)), None);
    assert_eq!(in_flight(Topology::pipeline()), None);
    assert_eq!(in_flight(Topology::pipeline().nest(1, Topology::ring(), 2)), Some(1024));
    assert_eq!(in_flight(Topology::custom([(0, 1, EdgeKind::Credit)])), Some(1024));
}

fn star() -> Layout {
    Topology::star().mailbox(8).nest(1, Topology::pipeline().mailbox(4), 2).layout(3).unwrap()
}

#[test]
fn a_layout_prints_its_tree_and_its_verdict() {
    let expected = "\
star: 4 of at most 4 members; mailboxes of 4 to 8; at most 1024 messages under way
swarm (one_for_one, 10 restarts in 10s): the leaves only name the hub; it comes back to them at its address
├── 0
├── 1 (rest_for_one): the state of a stage depends on those before it
│   ├── 0
│   └── 1
└── 2
edges: 1 wait, 3 ask, 4 credit
liveness: cannot lock up: no cycle of waiting edges
";
    assert_eq!(star().to_string(), expected);
    let large = Topology::mesh().layout(1000).unwrap().to_string();
    assert!(large.contains("├── 7\n├── ... 991 more ...\n└── 999\nedges: 999000 credit\n"), "{large}");
    let refused = Topology::mesh().edges(EdgeKind::Wait).layout(2).unwrap().to_string();
    assert!(refused.contains("liveness: the swarm can lock up in 0 -wait-> 1 -wait-> 0: 514 messages"), "{refused}");
}

#[test]
fn a_layout_is_drawn_for_graphviz_and_mermaid() {
    let ring = Topology::ring().layout(2).unwrap().renamed(["a \"b\"", "c"]).unwrap();
    let dot = "digraph \"ring\" {\n  0 [label=\"a \\\"b\\\"\"];\n  1 [label=\"c\"];\n  \
               0 -> 1 [label=\"credit\", style=dashed];\n  1 -> 0 [label=\"credit\", style=dashed];\n}\n";
    assert_eq!(ring.dot(), dot);
    let mermaid = star().mermaid();
    assert!(mermaid.starts_with("flowchart LR\n  m0[\"0\"]\n  m1[\"1/0\"]\n"), "{mermaid}");
    assert!(mermaid.contains("  m2 ==>|ask| m0\n") && mermaid.contains("  m1 -->|wait| m2\n"), "{mermaid}");
}
