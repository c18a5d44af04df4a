//! The report as one JSON object.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::code::Code;
use crate::report::Report;
use crate::tally::Tally;

#[derive(Serialize)]
struct Object<'a> {
    rows: u64,
    flights: u64,
    rejected: u64,
    departed: u64,
    cancelled: u64,
    diverted: u64,
    by_carrier: BTreeMap<&'a str, Group>,
    by_origin: BTreeMap<&'a str, Group>,
    restarts: u64,
    ledger: Books,
    seconds: f64,
}

#[derive(Serialize)]
struct Group {
    flights: u64,
    cancelled: u64,
    /// Null where nothing departed.
    mean_dep_delay: Option<f64>,
}

#[derive(Serialize)]
struct Books {
    accepted: u64,
    handled: u64,
    dropped: u64,
    dead_lettered: u64,
    quarantined: u64,
    queued: u64,
}

/// The report on one line.
pub(crate) fn line(report: &Report) -> Result<String, serde_json::Error> {
    let (total, ledger) = (report.total(), report.ledger);
    serde_json::to_string(&Object {
        rows: report.rows,
        flights: total.flights,
        rejected: report.rejected,
        departed: total.departed(),
        cancelled: total.cancelled,
        diverted: total.diverted,
        by_carrier: groups(&report.by_carrier),
        by_origin: groups(&report.by_origin),
        restarts: report.restarts,
        ledger: Books {
            accepted: ledger.accepted,
            handled: ledger.handled,
            dropped: ledger.dropped,
            dead_lettered: ledger.dead_lettered,
            quarantined: ledger.quarantined,
            queued: ledger.queued,
        },
        seconds: report.took.as_secs_f64(),
    })
}

fn groups<const N: usize>(tallies: &BTreeMap<Code<N>, Tally>) -> BTreeMap<&str, Group> {
    let each = tallies.iter().map(|(code, tally)| {
        let (flights, cancelled, mean_dep_delay) = (tally.flights, tally.cancelled, tally.mean_delay());
        (code.as_str(), Group { flights, cancelled, mean_dep_delay })
    });
    each.collect()
}
