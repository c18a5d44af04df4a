//! What one run of a workload on a peer yields: a figure, the CPU time it took, or why there is none.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// One run's figure, in the unit of its workload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    /// The figure itself; where a run times each operation by itself, their median.
    pub(crate) value: f64,
    /// The 99th percentile, where a run times each operation by itself.
    pub(crate) p99: Option<f64>,
    /// CPU time of the whole process per operation, in nanoseconds.
    pub(crate) cpu_ns: f64,
}

/// Why a run has no figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Miss {
    /// The peer has nothing that could do the workload.
    NotOffered,
    /// A message was lost, or handled twice.
    Wrong {
        /// The sum that the actors should have come to.
        expected: u64,
        /// The sum they came to.
        found: u64,
    },
}

/// A run's figure, or why there is none.
pub(crate) type Outcome = Result<Measure, Miss>;

/// Wall time and CPU time since its start.
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { cpu: cpu_time(), wall: Instant::now() }
    }

    /// The time per operation so far, in nanoseconds.
    pub(crate) fn per(&self, operations: u64) -> Measure {
        let wall = self.wall.elapsed();
        Measure { value: nanos(wall) / operations as f64, p99: None, cpu_ns: self.cpu_ns(operations) }
    }

    /// CPU time per operation so far, in nanoseconds.
    pub(crate) fn cpu_ns(&self, operations: u64) -> f64 {
        nanos(cpu_time().saturating_sub(self.cpu)) / operations as f64
    }
}

/// The measure counts only if the sum is right.
pub(crate) fn checked(measure: Measure, expected: u64, found: u64) -> Outcome {
    if expected == found { Ok(measure) } else { Err(Miss::Wrong { expected, found }) }
}

/// The sum of `0..count`, which is what the values of a workload's messages come to.
pub(crate) fn sum_below(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// The middle value; the mean of the two in the middle where the number is even. 0 if there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    match sorted.get(middle) {
        None => 0.0,
        Some(upper) if sorted.len() % 2 == 1 => *upper,
        Some(upper) => f64::midpoint(sorted[middle - 1], *upper),
    }
}

/// The 99th percentile by nearest rank. 0 if there are none.
pub(crate) fn p99(values: &[f64]) -> f64 {
    let rank = (values.len() * 99).div_ceil(100);
    sorted(values).get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

pub(crate) fn nanos(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use crate::measure::{median, p99, sum_below};

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn one_in_a_hundred_lies_above_the_99th_percentile() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(p99(&values), 198.0);
        assert_eq!(p99(&[7.0]), 7.0);
    }

    #[test]
    fn values_count_from_zero() {
        assert_eq!(sum_below(0), 0);
        assert_eq!(sum_below(5), 10);
    }
}
