//! Faults: armed for one actor by name, or drawn for all of them at a rate.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::world::Strike;
use crate::world::choices::{Choices, WHOLE};

/// How often a simulation strikes by itself, each as a share of all messages (0.0 to 1.0).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// Handlers that panic.
    pub crash: f64,
    /// Handlers that hang until they are killed.
    pub hang: f64,
    /// Handlers that take up to [`Faults::slow_most`] longer.
    pub slow: f64,
    /// The longest a slow handler takes.
    pub slow_most: Duration,
    /// Replies that get lost, so that whoever asked waits until the deadline.
    pub lose_reply: f64,
}

/// What is armed for one actor.
#[derive(Default)]
struct Armed {
    strikes: VecDeque<Strike>,
    slow: Option<Duration>,
    replies: u32,
}

#[derive(Default)]
pub(crate) struct Arsenal {
    armed: BTreeMap<String, Armed>,
    rates: Faults,
}

/// In how many steps a slow handler's time is drawn.
const SLOWNESS: u32 = 1000;

impl Arsenal {
    pub(crate) fn set_rates(&mut self, rates: Faults) {
        self.rates = rates;
    }

    /// Strikes the next message of an actor that is not struck already.
    pub(crate) fn arm(&mut self, path: &str, strike: Strike) {
        self.armed.entry(path.to_owned()).or_default().strikes.push_back(strike);
    }

    /// Makes all messages of an actor take longer; none ends that.
    pub(crate) fn slow(&mut self, path: &str, by: Option<Duration>) {
        self.armed.entry(path.to_owned()).or_default().slow = by;
    }

    /// Loses the next reply of an actor.
    pub(crate) fn lose(&mut self, path: &str) {
        self.armed.entry(path.to_owned()).or_default().replies += 1;
    }

    /// Whether something is armed that only a queued message meets.
    pub(crate) fn is_armed(&self, path: &str) -> bool {
        self.armed.get(path).is_some_and(|armed| !armed.strikes.is_empty() || armed.slow.is_some() || armed.replies > 0)
    }

    /// What strikes the next message of an actor, if anything.
    pub(crate) fn strike(&mut self, path: &str, choices: &mut Choices) -> Option<Strike> {
        if let Some(armed) = self.armed.get_mut(path) {
            if let Some(strike) = armed.strikes.pop_front() {
                return Some(strike);
            }
            if let Some(slow) = armed.slow {
                return Some(Strike::Slow(slow));
            }
        }
        if self.rates == Faults::default() {
            return None;
        }
        if choices.choose(odds(self.rates.crash), 1, |_| format!("{path} crashes")) > 0 {
            return Some(Strike::Crash);
        }
        if choices.choose(odds(self.rates.hang), 1, |_| format!("{path} hangs")) > 0 {
            return Some(Strike::Hang);
        }
        let most = self.rates.slow_most;
        match choices
            .choose(odds(self.rates.slow), SLOWNESS, |step| format!("{path} is slow by {:?}", most * step / SLOWNESS))
        {
            0 => None,
            step => Some(Strike::Slow(most * step / SLOWNESS)),
        }
    }

    /// Whether the reply that this actor gives now gets lost.
    pub(crate) fn loses_reply(&mut self, path: &str, choices: &mut Choices) -> bool {
        if let Some(armed) = self.armed.get_mut(path).filter(|armed| armed.replies > 0) {
            armed.replies -= 1;
            return true;
        }
        self.rates.lose_reply > 0.0
            && choices.choose(odds(self.rates.lose_reply), 1, |_| format!("a reply of {path} gets lost")) > 0
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 2^20 after the clamp")]
fn odds(share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * f64::from(WHOLE)).round() as u32
}
