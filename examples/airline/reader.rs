//! The reader: a thread of its own that may block on the file, and on the parsers' full mailboxes.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use swarmtree::{Dynamic, Pool};

use crate::carrier::Carrier;
use crate::code::CarrierCode;
use crate::input::Source;
use crate::lines::Lines;
use crate::parser::{Parser, Row};

/// What the reader shows to others while it reads, and by which they stop it.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    /// Bytes of the file as stored.
    pub(crate) bytes: Arc<AtomicU64>,
    /// Rows that a parser has accepted.
    pub(crate) rows: AtomicU64,
    /// The reader is to end before the next row.
    pub(crate) halt: AtomicBool,
}

/// How reading ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// At the end of the file.
    Complete,
    /// Within a line: the file is cut off or damaged.
    BrokenOff { line: u64, error: io::Error },
    /// On request.
    Halted,
    /// The parsers have stopped for good.
    Refused,
}

/// A carrier's actor that is to be killed when so many rows were read.
pub(crate) struct Crash {
    pub(crate) carrier: CarrierCode,
    pub(crate) after_row: u64,
    pub(crate) carriers: Dynamic<Carrier>,
    /// After which row it was killed.
    pub(crate) struck: Option<u64>,
}

impl Crash {
    /// Kills the carrier, if it is time and there is one by now.
    pub(crate) fn strike(&mut self, row: u64) {
        if self.struck.is_none()
            && row >= self.after_row
            && let Some(carrier) = self.carriers.find(self.carrier.as_str())
        {
            carrier.kill();
            self.struck = Some(row);
        }
    }
}

/// Reads all rows and deals them out to the parsers in turn. Waits where a parser's mailbox is full. Not for a thread
/// that runs async tasks.
pub(crate) fn feed(
    lines: &mut Lines<impl io::BufRead>,
    parsers: &Pool<Parser>,
    gauge: &Gauge,
    mut crash: Option<&mut Crash>,
) -> Ending {
    loop {
        let content = match lines.next() {
            Ok(Some(content)) => content,
            Ok(None) => return Ending::Complete,
            Err(error) => return Ending::BrokenOff { line: lines.number() + 1, error },
        };
        if gauge.halt.load(Ordering::Relaxed) {
            return Ending::Halted;
        }
        let number = gauge.rows.load(Ordering::Relaxed) + 1;
        let row = Row { number, line: lines.number(), content };
        let Some(parser) = parsers.next() else { return Ending::Refused };
        if parser.block_on(parser.row(row)).is_err() {
            return Ending::Refused;
        }
        gauge.rows.store(number, Ordering::Relaxed);
        if let Some(crash) = &mut crash {
            crash.strike(number);
        }
    }
}

impl Ending {
    /// What went wrong, if anything did: a sentence for whoever has to mend it.
    pub(crate) fn complaint(&self, source: &Source) -> Option<String> {
        match self {
            Self::Complete => None,
            Self::BrokenOff { line, error } => Some(format!(
                "{source} breaks off in line {line} ({error}): it is cut off or damaged; only the rows before that were \
                 counted"
            )),
            Self::Halted => Some("interrupted; the rows read so far were counted".to_owned()),
            Self::Refused => Some("the parsers have given up; the rows they took were counted".to_owned()),
        }
    }
}
