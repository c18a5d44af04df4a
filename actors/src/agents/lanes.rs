//! What waits to be assigned, in four lanes.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::agents::stride::{AGED, CLIENTS, LANES, Stride};
use crate::agents::task::Priority;

/// A place in a lane: whoever has waited longer stands before, and the number tells equals apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Since when it waits.
    pub(crate) since: Instant,
    /// Unique, and rising.
    pub(crate) number: u64,
}

/// On whose share something was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Share {
    /// That of its lane.
    Lane(Priority),
    /// That of those who have waited for long.
    Aged,
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lane(priority) => priority.fmt(f),
            Self::Aged => f.write_str("aged"),
        }
    }
}

/// What was chosen, and what made it fit.
#[derive(Debug)]
pub(crate) struct Pick<U, T> {
    pub(crate) unit: U,
    pub(crate) fit: T,
    pub(crate) place: Place,
    pub(crate) share: Share,
}

/// Four queues. The bound on their length is their user's.
#[derive(Debug)]
pub(crate) struct Lanes<U> {
    lanes: [BTreeMap<Place, U>; LANES],
    stride: Stride,
    ageing: Duration,
}

impl<U> Lanes<U> {
    /// Empty lanes; whoever has waited for `ageing` counts as aged.
    pub(crate) fn new(ageing: Duration) -> Self {
        Self { lanes: Default::default(), stride: Stride::new(), ageing }
    }

    pub(crate) fn insert(&mut self, priority: Priority, place: Place, unit: U) {
        self.lanes[priority.lane()].insert(place, unit);
    }

    pub(crate) fn remove(&mut self, priority: Priority, place: Place) {
        self.lanes[priority.lane()].remove(&place);
    }

    /// How many wait with this priority.
    #[cfg(test)]
    pub(crate) fn len(&self, priority: Priority) -> usize {
        self.lanes[priority.lane()].len()
    }

    /// Takes the next one out. In each lane the first that fits stands for the lane, so that what nobody can do now blocks
    /// nobody; the oldest of these stands for the aged, once it is old enough.
    pub(crate) fn pick<T>(&mut self, now: Instant, mut fits: impl FnMut(&U) -> Option<T>) -> Option<Pick<U, T>> {
        let mut first = self.lanes.each_ref().map(|lane| {
            let mut fitting = lane.iter();
            fitting.find_map(|(place, unit)| fits(unit).map(|fit| (*place, fit)))
        });
        let places = first.each_ref().map(|found| found.as_ref().map(|(place, _)| *place));
        let oldest = Priority::ALL.into_iter().filter_map(|lane| Some((places[lane.lane()]?, lane))).min()?;
        let aged = now.saturating_duration_since(oldest.0.since) >= self.ageing;
        let mut can = [aged; CLIENTS];
        can.iter_mut().zip(places).for_each(|(can, place)| *can = place.is_some());
        let client = self.stride.pick(can)?;
        let own = Priority::ALL.get(client).copied();
        let (lane, share) = own.map_or((oldest.1, Share::Aged), |lane| (lane, Share::Lane(lane)));
        debug_assert_eq!(client == AGED, share == Share::Aged);
        let (place, fit) = first[lane.lane()].take()?;
        let unit = self.lanes[lane.lane()].remove(&place)?;
        Some(Pick { unit, fit, place, share })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::{any, proptest};

    use crate::agents::lanes::{Lanes, Place, Share};
    use crate::agents::stride::{AGED, served_within};
    use crate::agents::task::Priority;

    const AGEING: Duration = Duration::from_secs(10);

    fn filled(start: Instant, units: impl IntoIterator<Item = (Priority, u64)>) -> Lanes<(Priority, u64)> {
        let mut lanes = Lanes::new(AGEING);
        for (priority, number) in units {
            lanes.insert(priority, Place { since: start, number }, (priority, number));
        }
        lanes
    }

    fn all_fit<U>(_: &U) -> Option<()> {
        Some(())
    }

    #[test]
    fn a_lane_is_first_in_first_out_among_those_that_fit() {
        let now = Instant::now();
        let mut lanes = filled(now, (0..6).map(|number| (Priority::High, number)));
        let mut even =
            |now| lanes.pick(now, |(_, number)| number.is_multiple_of(2).then_some(())).map(|pick| pick.unit.1);
        assert_eq!([even(now), even(now), even(now), even(now)], [Some(0), Some(2), Some(4), None]);
    }

    #[test]
    fn what_has_waited_for_the_ageing_is_served_oldest_first_among_the_urgent() {
        let start = Instant::now();
        let mut lanes = filled(start, (0..40).map(|number| (Priority::Critical, number + 40)));
        lanes.insert(Priority::Low, Place { since: start, number: 1 }, (Priority::Low, 1));
        let young = lanes.pick(start, all_fit).unwrap();
        assert_eq!(young.share, Share::Lane(Priority::Critical));
        let aged = lanes.pick(start + AGEING, all_fit).unwrap();
        assert_eq!((aged.share, aged.unit), (Share::Aged, (Priority::Low, 1)));
    }

    proptest! {
        /// The bound on waiting with ageing: whatever urgent work keeps coming in, the n-th oldest is assigned within n times
        /// the bound of the aged, once all of those have waited for the ageing.
        #[test]
        fn the_nth_oldest_waits_for_no_more_than_n_turns_of_the_aged(
            old in 1_u64..30,
            coming in proptest::collection::vec(any::<u8>(), 1..40),
        ) {
            let start = Instant::now();
            let mut lanes = filled(start, (0..old).map(|number| (Priority::Low, number)));
            let later = start + AGEING;
            let mut number = old;
            for step in 0.. {
                for _ in 0..coming[step % coming.len()] % 4 {
                    let urgent = Priority::ALL[1 + number as usize % 3];
                    lanes.insert(urgent, Place { since: later, number }, (urgent, number));
                    number += 1;
                }
                let Some(pick) = lanes.pick(later, all_fit) else { break };
                if pick.unit.1 < old {
                    assert!((step as u64) < (pick.unit.1 + 1) * served_within(AGED));
                }
                if lanes.len(Priority::Low) == 0 {
                    break;
                }
            }
            assert_eq!(lanes.len(Priority::Low), 0);
        }
    }
}
