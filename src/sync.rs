//! The primitives that the wake-up protocol stands on, so that loom can model the very code that ships.
//!
//! Under `--cfg loom` locks, flags and tasks come from loom; otherwise from parking_lot, the standard library and tokio.

use std::future::poll_fn;

#[cfg(loom)]
pub(crate) use self::model::{
    AtomicBool, AtomicU8, AtomicU32, AtomicU64, Executor, Mutex, is_in_runtime, poll_spend, yield_now,
};
#[cfg(all(feature = "testing", not(loom)))]
pub(crate) use self::real::start_spending;
#[cfg(not(loom))]
pub(crate) use self::real::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Executor, Mutex, is_in_runtime, poll_spend};

/// Takes a share of the task's budget, and lets other tasks run where it is used up.
pub(crate) async fn spend() {
    poll_fn(poll_spend).await;
}

#[cfg(not(loom))]
mod real {
    use std::cell::Cell;
    use std::future::Future;
    use std::sync::Arc;
    use std::task::{Context, Poll, ready};

    pub(crate) use parking_lot::Mutex;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};

    use crate::world::World;

    /// Whether this thread runs in any runtime, where handlers find timers and tasks.
    pub(crate) fn is_in_runtime() -> bool {
        tokio::task::try_id().is_some() || tokio::runtime::Handle::try_current().is_ok()
    }

    thread_local! {
        static MESSAGES: Cell<u32> = const { Cell::new(0) };
    }

    /// A simulated world begins on this thread: what came before has no say in it.
    #[cfg(feature = "testing")]
    pub(crate) fn start_spending() {
        MESSAGES.set(0);
    }

    /// As [`crate::sync::spend`]. One message in eight costs a share: they are far shorter than what tokio's budget is made
    /// for, and each time the budget ends the task goes through the scheduler.
    pub(crate) fn poll_spend(cx: &mut Context<'_>) -> Poll<()> {
        let messages = MESSAGES.get().wrapping_add(1);
        MESSAGES.set(messages);
        if messages.is_multiple_of(8) {
            ready!(tokio::task::coop::poll_proceed(cx)).made_progress();
        }
        Poll::Ready(())
    }

    /// Where the tasks of a system run.
    #[derive(Clone)]
    pub(crate) struct Executor {
        runtime: tokio::runtime::Handle,
        world: Option<Arc<World>>,
    }

    impl Executor {
        /// On this runtime, and in the simulated world that this thread is in.
        pub(crate) fn new(runtime: tokio::runtime::Handle) -> Self {
            Self { runtime, world: World::current() }
        }

        pub(crate) fn spawn<F>(&self, task: F)
        where
            F: Future<Output = ()> + Send + 'static,
        {
            drop(self.start(task));
        }

        /// As [`Executor::spawn`]; the task can be waited for and aborted.
        pub(crate) fn start<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
        where
            F: Future<Output: Send> + Send + 'static,
        {
            match &self.world {
                None => self.runtime.spawn(task),
                Some(world) => self.runtime.spawn(World::delayed(Arc::clone(world), task)),
            }
        }

        /// Whether this thread runs in the same runtime.
        pub(crate) fn is_here(&self) -> bool {
            tokio::runtime::Handle::try_current().is_ok_and(|here| here.id() == self.runtime.id())
        }

        /// As [`Executor::spawn`], for a task that must not wait for this thread: a worker keeps what was spawned last to
        /// itself.
        pub(crate) fn spawn_aside<F>(&self, task: F)
        where
            F: Future<Output = ()> + Send + 'static,
        {
            let executor = self.clone();
            drop(self.runtime.spawn_blocking(move || executor.spawn(task)));
        }

        /// Whether all its tasks run on one thread.
        pub(crate) fn is_single(&self) -> bool {
            self.runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::CurrentThread
        }

        pub(crate) fn runtime(&self) -> &tokio::runtime::Handle {
            &self.runtime
        }

        /// The simulated world that these tasks run in, if any.
        pub(crate) fn world(&self) -> Option<&World> {
            if World::IS_SIMULATED { self.world.as_deref() } else { None }
        }
    }
}

#[cfg(loom)]
mod model {
    use std::future::Future;
    use std::task::{Context, Poll};

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};

    /// loom's lock with parking_lot's signature.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(crate) fn try_lock(&self) -> Option<loom::sync::MutexGuard<'_, T>> {
            self.0.try_lock().ok()
        }
    }

    /// Each task is a loom thread of its own.
    #[derive(Clone, Debug)]
    pub(crate) struct Executor;

    impl Executor {
        pub(crate) fn spawn<F>(&self, task: F)
        where
            F: Future<Output = ()> + Send + 'static,
        {
            drop(loom::thread::spawn(move || loom::future::block_on(task)));
        }

        pub(crate) fn is_here(&self) -> bool {
            true
        }

        /// A model has no simulated world.
        pub(crate) fn world(&self) -> Option<&crate::world::World> {
            None
        }
    }

    pub(crate) fn is_in_runtime() -> bool {
        true
    }

    /// A model has no budgets.
    pub(crate) fn poll_spend(_: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    pub(crate) async fn yield_now() {
        let mut yielded = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}
