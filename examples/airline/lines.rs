//! Lines of a file, however long: those beyond a limit are passed over without being kept.

use std::io::{self, BufRead, Read};

/// The longest line that is kept, in bytes. Rows of flights take about 100.
pub(crate) const LINE_LIMIT: usize = 64 * 1024;

/// One line without its end.
#[derive(Debug)]
pub(crate) enum Line {
    /// As it stands in the file.
    Kept(Box<[u8]>),
    /// Longer than [`LINE_LIMIT`].
    TooLong,
}

/// Reads line by line.
pub(crate) struct Lines<R> {
    input: R,
    number: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, number: 0, buffer: Vec::new() }
    }

    /// The line that was read last, counted from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next line that is not blank; none at the end. A line that the input breaks off in is an error, not a line.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            self.buffer.clear();
            let limit = LINE_LIMIT as u64 + 1;
            if self.input.by_ref().take(limit).read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            let is_ended = self.buffer.last() == Some(&b'\n');
            if !is_ended && self.buffer.len() > LINE_LIMIT {
                self.input.skip_until(b'\n')?;
                self.number += 1;
                return Ok(Some(Line::TooLong));
            }
            self.number += 1;
            let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.trim_ascii().is_empty() {
                return Ok(Some(Line::Kept(line.into())));
            }
        }
    }
}
