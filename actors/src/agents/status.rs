//! What a board shows: plain data, true at the moment when it was asked for.

use std::time::Duration;

use crate::agents::agent::{Agent, AgentId};
use crate::agents::capabilities::Capabilities;
use crate::agents::outcome::Outcome;
use crate::agents::roster::AgentState;
use crate::agents::task::{Priority, TaskId};

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// It waits for other tasks.
    Blocked {
        /// Which of them are not done yet.
        on: Vec<TaskId>,
    },
    /// It waits for an agent to ask for more work.
    Queued,
    /// It waits for an agent to join: nobody who is there can do it, or only those who have another replica of it.
    Waiting {
        /// What the best of those who are there lacks; none if only the number of agents does not suffice.
        missing: Capabilities,
    },
    /// These agents have it.
    Running {
        /// Who.
        agents: Vec<AgentId>,
    },
    /// It has ended.
    Ended(Outcome),
}

/// A task at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStatus {
    /// Which one.
    pub id: TaskId,
    /// How urgent it is; none if it has ended.
    pub priority: Option<Priority>,
    /// How far it is.
    pub state: TaskState,
    /// How many attempts came to nothing.
    pub failures: usize,
    /// How many agents have done it.
    pub results: usize,
}

/// An agent at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentStatus {
    /// As it introduced itself.
    pub agent: Agent,
    /// Whether it is there.
    pub state: AgentState,
    /// The tasks it has in hand.
    pub tasks: Vec<TaskId>,
    /// How many tasks it has in hand that nobody wants any more; they hold their places until it says that they ended.
    pub given_up: usize,
    /// How many more it has asked for.
    pub demand: u32,
    /// The mean of the time it takes for a task, the latest weighing most; none before the first success.
    pub mean: Option<Duration>,
}

/// How many tasks met which fate since the board was made: `submitted` is the sum of the next six.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accepted.
    pub submitted: u64,
    /// Not ended yet.
    pub live: u64,
    /// Done.
    pub done: u64,
    /// Failed.
    pub failed: u64,
    /// Expired.
    pub expired: u64,
    /// Skipped.
    pub skipped: u64,
    /// Cancelled.
    pub cancelled: u64,
    /// Results that came too late and were passed over; these are attempts, no tasks.
    pub stale: u64,
}

impl Counts {
    /// One task less is live.
    pub(crate) fn ended(&mut self, outcome: &Outcome) {
        self.live = self.live.saturating_sub(1);
        match outcome {
            Outcome::Done => self.done += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Expired => self.expired += 1,
            Outcome::Skipped { .. } => self.skipped += 1,
            Outcome::Cancelled => self.cancelled += 1,
        }
    }
}
