//! Whether the members of a swarm can lock each other up, from what their types declare.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::swarm::home::Place;
use crate::topology::layout::Layout;
use crate::topology::liveness::verdict::{Facts, Liveness, Wedge};
use crate::topology::rank::Rank;

/// Checks a layout for these members.
pub(crate) fn check<T>(layout: &Layout, places: &BTreeMap<Rank, Arc<Place<T>>>) -> Result<Liveness, Wedge> {
    let ranks: Vec<Rank> = places.keys().copied().collect();
    let last = ranks.last().map_or(0, |rank| rank.index() + 1);
    let mut facts = vec![Facts::default(); last];
    for (rank, place) in places {
        let Some(kind) = place.kind.get() else { continue };
        let asks = |other: &&Arc<Place<T>>| other.kind.get().is_some_and(|other| kind.asks.contains(&other.actor));
        let asked = places.values().filter(asks).map(|other| other.rank);
        if let Some(fact) = facts.get_mut(rank.index()) {
            *fact = Facts { open: kind.is_open, asks: asked.collect() };
        }
    }
    layout.check_among(&ranks, &facts)
}
