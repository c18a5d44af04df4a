//! Counts of flights: what airports and carriers keep, and what adds up to the report.

use std::iter::Sum;

use crate::flight::{Day, Fate, Flight};

/// A departure less late than this, in minutes, is on time (the US Department of Transportation's measure).
const ON_TIME_BELOW: i32 = 15;

/// What is counted of flights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) flights: u64,
    pub(crate) cancelled: u64,
    pub(crate) diverted: u64,
    pub(crate) on_time: u64,
    /// Minutes of all departed flights together; early ones count against late ones.
    delay: i64,
    /// The longest delay of a departed flight, in minutes.
    pub(crate) worst: Option<i32>,
    /// The first and the last day.
    pub(crate) days: Option<(Day, Day)>,
}

impl Tally {
    /// Counts one flight.
    pub(crate) fn add(&mut self, flight: &Flight) {
        self.flights += 1;
        self.days = span(self.days, Some((flight.day, flight.day)));
        let delay = match flight.fate {
            Fate::Cancelled => {
                self.cancelled += 1;
                return;
            }
            Fate::Diverted { delay } => {
                self.diverted += 1;
                delay
            }
            Fate::Flown { delay } => delay,
        };
        self.delay += i64::from(delay);
        self.on_time += u64::from(delay < ON_TIME_BELOW);
        self.worst = self.worst.max(Some(delay));
    }

    /// Flights that departed, the diverted ones included.
    pub(crate) fn departed(&self) -> u64 {
        self.flights - self.cancelled
    }

    /// Mean departure delay of departed flights, in minutes; none if none departed.
    #[expect(clippy::cast_precision_loss, reason = "sums of minutes stay far below 2^52")]
    pub(crate) fn mean_delay(&self) -> Option<f64> {
        (self.departed() > 0).then(|| self.delay as f64 / self.departed() as f64)
    }
}

impl<'a> Sum<&'a Self> for Tally {
    fn sum<I: Iterator<Item = &'a Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, next| Self {
            flights: sum.flights + next.flights,
            cancelled: sum.cancelled + next.cancelled,
            diverted: sum.diverted + next.diverted,
            on_time: sum.on_time + next.on_time,
            delay: sum.delay + next.delay,
            worst: sum.worst.max(next.worst),
            days: span(sum.days, next.days),
        })
    }
}

fn span(one: Option<(Day, Day)>, other: Option<(Day, Day)>) -> Option<(Day, Day)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (days, None) | (None, days) => days,
    }
}
