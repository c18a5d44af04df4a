//! Counts arrivals, so that a driver can wait for the last one of a batch.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// How many messages have still to arrive.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    left: AtomicUsize,
    empty: Notify,
}

impl Tally {
    /// So many are about to be sent. Nothing is under way.
    pub(crate) fn expect(&self, arrivals: usize) {
        self.left.store(arrivals, Ordering::Release);
    }

    /// One has arrived.
    pub(crate) fn arrived(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.empty.notify_one();
        }
    }

    /// Waits for the last one. One driver waits at a time, and once for each batch.
    pub(crate) async fn empty(&self) {
        self.empty.notified().await;
    }
}
