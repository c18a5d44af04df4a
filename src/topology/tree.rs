//! The supervision tree of a layout: who restarts whom, and why.

use crate::spec::{Intensity, Strategy};
use crate::topology::plan::Plan;
use crate::topology::rank::Rank;
use crate::topology::shape::Shape;

/// What stands at the top of a part of a hierarchy.
const ROUTER: &str = "router";

/// A supervisor of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name below the supervisor above; empty for the swarm's own, which is named with the swarm.
    pub name: String,
    /// Which siblings restart with a failed child.
    pub strategy: Strategy,
    /// How many restarts it allows.
    pub intensity: Intensity,
    /// Why it has this strategy, in one sentence.
    pub why: &'static str,
    /// Its children in start order.
    pub children: Vec<Node>,
}

/// A child in a supervision tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A member of the swarm.
    Member(Rank),
    /// A supervisor.
    Branch(Branch),
}

/// Where a joining member is to be started: behind the present children of a supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The supervisor's path below the swarm's own; empty for that.
    pub supervisor: String,
    /// What is started there: the member, or the supervisor that it is the first child of.
    pub node: Node,
}

impl Branch {
    /// The members below it, in start order; they are stopped in the reverse of it.
    #[must_use]
    pub fn start_order(&self) -> Vec<Rank> {
        let mut order = Vec::new();
        self.collect(&mut order);
        order
    }

    fn collect(&self, order: &mut Vec<Rank>) {
        for child in &self.children {
            match child {
                Node::Member(rank) => order.push(*rank),
                Node::Branch(branch) => branch.collect(order),
            }
        }
    }
}

const HIERARCHY: &str = "the router is first: when it restarts, its subordinates are wired anew, and nobody else";
const EQUALS: &str = "members are independent; neighbours drop one that fails and take it back";
const RING: &str = "only its two neighbours care for a member; they bypass it until it is back";
const HUB_STATE: &str = "the hub is first: the leaves hold its state and restart with it";
const HUB_NAMED: &str = "the leaves only name the hub; it comes back to them at its address";
const STAGES: &str = "the state of a stage depends on those before it";
const DURABLE: &str = "stages keep their state elsewhere, so each restarts alone";
const APART: &str = "commands, queries and bridges fail apart";
const BRIDGES: &str = "bridges resume in order from where they were, each behind those before it";
const CUSTOM: &str = "nothing is known of who depends on whom; each restarts alone";

/// The supervisor of a whole plan, named, for members whose first rank is given.
pub(in crate::topology) fn branch(plan: &Plan, name: &str, first: u32) -> Branch {
    let slots = || (0..plan.slots).map(|slot| node(plan, slot, first));
    let (strategy, why) = strategy(plan);
    let children = match &plan.shape {
        Shape::Hierarchical { .. } if interior(plan, 0) => router(plan, 0, first),
        Shape::DualMesh { commands, bridges } => {
            let part = |name, range: std::ops::Range<u32>| {
                let (strategy, why) = part_strategy(name);
                let children = range.map(|slot| node(plan, slot, first)).collect();
                Node::Branch(Branch { name: name.to_owned(), strategy, intensity: plan.intensity, why, children })
            };
            let plain = commands - bridges;
            vec![part(COMMANDS, 0..plain), part(QUERIES, *commands..plan.slots), part(BRIDGES_NAME, plain..*commands)]
        }
        Shape::Hierarchical { .. }
        | Shape::Mesh
        | Shape::Ring { .. }
        | Shape::Star
        | Shape::Pipeline
        | Shape::Custom(_) => slots().collect(),
    };
    Branch { name: name.to_owned(), strategy, intensity: plan.intensity, why, children }
}

const COMMANDS: &str = "commands";
const QUERIES: &str = "queries";
const BRIDGES_NAME: &str = "bridges";

fn strategy(plan: &Plan) -> (Strategy, &'static str) {
    match &plan.shape {
        Shape::Hierarchical { .. } => (Strategy::RestForOne, HIERARCHY),
        Shape::Mesh => (Strategy::OneForOne, EQUALS),
        Shape::Ring { .. } => (Strategy::OneForOne, RING),
        Shape::Star if plan.hub_state => (Strategy::RestForOne, HUB_STATE),
        Shape::Star => (Strategy::OneForOne, HUB_NAMED),
        Shape::Pipeline if plan.durable => (Strategy::OneForOne, DURABLE),
        Shape::Pipeline => (Strategy::RestForOne, STAGES),
        Shape::DualMesh { .. } => (Strategy::OneForOne, APART),
        Shape::Custom(_) => (Strategy::OneForOne, CUSTOM),
    }
}

fn part_strategy(name: &str) -> (Strategy, &'static str) {
    if name == BRIDGES_NAME { (Strategy::RestForOne, BRIDGES) } else { (Strategy::OneForOne, EQUALS) }
}

/// Whether a slot of a hierarchy may get subordinates under the cap.
fn interior(plan: &Plan, slot: u32) -> bool {
    match &plan.shape {
        Shape::Hierarchical { fan_out } => u64::from(slot) * u64::from(*fan_out) + 1 < u64::from(plan.slots_limit),
        Shape::Mesh
        | Shape::Ring { .. }
        | Shape::Star
        | Shape::Pipeline
        | Shape::DualMesh { .. }
        | Shape::Custom(_) => false,
    }
}

/// The children of an interior node's supervisor: its router, then its subordinates.
fn router(plan: &Plan, slot: u32, first: u32) -> Vec<Node> {
    let below = match &plan.shape {
        Shape::Hierarchical { fan_out } => {
            let begin = u64::from(slot) * u64::from(*fan_out) + 1;
            begin..(begin + u64::from(*fan_out)).min(u64::from(plan.slots))
        }
        Shape::Mesh
        | Shape::Ring { .. }
        | Shape::Star
        | Shape::Pipeline
        | Shape::DualMesh { .. }
        | Shape::Custom(_) => 0..0,
    };
    let below = below.filter_map(|slot| u32::try_from(slot).ok()).map(|slot| node(plan, slot, first));
    std::iter::once(unit(plan, slot, ROUTER, first)).chain(below).collect()
}

/// A slot in its supervisor: an interior node of a hierarchy has a supervisor of its own.
fn node(plan: &Plan, slot: u32, first: u32) -> Node {
    if !interior(plan, slot) {
        return unit(plan, slot, &slot.to_string(), first);
    }
    let (strategy, why) = strategy(plan);
    let children = router(plan, slot, first);
    Node::Branch(Branch { name: slot.to_string(), strategy, intensity: plan.intensity, why, children })
}

/// What stands at a slot itself: a member, or a nested topology under the name given.
fn unit(plan: &Plan, slot: u32, name: &str, first: u32) -> Node {
    let start = first + plan.start(slot);
    match plan.nested.get(&slot) {
        Some(inner) => Node::Branch(branch(inner, name, start)),
        None => Node::Member(Rank(start)),
    }
}

/// The path of a slot's supervisor below the plan's own, and the slot's name there.
fn place(plan: &Plan, slot: u32) -> (String, String) {
    let own = slot.to_string();
    match &plan.shape {
        Shape::Hierarchical { fan_out } => {
            let mut above = Vec::new();
            let mut at = if interior(plan, slot) { Some(slot) } else { slot.checked_sub(1).map(|slot| slot / fan_out) };
            while let Some(node) = at.filter(|node| *node > 0) {
                above.push(node.to_string());
                at = Some((node - 1) / fan_out);
            }
            above.reverse();
            (above.join("/"), if interior(plan, slot) { ROUTER.to_owned() } else { own })
        }
        Shape::DualMesh { commands, .. } if slot >= *commands => (QUERIES.to_owned(), own),
        Shape::DualMesh { commands, bridges } if slot >= commands - bridges => (BRIDGES_NAME.to_owned(), own),
        Shape::DualMesh { .. } => (COMMANDS.to_owned(), own),
        Shape::Mesh | Shape::Ring { .. } | Shape::Star | Shape::Pipeline | Shape::Custom(_) => (String::new(), own),
    }
}

/// A path below another; either may be empty.
fn join(above: &str, below: &str) -> String {
    match (above.is_empty(), below.is_empty()) {
        (true, _) => below.to_owned(),
        (_, true) => above.to_owned(),
        _ => format!("{above}/{below}"),
    }
}

/// The path of a member's supervisor below the swarm's own, and the member's own name there.
pub(in crate::topology) fn place_of(plan: &Plan, rank: u32) -> (String, String) {
    let slot = plan.slot(rank);
    let (above, own) = place(plan, slot);
    match plan.nested.get(&slot) {
        Some(inner) => {
            let (deeper, name) = place_of(inner, rank - plan.start(slot));
            (join(&join(&above, &own), &deeper), name)
        }
        None => (above, own),
    }
}

/// A path of a supervisor and a name below it.
pub(in crate::topology) fn path(supervisor: &str, name: &str) -> String {
    join(supervisor, name)
}

/// Where a member that joins is started; `first` is the plan's first rank.
pub(in crate::topology) fn opening(plan: &Plan, rank: u32, first: u32) -> Opening {
    let slot = plan.slot(rank);
    let (above, own) = place(plan, slot);
    if let Some(inner) = plan.nested.get(&slot) {
        let start = plan.start(slot);
        let within = opening(inner, rank - start, first + start);
        return Opening { supervisor: join(&join(&above, &own), &within.supervisor), node: within.node };
    }
    let member = Node::Member(Rank(first + rank));
    if slot == 0 || !interior(plan, slot) {
        return Opening { supervisor: above, node: member };
    }
    let (strategy, why) = strategy(plan);
    let children = vec![member];
    let node = Node::Branch(Branch { name: slot.to_string(), strategy, intensity: plan.intensity, why, children });
    let supervisor = above.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
    Opening { supervisor, node }
}
