//! What the coordinator and the agents of a crew say to each other, along the edges of their swarm.

use std::sync::Arc;

use parking_lot::Mutex;
use swarmtree::Message;

use crate::agents::agent::AgentId;
use crate::agents::event::Assignment;
use crate::agents::outcome::AttemptId;

/// Which stay of an agent in its crew: each of its lives has a number of its own, so that what was meant for an earlier one is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stay(pub(crate) u64);

/// A result on its way. It may be sent again and again, and is taken out once.
#[derive(Debug)]
pub(crate) struct Parcel<R>(Arc<Mutex<Option<Result<R, String>>>>);

impl<R> Parcel<R> {
    pub(crate) fn new(result: Result<R, String>) -> Self {
        Self(Arc::new(Mutex::new(Some(result))))
    }

    pub(crate) fn take(&self) -> Option<Result<R, String>> {
        self.0.lock().take()
    }
}

impl<R> Clone for Parcel<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A word of the crew. Each may be said twice, so that after a loss all that may have been lost is said again.
#[derive(Debug)]
pub(crate) struct Word<P, R> {
    /// Whose.
    pub(crate) agent: AgentId,
    /// In which stay.
    pub(crate) stay: Stay,
    pub(crate) what: What<P, R>,
}

/// What is said.
#[derive(Debug)]
pub(crate) enum What<P, R> {
    /// The coordinator gives the agent a task.
    Assign(Arc<Assignment<P, R>>),
    /// It is not wanted any more.
    Cancel(AttemptId),
    /// The coordinator has noted its end.
    Noted(AttemptId),
    /// Somebody who may have had words in hand was lost: the agent is to say all again that was not noted.
    Repeat,
    /// The agent has room for so many more.
    Demand(u32),
    /// It has begun.
    Started(AttemptId),
    /// It has ended an attempt, and asks for another task in its place.
    Finished(AttemptId, Parcel<R>),
}

impl<P, R> Clone for What<P, R> {
    fn clone(&self) -> Self {
        match self {
            Self::Assign(assignment) => Self::Assign(Arc::clone(assignment)),
            Self::Cancel(attempt) => Self::Cancel(*attempt),
            Self::Noted(attempt) => Self::Noted(*attempt),
            Self::Repeat => Self::Repeat,
            Self::Demand(more) => Self::Demand(*more),
            Self::Started(attempt) => Self::Started(*attempt),
            Self::Finished(attempt, parcel) => Self::Finished(*attempt, parcel.clone()),
        }
    }
}

impl<P, R> Message for Word<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    const KINDS: &'static [&'static str] = &["assign", "cancel", "noted", "repeat", "demand", "started", "finished"];

    fn kind(&self) -> usize {
        match self.what {
            What::Assign(_) => 0,
            What::Cancel(_) => 1,
            What::Noted(_) => 2,
            What::Repeat => 3,
            What::Demand(_) => 4,
            What::Started(_) => 5,
            What::Finished(..) => 6,
        }
    }
}
