//! What a behaviour is given: one attempt at one task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::agents::agent::AgentId;
use crate::agents::event::Assignment;
use crate::agents::outcome::{AttemptId, Ended};
use crate::agents::task::TaskId;

/// Whether an attempt is wanted still; shared by the agent and by what runs for it.
#[derive(Debug, Default)]
pub(crate) struct Flag {
    is_set: AtomicBool,
    told: Notify,
}

impl Flag {
    pub(crate) fn set(&self) {
        self.is_set.store(true, Ordering::SeqCst);
        self.told.notify_waiters();
    }

    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }
}

/// One attempt at one task, as a behaviour gets it.
#[derive(Debug)]
pub struct Job<P, R> {
    /// Which task.
    pub task: TaskId,
    /// Which attempt at it.
    pub attempt: AttemptId,
    /// Who makes it.
    pub agent: AgentId,
    /// The task's payload.
    pub payload: Arc<P>,
    /// How the tasks ended that it depends on, in the order in which it names them. All are done.
    pub inputs: Vec<Arc<Ended<R>>>,
    cancelled: Arc<Flag>,
}

impl<P, R> Job<P, R> {
    pub(crate) fn new(assignment: &Assignment<P, R>, cancelled: Arc<Flag>) -> Self {
        Self {
            task: assignment.task.clone(),
            attempt: assignment.attempt,
            agent: assignment.agent.clone(),
            payload: Arc::clone(&assignment.payload),
            inputs: assignment.inputs.clone(),
            cancelled,
        }
    }

    /// All that agents have found in the tasks it depends on: by task in the order named, and of one in no order.
    pub fn found(&self) -> impl Iterator<Item = &R> {
        self.inputs.iter().flat_map(|ended| ended.results.iter().map(|found| &found.result))
    }

    /// Whether nobody wants it any more: its task has ended, or its agent is gone. A function that takes long looks at it
    /// now and then, for nobody else can end it.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.is_set()
    }

    /// Waits until nobody wants it any more, for ever if that does not come to pass. Only what a future leaves behind needs it: the
    /// future itself is dropped then.
    pub async fn cancelled(&self) {
        let told = self.cancelled.told.notified();
        if !self.cancelled.is_set() {
            told.await;
        }
    }
}
