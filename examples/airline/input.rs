//! Where flights come from: the January that is built in, or a file, plain or gzip.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use crate::columns::{Columns, HeaderError};
use crate::lines::{LINE_LIMIT, Line, Lines};

const JANUARY: &[u8] = include_bytes!("../data/flights-2013-01.csv.gz");

/// How a gzip file begins, whatever its name is.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Where flights come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The built-in January 2013.
    January,
    /// A file of the same shape.
    File(PathBuf),
}

/// Why no row could be read from a source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// There is no such file, or it may not be read.
    #[error("cannot open {name}: {error}")]
    Open { name: String, error: io::Error },
    /// It could not even be read up to the end of its header.
    #[error("{name} breaks off in its first line ({error}): it is cut off or damaged")]
    NoHeader { name: String, error: io::Error },
    /// There is nothing in it.
    #[error("{name} is empty; a file of flights begins with the names of its columns")]
    Empty { name: String },
    /// Its first line cannot be a header.
    #[error("{name} is no CSV of flights: its first line is {why}")]
    NotText { name: String, why: String },
    /// Its header is not that of a flights file.
    #[error("{name} {error}")]
    Header { name: String, error: HeaderError },
    /// It can be read only once.
    #[error("{name} is no regular file; --poison and --crash-carrier read the flights twice, first to count them")]
    Once { name: String },
}

/// A source whose header has been read.
pub(crate) struct FlightsFile {
    pub(crate) lines: Lines<Box<dyn BufRead + Send>>,
    pub(crate) columns: Columns,
}

impl Source {
    /// Its size in bytes as stored; none for what is no regular file.
    pub(crate) fn bytes(&self) -> Option<u64> {
        match self {
            Self::January => Some(JANUARY.len() as u64),
            Self::File(path) => path.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| file.len()),
        }
    }

    /// Opens it and reads its header. `position` follows how many bytes of it were read.
    pub(crate) fn open(&self, position: &Arc<AtomicU64>) -> Result<FlightsFile, Unusable> {
        let name = || self.to_string();
        let raw: Box<dyn Read + Send> = match self {
            Self::January => Box::new(JANUARY),
            Self::File(path) => Box::new(File::open(path).map_err(|error| Unusable::Open { name: name(), error })?),
        };
        let counted = Counted { inner: raw, position: Arc::clone(position) };
        let input = unpacked(counted).map_err(|error| Unusable::Open { name: name(), error })?;
        let mut lines = Lines::new(input);
        let header = match lines.next().map_err(|error| Unusable::NoHeader { name: name(), error })? {
            None => return Err(Unusable::Empty { name: name() }),
            Some(Line::TooLong) => {
                let why = format!("longer than {LINE_LIMIT} bytes");
                return Err(Unusable::NotText { name: name(), why });
            }
            Some(Line::Kept(line)) => line,
        };
        let header = std::str::from_utf8(&header)
            .map_err(|_| Unusable::NotText { name: name(), why: "not UTF-8".to_owned() })?;
        let columns = Columns::locate(header).map_err(|error| Unusable::Header { name: name(), error })?;
        Ok(FlightsFile { lines, columns })
    }

    /// Counts its rows, up to where it breaks off.
    pub(crate) fn survey(&self) -> Result<u64, Unusable> {
        if self.bytes().is_none() && matches!(self, Self::File(path) if path.exists()) {
            return Err(Unusable::Once { name: self.to_string() });
        }
        let mut file = self.open(&Arc::default())?;
        let mut rows = 0;
        while let Ok(Some(_)) = file.lines.next() {
            rows += 1;
        }
        Ok(rows)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::January => f.write_str("the built-in January 2013"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Looks at the first bytes, and puts a decoder before those of gzip.
fn unpacked(mut raw: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut start = Vec::new();
    raw.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut start)?;
    let is_gzip = start == GZIP_MAGIC;
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(raw));
    if is_gzip {
        Ok(Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole))))
    } else {
        Ok(Box::new(whole))
    }
}

/// Bytes read at once.
const BUFFER: usize = 64 * 1024;

/// Follows how far a file has been read.
struct Counted<R> {
    inner: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
