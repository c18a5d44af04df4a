//! A row as a flight, or the reason why it is none.

use std::fmt;

use crate::code::{AirportCode, CarrierCode};
use crate::columns::{Column, Columns, Holds, excerpt, fields};

/// What the airline's actors need to know of a flight.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flight {
    pub(crate) carrier: CarrierCode,
    pub(crate) origin: AirportCode,
    pub(crate) day: Day,
    pub(crate) fate: Fate,
}

/// What became of a flight. Delays are those of the departure, in minutes; negative is early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It departed, and arrived where it should.
    Flown { delay: i32 },
    /// It departed, and no arrival was recorded there.
    Diverted { delay: i32 },
    /// It never departed.
    Cancelled,
}

/// A date. The order of the fields makes it comparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    year: i32,
    month: i32,
    day: i32,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// Why a row is no flight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    /// Nobody kept it.
    #[error("the line is longer than {limit} bytes")]
    TooLong { limit: usize },
    /// Bytes that are no text.
    #[error("byte {at} of the line is not UTF-8")]
    NotUtf8 { at: usize },
    /// A quote was opened and not closed, or closed and followed by something else.
    #[error("its quotes do not match")]
    Quotes,
    /// Not as wide as the header.
    #[error("it has {found} fields, the header has {expected}")]
    Width { found: usize, expected: usize },
    /// Letters, or nothing, where a number belongs; or a number beyond 32 bits.
    #[error("{} is {text:?}, not a whole number", .column.name())]
    NotANumber { column: Column, text: String },
    /// A number that no clock shows.
    #[error("{} is {text:?}, not a time such as 517 or 1740", .column.name())]
    NotAClock { column: Column, text: String },
    /// A name that no carrier or airport has.
    #[error("{} is {text:?}, not {chars} capital letters or digits", .column.name())]
    NotACode { column: Column, text: String, chars: usize },
    /// A date that no calendar shows.
    #[error("its day, {0}, is in no calendar")]
    NotADay(Day),
    /// It departed, but nobody knows how late.
    #[error("dep_delay is NA, although dep_time is not")]
    NoDelay,
}

/// How a missing value is written.
const NA: &str = "NA";

impl Flight {
    /// Reads a row: all columns must hold what they should, those that nobody needs here too, because a row that is
    /// damaged anywhere is not to be trusted.
    pub(crate) fn read(line: &[u8], columns: &Columns) -> Result<Self, Reason> {
        let line = std::str::from_utf8(line).map_err(|error| Reason::NotUtf8 { at: error.valid_up_to() + 1 })?;
        let row = fields(line).ok_or(Reason::Quotes)?;
        if row.len() != columns.width {
            return Err(Reason::Width { found: row.len(), expected: columns.width });
        }
        let mut numbers = [None; Column::ALL.len()];
        for (number, (column, _, holds)) in numbers.iter_mut().zip(Column::ALL) {
            *number = read_as(holds, column, columns.pick(&row, column))?;
        }
        let number = |column: Column| numbers.get(column as usize).copied().flatten();
        let part = |column| number(column).unwrap_or_default();
        let day = Day { year: part(Column::Year), month: part(Column::Month), day: part(Column::Day) };
        if !(0..=9999).contains(&day.year) || !(1..=12).contains(&day.month) || !(1..=31).contains(&day.day) {
            return Err(Reason::NotADay(day));
        }
        let fate = match (number(Column::DepTime), number(Column::DepDelay), number(Column::ArrDelay)) {
            (None, _, _) => Fate::Cancelled,
            (Some(_), None, _) => return Err(Reason::NoDelay),
            (Some(_), Some(delay), None) => Fate::Diverted { delay },
            (Some(_), Some(delay), Some(_)) => Fate::Flown { delay },
        };
        let carrier = columns.pick(&row, Column::Carrier);
        let carrier = CarrierCode::read(carrier).ok_or_else(|| not_a_code(Column::Carrier, carrier, 2))?;
        let origin = columns.pick(&row, Column::Origin);
        let origin = AirportCode::read(origin).ok_or_else(|| not_a_code(Column::Origin, origin, 3))?;
        Ok(Self { carrier, origin, day, fate })
    }
}

/// A field's number: none where it is text, or not known and may be so.
fn read_as(holds: Holds, column: Column, text: &str) -> Result<Option<i32>, Reason> {
    let number = || text.parse::<i32>().map_err(|_| Reason::NotANumber { column, text: excerpt(text) });
    let clock = || {
        let time = number()?;
        let shows = (0..=2400).contains(&time) && time % 100 < 60;
        shows.then_some(time).ok_or_else(|| Reason::NotAClock { column, text: excerpt(text) })
    };
    match holds {
        Holds::Text => Ok(None),
        Holds::NumberOrNa | Holds::ClockOrNa if text == NA => Ok(None),
        Holds::Number | Holds::NumberOrNa => number().map(Some),
        Holds::Clock | Holds::ClockOrNa => clock().map(Some),
    }
}

fn not_a_code(column: Column, text: &str, chars: usize) -> Reason {
    Reason::NotACode { column, text: excerpt(text), chars }
}
