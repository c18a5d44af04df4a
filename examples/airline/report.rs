//! What a run has to tell, gathered from all actors once the tree is at rest.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmtree::{Ledger, Path};

use crate::code::{AirportCode, CarrierCode};
use crate::flight::Reason;
use crate::swarm::{Broken, First, Swarm};
use crate::tally::Tally;

/// The outcome of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// Rows that the reader handed to the parsers.
    pub(crate) rows: u64,
    /// Rows that are no flights: refused by a parser, or the death of one.
    pub(crate) rejected: u64,
    pub(crate) by_origin: BTreeMap<AirportCode, Tally>,
    pub(crate) by_carrier: BTreeMap<CarrierCode, Tally>,
    /// Flights that airports counted and their carrier did not.
    pub(crate) lost: BTreeMap<CarrierCode, Lost>,
    /// What became of the carrier that was to be killed.
    pub(crate) crash: Option<String>,
    /// Incarnations beyond each actor's first.
    pub(crate) restarts: u64,
    pub(crate) restarts_by_actor: Vec<(Path, u32)>,
    pub(crate) ledger: Ledger,
    /// The first rejected lines, with their reasons.
    pub(crate) first_rejected: BTreeMap<u64, Reason>,
    /// The messages that nobody handled, as the runtime tells them.
    pub(crate) dead_letters: First,
    /// The failures, and what their supervisors decided.
    pub(crate) failures: First,
    pub(crate) took: Duration,
}

/// What a carrier's crash has cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lost {
    /// Flights of that carrier.
    pub(crate) of: u64,
    /// Those its present incarnation knows nothing of.
    pub(crate) flights: u64,
}

impl Report {
    /// All flights together, as the airports counted them.
    pub(crate) fn total(&self) -> Tally {
        self.by_origin.values().sum()
    }

    /// Whether every row and every message has met exactly one fate.
    pub(crate) fn is_balanced(&self) -> bool {
        self.rows == self.total().flights + self.rejected && self.ledger.is_balanced() && self.ledger.queued == 0
    }

    /// Asks everybody, and stops the system. The tree must be at rest.
    pub(crate) async fn gather(swarm: Swarm, rows: u64) -> Result<Self, Broken> {
        let report = Self::ask(&swarm, rows).await;
        swarm.system.stop().await;
        let (dead_letters, failures) = (swarm.dead_letters.await, swarm.failures.await);
        Ok(Self { dead_letters: dead_letters.unwrap_or_default(), failures: failures.unwrap_or_default(), ..report? })
    }

    async fn ask(swarm: &Swarm, rows: u64) -> Result<Self, Broken> {
        // The books come first: the questions below are messages too.
        let ledger = swarm.system.ledger();
        let parsers = swarm.parsers.workers().iter().filter_map(|parser| parser.snapshot().mailbox);
        let crashed_rows: u64 = parsers.map(|mailbox| mailbox.ledger.dead_lettered).sum();
        let restarts_by_actor: Vec<(Path, u32)> = swarm
            .system
            .snapshot()
            .into_iter()
            .filter_map(|seen| (seen.incarnation > 1).then(|| (seen.path, seen.incarnation - 1)))
            .collect();

        let (mut by_origin, mut flown) = (BTreeMap::new(), BTreeMap::<CarrierCode, u64>::new());
        for airport in swarm.airports.children() {
            let path = airport.path();
            let Some(code) = path.names().last().and_then(AirportCode::read) else { continue };
            let report = airport.report().await?;
            by_origin.insert(code, report.tally);
            for (carrier, flights) in report.by_carrier {
                *flown.entry(carrier).or_default() += flights;
            }
        }
        let mut by_carrier = BTreeMap::new();
        for code in flown.keys() {
            let tally = match swarm.carriers.find(code.as_str()) {
                Some(carrier) => carrier.report().await?,
                None => Tally::default(),
            };
            by_carrier.insert(*code, tally);
        }
        let rejects = swarm.rejects.report().await?;
        Ok(Self {
            rows,
            rejected: rejects.count + crashed_rows,
            lost: lost(&flown, &by_carrier),
            crash: None,
            by_origin,
            by_carrier,
            restarts: restarts_by_actor.iter().map(|(_, restarts)| u64::from(*restarts)).sum(),
            restarts_by_actor,
            ledger,
            first_rejected: rejects.first,
            dead_letters: First::default(),
            failures: First::default(),
            took: Duration::ZERO,
        })
    }
}

fn lost(flown: &BTreeMap<CarrierCode, u64>, known: &BTreeMap<CarrierCode, Tally>) -> BTreeMap<CarrierCode, Lost> {
    let each = flown.iter().filter_map(|(code, of)| {
        let flights = of.saturating_sub(known.get(code).map_or(0, |tally| tally.flights));
        (flights > 0).then_some((*code, Lost { of: *of, flights }))
    });
    each.collect()
}
