//! The table, and differences one by one.

use crate::erlang::Erlang;
use crate::features::Feature;
use crate::peer::{self, Peer};
use crate::schedule::Schedule;
use crate::shrink;
use crate::trace::{self, Subject, Trace};

/// What came of one feature at one peer.
pub(crate) enum Cell {
    Counted { agreed: usize, hung: usize, note: &'static str },
    NotOffered(&'static str),
}

pub(crate) struct Row {
    pub(crate) feature: Feature,
    pub(crate) cells: Vec<Cell>,
}

/// Prints Markdown: who agrees how often, and how the others differ.
pub(crate) fn print(peers: &[&str], rows: &[Row], schedules: u32) {
    println!("| of {schedules} schedules each | {} |", peers.join(" | "));
    println!("|---{}|", "|---".repeat(peers.len()));
    for row in rows {
        let cells: Vec<String> = row.cells.iter().map(|cell| text(cell, schedules)).collect();
        println!("| {} | {} |", row.feature.name(), cells.join(" | "));
    }
    println!();
    for (at, peer) in peers.iter().enumerate() {
        let notes: Vec<(&str, &str)> =
            rows.iter().map(|row| (note(&row.cells[at], schedules), row.feature.name())).collect();
        let mut told = Vec::new();
        for (note, _) in notes.iter().filter(|(note, _)| !note.is_empty()) {
            if !told.contains(note) {
                told.push(*note);
                let features = notes.iter().filter(|(other, _)| other == note).map(|(_, feature)| *feature);
                println!("- {peer}, {}: {note}.", features.collect::<Vec<_>>().join("; "));
            }
        }
    }
}

fn text(cell: &Cell, schedules: u32) -> String {
    match cell {
        Cell::Counted { agreed, .. } if *agreed == schedules as usize => agreed.to_string(),
        Cell::Counted { agreed, hung: 0, .. } => format!("**{agreed}**"),
        Cell::Counted { agreed, hung, .. } => format!("**{agreed}**, {hung} hung"),
        Cell::NotOffered(_) => "-".to_owned(),
    }
}

fn note(cell: &Cell, schedules: u32) -> &'static str {
    match cell {
        Cell::Counted { agreed, .. } if *agreed == schedules as usize => "",
        Cell::Counted { note, .. } => note,
        Cell::NotOffered(why) => why,
    }
}

/// Prints a difference as small as it goes.
pub(crate) fn show(peer: &'static dyn Peer, feature: Feature, schedule: &Schedule, oracle: &Erlang) {
    let found =
        |schedule: &Schedule| peer::run_within_limit(peer, schedule).unwrap_or_else(|| Trace::recorded(&["hung"]));
    let differs = |small: &Schedule| {
        // Nothing else than the feature may become the reason.
        let same = small.root.intensity == schedule.root.intensity && feature.is_tried(small);
        same && !feature.sight().agrees(&oracle.run(small), &found(small))
    };
    let small = shrink::shrink(schedule.clone(), differs);
    println!("{}, {}:", peer.name(), feature.name());
    println!("{}\n", trace::side_by_side(&small, &oracle.run(&small), &found(&small)));
}
