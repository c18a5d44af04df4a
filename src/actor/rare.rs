//! What most actors never need, made on first use so that an idle one stays small.

use std::any::Any;
use std::collections::VecDeque;

use crate::actor::panics::catch;
use crate::exit::{Exit, Failure};
use crate::snapshot::Times;

/// Looks at the state that may wait at one actor; one more is refused.
pub(crate) const LOOKS_LIMIT: usize = 64;

/// A look at the state, ahead of all messages. It gets the running actor and knows its type.
pub(crate) type Look = Box<dyn FnOnce(&mut dyn Any) + Send>;

/// Who is told of an actor's end.
pub(crate) struct Watcher {
    pub(crate) id: u64,
    pub(crate) told: Box<dyn FnOnce(Exit) + Send>,
}

impl Watcher {
    /// Tells; a panic in what is told harms nobody else.
    pub(crate) fn tell(self, exit: &Exit) {
        let exit = exit.clone();
        if let Err(failure) = catch(|| (self.told)(exit)) {
            tracing::error!(target: "swarmtree::failure", %failure, "a watcher panicked");
        }
    }
}

/// A message that an incarnation ordered for itself; gone with it.
pub(crate) struct Tick<M> {
    pub(crate) order: u64,
    pub(crate) message: M,
}

pub(crate) struct Rare<M> {
    pub(crate) ticks: VecDeque<Tick<M>>,
    /// The last thing handled was a tick.
    pub(crate) ticked: bool,
    /// What the incarnation has running beside it panicked.
    pub(crate) failure: Option<Failure>,
    pub(crate) looks: VecDeque<Look>,
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) watches_issued: u64,
    /// Why it stopped for good.
    pub(crate) exit: Option<Exit>,
    pub(crate) times: Option<Box<Times>>,
}

impl<M> Rare<M> {
    pub(crate) fn new() -> Self {
        Self {
            ticks: VecDeque::new(),
            ticked: false,
            failure: None,
            looks: VecDeque::new(),
            watchers: Vec::new(),
            watches_issued: 0,
            exit: None,
            times: None,
        }
    }
}
