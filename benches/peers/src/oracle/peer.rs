//! What the comparison asks of a peer.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::features::Feature;
use crate::schedule::Schedule;
use crate::trace::{Subject, Trace};

/// Whoever is compared with OTP.
pub(crate) trait Peer: Subject + Sync {
    fn name(&self) -> &'static str;
    fn offers(&self, feature: Feature) -> Offer;
}

/// Whether a peer's documents promise a feature.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Offer {
    /// It counts; if something differs, this is how.
    Yes(&'static str),
    /// It does not count, and this is why.
    No(&'static str),
}

/// Real time, for something that takes milliseconds of it.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs a schedule on a thread of its own, which is left behind if it hangs.
pub(crate) fn run_within_limit(peer: &'static dyn Peer, schedule: &Schedule) -> Option<Trace> {
    let (report, reported) = mpsc::channel();
    let schedule = schedule.clone();
    thread::spawn(move || report.send(peer.run(&schedule)));
    reported.recv_timeout(LIMIT).ok()
}
