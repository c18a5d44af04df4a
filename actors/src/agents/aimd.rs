//! The width of an adaptive plan's levels: additive increase, multiplicative decrease.
//!
//! Source: D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in Computer
//! Networks", 1989; that a window which is not used proves nothing, and that one congestion is answered once, is TCP's
//! practice (RFC 7661; V. Jacobson, 1988).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::agents::outcome::AttemptId;
use crate::agents::plan::Adaptive;

/// A level of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LevelKey {
    pub(crate) plan: u64,
    pub(crate) level: usize,
}

/// How many of a level may be at agents, and how many are.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    adaptive: Adaptive,
    width: u32,
    in_flight: u32,
    /// Prompt starts since the width was last changed.
    prompt: u32,
    /// Attempts before this one were assigned when the width was greater; that they are late is no news.
    news_from: AttemptId,
}

impl Window {
    fn new(adaptive: Adaptive) -> Self {
        Self { adaptive, width: adaptive.least, in_flight: 0, prompt: 0, news_from: AttemptId(0) }
    }

    /// What the start of an attempt, so long after its assignment, means for the width. `next` is the number of the next
    /// attempt to come.
    fn started(&mut self, attempt: AttemptId, delay: Duration, next: AttemptId) {
        if delay > self.adaptive.target {
            self.prompt = 0;
            if attempt >= self.news_from {
                self.width = (self.width / 2).max(self.adaptive.least);
                self.news_from = next;
            }
        } else if self.in_flight >= self.width {
            self.prompt += 1;
            if self.prompt >= self.width {
                self.width = self.width.saturating_add(1).min(self.adaptive.most);
                self.prompt = 0;
            }
        }
    }
}

/// What was decided about a level's width, and on what grounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WidthDecision {
    /// Which plan, counted from 0 in order of submission.
    pub plan: u64,
    /// Which level of it, counted from 0.
    pub level: usize,
    /// How long the start took that led to it.
    pub delay: Duration,
    /// How long it may take.
    pub target: Duration,
    /// How many of the level were at agents.
    pub in_flight: u32,
    /// The width before.
    pub before: u32,
    /// The width after; the same if the start was no reason to change it.
    pub after: u32,
}

/// The windows of all adaptive plans that are under way.
#[derive(Debug, Default)]
pub(crate) struct Windows(BTreeMap<LevelKey, Window>);

impl Windows {
    /// Opens the levels of a new plan.
    pub(crate) fn open(&mut self, plan: u64, levels: usize, adaptive: Adaptive) {
        self.0.extend((0..levels).map(|level| (LevelKey { plan, level }, Window::new(adaptive))));
    }

    /// Forgets a plan that has ended.
    pub(crate) fn close(&mut self, plan: u64) {
        let mut later = self.0.split_off(&LevelKey { plan, level: 0 });
        self.0.append(&mut later.split_off(&LevelKey { plan: plan + 1, level: 0 }));
    }

    /// Whether one more of this level may go to an agent.
    pub(crate) fn has_room(&self, key: LevelKey) -> bool {
        self.0.get(&key).is_none_or(|window| window.in_flight < window.width)
    }

    /// One more is at an agent.
    pub(crate) fn assigned(&mut self, key: LevelKey) {
        if let Some(window) = self.0.get_mut(&key) {
            window.in_flight += 1;
        }
    }

    /// One is back from its agent, or lost with it.
    pub(crate) fn returned(&mut self, key: LevelKey) {
        if let Some(window) = self.0.get_mut(&key) {
            window.in_flight = window.in_flight.saturating_sub(1);
        }
    }

    /// One was begun so long after its assignment.
    pub(crate) fn started(
        &mut self,
        key: LevelKey,
        attempt: AttemptId,
        delay: Duration,
        next: AttemptId,
    ) -> Option<WidthDecision> {
        let window = self.0.get_mut(&key)?;
        let before = window.width;
        window.started(attempt, delay, next);
        let (target, in_flight, after) = (window.adaptive.target, window.in_flight, window.width);
        Some(WidthDecision { plan: key.plan, level: key.level, delay, target, in_flight, before, after })
    }

    /// The width of a level and how many of it are at agents, as long as its plan is under way.
    #[cfg(test)]
    pub(crate) fn width(&self, key: LevelKey) -> Option<(u32, u32)> {
        self.0.get(&key).map(|window| (window.width, window.in_flight))
    }

    /// Whether no adaptive plan is under way.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::{any, proptest};

    use crate::agents::aimd::{Window, Windows};
    use crate::agents::outcome::AttemptId;
    use crate::agents::plan::Adaptive;

    const TARGET: Duration = Duration::from_millis(100);
    const PROMPT: Duration = TARGET;
    const LATE: Duration = Duration::from_millis(101);

    fn window(least: u32, most: u32) -> Window {
        Window::new(Adaptive { least, most, target: TARGET })
    }

    /// A whole width of starts, all after so long; attempts are numbered from `next` on.
    fn round(window: &mut Window, delay: Duration, next: &mut u64) -> u32 {
        let width = window.width;
        window.in_flight = width;
        let first = *next;
        *next += u64::from(width);
        (first..*next).for_each(|attempt| window.started(AttemptId(attempt), delay, AttemptId(*next)));
        window.width
    }

    #[test]
    fn a_width_of_prompt_starts_widens_by_one_and_a_late_round_halves_once() {
        let (mut window, mut next) = (window(1, 10), 0);
        let up: Vec<u32> = (0..10).map(|_| round(&mut window, PROMPT, &mut next)).collect();
        assert_eq!(up, [2, 3, 4, 5, 6, 7, 8, 9, 10, 10]);
        let down: Vec<u32> = (0..5).map(|_| round(&mut window, LATE, &mut next)).collect();
        assert_eq!(down, [5, 2, 1, 1, 1]);
    }

    #[test]
    fn a_width_that_is_not_used_does_not_grow() {
        let mut window = window(4, 10);
        window.in_flight = 3;
        (0..100).for_each(|attempt| window.started(AttemptId(attempt), PROMPT, AttemptId(attempt + 1)));
        assert_eq!(window.width, 4);
    }

    #[test]
    fn a_closed_plan_leaves_nothing_and_its_neighbours_alone() {
        let mut windows = Windows::default();
        (0..3).for_each(|plan| windows.open(plan, 2, Adaptive::default()));
        windows.close(1);
        assert_eq!(windows.0.keys().map(|key| key.plan).collect::<Vec<_>>(), [0, 0, 2, 2]);
    }

    proptest! {
        #[test]
        fn the_width_stays_in_its_bounds_grows_by_one_and_falls_by_half(
            bounds in (1_u32..20, 0_u32..20),
            starts in proptest::collection::vec((any::<bool>(), 0_u32..40), 0..300),
        ) {
            let mut window = window(bounds.0, bounds.0 + bounds.1);
            for (number, (late, in_flight)) in (0..).zip(starts) {
                let before = window.width;
                window.in_flight = in_flight;
                window.started(AttemptId(number), if late { LATE } else { PROMPT }, AttemptId(number + 1));
                let lowest = if late { (before / 2).max(bounds.0) } else { before };
                let highest = if late { before } else { before + 1 };
                assert!((lowest..=highest).contains(&window.width));
                assert!((bounds.0..=bounds.0 + bounds.1).contains(&window.width));
            }
        }
    }
}
