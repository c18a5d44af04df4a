//! The choices of a simulation: which of them leave the usual course, and how.
//!
//! Every choice has a number, counted up. The usual course is 0 everywhere; a seed decides which choices deviate from it.
//! A run can be repeated with some of its deviations only, which is how a failing one is made short.

use std::collections::BTreeMap;

/// Odds are counted in parts of this.
pub(crate) const WHOLE: u32 = 1 << 20;

/// A choice that left the usual course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deviation {
    /// The number of the choice.
    pub(crate) at: u64,
    /// What was chosen instead of 0.
    pub(crate) value: u32,
    /// What it meant.
    pub(crate) what: String,
}

/// Where choices come from.
enum Source {
    /// Drawn from a seed.
    Drawn(fastrand::Rng),
    /// Given: these deviate, all others do not.
    Given(BTreeMap<u64, u32>),
}

pub(crate) struct Choices {
    source: Source,
    made: u64,
    deviations: Vec<Deviation>,
}

impl Choices {
    /// Choices drawn from a seed.
    pub(crate) fn drawn(seed: u64) -> Self {
        Self { source: Source::Drawn(fastrand::Rng::with_seed(seed)), made: 0, deviations: Vec::new() }
    }

    /// Choices that deviate as given, and nowhere else.
    pub(crate) fn given(deviations: BTreeMap<u64, u32>) -> Self {
        Self { source: Source::Given(deviations), made: 0, deviations: Vec::new() }
    }

    /// 0, or with these odds (in parts of [`WHOLE`]) a number from 1 to `most`. `what` says what such a number means.
    pub(crate) fn choose(&mut self, odds: u32, most: u32, what: impl FnOnce(u32) -> String) -> u32 {
        let at = self.made;
        self.made += 1;
        let value = match &mut self.source {
            Source::Drawn(rng) => {
                let deviates = odds > 0 && rng.u32(0..WHOLE) < odds;
                if deviates { rng.u32(1..=most.max(1)) } else { 0 }
            }
            Source::Given(deviations) => deviations.get(&at).copied().unwrap_or(0),
        };
        if value > 0 {
            self.deviations.push(Deviation { at, value, what: what(value) });
        }
        value
    }

    /// All that left the usual course so far.
    pub(crate) fn deviations(&self) -> &[Deviation] {
        &self.deviations
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_choices_repeat_those_that_were_drawn() {
        let run = |choices: &mut Choices| {
            (0..100).map(|_| choices.choose(WHOLE / 4, 7, |_| String::new())).collect::<Vec<_>>()
        };
        let mut drawn = Choices::drawn(7);
        let first = run(&mut drawn);
        let given = drawn.deviations().iter().map(|deviation| (deviation.at, deviation.value)).collect();
        assert!(first.iter().any(|value| *value > 0) && first.contains(&0));
        assert_eq!(run(&mut Choices::given(given)), first);
        assert_eq!(run(&mut Choices::given(BTreeMap::new())), [0; 100]);
    }
}
