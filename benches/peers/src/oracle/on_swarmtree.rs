//! Swarmtree, as `tests/otp` runs it.

use crate::features::Feature;
use crate::ours::Swarmtree;
use crate::peer::{Offer, Peer};
use crate::schedule::Schedule;
use crate::trace::{Subject, Trace};

pub(crate) struct OnSwarmtree;

impl Subject for OnSwarmtree {
    fn run(&self, schedule: &Schedule) -> Trace {
        Swarmtree.run(schedule)
    }
}

impl Peer for OnSwarmtree {
    fn name(&self) -> &'static str {
        "swarmtree"
    }

    fn offers(&self, _: Feature) -> Offer {
        Offer::Yes("")
    }
}
