//! What the command line offers.

use clap::Parser;
use clap::builder::PossibleValuesParser;

use crate::peers::PEERS;
use crate::workloads::{Peer, Workload};

/// Runs the same workloads on swarmtree and its peers, in interleaved rounds, and compares the medians.
#[derive(Debug, Parser)]
#[command(name = "peers")]
pub(crate) struct Options {
    /// Print JSON lines instead of a table.
    #[arg(long)]
    pub(crate) json: bool,

    /// Run only these workloads.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WORKLOAD")]
    only: Vec<Workload>,

    /// Run only these peers.
    #[arg(long, value_parser = PossibleValuesParser::new(PEERS.map(Peer::name)), value_delimiter = ',', value_name = "PEER")]
    peers: Vec<String>,

    /// Rounds that count, after one that does not.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) rounds: u32,

    /// Multiplies the amounts of all workloads.
    #[arg(long, default_value_t = 1.0, value_parser = scale)]
    pub(crate) scale: f64,
}

impl Options {
    /// The workloads to run, in the order of the table.
    pub(crate) fn workloads(&self) -> Vec<Workload> {
        let chosen = |workload: &Workload| self.only.is_empty() || self.only.contains(workload);
        Workload::ALL.into_iter().filter(chosen).collect()
    }

    /// The peers to run, in the order of the table.
    pub(crate) fn peers(&self) -> Vec<&'static dyn Peer> {
        let chosen = |peer: &&dyn Peer| self.peers.is_empty() || self.peers.iter().any(|name| name == peer.name());
        PEERS.into_iter().filter(chosen).collect()
    }
}

fn scale(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(scale) if (0.000_1..=1_000.0).contains(&scale) => Ok(scale),
        _ => Err("a number from 0.0001 to 1000".to_owned()),
    }
}
