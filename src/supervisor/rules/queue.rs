//! What must wait until the plan under way is done.

use std::collections::VecDeque;

use crate::exit::Exit;
use crate::supervisor::rules::entry::{ChildKey, Slot};

/// How a child failed: whether it had been up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It was running.
    Run,
    /// It was being started by the supervisor's own doing; even a quiet end is a failure then.
    Start,
}

/// One thing that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pending {
    /// A child's end, to be judged.
    Ended(ChildKey, Exit, Moment),
    /// A child that was added, to be started.
    StartAdded(Slot),
    /// A child that someone wants restarted.
    Restart(Slot),
}

impl Pending {
    fn slot(&self) -> Slot {
        match self {
            Self::Ended(key, _, _) => key.slot,
            Self::StartAdded(slot) | Self::Restart(slot) => *slot,
        }
    }
}

/// What waits, oldest first. At most one of each kind per child, so the number of children bounds it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Queue {
    waiting: VecDeque<Pending>,
}

impl Queue {
    /// Adds an end. A child has one, and cannot start again before it is judged.
    pub(crate) fn push_end(&mut self, key: ChildKey, exit: Exit, moment: Moment) {
        self.waiting.push_back(Pending::Ended(key, exit, moment));
    }

    /// Adds a request unless the same one waits already.
    pub(crate) fn push_request(&mut self, request: Pending) {
        if !self.waiting.contains(&request) {
            self.waiting.push_back(request);
        }
    }

    /// The oldest.
    pub(crate) fn pop(&mut self) -> Option<Pending> {
        self.waiting.pop_front()
    }

    /// Forgets everything about one child, and says how it had ended if that was waiting.
    pub(crate) fn take(&mut self, slot: Slot) -> Option<Exit> {
        let mut ended = None;
        self.waiting.retain(|pending| {
            if let Pending::Ended(key, exit, _) = pending
                && key.slot == slot
            {
                ended = Some(exit.clone());
            }
            pending.slot() != slot
        });
        ended
    }

    /// Whether anything about this child waits.
    pub(crate) fn holds(&self, slot: Slot) -> bool {
        self.waiting.iter().any(|pending| pending.slot() == slot)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}
