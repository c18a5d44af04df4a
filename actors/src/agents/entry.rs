//! A task on the board that has not ended, and its attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::agents::agent::AgentId;
use crate::agents::aimd::LevelKey;
use crate::agents::capabilities::Capabilities;
use crate::agents::lanes::Place;
use crate::agents::outcome::{AgentResult, AttemptId, Ended, FailedAttempt, Outcome};
use crate::agents::task::{Join, Priority, TaskId};

/// What stands in a lane: one replica of a task, with what is needed to see at a glance whether it fits.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) task: TaskId,
    pub(crate) replica: usize,
    pub(crate) needs: Capabilities,
    pub(crate) level: Option<LevelKey>,
}

/// How far a replica is.
#[derive(Debug)]
pub(crate) enum Progress<R> {
    /// Its task still waits for others.
    Blocked,
    /// It stands in its lane.
    Queued(Place),
    /// An agent has it. Its place is kept for the next attempt.
    Out { attempt: AttemptId, agent: AgentId, place: Place },
    /// An agent has done it.
    Done(AgentResult<R>),
    /// It was tried as often as it may be.
    Failed,
}

/// A task in the hands of one of several agents; most tasks have one replica.
#[derive(Debug)]
pub(crate) struct Replica<R> {
    pub(crate) progress: Progress<R>,
    /// How often it may still be tried again.
    pub(crate) retries: u8,
}

/// A task that has not ended.
#[derive(Debug)]
pub(crate) struct Entry<P, R> {
    pub(crate) payload: Arc<P>,
    pub(crate) priority: Priority,
    pub(crate) needs: Capabilities,
    pub(crate) expires: Option<Instant>,
    pub(crate) plan: u64,
    /// Its level, if its plan is adaptive.
    pub(crate) level: Option<LevelKey>,
    /// The tasks it depends on, in the order named.
    pub(crate) after: Vec<TaskId>,
    /// Those of them that are not done yet.
    pub(crate) waits_for: BTreeSet<TaskId>,
    /// Those of them that are.
    pub(crate) inputs: BTreeMap<TaskId, Arc<Ended<R>>>,
    /// The tasks that depend on it.
    pub(crate) dependants: Vec<TaskId>,
    pub(crate) replicas: Vec<Replica<R>>,
    pub(crate) join: Join,
    pub(crate) failures: Vec<FailedAttempt>,
    /// Where an attempt came to nothing.
    pub(crate) avoid: BTreeSet<AgentId>,
}

impl<P, R> Entry<P, R> {
    /// Whether this agent has a replica of the task, or has done one: each of several must go to another.
    pub(crate) fn is_taken(&self, id: &AgentId) -> bool {
        self.replicas.iter().any(|replica| match &replica.progress {
            Progress::Out { agent, .. } => agent == id,
            Progress::Done(done) => done.agent == *id,
            Progress::Blocked | Progress::Queued(_) | Progress::Failed => false,
        })
    }

    /// Who has it.
    pub(crate) fn agents(&self) -> Vec<AgentId> {
        let out = self.replicas.iter().filter_map(|replica| match &replica.progress {
            Progress::Out { agent, .. } => Some(agent.clone()),
            Progress::Blocked | Progress::Queued(_) | Progress::Done(_) | Progress::Failed => None,
        });
        out.collect()
    }

    /// What its join makes of its replicas: its end, if they have decided it.
    pub(crate) fn verdict(&self) -> Option<Outcome> {
        let count = |wanted: fn(&Progress<R>) -> bool| self.replicas.iter().filter(|it| wanted(&it.progress)).count();
        let done = count(|progress| matches!(progress, Progress::Done(_)));
        let failed = count(|progress| matches!(progress, Progress::Failed));
        judge(self.join, self.replicas.len(), done, failed)
    }
}

fn judge(join: Join, replicas: usize, done: usize, failed: usize) -> Option<Outcome> {
    let open = replicas - done - failed;
    let needed = match join {
        Join::All if open > 0 => return None,
        Join::All => replicas,
        Join::Quorum(needed) => usize::try_from(needed).unwrap_or(usize::MAX),
        Join::First => 1,
    };
    if done >= needed {
        Some(Outcome::Done)
    } else if done + open < needed {
        Some(Outcome::Failed)
    } else {
        None
    }
}

/// Whether anyone still wants to know how an attempt ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Wanted,
    /// Its task has ended; it only holds its agent's place.
    GivenUp,
}

/// A replica at an agent.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) task: TaskId,
    pub(crate) replica: usize,
    pub(crate) agent: AgentId,
    pub(crate) level: Option<LevelKey>,
    pub(crate) assigned: Instant,
    pub(crate) started: Option<Instant>,
    pub(crate) standing: Standing,
}

#[cfg(test)]
mod tests {
    use crate::agents::entry::judge;
    use crate::agents::outcome::Outcome;
    use crate::agents::task::Join;

    /// The verdict on 4 replicas for every number of successes, and below for each of failures.
    #[track_caller]
    fn check(join: Join, expected: [&str; 5]) {
        for (failed, row) in expected.iter().enumerate() {
            for (done, expected) in row.chars().enumerate() {
                let verdict = match judge(join, 4, done, failed) {
                    Some(Outcome::Done) => 'D',
                    Some(Outcome::Failed) => 'F',
                    None => '.',
                    Some(other) => panic!("{other}"),
                };
                assert_eq!(verdict, expected, "{join:?}, {done} done, {failed} failed");
            }
        }
    }

    #[test]
    fn all_waits_for_the_last_one() {
        check(Join::All, ["....D", "...F", "..F", ".F", "F"]);
    }

    #[test]
    fn a_quorum_ends_as_soon_as_it_is_reached_or_out_of_reach() {
        check(Join::Quorum(3), ["...DD", "...D", "FFF", "FF", "F"]);
    }

    #[test]
    fn the_first_success_ends_it_and_only_the_last_failure() {
        check(Join::First, [".DDDD", ".DDD", ".DD", ".D", "F"]);
    }
}
