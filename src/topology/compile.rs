//! From a declaration to a layout: everything is checked here, before anything starts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::topology::builder::{Declared, MAILBOX_LIMIT, MEMBERS_LIMIT, Topology};
use crate::topology::error::TopologyError;
use crate::topology::layout::Layout;
use crate::topology::plan::Plan;
use crate::topology::rank::EdgeKind;
use crate::topology::shape::{Links, Shape};

/// What may be under way in a swarm with credits, unless it is declared or the cap of members is higher.
const IN_FLIGHT_DEFAULT: usize = 1024;

impl Topology {
    /// Checks the whole declaration and compiles it for so many members, a nested topology being one of them.
    ///
    /// # Errors
    /// [`TopologyError`] says what is wrong first.
    pub fn layout(&self, members: usize) -> Result<Layout, TopologyError> {
        let plan = compile(self, members)?;
        if self.in_flight == Some(0) {
            return Err(TopologyError::InFlight);
        }
        let default = plan.any_credit().then(|| IN_FLIGHT_DEFAULT.max(plan.members_limit() as usize));
        Ok(Layout::new(Arc::new(plan), self.in_flight.or(default)))
    }
}

fn compile(topology: &Topology, slots: usize) -> Result<Plan, TopologyError> {
    let limit = topology.max_agents.unwrap_or(slots);
    check_sizes(topology, slots, limit)?;
    let shape = shape(topology, slots, limit)?;
    check_options(topology, &shape)?;
    let nested = nested(topology, slots)?;
    let all = nested.values().map(|inner| inner.members() as usize - 1).sum::<usize>() + slots;
    check_total(topology, all, limit)?;
    let tells = if matches!(shape, Shape::Pipeline) { EdgeKind::Wait } else { EdgeKind::Credit };
    let mut plan = Plan {
        shape,
        tells: topology.tells.unwrap_or(tells),
        slots: small(slots),
        slots_limit: if nested.is_empty() { small(limit) } else { small(slots) },
        mailbox: topology.mailbox,
        intensity: topology.intensity.clone()?,
        hub_state: topology.hub_state,
        durable: topology.durable,
        nested,
        starts: Vec::new(),
    };
    plan.number();
    Ok(plan)
}

/// A number below [`MEMBERS_LIMIT`], which is checked before.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn check_sizes(topology: &Topology, slots: usize, limit: usize) -> Result<(), TopologyError> {
    if slots == 0 {
        return Err(TopologyError::Empty);
    }
    if slots.max(limit) > MEMBERS_LIMIT {
        return Err(TopologyError::Limit { members: slots.max(limit) });
    }
    if limit < slots {
        return Err(TopologyError::Cap { members: slots, cap: limit });
    }
    if !(1..=MAILBOX_LIMIT).contains(&topology.mailbox) {
        return Err(TopologyError::Mailbox { capacity: topology.mailbox });
    }
    if topology.intensity.clone()?.period.is_zero() {
        return Err(TopologyError::Period);
    }
    Ok(())
}

fn shape(topology: &Topology, slots: usize, limit: usize) -> Result<Shape, TopologyError> {
    Ok(match &topology.declared {
        Declared::Hierarchical { fan_out } if *fan_out < 2 => {
            return Err(TopologyError::FanOut { fan_out: *fan_out });
        }
        Declared::Hierarchical { fan_out } => Shape::Hierarchical { fan_out: small((*fan_out).min(MEMBERS_LIMIT)) },
        Declared::Mesh => Shape::Mesh,
        Declared::Ring => match topology.successors.unwrap_or(2) {
            successors if successors < 2 => return Err(TopologyError::Successors { successors }),
            successors => Shape::Ring { successors },
        },
        Declared::Star => Shape::Star,
        Declared::Pipeline => Shape::Pipeline,
        Declared::DualMesh { commands, bridges } => {
            let (commands, bridges) = (*commands, *bridges);
            if bridges == 0 || bridges > commands || commands > slots {
                return Err(TopologyError::Parts { members: slots, commands, bridges });
            }
            Shape::DualMesh { commands: small(commands), bridges: small(bridges) }
        }
        Declared::Custom { edges } => Shape::Custom(links(edges, limit)?),
    })
}

fn links(edges: &[(usize, usize, EdgeKind)], limit: usize) -> Result<Links, TopologyError> {
    let mut seen = BTreeSet::new();
    let mut checked = Vec::with_capacity(edges.len());
    for &(from, to, kind) in edges {
        if from >= limit || to >= limit {
            return Err(TopologyError::EdgeOutside { from, to, cap: limit });
        }
        if !seen.insert((from, to, kind == EdgeKind::Ask)) {
            return Err(TopologyError::EdgeTwice { from, to });
        }
        checked.push((small(from), small(to), kind));
    }
    Ok(Links::new(limit, &checked))
}

fn check_options(topology: &Topology, shape: &Shape) -> Result<(), TopologyError> {
    if topology.tells == Some(EdgeKind::Ask) {
        return Err(TopologyError::Tells);
    }
    let wrong = [
        ("successors", topology.successors.is_some() && !matches!(shape, Shape::Ring { .. })),
        ("hub_state", topology.hub_state && !matches!(shape, Shape::Star)),
        ("durable", topology.durable && !matches!(shape, Shape::Pipeline)),
        ("edges", topology.tells.is_some() && matches!(shape, Shape::Custom(_))),
    ];
    match wrong.into_iter().find(|(_, wrong)| *wrong) {
        Some((option, _)) => Err(TopologyError::Option { option, shape: shape.name() }),
        None => Ok(()),
    }
}

fn nested(topology: &Topology, slots: usize) -> Result<BTreeMap<u32, Arc<Plan>>, TopologyError> {
    let mut nested = BTreeMap::new();
    for nest in &topology.nests {
        let rank = nest.rank;
        if rank >= slots {
            return Err(TopologyError::NestOutside { rank, members: slots });
        }
        if nest.topology.in_flight.is_some() {
            return Err(TopologyError::NestInFlight { rank });
        }
        let inner = compile(&nest.topology, nest.members)?;
        if inner.slots < inner.slots_limit {
            let (members, cap) = (inner.members() as usize, inner.members_limit() as usize);
            return Err(TopologyError::NestGrowth { members, cap });
        }
        if nested.insert(small(rank), Arc::new(inner)).is_some() {
            return Err(TopologyError::NestTwice { rank });
        }
    }
    Ok(nested)
}

/// With nested topologies the cap counts all members, and leaves no room to grow.
fn check_total(topology: &Topology, all: usize, limit: usize) -> Result<(), TopologyError> {
    if all > MEMBERS_LIMIT {
        return Err(TopologyError::Limit { members: all });
    }
    match topology.max_agents {
        Some(_) if topology.nests.is_empty() => Ok(()),
        Some(_) if limit < all => Err(TopologyError::Cap { members: all, cap: limit }),
        Some(_) if limit > all => Err(TopologyError::NestGrowth { members: all, cap: limit }),
        _ => Ok(()),
    }
}
