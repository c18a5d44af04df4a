//! What one incarnation has out: tasks and watches, gone with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::actor::child::Child;
use crate::actor::rare::Order;
#[cfg(all(feature = "capsule", not(loom)))]
use crate::actor::tape::Tape;

/// Tasks and watches that one incarnation may have out at once; a further one is refused.
pub const OWNED_LIMIT: usize = 1024;

/// A timer, pipe or watch that an incarnation ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "capsule", derive(serde::Serialize, serde::Deserialize))]
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
    out: BTreeMap<u64, (Arc<AtomicBool>, Out)>,
    /// What it is recorded on, if it is. It stands here to weigh nothing where it is not.
    #[cfg(all(feature = "capsule", not(loom)))]
    pub(crate) tape: Option<Box<Tape>>,
}

impl Owned {
    #[cfg(all(feature = "capsule", not(loom)))]
    pub(crate) fn on_tape(tape: Tape) -> Self {
        Self { out: BTreeMap::new(), tape: Some(Box::new(tape)) }
    }

    /// One more order of this number. Finished ones make room first; those that are due and wait to be handled do not.
    pub(crate) fn issue(&mut self, id: u64, waiting: usize) -> Result<Order, TooManyOrders> {
        if self.out.len() + waiting >= OWNED_LIMIT {
            self.out.retain(|_, (_, out)| !out.is_finished());
        }
        if self.out.len() + waiting >= OWNED_LIMIT {
            return Err(TooManyOrders);
        }
        Ok(Order { id, cancelled: Arc::default() })
    }

    #[cfg(not(loom))]
    pub(crate) fn keep_task(&mut self, order: Order, task: tokio::task::JoinHandle<()>) -> OrderId {
        self.keep(order, Out::Task(task))
    }

    pub(crate) fn keep_watch(
        &mut self,
        order: Order,
        target: Arc<dyn Child>,
        watch: u64,
        fired: Arc<AtomicBool>,
    ) -> OrderId {
        self.keep(order, Out::Watch { target, watch, fired })
    }

    pub(crate) fn cancel(&mut self, order: OrderId) {
        if let Some((cancelled, _)) = self.out.remove(&order.0) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    fn keep(&mut self, order: Order, out: Out) -> OrderId {
        self.out.insert(order.id, (order.cancelled, out));
        OrderId(order.id)
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
