//! What is submitted at once: tasks, and how they belong together.

use std::time::Duration;

use crate::agents::task::{Fan, Join, Task, TaskId};

/// How many tasks of one level of an adaptive plan may be at agents at the same time.
///
/// The width is found by additive increase and multiplicative decrease (D. Chiu, R. Jain, 1989) on the time between
/// assignment and start: one more after a whole width of prompt starts, half after a late one. An agent that does not
/// report its starts gives no signal, and the width stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Adaptive {
    /// The least width, where each level begins; at least 1.
    pub least: u32,
    /// The greatest width; at least `least`.
    pub most: u32,
    /// A start that took longer than this after its assignment is late.
    pub target: Duration,
}

impl Default for Adaptive {
    /// From 1 to 256, with starts within 100 ms.
    fn default() -> Self {
        Self { least: 1, most: 256, target: Duration::from_millis(100) }
    }
}

/// How the tasks of a plan are worked on. Whatever it is, a task goes to the agent of the least load among those that may
/// have it, and waits for those it depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Each task by several distinct agents at once, for redundancy, for a vote or for speed. A task's own fan goes first.
    Parallel(Fan),
    /// One task after the other, in the order given: the next one once the one before is done.
    Sequential,
    /// Each task by the one agent of the least number of tasks in hand times mean service time.
    #[default]
    Balanced,
    /// By levels of the graph of dependencies, as many of a level at a time as its agents start promptly.
    Adaptive(Adaptive),
}

/// Some tasks that are submitted together: all of them or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<P> {
    /// How they are worked on.
    pub strategy: Strategy,
    /// What is to be done. They may depend on each other, in any order, and on tasks submitted before.
    pub tasks: Vec<Task<P>>,
}

impl<P> Plan<P> {
    /// Each by the agent of the least load.
    pub fn balanced(tasks: impl IntoIterator<Item = Task<P>>) -> Self {
        Self { strategy: Strategy::Balanced, tasks: tasks.into_iter().collect() }
    }

    /// Each by so many distinct agents at once.
    pub fn parallel(agents: u32, join: Join, tasks: impl IntoIterator<Item = Task<P>>) -> Self {
        Self { strategy: Strategy::Parallel(Fan { agents, join }), tasks: tasks.into_iter().collect() }
    }

    /// One after the other.
    pub fn sequential(tasks: impl IntoIterator<Item = Task<P>>) -> Self {
        Self { strategy: Strategy::Sequential, tasks: tasks.into_iter().collect() }
    }

    /// By levels, each as wide as its agents can bear.
    pub fn adaptive(adaptive: Adaptive, tasks: impl IntoIterator<Item = Task<P>>) -> Self {
        Self { strategy: Strategy::Adaptive(adaptive), tasks: tasks.into_iter().collect() }
    }

    /// What the task at this index waits for: what it names, and in a sequence the one before it. Each once.
    pub(crate) fn dependencies(&self, index: usize) -> Vec<TaskId> {
        let before = (self.strategy == Strategy::Sequential).then(|| index.checked_sub(1)).flatten();
        let before = before.and_then(|before| self.tasks.get(before)).map(|task| &task.id);
        let named = self.tasks.get(index).into_iter().flat_map(|task| &task.after);
        let mut found: Vec<TaskId> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        found.extend(before.into_iter().chain(named).filter(|id| seen.insert(*id)).cloned());
        found
    }

    /// Over how many agents this task of the plan fans out.
    pub(crate) fn fan(&self, task: &Task<P>) -> Fan {
        match (task.fan, self.strategy) {
            (Some(fan), _) | (None, Strategy::Parallel(fan)) => fan,
            (None, Strategy::Sequential | Strategy::Balanced | Strategy::Adaptive(_)) => Fan::ONE,
        }
    }
}

impl<P> From<Task<P>> for Plan<P> {
    fn from(task: Task<P>) -> Self {
        Self::balanced([task])
    }
}
