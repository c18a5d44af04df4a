//! The results, as a table for people and as JSON lines for programs.

use serde::Serialize;

use crate::harness::{Series, Summary};
use crate::options::Options;
use crate::workloads::{Goal, Workload};

#[derive(Serialize)]
struct Line<'a> {
    workload: &'a str,
    peer: &'a str,
    median: f64,
    min: f64,
    max: f64,
    unit: &'a str,
    cpu_ns: f64,
}

/// A line for each workload and peer that offers it.
pub(crate) fn print_json(results: &[Series]) {
    for series in results {
        let Some(Summary { median, min, max, cpu_ns, .. }) = series.summary() else { continue };
        let (workload, unit) = (series.workload.name(), series.workload.unit());
        let line = Line { workload, peer: series.peer, median, min, max, unit, cpu_ns };
        println!("{}", serde_json::to_string(&line).expect("names and numbers are JSON"));
    }
}

/// A row for each workload: the medians of all peers, swarmtree's ratios, and its goal.
pub(crate) fn print_table(results: &[Series], options: &Options) {
    let peers = options.peers();
    let mut head = vec!["workload".to_owned(), "unit".to_owned()];
    head.extend(peers.iter().map(|peer| peer.name().to_owned()));
    head.extend(["to kameo", "to tokio", "goal", ""].map(str::to_owned));
    let mut rows = vec![head];
    rows.extend(results.chunks(peers.len()).map(row));
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        println!("{}", cells.join("  ").trim_end());
    }
}

fn row(of_workload: &[Series]) -> Vec<String> {
    let workload = of_workload[0].workload;
    let of = |peer: &str| of_workload.iter().find(|series| series.peer == peer).and_then(Series::summary);
    let (ours, kameo, tokio) = (of("swarmtree"), of("kameo"), of("tokio"));
    let ratio = |peer: &Option<Summary>| Some(peer.as_ref()?.median / ours.as_ref()?.median);
    let (to_kameo, to_tokio) = (ratio(&kameo), ratio(&tokio));
    let mut cells = vec![workload.name().to_owned(), workload.unit().to_owned()];
    cells.extend(of_workload.iter().map(cell));
    cells.extend([to_kameo, to_tokio].map(|ratio| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.1}x"))));
    cells.push(goal_text(workload));
    cells.push(verdict(workload, ours.as_ref(), to_kameo, to_tokio).to_owned());
    cells
}

/// A median, with swarmtree's 99th percentile where each operation was timed by itself.
fn cell(series: &Series) -> String {
    match series.summary() {
        None => "-".to_owned(),
        Some(Summary { median, p99: Some(p99), .. }) if series.peer == "swarmtree" => {
            format!("{} (p99 {})", figure(median), figure(p99))
        }
        Some(Summary { median, .. }) => figure(median),
    }
}

fn figure(value: f64) -> String {
    match value {
        ..1.0 => format!("{value:.3}"),
        1.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn goal_text(workload: Workload) -> String {
    match workload.goal() {
        Goal::Faster { kameo, tokio: None } => format!(">= {kameo}x kameo"),
        Goal::Faster { kameo, tokio: Some(tokio) } => format!(">= {kameo}x kameo, >= {tokio}x tokio"),
        Goal::AtMost { median, p99: None } => format!("<= {median}"),
        Goal::AtMost { median, p99: Some(p99) } => format!("<= {median}, p99 <= {p99}"),
    }
}

/// Says nothing where a peer that the goal speaks of was not run.
fn verdict(workload: Workload, ours: Option<&Summary>, to_kameo: Option<f64>, to_tokio: Option<f64>) -> &'static str {
    let met = match workload.goal() {
        Goal::Faster { kameo, tokio } => {
            let over_tokio = tokio.map_or(Some(true), |goal| to_tokio.map(|ratio| ratio >= goal));
            to_kameo.zip(over_tokio).map(|(ratio, over_tokio)| ratio >= kameo && over_tokio)
        }
        Goal::AtMost { median, p99 } => {
            ours.map(|ours| ours.median <= median && p99.is_none_or(|goal| ours.p99.is_some_and(|p99| p99 <= goal)))
        }
    };
    match met {
        None => "",
        Some(true) => "met",
        Some(false) => "missed",
    }
}
