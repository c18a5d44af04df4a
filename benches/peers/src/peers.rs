//! The peers, in the order of the table.

mod actix;
mod kameo;
mod ractor;
mod swarmtree;
mod tokio;

use crate::workloads::Peer;

pub(crate) const PEERS: [&dyn Peer; 6] = [
    &swarmtree::Swarmtree,
    &kameo::Kameo::BOUNDED,
    &kameo::Kameo::UNBOUNDED,
    &ractor::Ractor,
    &actix::Actix,
    &tokio::Tokio,
];
