//! How attempts and tasks end.

use std::fmt;

use crate::agents::agent::AgentId;
use crate::agents::task::TaskId;

/// One assignment of a task to an agent. The numbers of a board rise and are never used twice, so that news of an attempt
/// which was given up cannot be taken for news of the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId(pub(crate) u64);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptError {
    /// The agent said so; its words.
    Reported(String),
    /// The agent crashed or was killed; what is known of it.
    Crashed(String),
    /// The agent left, or joined anew without a word.
    Left,
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported(why) => write!(f, "failed: {why}"),
            Self::Crashed(why) => write!(f, "crashed: {why}"),
            Self::Left => f.write_str("left"),
        }
    }
}

/// An attempt that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Which one.
    pub attempt: AttemptId,
    /// Whose.
    pub agent: AgentId,
    /// Why.
    pub error: AttemptError,
}

/// What an agent has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentResult<R> {
    /// Who.
    pub agent: AgentId,
    /// What.
    pub result: R,
}

/// How a task has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As many agents have succeeded as its join asks for.
    Done,
    /// Too many have failed, each as often as it may be tried.
    Failed,
    /// Its time was over first.
    Expired,
    /// A task that it depends on, directly or not, was not done.
    Skipped {
        /// The one with which it began: it failed, expired or was cancelled.
        cause: TaskId,
    },
    /// Somebody cancelled it.
    Cancelled,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed => f.write_str("failed"),
            Self::Expired => f.write_str("expired"),
            Self::Skipped { cause } => write!(f, "skipped since {cause} was not done"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// A task's end, with all that came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended<R> {
    /// Which task.
    pub task: TaskId,
    /// How.
    pub outcome: Outcome,
    /// What agents have found by then, whatever the outcome; in no order.
    pub results: Vec<AgentResult<R>>,
    /// The attempts that came to nothing, the oldest first.
    pub failures: Vec<FailedAttempt>,
}
