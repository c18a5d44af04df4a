//! What one incarnation has out: tasks and watches, gone with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::actor::child::Child;

/// Tasks and watches that one incarnation may have out at once; a further one is refused.
pub const OWNED_LIMIT: usize = 1024;

/// A timer, pipe or watch that an incarnation ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderId(pub(crate) u64);

/// The incarnation has [`OWNED_LIMIT`] timers, pipes and watches out already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this actor has {OWNED_LIMIT} timers, pipes and watches out; cancel some, or let them finish")]
pub struct TooManyOrders;

enum Out {
    #[cfg(not(loom))]
    Task(tokio::task::JoinHandle<()>),
    Watch {
        target: Arc<dyn Child>,
        watch: u64,
        fired: Arc<AtomicBool>,
    },
}

/// Orders by number. Dropping it takes all of them back.
#[derive(Default)]
pub(crate) struct Owned {
    out: HashMap<u64, Out>,
    issued: u64,
}

impl Owned {
    /// A number for one more order. Finished ones make room first; those that are due and wait to be handled do not.
    pub(crate) fn issue(&mut self, waiting: usize) -> Result<OrderId, TooManyOrders> {
        if self.out.len() + waiting >= OWNED_LIMIT {
            self.out.retain(|_, out| !out.is_finished());
        }
        if self.out.len() + waiting >= OWNED_LIMIT {
            return Err(TooManyOrders);
        }
        self.issued += 1;
        Ok(OrderId(self.issued))
    }

    #[cfg(not(loom))]
    pub(crate) fn keep_task(&mut self, order: OrderId, task: tokio::task::JoinHandle<()>) {
        self.out.insert(order.0, Out::Task(task));
    }

    pub(crate) fn keep_watch(&mut self, order: OrderId, target: Arc<dyn Child>, watch: u64, fired: Arc<AtomicBool>) {
        self.out.insert(order.0, Out::Watch { target, watch, fired });
    }

    pub(crate) fn cancel(&mut self, order: OrderId) {
        self.out.remove(&order.0);
    }
}

impl Out {
    fn is_finished(&self) -> bool {
        match self {
            #[cfg(not(loom))]
            Self::Task(task) => task.is_finished(),
            Self::Watch { fired, .. } => fired.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        match self {
            #[cfg(not(loom))]
            Self::Task(task) => task.abort(),
            Self::Watch { target, watch, .. } => target.unwatch(*watch),
        }
    }
}
