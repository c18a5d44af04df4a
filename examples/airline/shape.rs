//! Who sends to whom, declared, so that it can be drawn, and checked before the first row is read.
//!
//! Its members are roles. Airports and carriers are many, and nobody knows how many before they are seen; but if actors waited for
//! each other in a circle, so would their roles. The tree in `swarm.rs` is what runs: a [`swarmtree::Swarm`] has one type
//! of message for all, and edges between members that are known beforehand.

use swarmtree::{EdgeKind, Facts, Layout, Liveness, RenameError, Topology, TopologyError, Wedge};

/// In this order.
const ROLES: [&str; 5] = ["reader", "parsers", "airports", "carriers", "rejects"];

/// Each waits for room where it sends to. The actors declare the same mailbox.
const EDGES: [(usize, usize, EdgeKind); 4] =
    [(0, 1, EdgeKind::Wait), (1, 2, EdgeKind::Wait), (1, 3, EdgeKind::Wait), (1, 4, EdgeKind::Wait)];

const MAILBOX: usize = 64;

/// Why the shape will not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misshapen {
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error(transparent)]
    Name(#[from] RenameError),
    #[error(transparent)]
    Wedge(#[from] Wedge),
}

/// The shape, and why nothing in it can lock up.
pub(crate) fn checked() -> Result<(Layout, Liveness), Misshapen> {
    let layout = Topology::custom(EDGES).mailbox(MAILBOX).layout(ROLES.len())?.renamed(ROLES)?;
    // All but the reader are actors, which others may send to as well: the report asks them.
    let facts = ROLES.map(|role| Facts { open: role != "reader", ..Facts::default() });
    let liveness = layout.check(&facts)?;
    Ok((layout, liveness))
}

/// The shape as a Mermaid flowchart, with the verdict below it.
pub(crate) fn drawn() -> Result<String, Misshapen> {
    let (layout, liveness) = checked()?;
    Ok(format!("{}\n{liveness}\n", layout.mermaid()))
}
