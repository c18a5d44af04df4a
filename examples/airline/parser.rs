//! The pool's worker: from a line of the file to the actors it concerns.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::Arc;

use swarmtree::{Dynamic, Fail, actor, handlers};

use crate::airport::{Airport, AirportHandle};
use crate::carrier::{Carrier, CarrierHandle};
use crate::code::{AirportCode, CarrierCode};
use crate::columns::Columns;
use crate::flight::{Flight, Reason};
use crate::lines::{LINE_LIMIT, Line};
use crate::rejects::RejectsHandle;

/// A row on its way to a parser.
#[derive(Debug)]
pub(crate) struct Row {
    /// Counted from 1; the header and blank lines are no rows.
    pub(crate) number: u64,
    /// The line in the file, counted from 1.
    pub(crate) line: u64,
    pub(crate) content: Line,
}

/// What a parser is started from, again after each crash.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) columns: Arc<Columns>,
    /// Panic on every n-th row.
    pub(crate) poison: Option<NonZeroU64>,
    pub(crate) airports: Dynamic<Airport>,
    pub(crate) carriers: Dynamic<Carrier>,
    pub(crate) rejects: RejectsHandle,
}

/// Reads rows and passes flights on. It waits for room in their mailboxes, and so its own fills up, and so the reader
/// waits: that is all there is to backpressure.
///
/// A row that crashes its parser is not tried again (`retry` is 0): it would crash the next one too. It becomes a dead
/// letter, and the parser's next incarnation goes on with the row behind it.
#[actor(mailbox = 64, overflow = wait, retry = 0)]
pub(crate) struct Parser {
    desk: Desk,
    /// Addresses known by now; they stay valid when their actors restart.
    airports: HashMap<AirportCode, AirportHandle>,
    carriers: HashMap<CarrierCode, CarrierHandle>,
}

#[handlers]
impl Parser {
    /// A parser that knows nobody yet.
    #[start]
    fn sit_down(desk: Desk) -> Self {
        Self { desk, airports: HashMap::new(), carriers: HashMap::new() }
    }

    /// Reads one row, and tells those whom it concerns.
    #[tell]
    async fn row(&mut self, row: Row) -> Result<(), Fail> {
        if self.desk.poison.is_some_and(|every| row.number.is_multiple_of(every.get())) {
            panic!("row {} in line {} is poison", row.number, row.line);
        }
        let read = match &row.content {
            Line::Kept(text) => Flight::read(text, &self.desk.columns),
            Line::TooLong => Err(Reason::TooLong { limit: LINE_LIMIT }),
        };
        match read {
            Ok(flight) => self.pass_on(flight).await,
            Err(reason) => self.desk.rejects.rejected(row.line, reason).await.map_err(failed),
        }
    }

    /// The airport comes first: a flight that it accepted counts, one that it refused is a dead letter. A carrier that
    /// is gone for good has lost this flight as it has lost the others, which the report shows; there is nothing to
    /// crash for.
    async fn pass_on(&mut self, flight: Flight) -> Result<(), Fail> {
        let airport = match self.airports.get(&flight.origin) {
            Some(known) => known,
            None => {
                let airport = self.desk.airports.get_or_start(flight.origin.as_str(), ()).await.map_err(failed)?;
                self.airports.entry(flight.origin).or_insert(airport)
            }
        };
        airport.departed(flight).await.map_err(failed)?;
        let carrier = match self.carriers.get(&flight.carrier) {
            Some(known) => known,
            None => match self.desk.carriers.get_or_start(flight.carrier.as_str(), ()).await {
                Ok(carrier) => self.carriers.entry(flight.carrier).or_insert(carrier),
                Err(_) => return Ok(()),
            },
        };
        drop(carrier.operated(flight).await);
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> Fail {
    Fail::new(error.to_string())
}
