//! Rounds: every round runs each workload on each peer once, so that a slow moment of the machine hits all alike.

use std::fmt;

use crate::measure::{Measure, Miss, median};
use crate::options::Options;
use crate::workloads::{Peer, Workload};

/// All runs of a workload on a peer; none if the peer does not offer it.
pub(crate) struct Series {
    pub(crate) workload: Workload,
    pub(crate) peer: &'static str,
    runs: Vec<Measure>,
}

/// The figures of a series.
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) p99: Option<f64>,
    pub(crate) cpu_ns: f64,
}

/// Messages were lost, or handled twice.
pub(crate) struct Wrong {
    workload: Workload,
    peer: &'static str,
    expected: u64,
    found: u64,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peer, expected, found, .. } = self;
        write!(f, "{peer}, {}: the actors came to {found}, not to {expected}", self.workload.name())
    }
}

impl Series {
    /// None if the peer does not offer the workload.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let values: Vec<f64> = self.runs.iter().map(|run| run.value).collect();
        let cpu: Vec<f64> = self.runs.iter().map(|run| run.cpu_ns).collect();
        let p99s: Vec<f64> = self.runs.iter().filter_map(|run| run.p99).collect();
        (!values.is_empty()).then(|| Summary {
            median: median(&values),
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            p99: (!p99s.is_empty()).then(|| median(&p99s)),
            cpu_ns: median(&cpu),
        })
    }
}

/// Runs a round that warms up and does not count, and then the rounds that do. Each begins with another peer.
pub(crate) fn run(options: &Options) -> Result<Vec<Series>, Wrong> {
    let peers = options.peers();
    let series = |workload| peers.iter().map(move |peer| Series { workload, peer: peer.name(), runs: Vec::new() });
    let mut results: Vec<Series> = options.workloads().into_iter().flat_map(series).collect();
    for round in 0..=options.rounds {
        eprintln!("round {round} of {}{}", options.rounds, if round == 0 { ", to warm up" } else { "" });
        for of_workload in results.chunks_mut(peers.len()) {
            for turn in 0..peers.len() {
                let at = (turn + round as usize) % peers.len();
                let measure = run_once(&of_workload[at], peers[at], options.scale)?;
                of_workload[at].runs.extend(measure.filter(|_| round > 0));
            }
        }
    }
    Ok(results)
}

fn run_once(series: &Series, peer: &dyn Peer, scale: f64) -> Result<Option<Measure>, Wrong> {
    match series.workload.run(peer, scale) {
        Ok(measure) => Ok(Some(measure)),
        Err(Miss::NotOffered) => Ok(None),
        Err(Miss::Wrong { expected, found }) => {
            Err(Wrong { workload: series.workload, peer: series.peer, expected, found })
        }
    }
}
