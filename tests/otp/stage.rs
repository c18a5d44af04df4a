//! The strings that a schedule pulls, and the record of what the workers at their ends did.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::schedule::{Id, Start};

/// What all workers of one schedule share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    events: Vec<String>,
    /// Events ever, those that were taken away included.
    count: usize,
    starts: BTreeMap<Id, VecDeque<Start>>,
    hung: Vec<(Start, oneshot::Sender<()>)>,
}

/// The schedule wants this start to fail.
#[derive(Debug, Clone)]
pub(crate) struct Refused;

impl Stage {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, event: String) {
        let mut inner = self.inner();
        inner.events.push(event);
        inner.count += 1;
    }

    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut self.inner().events).join(",")
    }

    pub(crate) fn count(&self) -> usize {
        self.inner().count
    }

    pub(crate) fn set_starts(&self, id: Id, starts: &[Start]) {
        self.inner().starts.insert(id, starts.iter().copied().collect());
    }

    pub(crate) fn is_hung(&self) -> bool {
        self.inner().hung.iter().any(|(_, start)| !start.is_closed())
    }

    /// Lets all starts that hang go on, and says which kinds there were.
    pub(crate) fn release(&self) -> Vec<Start> {
        let hung = std::mem::take(&mut self.inner().hung);
        hung.into_iter().filter_map(|(kind, start)| start.send(()).ok().map(|()| kind)).collect()
    }

    /// A start is tried, and goes as the schedule wants it.
    pub(crate) async fn enter(&self, id: Id) -> Result<(), Refused> {
        let (start, released) = self.next_start(id);
        if matches!(start, Some(Start::Hang | Start::HangFail)) {
            let _ = released.await;
        }
        match start {
            None | Some(Start::Hang) => Ok(()),
            Some(Start::Fail | Start::HangFail) => Err(Refused),
        }
    }

    /// Somebody who was up is down.
    pub(crate) fn leave(&self, id: Id) {
        self.add(format!("down {id}"));
    }

    fn next_start(&self, id: Id) -> (Option<Start>, oneshot::Receiver<()>) {
        self.add(format!("start {id}"));
        let mut inner = self.inner();
        let start = inner.starts.get_mut(&id).and_then(VecDeque::pop_front);
        let (release, released) = oneshot::channel();
        if let Some(kind @ (Start::Hang | Start::HangFail)) = start {
            inner.hung.push((kind, release));
        }
        (start, released)
    }
}
