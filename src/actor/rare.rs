//! What most actors never need, made on first use so that an idle one stays small.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
    /// The place in the normal lane that must have been reached before; none is before the lane.
    pub(crate) behind: Option<u64>,
}

/// An order as whatever brings its message knows it.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) id: u64,
    /// Set before what is due already is taken back, so that nothing of it comes afterwards.
    pub(crate) cancelled: Arc<AtomicBool>,
}

/// Where the message of an order lines up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Before the normal lane.
    First,
    /// Behind what the normal lane holds already.
    Last,
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
    /// The first tick whose turn has come, now that the normal lane begins at this place.
    pub(crate) fn take_tick(&mut self, front: u64) -> Option<Tick<M>> {
        let at = self.ticks.iter().position(|tick| tick.behind.is_none_or(|behind| behind <= front))?;
        self.ticks.remove(at)
    }

    /// How many normal messages may come before the next tick. One may come before a tick that is due already.
    pub(crate) fn distance(&self, front: u64) -> Option<usize> {
        let behind = self.ticks.iter().map(|tick| tick.behind.unwrap_or(0)).min()?;
        usize::try_from(behind.saturating_sub(front)).ok().map(|distance| distance.max(1))
    }

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
