//! The report as a dispatcher reads it.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::code::Code;
use crate::report::Report;
use crate::tally::Tally;

/// Names of those codes that are known here; others stand without one.
const NAMES: [(&str, &str); 19] = [
    ("9E", "Endeavor Air"),
    ("AA", "American Airlines"),
    ("AS", "Alaska Airlines"),
    ("B6", "JetBlue Airways"),
    ("DL", "Delta Air Lines"),
    ("EV", "ExpressJet Airlines"),
    ("F9", "Frontier Airlines"),
    ("FL", "AirTran Airways"),
    ("HA", "Hawaiian Airlines"),
    ("MQ", "Envoy Air"),
    ("OO", "SkyWest Airlines"),
    ("UA", "United Air Lines"),
    ("US", "US Airways"),
    ("VX", "Virgin America"),
    ("WN", "Southwest Airlines"),
    ("YV", "Mesa Airlines"),
    ("EWR", "Newark Liberty"),
    ("JFK", "John F. Kennedy"),
    ("LGA", "LaGuardia"),
];

/// The whole report as text.
pub(crate) fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(report, &mut text);
    text
}

fn write(report: &Report, out: &mut String) -> fmt::Result {
    let total = report.total();
    match total.days {
        Some((first, last)) if first == last => writeln!(out, "Departures of {first}\n")?,
        Some((first, last)) => writeln!(out, "Departures from {first} to {last}\n")?,
        None => writeln!(out, "No departures\n")?,
    }
    head(out, "Origin")?;
    body(out, &report.by_origin)?;
    row(out, "", "all", &total)?;
    writeln!(out)?;
    head(out, "Carrier")?;
    body(out, &report.by_carrier)?;
    if let Some(crash) = &report.crash {
        writeln!(out, "{crash}")?;
    }
    writeln!(out)?;
    rows(out, report)?;
    books(out, report)
}

fn head(out: &mut String, what: &str) -> fmt::Result {
    writeln!(
        out,
        "{what:<25} {:>9} {:>9} {:>9} {:>6} {:>8} {:>9} {:>8} {:>8}",
        "flights", "departed", "cancelled", "%", "diverted", "mean late", "on time", "worst"
    )
}

/// The busiest first.
fn body<const N: usize>(out: &mut String, tallies: &BTreeMap<Code<N>, Tally>) -> fmt::Result {
    let mut sorted: Vec<_> = tallies.iter().collect();
    sorted.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.flights));
    for (code, tally) in sorted {
        let name = NAMES.iter().find(|(known, _)| *known == code.as_str()).map_or("", |(_, name)| name);
        row(out, code.as_str(), name, tally)?;
    }
    Ok(())
}

fn row(out: &mut String, code: &str, name: &str, tally: &Tally) -> fmt::Result {
    let mean = tally.mean_delay().map_or_else(|| "-".to_owned(), |minutes| format!("{minutes:.1} min"));
    let worst = tally.worst.map_or_else(|| "-".to_owned(), |minutes| format!("{minutes} min"));
    writeln!(
        out,
        "{code:<4}{name:<21} {:>9} {:>9} {:>9} {:>6} {:>8} {mean:>9} {:>8} {worst:>8}",
        grouped(tally.flights),
        grouped(tally.departed()),
        grouped(tally.cancelled),
        percent(tally.cancelled, tally.flights),
        grouped(tally.diverted),
        percent(tally.on_time, tally.departed()),
    )
}

fn rows(out: &mut String, report: &Report) -> fmt::Result {
    let seconds = report.took.as_secs_f64();
    writeln!(
        out,
        "Rows       {} = {} flights + {} rejected, in {seconds:.2} s ({:.0} rows/s)",
        grouped(report.rows),
        grouped(report.total().flights),
        grouped(report.rejected),
        per_second(report.rows, seconds),
    )?;
    rejected(report).iter().try_for_each(|line| writeln!(out, "           {line}"))
}

/// The first rejected rows, each with its reason.
pub(crate) fn rejected(report: &Report) -> Vec<String> {
    let lines = report.first_rejected.iter().map(|(line, reason)| format!("line {line}: {reason}"));
    let mut told: Vec<String> = lines.chain(report.dead_letters.lines.iter().cloned()).collect();
    let more = report.rejected.saturating_sub(told.len() as u64);
    if more > 0 && !told.is_empty() {
        told.push(format!("and {} more", grouped(more)));
    }
    told
}

fn books(out: &mut String, report: &Report) -> fmt::Result {
    let ledger = &report.ledger;
    write!(out, "Messages   {} accepted = {} handled", grouped(ledger.accepted), grouped(ledger.handled))?;
    let fates = [
        ("dropped", ledger.dropped),
        ("dead-lettered", ledger.dead_lettered),
        ("quarantined", ledger.quarantined),
        ("queued", ledger.queued),
    ];
    for (fate, messages) in fates.iter().filter(|(_, messages)| *messages > 0) {
        write!(out, " + {} {fate}", grouped(*messages))?;
    }
    writeln!(out)?;
    write!(out, "Restarts   {}", grouped(report.restarts))?;
    for (at, (path, restarts)) in report.restarts_by_actor.iter().enumerate() {
        write!(out, "{} {path} {restarts}", if at == 0 { ":" } else { "," })?;
    }
    writeln!(out)?;
    let told = report.failures.lines.iter().take(FAILURES_TOLD);
    told.clone().try_for_each(|failure| writeln!(out, "           {failure}"))?;
    match report.failures.count.saturating_sub(told.len() as u64) {
        0 => {}
        more => writeln!(out, "           and {} more", grouped(more))?,
    }
    Ok(())
}

/// Failures that the table tells one by one.
const FAILURES_TOLD: usize = 3;

/// A number with a comma before every three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "shares and rates are rounded for reading anyway")]
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "-".to_owned() } else { format!("{:.1}%", 100.0 * part as f64 / whole as f64) }
}

#[expect(clippy::cast_precision_loss, reason = "shares and rates are rounded for reading anyway")]
fn per_second(rows: u64, seconds: f64) -> f64 {
    rows as f64 / seconds.max(1e-6)
}
