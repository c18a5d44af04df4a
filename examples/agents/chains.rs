//! Chains of knock-on delays: pure.
//!
//! The table holds departures from New York alone, so the flights of an aircraft that follow each other here have others in between,
//! which brought it back. Late is whoever is late by a quarter of an hour, as the Bureau of Transportation Statistics counts.

use std::collections::BTreeMap;
use std::fmt;

use crate::flights::Flight;

/// From how many minutes on a flight is late.
const LATE: i64 = 15;
/// After how many minutes a delay has nothing to do with the one before.
const SAME_ROTATION: i64 = 24 * 60;

/// Flights of one aircraft, each of which was late to land, and the next one late to take off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// In order; at least two.
    pub(crate) flights: Vec<Flight>,
}

impl Chain {
    /// How late the flights after the first took off, in minutes all together.
    pub(crate) fn minutes(&self) -> i64 {
        self.flights.iter().skip(1).map(|flight| flight.departed_late).sum()
    }

    /// By which the worst is found: its minutes, and among equals the first aircraft and the first time.
    fn rank(&self) -> (i64, std::cmp::Reverse<(&str, i64)>) {
        let first = self.flights.first().map_or(("", 0), |flight| (flight.tail.as_str(), flight.scheduled));
        (self.minutes(), std::cmp::Reverse(first))
    }
}

/// The worst of some chains.
pub(crate) fn worst_of(chains: impl IntoIterator<Item = Chain>) -> Option<Chain> {
    chains.into_iter().max_by(|one, other| one.rank().cmp(&other.rank()))
}

/// The worst chain of all aircraft of a carrier.
pub(crate) fn worst(flights: &[Flight], carrier: &str) -> Option<Chain> {
    let mut aircraft: BTreeMap<&str, Vec<&Flight>> = BTreeMap::new();
    for flight in flights.iter().filter(|flight| flight.carrier == carrier) {
        aircraft.entry(&flight.tail).or_default().push(flight);
    }
    worst_of(aircraft.into_values().flat_map(chains))
}

/// All chains of one aircraft.
fn chains(mut flights: Vec<&Flight>) -> Vec<Chain> {
    flights.sort_by_key(|flight| flight.scheduled);
    let runs = flights.chunk_by(|one, next| knocks_on(one, next)).filter(|run| run.len() > 1);
    runs.map(|run| Chain { flights: run.iter().copied().cloned().collect() }).collect()
}

fn knocks_on(one: &Flight, next: &Flight) -> bool {
    one.arrived_late.is_some_and(|late| late >= LATE)
        && next.departed_late >= LATE
        && next.scheduled - one.scheduled <= SAME_ROTATION
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = self.flights.first().map_or("", |flight| &flight.tail);
        write!(f, "{tail}: {} minutes over {} flights", self.minutes(), self.flights.len())?;
        for Flight { carrier, number, origin, dest, day, departed_late, arrived_late, .. } in &self.flights {
            let landed = arrived_late.map_or("diverted".to_owned(), |late| format!("landed {late:+}"));
            write!(f, "\n  Jan {day:>2}  {carrier} {number:<5} {origin}-{dest}  took off {departed_late:+}, {landed}")?;
        }
        Ok(())
    }
}
