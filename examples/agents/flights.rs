//! Flights as far as delays go, and how they are read.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::read::GzDecoder;

/// A flight that took off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flight {
    pub(crate) carrier: String,
    /// The aircraft.
    pub(crate) tail: String,
    pub(crate) number: String,
    pub(crate) origin: String,
    pub(crate) dest: String,
    /// The day of the month on which it was to take off, from 1.
    pub(crate) day: i64,
    /// When it was to take off, in minutes since the month began, by the clocks of New York.
    pub(crate) scheduled: i64,
    /// How late it took off, in minutes; negative is early.
    pub(crate) departed_late: i64,
    /// How late it landed, in minutes; none if it was diverted.
    pub(crate) arrived_late: Option<i64>,
}

/// The columns that are read.
const COLUMNS: [&str; 10] =
    ["carrier", "tailnum", "flight", "origin", "dest", "day", "hour", "minute", "dep_delay", "arr_delay"];

/// All flights of a gzipped file that took off with a known aircraft.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Flight>> {
    let mut lines = BufReader::new(GzDecoder::new(File::open(path)?)).lines();
    let header = lines.next().ok_or_else(|| broken("it is empty"))??;
    let at = |name: &str| header.split(',').position(|column| column == name);
    let mut columns = [0; COLUMNS.len()];
    for (column, name) in columns.iter_mut().zip(COLUMNS) {
        *column = at(name).ok_or_else(|| broken(name))?;
    }
    let mut flights = Vec::new();
    for line in lines {
        flights.extend(flight(&line?, columns)?);
    }
    Ok(flights)
}

/// A row; none if it never took off, or nobody knows with which aircraft.
fn flight(line: &str, columns: [usize; COLUMNS.len()]) -> io::Result<Option<Flight>> {
    let fields: Vec<&str> = line.split(',').collect();
    let mut row = [""; COLUMNS.len()];
    for (value, column) in row.iter_mut().zip(columns) {
        *value = fields.get(column).ok_or_else(|| broken(line))?;
    }
    let [carrier, tail, number, origin, dest, day, hour, minute, departed_late, arrived_late] = row;
    if [tail, departed_late].iter().any(|value| value.is_empty() || *value == "NA") {
        return Ok(None);
    }
    let count = |text: &str| text.parse::<i64>().map_err(|_| broken(line));
    let arrived_late = if arrived_late == "NA" { None } else { Some(count(arrived_late)?) };
    let [day, hour, minute, departed_late] = [count(day)?, count(hour)?, count(minute)?, count(departed_late)?];
    let [carrier, tail, number, origin, dest] = [carrier, tail, number, origin, dest].map(str::to_owned);
    let scheduled = ((day - 1) * 24 + hour) * 60 + minute;
    Ok(Some(Flight { carrier, tail, number, origin, dest, day, scheduled, departed_late, arrived_late }))
}

fn broken(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not a table of flights: {what}"))
}

/// All carriers, each once, in order.
pub(crate) fn carriers(flights: &[Flight]) -> Vec<String> {
    flights.iter().map(|flight| flight.carrier.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}
