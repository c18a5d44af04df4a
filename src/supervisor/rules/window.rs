//! The sliding window in which a supervisor counts restarts.

use std::collections::VecDeque;
use std::time::Instant;

use crate::spec::Intensity;

/// The restarts of the latest period. It holds one more than the intensity allows at most, since that one escalates.
#[derive(Debug, Default, Clone)]
pub(crate) struct Window {
    times: VecDeque<Instant>,
}

impl Window {
    /// Counts a restart and says how many there are in the period now, those at its very edge included as in OTP.
    pub(crate) fn add(&mut self, now: Instant, intensity: &Intensity) -> u32 {
        while self.times.front().is_some_and(|first| !within(*first, now, intensity)) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        small(self.times.len())
    }

    /// How many restarts there were in the period that ends now.
    pub(crate) fn count(&self, now: Instant, intensity: &Intensity) -> u32 {
        small(self.times.len() - self.times.partition_point(|time| !within(*time, now, intensity)))
    }

    /// Forgets all of them.
    pub(crate) fn clear(&mut self) {
        self.times.clear();
    }
}

fn within(time: Instant, now: Instant, intensity: &Intensity) -> bool {
    now.saturating_duration_since(time) <= intensity.period
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use crate::spec::Intensity;
    use crate::supervisor::rules::window::Window;

    #[test]
    fn a_restart_counts_up_to_the_very_end_of_the_period() {
        let intensity = Intensity { restarts: 1, period: Duration::from_secs(5) };
        let start = Instant::now();
        let mut window = Window::default();
        assert_eq!(window.add(start, &intensity), 1);
        assert_eq!(window.add(start + Duration::from_secs(5), &intensity), 2);
        let later = start + Duration::from_millis(5001);
        assert_eq!(window.count(later, &intensity), 1);
        assert_eq!(window.add(later, &intensity), 2);
        window.clear();
        assert_eq!(window.count(later, &intensity), 0);
    }
}
