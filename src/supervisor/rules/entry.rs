//! One child as its supervisor's rules see it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::spec::ChildPolicy;

/// A child's place in the table; it is used again once its child has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) u32);

/// One incarnation of one child. An event whose key is not the current one speaks of the past and changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ChildKey {
    /// Where the child stands.
    pub(crate) slot: Slot,
    /// Counted up with each start in this slot, and never set back, whoever holds the slot.
    pub(crate) incarnation: u32,
}

/// What a child is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It is not there, and nothing will start it but a request or a group restart.
    Down,
    /// Its start is under way.
    Starting,
    /// It is up.
    Running,
    /// It was asked to stop, or killed; what follows its end is known already.
    Stopping(Then),
    /// It is not there: its failure waits for its turn to be judged, or its restart for the pause to pass.
    Waiting,
}

impl Status {
    /// Whether an incarnation is there whose end will be heard of.
    pub(crate) fn is_live(self) -> bool {
        match self {
            Self::Starting | Self::Running | Self::Stopping(_) => true,
            Self::Down | Self::Waiting => false,
        }
    }

    /// Whether something is under way that will end with an event.
    pub(crate) fn is_busy(self) -> bool {
        match self {
            Self::Starting | Self::Stopping(_) | Self::Waiting => true,
            Self::Down | Self::Running => false,
        }
    }
}

/// What follows when a stopping child has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It stays down: someone asked for its end.
    Close,
    /// It is closed, and started again since someone asked for that afterwards.
    Reopen,
    /// It starts again: someone asked for a restart.
    Restart,
    /// The plan that stopped it goes on.
    Plan,
    /// Its start has failed: it took too long.
    FailStart,
}

/// Why a child was started last, which decides what a failure of that start means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    /// It was added to a running supervisor and has not been started yet.
    New,
    /// Its first start after it was added: if that fails, it leaves again and nothing is counted.
    First,
    /// Someone asked for a child that was down: if the start fails, it is down again and nothing is counted.
    Asked,
    /// The supervisor keeps it up: a failed start counts and is tried again.
    Kept,
}

/// A slot of the table with the child in it. Kept small: a dynamic supervisor has a million of them.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// How the child is treated; none in a free slot.
    pub(crate) policy: Option<Arc<ChildPolicy>>,
    /// Since when it runs, or until when it pauses; none otherwise.
    pub(crate) at: Option<Instant>,
    /// The incarnation that was started last. It outlives the child, so that the next one here has keys of its own.
    pub(crate) incarnation: u32,
    /// Failures without a long run between them.
    pub(crate) failures_in_a_row: u32,
    /// What it is doing.
    pub(crate) status: Status,
    /// Why it was started last.
    pub(crate) via: Via,
    /// Whether it is part of its supervisor's spec, not added later.
    pub(crate) declared: bool,
    /// Whether the kill went out already, so that it goes out once.
    pub(crate) killed: bool,
}

impl Entry {
    /// A free slot that nobody has used yet.
    pub(crate) fn free() -> Self {
        Self {
            policy: None,
            at: None,
            incarnation: 0,
            failures_in_a_row: 0,
            status: Status::Down,
            via: Via::Kept,
            declared: false,
            killed: false,
        }
    }

    /// Puts a child here that has not been started yet.
    pub(crate) fn occupy(&mut self, policy: Arc<ChildPolicy>, via: Via) {
        let incarnation = self.incarnation;
        *self = Self { policy: Some(policy), incarnation, via, declared: via == Via::Kept, ..Self::free() };
    }

    /// Frees the slot. The incarnation moves on, so that no event of this child can meet the next one.
    pub(crate) fn vacate(&mut self) {
        let incarnation = self.incarnation.wrapping_add(1);
        *self = Self { incarnation, ..Self::free() };
    }

    /// Ends the count of failures in a row if this run was long enough to be called one.
    pub(crate) fn end_run(&mut self, now: Instant) {
        let ran = self.at.take().map(|since| now.saturating_duration_since(since));
        let most = self.policy.as_ref().and_then(|policy| policy.backoff).map(|backoff| backoff.most);
        if let (Some(ran), Some(most)) = (ran, most)
            && ran > most
        {
            self.failures_in_a_row = 0;
        }
    }

    /// The pause before the next restart, drawn from [half, whole] of what the backoff says; none without a backoff.
    pub(crate) fn pause(&self, rng: &mut fastrand::Rng) -> Duration {
        let Some(backoff) = self.policy.as_ref().and_then(|policy| policy.backoff) else {
            return Duration::ZERO;
        };
        let whole = u64::try_from(backoff.pause(self.failures_in_a_row).as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(rng.u64(whole / 2..=whole))
    }
}
