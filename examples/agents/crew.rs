//! Who works, and what they do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use swarmtree::{System, Topology};
use swarmtree_actors::agents::{Agent, Behaviour, Behaviours, BoardOptions, Crew, CrewError, Ended, Job, Outcome};

use crate::chains::{self, Chain, worst_of};
use crate::flights::{self, Flight};

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Read all flights.
    Read(PathBuf),
    /// Find a carrier's worst chain among the flights that were read before.
    Chains(String),
    /// Find the worst of the chains that were found before.
    Worst,
}

/// What was found.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    Flights(Arc<Vec<Flight>>),
    /// None if no aircraft was ever late twice.
    Chain(Option<Arc<Chain>>),
}

/// What all agents can do; who gets which task is a matter of their capabilities.
fn work(job: &Job<Work, Found>) -> Result<Found, String> {
    let chain = match &*job.payload {
        Work::Read(path) => {
            let read = flights::read(path).map_err(|error| error.to_string())?;
            return Ok(Found::Flights(Arc::new(read)));
        }
        Work::Chains(carrier) => match job.found().next() {
            Some(Found::Flights(all)) => chains::worst(all, carrier),
            Some(Found::Chain(_)) | None => return Err("no flights were read before".to_owned()),
        },
        Work::Worst => {
            let chains = job.found().filter_map(|found| match found {
                Found::Chain(Some(chain)) => Some(Chain::clone(chain)),
                Found::Chain(None) | Found::Flights(_) => None,
            });
            worst_of(chains)
        }
    };
    Ok(Found::Chain(chain.map(Arc::new)))
}

/// A reader, three agents that compute, and one that is clumsy.
pub(crate) async fn start(system: &System) -> Result<Crew<Work, Found>, CrewError> {
    let (chance, is_fresh) = (system.clone(), AtomicBool::new(true));
    let behaviours = Behaviours::new()
        .register("reader", Behaviour::blocking(work))
        .register("solid", Behaviour::function(work))
        .register(
            "clumsy",
            Behaviour::function(move |job| {
                let stumbles = is_fresh.swap(false, Ordering::Relaxed) || chance.random().is_multiple_of(2);
                assert!(!stumbles, "stumbled over {}", job.task);
                work(job)
            }),
        );
    let computes = |id: &'static str, kind: &str| Agent::new(id, kind).capabilities(["chains"]).concurrency(2);
    let agents = [
        Agent::new("reader", "reader").capabilities(["disk"]),
        computes("anna", "solid"),
        computes("boris", "solid"),
        computes("clumsy", "clumsy"),
        computes("dana", "solid"),
    ];
    let star = Topology::star().intensity(100, "10s");
    Crew::start(system, "crew", star, BoardOptions::default(), behaviours, agents).await
}

/// All that was found, if the task is done.
pub(crate) fn all(ended: &Ended<Found>) -> Result<Vec<Found>, String> {
    match ended.outcome {
        Outcome::Done => Ok(ended.results.iter().map(|found| found.result.clone()).collect()),
        Outcome::Failed | Outcome::Expired | Outcome::Skipped { .. } | Outcome::Cancelled => {
            Err(format!("{} {}: {:?}", ended.task, ended.outcome, ended.failures))
        }
    }
}

/// What one agent has found.
pub(crate) fn one(ended: &Ended<Found>) -> Result<Found, String> {
    all(ended)?.pop().ok_or_else(|| format!("{} has found nothing", ended.task))
}
