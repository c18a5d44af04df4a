//! What happens to a board, and what must be done about it.

use std::sync::Arc;

use crate::agents::agent::AgentId;
use crate::agents::note::Note;
use crate::agents::outcome::{AttemptId, Ended};
use crate::agents::task::TaskId;

/// What has happened. What is told of unknown tasks, agents or attempts changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<R> {
    /// An agent can take so many more tasks. Demand adds up, as far as its concurrency, and each assignment takes one of it.
    Demanded {
        /// Who.
        agent: AgentId,
        /// How many.
        more: u32,
    },
    /// An agent has begun with what it was assigned.
    Started {
        /// Which attempt.
        attempt: AttemptId,
    },
    /// An agent has ended an attempt. It says so once for each, after a cancellation too: only then its place is free.
    Finished {
        /// Which attempt.
        attempt: AttemptId,
        /// What it has found, or why it could not.
        result: Result<R, String>,
    },
    /// An agent has left on purpose; what it had in hand is tried elsewhere.
    Left {
        /// Who.
        agent: AgentId,
    },
    /// An agent was lost; what it had in hand is tried elsewhere.
    Crashed {
        /// Who.
        agent: AgentId,
        /// What is known of it.
        why: String,
    },
    /// Somebody wants a task no more; those that depend on it are skipped.
    Cancelled {
        /// Which one.
        task: TaskId,
    },
    /// Time has passed; see `Board::wakes_at`.
    Ticked,
}

/// What an agent is given.
#[derive(Debug)]
pub struct Assignment<P, R> {
    /// The number to report with.
    pub attempt: AttemptId,
    /// Which task.
    pub task: TaskId,
    /// Who is to do it.
    pub agent: AgentId,
    /// The task's payload.
    pub payload: Arc<P>,
    /// How the tasks ended that it depends on, in the order in which it names them. All are done.
    pub inputs: Vec<Arc<Ended<R>>>,
}

/// What is to be done, in the order given.
#[derive(Debug)]
pub enum Action<P, R> {
    /// Give an agent a task.
    Assign(Assignment<P, R>),
    /// Tell an agent that an attempt is not wanted any more. It still reports its end.
    Cancel {
        /// Which attempt.
        attempt: AttemptId,
        /// Of which task.
        task: TaskId,
        /// Whose.
        agent: AgentId,
    },
    /// Tell whoever waits for it that a task has ended. It comes exactly once for each.
    Ended(Arc<Ended<R>>),
    /// Write down what was decided; the board remembers it too, for a while.
    Log(Note),
}
