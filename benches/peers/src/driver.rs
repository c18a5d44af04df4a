//! What drives the workloads of all peers on tokio alike: the runtime, and tasks side by side.

use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Cores that a runtime may use.
const WORKERS: usize = 2;

/// How long the consumer of the overload workload is busy with a message.
pub(crate) const SPIN: Duration = Duration::from_micros(2);

/// The capacity of every bounded mailbox, and of tokio's bounded channels.
pub(crate) const CAPACITY: usize = 256;

/// Runs the work as a task of a new runtime, and ends the runtime with it.
///
/// # Panics
/// If the work panics: a peer that refuses a message cannot be measured.
pub(crate) fn on_tokio<F>(work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build().expect("a runtime starts");
    runtime.block_on(async { tokio::spawn(work).await.expect("the workload runs to its end") })
}

/// Splits `0..total` between tasks and waits for all of them.
pub(crate) async fn side_by_side<F>(tasks: u64, total: u64, part: impl Fn(Range<u64>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut running = JoinSet::new();
    for values in parts(tasks, total) {
        running.spawn(part(values));
    }
    running.join_all().await;
}

/// `0..total` in so many parts of the same length, but for rounding.
pub(crate) fn parts(tasks: u64, total: u64) -> impl Iterator<Item = Range<u64>> {
    (0..tasks).map(move |task| task * total / tasks..(task + 1) * total / tasks)
}

/// Keeps the core busy as a slow handler does.
pub(crate) fn spin() {
    let begun = Instant::now();
    while begun.elapsed() < SPIN {
        std::hint::spin_loop();
    }
}
