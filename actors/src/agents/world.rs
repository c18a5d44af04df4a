//! A board's counterpart in tests: what really happened, and what must hold of all that the board says about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agents::agent::{Agent, AgentId};
use crate::agents::aimd::LevelKey;
use crate::agents::capabilities::Capabilities;
use crate::agents::entry::Progress;
use crate::agents::event::{Action, Assignment};
use crate::agents::outcome::{AttemptId, Ended, Outcome};
use crate::agents::plan::Adaptive;
use crate::agents::roster::AgentState;
use crate::agents::state::{Board, BoardOptions};
use crate::agents::status::TaskState;
use crate::agents::task::{Fan, Join, TaskId};

pub(crate) const AGENTS: usize = 5;
pub(crate) const TASKS: usize = 30;
const ENDED: usize = 12;
pub(crate) const ADAPTIVE: Adaptive = Adaptive { least: 1, most: 3, target: Duration::from_millis(100) };

/// A task as the world knows it.
pub(crate) struct Known {
    pub(crate) fan: Fan,
    pub(crate) needs: Capabilities,
    pub(crate) after: Vec<TaskId>,
    pub(crate) expires: Option<Instant>,
    pub(crate) level: Option<LevelKey>,
    pub(crate) retries: u8,
    pub(crate) out: BTreeMap<AttemptId, AgentId>,
    pub(crate) done: Vec<AgentId>,
    pub(crate) failures: usize,
    pub(crate) ended: Option<Arc<Ended<u64>>>,
}

/// An agent as the world knows it.
pub(crate) struct Worker {
    pub(crate) agent: Agent,
    pub(crate) up: bool,
    pub(crate) demand: u32,
    pub(crate) in_hand: BTreeSet<AttemptId>,
}

pub(crate) struct World {
    pub(crate) board: Board<usize, u64>,
    pub(crate) now: Instant,
    pub(crate) tasks: BTreeMap<TaskId, Known>,
    pub(crate) workers: BTreeMap<AgentId, Worker>,
    /// What was ever assigned, and to whom; and those of it that are out.
    pub(crate) attempts: BTreeMap<AttemptId, (TaskId, AgentId)>,
    pub(crate) out: Vec<AttemptId>,
    pub(crate) plans: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let ageing = Duration::from_millis(200);
        let board = Board::new(BoardOptions {
            tasks_limit: TASKS,
            agents_limit: AGENTS,
            ended_limit: ENDED,
            ageing,
            ..Default::default()
        });
        let (tasks, workers, attempts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { board, now: Instant::now(), tasks, workers, attempts, out: Vec::new(), plans: 0 }
    }

    /// What an agent has in hand is lost with it.
    pub(crate) fn forget(&mut self, id: &AgentId) {
        let Some(worker) = self.workers.get_mut(id).filter(|worker| worker.up) else { return };
        (worker.up, worker.demand) = (false, 0);
        for attempt in std::mem::take(&mut worker.in_hand) {
            self.out.retain(|it| *it != attempt);
            self.failed(attempt);
        }
    }

    pub(crate) fn failed(&mut self, attempt: AttemptId) {
        let task = self.tasks.get_mut(&self.attempts[&attempt].0).unwrap();
        if task.out.remove(&attempt).is_some() {
            task.failures += 1;
        }
    }

    pub(crate) fn carry_out(&mut self, actions: Vec<Action<usize, u64>>) {
        let mut levels = BTreeSet::new();
        for action in actions {
            match action {
                Action::Assign(assignment) => levels.extend(self.assigned(assignment)),
                Action::Cancel { attempt, task, agent } => {
                    assert_eq!(self.attempts[&attempt], (task.clone(), agent.clone()));
                    assert!(self.workers[&agent].up && self.workers[&agent].in_hand.contains(&attempt));
                    assert!(self.tasks.get_mut(&task).unwrap().out.remove(&attempt).is_some(), "cancelled once");
                }
                Action::Ended(ended) => self.ended(ended),
                Action::Log(_) => {}
            }
        }
        for level in levels {
            let Some((width, in_flight)) = self.board.windows.width(level) else { continue };
            assert!((ADAPTIVE.least..=ADAPTIVE.most).contains(&width));
            assert!(in_flight <= width, "{in_flight} of {width} in flight");
        }
    }

    fn assigned(&mut self, assignment: Assignment<usize, u64>) -> Option<LevelKey> {
        let Assignment { attempt, task: id, agent, payload, inputs } = assignment;
        assert!(self.attempts.keys().all(|before| *before < attempt), "numbers rise");
        let worker = self.workers.get_mut(&agent).unwrap();
        assert!(worker.up && worker.demand > 0, "it asked for it");
        worker.demand -= 1;
        worker.in_hand.insert(attempt);
        assert!(worker.in_hand.len() <= usize::try_from(worker.agent.concurrency).unwrap());
        let ends: Vec<_> = self.tasks[&id].after.iter().map(|other| self.tasks[other].ended.clone().unwrap()).collect();
        assert!(ends.iter().all(|end| end.outcome == Outcome::Done), "what it depends on is done");
        assert!(ends.iter().zip(&inputs).all(|(end, input)| Arc::ptr_eq(end, input)) && ends.len() == inputs.len());
        let task = self.tasks.get_mut(&id).unwrap();
        assert!(worker.agent.capabilities.covers(&task.needs));
        assert!(task.ended.is_none() && task.expires.is_none_or(|at| at > self.now));
        assert!(task.out.values().chain(&task.done).all(|other| *other != agent), "each replica goes to another");
        task.out.insert(attempt, agent.clone());
        assert!(task.out.len() + task.done.len() <= usize::try_from(task.fan.agents).unwrap());
        assert_eq!(id.as_str(), format!("t{payload:03}"));
        self.attempts.insert(attempt, (id, agent));
        self.out.push(attempt);
        task.level
    }

    fn ended(&mut self, ended: Arc<Ended<u64>>) {
        let task = &self.tasks[&ended.task];
        assert!(task.ended.is_none(), "{} ended twice", ended.task);
        assert!(task.out.is_empty(), "all others are cancelled before");
        let mut agents: Vec<&AgentId> = ended.results.iter().map(|found| &found.agent).collect();
        let mut expected: Vec<&AgentId> = task.done.iter().collect();
        agents.sort();
        expected.sort();
        assert_eq!(agents, expected, "what was found is kept, and nothing else");
        assert!(
            ended
                .results
                .iter()
                .all(|it| self.attempts[&AttemptId(it.result)] == (ended.task.clone(), it.agent.clone()))
        );
        assert_eq!(ended.failures.len(), task.failures);
        let (replicas, done) = (usize::try_from(task.fan.agents).unwrap(), task.done.len());
        let needed = match task.fan.join {
            Join::All => replicas,
            Join::Quorum(needed) => usize::try_from(needed).unwrap(),
            Join::First => 1,
        };
        match &ended.outcome {
            Outcome::Done => assert_eq!(done, needed),
            Outcome::Failed => {
                assert!(done < needed);
                let lost = if task.fan.join == Join::All { 1 } else { replicas - needed + 1 };
                assert!(task.failures >= lost * (usize::from(task.retries) + 1), "every retry was used");
            }
            Outcome::Expired => assert!(task.expires.unwrap() <= self.now),
            Outcome::Skipped { cause } => {
                let first = self.tasks[cause].ended.as_ref().unwrap();
                assert!(!matches!(first.outcome, Outcome::Done | Outcome::Skipped { .. }));
                assert!(task.after.iter().any(|id| match &self.tasks[id].ended {
                    Some(end) => id == cause || end.outcome == Outcome::Skipped { cause: cause.clone() },
                    None => false,
                }));
            }
            Outcome::Cancelled => assert!(done < needed),
        }
        let id = ended.task.clone();
        self.tasks.get_mut(&id).unwrap().ended = Some(ended);
    }

    /// What the board shows is what happened.
    pub(crate) fn check(&self) {
        let counts = self.board.counts();
        let sum = counts.done + counts.failed + counts.expired + counts.skipped + counts.cancelled;
        assert_eq!(counts.submitted, counts.live + sum);
        assert_eq!(counts.submitted, self.tasks.len() as u64);
        for (id, task) in &self.tasks {
            let status = self.board.task(id).map(|status| status.state);
            match (&task.ended, status) {
                (Some(ended), Some(TaskState::Ended(outcome))) => assert_eq!(ended.outcome, outcome),
                (Some(_), None) => {}
                (None, Some(TaskState::Running { mut agents })) => {
                    let mut out: Vec<AgentId> = task.out.values().cloned().collect();
                    out.sort();
                    agents.sort();
                    assert_eq!(agents, out);
                }
                (None, Some(TaskState::Blocked { on })) => assert!(on.iter().all(|id| self.tasks[id].ended.is_none())),
                (None, Some(TaskState::Waiting { missing })) => {
                    let able = |it: &Worker| {
                        it.up && !task.done.contains(&it.agent.id) && it.agent.capabilities.covers(&task.needs)
                    };
                    assert!(task.out.is_empty() && !self.workers.values().any(able));
                    assert!(missing.iter().all(|name| task.needs.iter().any(|needed| needed == name)));
                }
                (None, Some(TaskState::Queued)) => assert!(task.out.is_empty()),
                (ended, status) => panic!("{id}: {ended:?} shows as {status:?}"),
            }
        }
        for (id, worker) in &self.workers {
            let status = self.board.agent(id).unwrap();
            assert_eq!(status.state == AgentState::Up, worker.up);
            assert_eq!(status.tasks.len() + status.given_up, worker.in_hand.len());
            assert!(status.demand <= worker.demand && status.demand <= worker.agent.concurrency);
        }
        assert!(self.board.tasks().count() <= TASKS + ENDED);
        self.check_nobody_idles();
    }

    /// Nothing stays queued that somebody asks for who can do it and has not failed at it.
    fn check_nobody_idles(&self) {
        let asking = |it: &&Worker| {
            let status = self.board.agent(&it.agent.id).unwrap();
            it.up && status.demand > 0 && it.in_hand.len() < usize::try_from(it.agent.concurrency).unwrap()
        };
        let asking: Vec<&Worker> = self.workers.values().filter(asking).collect();
        for (id, entry) in &self.board.tasks {
            let is_queued = entry.replicas.iter().any(|it| matches!(it.progress, Progress::Queued(_)));
            if is_queued && entry.level.is_none_or(|level| self.board.windows.has_room(level)) {
                let idle = asking.iter().map(|it| &it.agent).find(|it| {
                    it.capabilities.covers(&entry.needs) && !entry.is_taken(&it.id) && !entry.avoid.contains(&it.id)
                });
                assert!(idle.is_none(), "{id} is not given to {}", idle.unwrap().id);
            }
        }
    }
}
