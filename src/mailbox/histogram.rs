//! Times, counted in buckets that grow by a quarter of an octave.

use std::time::Duration;

const PER_OCTAVE: usize = 4;
const OCTAVES: usize = 42;

/// How often which time was measured: from 1 ns to an hour, each bucket at most 25 % wide (log-linear buckets, as in
/// HdrHistogram).
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    buckets: [u32; OCTAVES * PER_OCTAVE],
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: [0; OCTAVES * PER_OCTAVE] }
    }

    pub(crate) fn record(&mut self, time: Duration) {
        let at = bucket(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        if let Some(count) = self.buckets.get_mut(at) {
            *count = count.saturating_add(1);
        }
    }

    /// How many times were measured.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|count| u64::from(*count)).sum()
    }

    /// The time that this share of all measured times (0.0 to 1.0) does not exceed, up to 25 % too high. None if nothing
    /// was measured.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let total = self.count();
        if total == 0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank"
        )]
        let rank = ((total as f64 * share.clamp(0.0, 1.0)).ceil() as u64).max(1);
        let mut seen = 0;
        let at = self.buckets.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        });
        at.map(|at| Duration::from_nanos(ceiling(at)))
    }
}

impl std::fmt::Debug for Histogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .finish()
    }
}

fn bucket(nanos: u64) -> usize {
    let nanos = nanos.max(PER_OCTAVE as u64);
    let octave = nanos.ilog2() as usize;
    let within = (nanos >> (octave - 2)) as usize - PER_OCTAVE;
    ((octave - 2) * PER_OCTAVE + within).min(OCTAVES * PER_OCTAVE - 1)
}

/// The largest time that falls into a bucket.
fn ceiling(bucket: usize) -> u64 {
    let (octave, within) = (bucket / PER_OCTAVE + 2, bucket % PER_OCTAVE);
    (((PER_OCTAVE + within + 1) as u64) << (octave - 2)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_at_most_a_quarter_too_high() {
        for nanos in [4_u64, 5, 7, 8, 100, 1_000, 123_456, 10_000_000_000] {
            let mut histogram = Histogram::new();
            histogram.record(Duration::from_nanos(nanos));
            let found = histogram.quantile(0.5).unwrap().as_nanos();
            let nanos = u128::from(nanos);
            assert!(found >= nanos && found * 4 <= nanos * 5, "{nanos} was found as {found}");
        }
        assert_eq!(Histogram::new().quantile(0.5), None);
    }

    #[test]
    fn the_longest_times_share_the_last_bucket() {
        let mut histogram = Histogram::new();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.count(), 1);
    }
}
