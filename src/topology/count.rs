//! How many edges of each kind a layout has, without making them.

use std::collections::BTreeMap;

use crate::topology::plan::Plan;
use crate::topology::rank::EdgeKind;
use crate::topology::shape::{Links, Shape};

/// The edges among all members that a plan is laid out for, by kind; kinds without any are left out.
pub(in crate::topology) fn edges(plan: &Plan) -> BTreeMap<EdgeKind, u64> {
    let mut counts = BTreeMap::new();
    add(plan, &mut counts);
    counts.retain(|_, count| *count > 0);
    counts
}

fn add(plan: &Plan, counts: &mut BTreeMap<EdgeKind, u64>) {
    let n = u64::from(plan.slots);
    // A nested topology sends nothing to itself along an outer edge.
    let alone = u64::from(plan.slots == 1 && !plan.nested.is_empty());
    let (tells, asks) = match &plan.shape {
        Shape::Hierarchical { .. } => (2 * (n - 1), n - 1),
        Shape::Mesh => (n * (n - 1), 0),
        Shape::Ring { .. } => (n - alone, 0),
        Shape::Star => (2 * (n - 1), n - 1),
        Shape::Pipeline => (n - 1, n - 1),
        Shape::DualMesh { commands, bridges } => {
            let (commands, bridges) = (u64::from(*commands), u64::from(*bridges));
            let queries = n - commands;
            (commands * (commands - 1) + queries * queries.saturating_sub(1) + bridges * queries, 0)
        }
        Shape::Custom(links) => {
            listed(plan, links, counts);
            (0, 0)
        }
    };
    *counts.entry(plan.tells).or_default() += tells;
    *counts.entry(EdgeKind::Ask).or_default() += asks;
    plan.nested.values().for_each(|inner| add(inner, counts));
}

fn listed(plan: &Plan, links: &Links, counts: &mut BTreeMap<EdgeKind, u64>) {
    for from in 0..plan.slots {
        for (to, kind) in links.tells(from).iter().chain(links.asks(from)) {
            if *to < plan.slots && (from != *to || !plan.nested.contains_key(to)) {
                *counts.entry(*kind).or_default() += 1;
            }
        }
    }
}
