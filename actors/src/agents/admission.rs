//! What may come onto a board: a plan is taken as a whole, or given back as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::agents::aimd::LevelKey;
use crate::agents::entry::{Entry, Progress, Replica};
use crate::agents::event::Action;
use crate::agents::graph::levels;
use crate::agents::note::Note;
use crate::agents::outcome::Outcome;
use crate::agents::plan::{Plan, Strategy};
use crate::agents::state::{Board, Turn};
use crate::agents::task::{Fan, Join, Task, TaskId};

/// A plan was refused. It comes back, and nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct Refused<P> {
    /// What was submitted.
    pub plan: Plan<P>,
    /// Why.
    pub refusal: Refusal,
}

/// Why a plan was refused. Only `Full` may mend itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The crew is being drained. A board alone never says so.
    #[error("the crew is being drained, and takes no new plans")]
    Draining,
    /// There is nothing in it.
    #[error("the plan holds no task")]
    Empty,
    /// The board holds too many tasks for it; submit it again when some have ended.
    #[error("the board holds {live} tasks, and {more} more would exceed its limit of {limit} (`tasks_limit`)")]
    Full {
        /// How many have not ended.
        live: usize,
        /// How many the plan holds.
        more: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A task of that name is in the plan twice, or on the board, or has ended not long ago.
    #[error("there is a task {id} already")]
    Duplicate {
        /// The name.
        id: TaskId,
    },
    /// A task depends on one that is not in the plan and not on the board, or ended so long ago that it was forgotten.
    #[error("{task} depends on {dependency}, and there is no such task")]
    Unknown {
        /// The task.
        task: TaskId,
        /// What it depends on.
        dependency: TaskId,
    },
    /// A task depends on too many others.
    #[error("{task} depends on {dependencies} others, and may on {limit} (`dependencies_limit`)")]
    Dependencies {
        /// The task.
        task: TaskId,
        /// How many.
        dependencies: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Some tasks depend on each other in a circle.
    #[error("the dependencies go in a circle: {}", arrows(.cycle))]
    Cycle {
        /// Each depends on the next one, and the last is the first again.
        cycle: Vec<TaskId>,
    },
    /// A task is for no agent, or for more than there may be.
    #[error("{task} is for {agents} agents, which must be 1 to {limit} (`agents_limit`)")]
    Fan {
        /// The task.
        task: TaskId,
        /// For how many.
        agents: u32,
        /// How many there may be.
        limit: usize,
    },
    /// A quorum of none, or of more than the task has agents.
    #[error("{task} is for {agents} agents, and its quorum is {quorum}")]
    Quorum {
        /// The task.
        task: TaskId,
        /// For how many.
        agents: u32,
        /// How many of them must succeed.
        quorum: u32,
    },
    /// The widths of an adaptive plan are not at least 1 and in order.
    #[error("the width of a level is from {least} to {most}, which must be at least 1 and in order")]
    Width {
        /// The least.
        least: u32,
        /// The greatest.
        most: u32,
    },
}

fn arrows(cycle: &[TaskId]) -> String {
    cycle.iter().map(TaskId::as_str).collect::<Vec<_>>().join(" -> ")
}

/// A plan that was looked at: what each of its tasks waits for, and on which level it stands.
struct Checked {
    after: Vec<Vec<TaskId>>,
    levels: Vec<usize>,
}

impl<P, R> Board<P, R> {
    /// Takes a plan, or a single task, as a whole. Its tasks may depend on each other in any order, on those on the board,
    /// and on those that ended not long ago: if such a one was not done, they are skipped at once.
    ///
    /// # Errors
    /// [`Refused`] with the plan, and with why.
    pub fn submit(&mut self, plan: impl Into<Plan<P>>, now: Instant) -> Result<Vec<Action<P, R>>, Refused<P>> {
        let plan = plan.into();
        let checked = match self.check(&plan) {
            Ok(checked) => checked,
            Err(refusal) => return Err(Refused { plan, refusal }),
        };
        let mut turn = Turn::new(now);
        self.admit(plan, checked, &mut turn);
        // Only now, so that what was checked is still there.
        self.expire(&mut turn);
        self.dispatch(&mut turn);
        Ok(turn.actions)
    }

    fn check(&self, plan: &Plan<P>) -> Result<Checked, Refusal> {
        let (live, more, limit) = (self.tasks.len(), plan.tasks.len(), self.options.tasks_limit);
        if more == 0 {
            return Err(Refusal::Empty);
        }
        if live + more > limit {
            return Err(Refusal::Full { live, more, limit });
        }
        if let Strategy::Adaptive(adaptive) = plan.strategy
            && !(1..=adaptive.most).contains(&adaptive.least)
        {
            return Err(Refusal::Width { least: adaptive.least, most: adaptive.most });
        }
        let mut index = BTreeMap::new();
        for (at, task) in plan.tasks.iter().enumerate() {
            let id = &task.id;
            if index.insert(id, at).is_some() || self.tasks.contains_key(id) || self.ended.contains_key(id) {
                return Err(Refusal::Duplicate { id: id.clone() });
            }
            self.check_fan(id, plan.fan(task))?;
        }
        let after: Vec<Vec<TaskId>> = (0..more).map(|at| plan.dependencies(at)).collect();
        for (task, after) in plan.tasks.iter().zip(&after) {
            self.check_dependencies(&task.id, after, &index)?;
        }
        let edges = after.iter().map(|after| after.iter().filter_map(|id| index.get(id).copied()).collect());
        match levels(&edges.collect::<Vec<_>>()) {
            Ok(levels) => Ok(Checked { after, levels }),
            Err(cycle) => Err(Refusal::Cycle { cycle: cycle.iter().map(|at| plan.tasks[*at].id.clone()).collect() }),
        }
    }

    fn check_fan(&self, id: &TaskId, fan: Fan) -> Result<(), Refusal> {
        let (Fan { agents, join }, limit) = (fan, self.options.agents_limit);
        if agents == 0 || usize::try_from(agents).is_ok_and(|agents| agents > limit) {
            return Err(Refusal::Fan { task: id.clone(), agents, limit });
        }
        match join {
            Join::Quorum(quorum) if !(1..=agents).contains(&quorum) => {
                Err(Refusal::Quorum { task: id.clone(), agents, quorum })
            }
            Join::All | Join::Quorum(_) | Join::First => Ok(()),
        }
    }

    fn check_dependencies(
        &self,
        id: &TaskId,
        after: &[TaskId],
        plan: &BTreeMap<&TaskId, usize>,
    ) -> Result<(), Refusal> {
        let limit = self.options.dependencies_limit;
        if after.len() > limit {
            return Err(Refusal::Dependencies { task: id.clone(), dependencies: after.len(), limit });
        }
        let known = |id: &TaskId| plan.contains_key(id) || self.tasks.contains_key(id) || self.ended.contains_key(id);
        match after.iter().find(|dependency| !known(dependency)) {
            Some(dependency) => Err(Refusal::Unknown { task: id.clone(), dependency: dependency.clone() }),
            None => Ok(()),
        }
    }

    fn admit(&mut self, plan: Plan<P>, checked: Checked, turn: &mut Turn<P, R>) {
        let number = self.plan_next;
        self.plan_next += 1;
        let (tasks, levels) = (plan.tasks.len(), checked.levels.iter().max().map_or(0, |level| level + 1));
        if let Strategy::Adaptive(adaptive) = plan.strategy {
            self.windows.open(number, levels, adaptive);
            self.adaptive.insert(number, tasks);
        }
        self.counts.submitted += tasks as u64;
        self.counts.live += tasks as u64;
        self.note(Note::Accepted { plan: number, tasks, levels }, turn);
        let fans: Vec<Fan> = plan.tasks.iter().map(|task| plan.fan(task)).collect();
        let ids: Vec<TaskId> = plan.tasks.iter().map(|task| task.id.clone()).collect();
        let is_adaptive = matches!(plan.strategy, Strategy::Adaptive(_));
        for (((task, after), level), fan) in plan.tasks.into_iter().zip(checked.after).zip(checked.levels).zip(fans) {
            let level = is_adaptive.then_some(LevelKey { plan: number, level });
            self.enter(task, after, fan, (number, level), turn);
        }
        let decided: Vec<Option<TaskId>> = ids.iter().map(|id| self.connect(id)).collect();
        for (id, cause) in ids.into_iter().zip(decided) {
            match cause {
                Some(cause) => self.end(id, Outcome::Skipped { cause }, turn),
                None => self.queue_if_ready(&id, turn),
            }
        }
    }

    /// Puts a task on the board, before it is known what it waits for.
    fn enter(
        &mut self,
        task: Task<P>,
        after: Vec<TaskId>,
        fan: Fan,
        (plan, level): (u64, Option<LevelKey>),
        turn: &Turn<P, R>,
    ) {
        let expires = task.within.and_then(|within| turn.now.checked_add(within));
        self.deadlines.extend(expires.map(|at| (at, task.id.clone())));
        let replicas = (0..fan.agents).map(|_| Replica { progress: Progress::Blocked, retries: task.retries });
        let entry = Entry {
            payload: Arc::new(task.payload),
            priority: task.priority,
            needs: task.needs,
            expires,
            plan,
            level,
            after,
            waits_for: BTreeSet::new(),
            inputs: BTreeMap::new(),
            dependants: Vec::new(),
            replicas: replicas.collect(),
            join: fan.join,
            failures: Vec::new(),
            avoid: BTreeSet::new(),
        };
        self.tasks.insert(task.id, entry);
    }

    /// Ties a new task to those it depends on. If one of them has ended and was not done, it is skipped: for that cause.
    fn connect(&mut self, id: &TaskId) -> Option<TaskId> {
        let after = self.tasks.get(id).map(|entry| entry.after.clone())?;
        let mut cause = None;
        let (mut waits_for, mut inputs) = (BTreeSet::new(), BTreeMap::new());
        for dependency in after {
            if let Some(entry) = self.tasks.get_mut(&dependency) {
                entry.dependants.push(id.clone());
                waits_for.insert(dependency);
            } else if let Some(ended) = self.ended.get(&dependency) {
                match &ended.outcome {
                    Outcome::Done => {
                        inputs.insert(dependency, Arc::clone(ended));
                    }
                    Outcome::Skipped { cause: first } => cause = Some(first.clone()),
                    Outcome::Failed | Outcome::Expired | Outcome::Cancelled => cause = Some(dependency),
                }
            }
        }
        let entry = self.tasks.get_mut(id)?;
        (entry.waits_for, entry.inputs) = (waits_for, inputs);
        cause
    }
}
