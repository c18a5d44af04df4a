//! A plan that was taken, and how its tasks end.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use swarmtree::ActorRef;

use crate::agents::crew::desk::End;
use crate::agents::outcome::Ended;
use crate::agents::task::TaskId;

/// A plan that a crew has taken. Dropping it cancels nothing.
pub struct Submitted<R> {
    ends: Vec<(TaskId, End<R>)>,
    coordinator: ActorRef,
}

/// Why nobody will say how a task ends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoOutcome {
    /// It is none of this plan.
    #[error("the plan holds no task {task}")]
    NoTask {
        /// The name.
        task: TaskId,
    },
    /// The crew was stopped before.
    #[error("the crew has stopped, and {task} has not ended")]
    Stopped {
        /// The task.
        task: TaskId,
    },
}

impl<R> Submitted<R> {
    pub(crate) fn new(ends: Vec<(TaskId, End<R>)>, coordinator: ActorRef) -> Self {
        Self { ends, coordinator }
    }

    /// Its tasks, in the order of the plan.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskId> {
        self.ends.iter().map(|(task, _)| task)
    }

    /// Waits until a task has ended: as long as that takes, so give it a deadline ([`within`](crate::agents::Task::within)) if it
    /// should not take for ever.
    ///
    /// # Errors
    /// [`NoOutcome`]: it is none of this plan, or the crew was stopped.
    pub async fn outcome(&self, task: impl Into<TaskId>) -> Result<Arc<Ended<R>>, NoOutcome> {
        let task = task.into();
        let Some((_, end)) = self.ends.iter().find(|(id, _)| *id == task) else {
            return Err(NoOutcome::NoTask { task });
        };
        self.wait(&task, end.clone()).await
    }

    /// Waits until all its tasks have ended; says how, in the order of the plan.
    ///
    /// # Errors
    /// [`NoOutcome::Stopped`] with the first that never will.
    pub async fn wait_all(&self) -> Result<Vec<Arc<Ended<R>>>, NoOutcome> {
        let mut all = Vec::with_capacity(self.ends.len());
        for (task, end) in &self.ends {
            all.push(self.wait(task, end.clone()).await?);
        }
        Ok(all)
    }

    async fn wait(&self, task: &TaskId, mut end: End<R>) -> Result<Arc<Ended<R>>, NoOutcome> {
        {
            let mut ended = pin!(end.wait_for(Option::is_some));
            let mut stopped = pin!(self.coordinator.stopped());
            poll_fn(|cx| {
                let is_over = ended.as_mut().poll(cx).is_ready() || stopped.as_mut().poll(cx).is_ready();
                if is_over { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        let ended = end.borrow().clone();
        ended.ok_or_else(|| NoOutcome::Stopped { task: task.clone() })
    }
}

impl<R> fmt::Debug for Submitted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tasks()).finish()
    }
}
