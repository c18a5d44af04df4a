//! The timers of one supervisor: a heap, and one task that sleeps until the earliest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use crate::supervisor::rules::action::Alarm;
use crate::supervisor::rules::state::Rules;

/// An alarm in the heap, ordered by time, then by when it was set.
struct Due {
    at: Instant,
    serial: u64,
    alarm: Alarm,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.serial) == (other.at, other.serial)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}

/// Alarms that have lost their meaning are swept out once there are this many more than ones that may have it.
const STALE_LIMIT: usize = 256;

#[derive(Default)]
pub(crate) struct Alarms {
    heap: BinaryHeap<Reverse<Due>>,
    issued: u64,
    swept: usize,
    running: bool,
    earlier: Arc<Notify>,
}

impl Alarms {
    /// Sets an alarm; says whether a task must be spawned to wait for it.
    pub(crate) fn set(&mut self, at: Instant, alarm: Alarm, rules: &Rules) -> bool {
        if self.heap.len() >= 2 * self.swept + STALE_LIMIT {
            self.heap.retain(|due| rules.awaits(due.0.alarm));
            self.swept = self.heap.len();
        }
        self.issued += 1;
        let earliest = self.heap.peek().is_none_or(|first| at < first.0.at);
        self.heap.push(Reverse(Due { at, serial: self.issued, alarm }));
        if earliest {
            self.earlier.notify_one();
        }
        !std::mem::replace(&mut self.running, true)
    }

    /// The next alarm that is due, or until when to wait. None ends the task.
    pub(crate) fn next(&mut self, now: Instant, rules: &Rules) -> Option<Result<Alarm, Instant>> {
        while let Some(first) = self.heap.peek() {
            let (at, alarm) = (first.0.at, first.0.alarm);
            if !rules.awaits(alarm) {
                self.heap.pop();
                continue;
            }
            if at > now {
                return Some(Err(at));
            }
            self.heap.pop();
            return Some(Ok(alarm));
        }
        self.running = false;
        None
    }

    /// What wakes the task when an earlier alarm was set.
    pub(crate) fn earlier(&self) -> Arc<Notify> {
        Arc::clone(&self.earlier)
    }
}
