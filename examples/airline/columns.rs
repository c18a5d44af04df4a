//! The shape of a flights file: its columns by name, wherever they stand, and a row's fields.

use std::borrow::Cow;

/// The columns of a flights file. A file may order them otherwise and have more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Year,
    Month,
    Day,
    DepTime,
    SchedDepTime,
    DepDelay,
    ArrTime,
    SchedArrTime,
    ArrDelay,
    Carrier,
    Flight,
    Tailnum,
    Origin,
    Dest,
    AirTime,
    Distance,
    Hour,
    Minute,
    TimeHour,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A whole number.
    Number,
    /// A whole number, or `NA` where it is not known.
    NumberOrNa,
    /// A time of day as `hmm` or `hhmm`.
    Clock,
    /// A time of day, or `NA` where nothing happened.
    ClockOrNa,
    /// Anything.
    Text,
}

/// How many columns there are.
const COUNT: usize = 19;

impl Column {
    /// Every column with its name and what it holds, in the order of the enum.
    pub(crate) const ALL: [(Self, &'static str, Holds); COUNT] = [
        (Self::Year, "year", Holds::Number),
        (Self::Month, "month", Holds::Number),
        (Self::Day, "day", Holds::Number),
        (Self::DepTime, "dep_time", Holds::ClockOrNa),
        (Self::SchedDepTime, "sched_dep_time", Holds::Clock),
        (Self::DepDelay, "dep_delay", Holds::NumberOrNa),
        (Self::ArrTime, "arr_time", Holds::ClockOrNa),
        (Self::SchedArrTime, "sched_arr_time", Holds::Clock),
        (Self::ArrDelay, "arr_delay", Holds::NumberOrNa),
        (Self::Carrier, "carrier", Holds::Text),
        (Self::Flight, "flight", Holds::Number),
        (Self::Tailnum, "tailnum", Holds::Text),
        (Self::Origin, "origin", Holds::Text),
        (Self::Dest, "dest", Holds::Text),
        (Self::AirTime, "air_time", Holds::NumberOrNa),
        (Self::Distance, "distance", Holds::Number),
        (Self::Hour, "hour", Holds::Number),
        (Self::Minute, "minute", Holds::Number),
        (Self::TimeHour, "time_hour", Holds::Text),
    ];

    /// Its name in the header.
    pub(crate) fn name(self) -> &'static str {
        Self::ALL.get(self as usize).map_or("", |(_, name, _)| name)
    }
}

/// Where each column stands in one file.
#[derive(Debug)]
pub(crate) struct Columns {
    at: [usize; COUNT],
    /// Fields in each row.
    pub(crate) width: usize,
}

/// Why a first line is no header of a flights file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    /// Nothing in it is known.
    #[error("is no CSV of flights: its first line, {first:?}, names none of the columns of such a file")]
    NotFlights {
        /// How the line begins.
        first: String,
    },
    /// Some columns are not there.
    #[error("lacks the column {}; its first line names {}", .missing.join(", "), .found.join(", "))]
    Missing {
        /// Those that are not there.
        missing: Vec<&'static str>,
        /// Those that are, as written.
        found: Vec<String>,
    },
    /// A column is there twice, so that it is not clear which one counts.
    #[error("names the column {0} twice")]
    Twice(&'static str),
}

/// Names of a header that an error lists.
const LISTED_LIMIT: usize = 40;

impl Columns {
    /// Finds the columns in a header.
    pub(crate) fn locate(header: &str) -> Result<Self, HeaderError> {
        let not_flights = || HeaderError::NotFlights { first: excerpt(header) };
        // Some programs begin a UTF-8 file with a byte order mark.
        let fields = fields(header.strip_prefix('\u{feff}').unwrap_or(header)).ok_or_else(not_flights)?;
        let (mut at, mut missing) = ([0; COUNT], Vec::new());
        for (slot, (_, name, _)) in at.iter_mut().zip(Column::ALL) {
            let mut places = fields.iter().enumerate().filter(|(_, field)| field.trim() == name);
            match (places.next(), places.next()) {
                (Some((place, _)), None) => *slot = place,
                (None, _) => missing.push(name),
                (Some(_), Some(_)) => return Err(HeaderError::Twice(name)),
            }
        }
        if missing.len() == COUNT {
            return Err(not_flights());
        }
        if !missing.is_empty() {
            let found = fields.iter().take(LISTED_LIMIT).map(|field| excerpt(field)).collect();
            return Err(HeaderError::Missing { missing, found });
        }
        Ok(Self { at, width: fields.len() })
    }

    /// One field of a row that is as wide as the header.
    pub(crate) fn pick<'a>(&self, row: &'a [Cow<'_, str>], column: Column) -> &'a str {
        self.at.get(column as usize).and_then(|place| row.get(*place)).map_or("", |field| field)
    }
}

/// The fields of one line, quoted or plain; none if a quote is not closed or has something behind it. Line breaks
/// inside quotes, which some CSV files have, are no part of this shape.
pub(crate) fn fields(line: &str) -> Option<Vec<Cow<'_, str>>> {
    if !line.contains('"') {
        return Some(line.split(',').map(Cow::Borrowed).collect());
    }
    let (mut fields, mut rest) = (Vec::new(), line);
    loop {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (plain, behind) = rest.split_at(end);
                (Cow::Borrowed(plain), behind)
            }
        };
        fields.push(field);
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Some(fields),
            None => return None,
        }
    }
}

/// A field up to its closing quote, and what stands behind that. Two quotes inside stand for one.
fn unquote(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    loop {
        let end = from + text.get(from..)?.find('"')?;
        let behind = text.get(end + 1..)?;
        if behind.starts_with('"') {
            from = end + 2;
            continue;
        }
        let inside = text.get(..end)?;
        let field = if from == 0 { Cow::Borrowed(inside) } else { Cow::Owned(inside.replace("\"\"", "\"")) };
        return Some((field, behind));
    }
}

/// The beginning of a text from outside, short enough for a message.
pub(crate) fn excerpt(text: &str) -> String {
    const CHARS: usize = 40;
    let mut start: String = text.chars().take(CHARS).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(CHARS).is_some() {
        start.push_str("...");
    }
    start
}
