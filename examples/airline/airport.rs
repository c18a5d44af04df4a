//! One actor for each airport that flights depart from.

use std::collections::BTreeMap;

use swarmtree::{actor, handlers};

use crate::code::CarrierCode;
use crate::flight::Flight;
use crate::tally::Tally;

/// An origin airport: its departures, and whose they were.
#[actor(mailbox = 64, overflow = wait)]
pub(crate) struct Airport {
    report: AirportReport,
}

/// What an airport has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct AirportReport {
    pub(crate) tally: Tally,
    /// Flights of each carrier: a second count, by which it shows what a carrier's crash has lost.
    pub(crate) by_carrier: BTreeMap<CarrierCode, u64>,
}

#[handlers]
impl Airport {
    /// An airport that has seen no flight yet.
    #[start]
    fn open() -> Self {
        Self { report: AirportReport::default() }
    }

    /// Counts a flight that departed from here, or should have.
    #[tell]
    fn departed(&mut self, flight: Flight) {
        self.report.tally.add(&flight);
        *self.report.by_carrier.entry(flight.carrier).or_default() += 1;
    }

    /// What was counted so far.
    #[ask]
    fn report(&self) -> AirportReport {
        self.report.clone()
    }
}
