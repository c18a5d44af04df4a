//! A walk over several children: stop these from the right, pause, start those from the left.

use std::collections::VecDeque;
use std::time::Duration;

use crate::supervisor::rules::entry::Slot;

/// What is left to do of a start, a group restart or an end. An empty one is idle.
#[derive(Debug, Default, Clone)]
pub(crate) struct Plan {
    /// To be stopped, in start order; the last one is stopped first, and leaves the list when it is down.
    stops: Vec<Slot>,
    /// To be waited for when all of those are down.
    pause: Option<Pause>,
    /// To be started then; the first one leaves the list when it is up.
    starts: VecDeque<Slot>,
}

/// The pause of a group restart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pause {
    /// Whose failure it belongs to.
    pub(crate) slot: Slot,
    /// How long it is.
    pub(crate) after: Duration,
    /// Whether its alarm is set.
    pub(crate) running: bool,
}

impl Plan {
    /// Starts these one after the other.
    pub(crate) fn starting(starts: impl IntoIterator<Item = Slot>) -> Self {
        Self { starts: starts.into_iter().collect(), ..Self::default() }
    }

    /// Stops these one after the other, from the right.
    pub(crate) fn stopping(stops: Vec<Slot>) -> Self {
        Self { stops, ..Self::default() }
    }

    /// Stops some, pauses after the failure of `slot`, starts some.
    pub(crate) fn group(stops: Vec<Slot>, slot: Slot, after: Duration, starts: &[Slot]) -> Self {
        let pause = (!after.is_zero()).then_some(Pause { slot, after, running: false });
        Self { stops, pause, starts: starts.iter().copied().collect() }
    }

    /// Whether the start of this one is what it waits for.
    pub(crate) fn is_at_start_of(&self, slot: Slot) -> bool {
        self.stops.is_empty() && self.pause.is_none() && self.next_start() == Some(slot)
    }

    /// Those that it would still have started.
    pub(crate) fn left_to_start(self) -> impl Iterator<Item = Slot> {
        self.starts.into_iter()
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_idle(&self) -> bool {
        self.stops.is_empty() && self.pause.is_none() && self.starts.is_empty()
    }

    /// Whether it waits for its pause to pass; meanwhile other failures need not wait for the plan.
    pub(crate) fn is_pausing(&self) -> bool {
        self.pause.is_some_and(|pause| pause.running)
    }

    /// The next to be stopped.
    pub(crate) fn next_stop(&self) -> Option<Slot> {
        self.stops.last().copied()
    }

    /// The next to be started, or the one whose start is under way.
    pub(crate) fn next_start(&self) -> Option<Slot> {
        self.starts.front().copied()
    }

    /// The pause, waited for or still to come.
    pub(crate) fn pause(&self) -> Option<Pause> {
        self.pause
    }

    /// Notes that the pause's alarm is set.
    pub(crate) fn begin_pause(&mut self) {
        if let Some(pause) = &mut self.pause {
            pause.running = true;
        }
    }

    /// Ends the pause and says whose it was.
    pub(crate) fn end_pause(&mut self) -> Option<Slot> {
        self.pause.take().map(|pause| pause.slot)
    }

    /// Notes that the next one to be stopped is down.
    pub(crate) fn stopped(&mut self) {
        self.stops.pop();
    }

    /// Notes that the next one to be started is up.
    pub(crate) fn started(&mut self) {
        self.starts.pop_front();
    }

    /// Whether it is about to stop this one, or waits for it.
    pub(crate) fn stops(&self, slot: Slot) -> bool {
        self.stops.contains(&slot)
    }

    /// Whether it is about to start this one, or waits for it.
    pub(crate) fn starts(&self, slot: Slot) -> bool {
        self.starts.contains(&slot)
    }

    /// Does not start this one, and does not pause for it either.
    pub(crate) fn leave_out(&mut self, slot: Slot) {
        self.starts.retain(|other| *other != slot);
        self.pause = self.pause.filter(|pause| pause.slot != slot);
    }

    /// Forgets this one, whose slot may soon be another child's. From the right, as an end removes from there.
    pub(crate) fn forget(&mut self, slot: Slot) {
        if let Some(place) = self.stops.iter().rposition(|other| *other == slot) {
            self.stops.remove(place);
        }
        self.leave_out(slot);
    }
}
