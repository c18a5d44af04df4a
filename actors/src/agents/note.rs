//! What a board has decided and why, in lines that a person can read.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::agents::agent::AgentId;
use crate::agents::aimd::WidthDecision;
use crate::agents::lanes::Share;
use crate::agents::outcome::{AttemptError, AttemptId, Outcome};
use crate::agents::task::TaskId;

/// One decision with its inputs, or one piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A plan was accepted.
    Accepted {
        /// Which one, counted from 0.
        plan: u64,
        /// How many tasks it holds.
        tasks: usize,
        /// How many levels its dependencies make.
        levels: usize,
    },
    /// An agent was chosen for a task.
    Assigned {
        /// The attempt.
        attempt: AttemptId,
        /// The task.
        task: TaskId,
        /// On whose share.
        share: Share,
        /// How long it had waited.
        waited: Duration,
        /// The agent: it had the least load.
        agent: AgentId,
        /// How many tasks it had in hand.
        in_hand: u32,
        /// Its mean service time, or what stands for it as long as nothing is known.
        mean: Duration,
        /// Among how many agents with room it was chosen.
        among: usize,
    },
    /// The width of a level was looked at.
    Width(WidthDecision),
    /// An attempt came to nothing, and another one will be made.
    Retry {
        /// The attempt.
        attempt: AttemptId,
        /// The task.
        task: TaskId,
        /// Whose attempt it was.
        agent: AgentId,
        /// Why it came to nothing.
        error: AttemptError,
        /// How many more may be made after the next one.
        left: u8,
    },
    /// News of an attempt that had been given up was passed over.
    Stale {
        /// The attempt.
        attempt: AttemptId,
    },
    /// An agent is there.
    Joined {
        /// Who.
        agent: AgentId,
    },
    /// An agent is gone.
    Gone {
        /// Who.
        agent: AgentId,
        /// Why.
        error: AttemptError,
        /// How many tasks it had in hand.
        in_hand: usize,
    },
    /// A task has ended.
    Ended {
        /// The task.
        task: TaskId,
        /// How.
        outcome: Outcome,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { plan, tasks, levels } => write!(f, "plan {plan}: {tasks} tasks in {levels} levels"),
            Self::Assigned { attempt, task, share, waited, agent, in_hand, mean, among } => write!(
                f,
                "{task} -> {agent} ({attempt}): {in_hand} in hand x {mean:?}, the least of {among}; {share}, {waited:?} queued"
            ),
            Self::Width(WidthDecision { plan, level, delay, target, in_flight, before, after }) => write!(
                f,
                "plan {plan} level {level}: width {before} -> {after}; started after {delay:?} of {target:?}, {in_flight} in flight"
            ),
            Self::Retry { attempt, task, agent, error, left } => {
                write!(f, "{task} again, {left} more left: {agent} {error} ({attempt})")
            }
            Self::Stale { attempt } => write!(f, "{attempt} was given up before; passed over"),
            Self::Joined { agent } => write!(f, "{agent} joined"),
            Self::Gone { agent, error, in_hand } => write!(f, "{agent} {error}, {in_hand} in hand"),
            Self::Ended { task, outcome } => write!(f, "{task} {outcome}"),
        }
    }
}

/// The latest notes, at most so many.
#[derive(Debug)]
pub(crate) struct Log {
    notes: VecDeque<Note>,
    limit: usize,
}

impl Log {
    pub(crate) fn new(limit: usize) -> Self {
        Self { notes: VecDeque::new(), limit }
    }

    /// Adds one; the oldest makes room.
    pub(crate) fn push(&mut self, note: Note) {
        self.notes.push_back(note);
        while self.notes.len() > self.limit {
            self.notes.pop_front();
        }
    }

    /// The oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter()
    }
}
