//! What the long runs measure with.

use std::future::Future;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// While it lives no other test of this binary runs, so that the times of one are its own.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Two workers, on any machine.
pub(crate) fn two_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

/// What must not take longer than this is stuck.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(done) => done,
        Err(_) => panic!("stuck: {what}"),
    }
}

/// The value below which this share of all lies, by nearest rank.
pub(crate) fn quantile<T: PartialOrd + Copy + Default>(values: &[T], share: f64) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Median, 99th percentile and maximum in one line.
pub(crate) fn spread(values: &[Duration]) -> String {
    let [half, most, all] = [0.5, 0.99, 1.0].map(|share| quantile(values, share));
    format!("median {half:.1?}, p99 {most:.1?}, max {all:.1?}, of {}", values.len())
}

/// What another test of this binary prints in a process of its own.
pub(crate) fn afresh(test: &str, set: &[(&str, &str)], through: &[&str]) -> (String, String) {
    let own = std::env::current_exe().unwrap();
    let own = own.to_str().unwrap();
    let mut words = through.iter().copied().chain([own, "--exact", test, "--include-ignored", "--nocapture"]);
    let ran = Command::new(words.next().unwrap()).args(words).envs(set.iter().copied()).output().unwrap();
    let [out, err] = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(ran.status.success(), "{out}\n{err}");
    (out, err)
}
