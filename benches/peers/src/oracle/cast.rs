//! Who is up, kept by the workers themselves: the peers have no snapshot of a tree.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::schedule::{How, Id};
use crate::stage::{Refused, Stage};

/// Ends somebody.
type End = Arc<dyn Fn(How) + Send + Sync>;

/// All that were started in one schedule.
#[derive(Clone, Default)]
pub(crate) struct Cast {
    pub(crate) stage: Stage,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    lives: u64,
    /// By the number of the life: a new one may begin before the last one is over.
    workers: BTreeMap<u64, (Id, End)>,
    sups: BTreeMap<Id, End>,
}

/// A worker's while it is up.
pub(crate) struct Life {
    number: u64,
    id: Id,
    cast: Cast,
}

impl Cast {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker starts, as the schedule wants it.
    pub(crate) async fn enter(&self, id: Id, end: impl Fn(How) + Send + Sync + 'static) -> Result<Life, Refused> {
        self.stage.enter(id).await?;
        let mut inner = self.inner();
        inner.lives += 1;
        let number = inner.lives;
        inner.workers.insert(number, (id, Arc::new(end)));
        Ok(Life { number, id, cast: self.clone() })
    }

    /// A supervisor was started.
    pub(crate) fn know(&self, id: Id, end: impl Fn(How) + Send + Sync + 'static) {
        self.inner().sups.insert(id, Arc::new(end));
    }

    /// Ends the latest life of this one, if it has one.
    pub(crate) fn end(&self, id: Id, how: How) {
        let end = {
            let inner = self.inner();
            let worker = inner.workers.values().rev().find(|(worker, _)| *worker == id);
            worker.map(|(_, end)| end).or_else(|| inner.sups.get(&id)).cloned()
        };
        if let Some(end) = end {
            end(how);
        }
    }

    /// The workers that are up, in the words of a trace.
    pub(crate) fn up(&self) -> String {
        let mut up: Vec<Id> = self.inner().workers.values().map(|(id, _)| *id).collect();
        up.sort_unstable();
        let up: Vec<String> = up.into_iter().map(|id| format!("{id}+")).collect();
        format!("[{}]", up.join(" "))
    }
}

impl fmt::Debug for Cast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.up())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // The end may hold the last reference to its actor: it goes after the lock.
        let ended = self.cast.inner().workers.remove(&self.number);
        drop(ended);
        self.cast.stage.leave(self.id);
    }
}
