//! What happened in a simulation, in order: a hash of all of it, and the last lines.

use std::collections::VecDeque;
use std::time::Duration;

/// Lines that are kept.
const KEPT: usize = 4096;

/// The hash is FNV-1a with 64 bits (Fowler, Noll and Vo), which is the same on every machine.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

pub(crate) struct Log {
    hash: u64,
    count: u64,
    last: VecDeque<String>,
    at: Duration,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { hash: OFFSET, count: 0, last: VecDeque::new(), at: Duration::ZERO }
    }

    /// Adds a line at a point of virtual time.
    pub(crate) fn add(&mut self, at: Duration, line: &str) {
        let line = format!("{:>12.6} {line}", at.as_secs_f64());
        for byte in line.bytes().chain([b'\n']) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        self.count += 1;
        self.at = at;
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    /// When the last line was written.
    pub(crate) fn at(&self) -> Duration {
        self.at
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn last(&self) -> impl Iterator<Item = &String> {
        self.last.iter()
    }
}
