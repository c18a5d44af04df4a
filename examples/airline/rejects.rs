//! Where rows go that are no flights.

use std::collections::BTreeMap;

use swarmtree::{actor, handlers};

use crate::flight::Reason;

/// Reasons that are kept; the others are only counted.
const KEPT_LIMIT: usize = 10;

/// Counts rejected rows, and remembers the first ones.
#[actor(mailbox = 64, overflow = wait)]
pub(crate) struct Rejects {
    report: RejectsReport,
}

/// The rejected rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct RejectsReport {
    pub(crate) count: u64,
    /// The first ones, by their line in the file.
    pub(crate) first: BTreeMap<u64, Reason>,
}

#[handlers]
impl Rejects {
    /// Nothing was rejected yet.
    #[start]
    fn open() -> Self {
        Self { report: RejectsReport::default() }
    }

    /// Counts a row that is no flight. Rows come from several parsers and so out of order; the first lines are kept,
    /// not the first to come.
    #[tell]
    fn rejected(&mut self, line: u64, reason: Reason) {
        self.report.count += 1;
        self.report.first.insert(line, reason);
        if self.report.first.len() > KEPT_LIMIT {
            self.report.first.pop_last();
        }
    }

    /// What was rejected so far.
    #[ask]
    fn report(&self) -> RejectsReport {
        self.report.clone()
    }
}
