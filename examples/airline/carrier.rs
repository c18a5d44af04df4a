//! One actor for each carrier.

use swarmtree::{actor, handlers};

use crate::flight::Flight;
use crate::tally::Tally;

/// A carrier: its flights from all airports.
///
/// The tally lives and dies with the incarnation. A crash loses it, as it would lose any state that is kept nowhere
/// else; the messages still queued are not lost, they wait for the next incarnation.
#[actor(mailbox = 64, overflow = wait)]
pub(crate) struct Carrier {
    tally: Tally,
}

#[handlers]
impl Carrier {
    /// A carrier that has flown nothing yet.
    #[start]
    fn found() -> Self {
        Self { tally: Tally::default() }
    }

    /// Counts a flight.
    #[tell]
    fn operated(&mut self, flight: Flight) {
        self.tally.add(&flight);
    }

    /// What this incarnation has counted.
    #[ask]
    fn report(&self) -> Tally {
        self.tally
    }
}
