//! A start of one child, carried to its end wherever it runs.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::actor::panics;
use crate::actor::waits::Current;
use crate::exit::Exit;
use crate::supervisor::member::Starting;
use crate::supervisor::node::Node;
use crate::supervisor::rules::action::Event;
use crate::supervisor::rules::entry::ChildKey;

/// A start under way. The supervisor hears of its end exactly once, also when whoever asked for it drops it halfway.
pub(crate) struct Launch {
    node: Arc<Node>,
    key: ChildKey,
    starting: Option<Starting>,
    current: Option<Current>,
    /// It runs on a task of its own, which nobody drops but a runtime that shuts down.
    spawned: bool,
}

impl Launch {
    pub(crate) fn new(node: Arc<Node>, key: ChildKey, starting: Starting, current: Option<Current>) -> Self {
        Self { node, key, starting: Some(starting), current, spawned: false }
    }

    /// Carries the start on without a caller: its first step here and now, which for most actors is all of it, and the rest
    /// on a task of its own. Not under a lock.
    pub(crate) fn go(mut self) {
        let executor = self.node.hub.executor.clone();
        // Supervisors always wait for their shells; a simulation decides when a start begins.
        let waits = self.current.is_none() || executor.world().is_some();
        self.spawned = true;
        let mut start = Box::pin(self.run());
        // Whoever brought the news may be on any thread.
        let _entered = executor.runtime().enter();
        if !waits && Depth::within(|| start.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()) {
            return;
        }
        executor.spawn(async move { drop(start.await) });
    }

    /// Carries the start to its end and tells the supervisor.
    pub(crate) async fn run(mut self) -> Result<(), Exit> {
        let outcome = poll_fn(|cx| {
            let Some(starting) = self.starting.as_mut() else { return Poll::Ready(Err(Exit::Killed)) };
            let step = || panics::catch(|| Pin::new(starting).poll(cx));
            let polled = match self.current {
                Some(current) => current.enter(step),
                None => step(),
            };
            match polled {
                Ok(polled) => polled,
                Err(failure) => Poll::Ready(Err(Exit::Failed(Arc::new(failure)))),
            }
        })
        .await;
        self.starting = None;
        match outcome {
            Ok(()) => {
                self.node.apply(Event::Started(self.key));
                Ok(())
            }
            Err(exit) => Err(self.node.start_failed(self.key, exit)),
        }
    }
}

/// How deep starts are nested that began inside each other: a start that fails begins the next attempt, and one that
/// succeeds the next child of its group.
struct Depth;

/// Deeper ones get tasks, and so stacks, of their own.
const DEPTH_LIMIT: u32 = 4;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

impl Depth {
    /// Runs one step, unless it is nested too deeply; says whether it has ended.
    fn within(step: impl FnOnce() -> bool) -> bool {
        let depth = DEPTH.get();
        if depth >= DEPTH_LIMIT {
            return false;
        }
        DEPTH.set(depth + 1);
        let _back = Self;
        step()
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

impl Drop for Launch {
    fn drop(&mut self) {
        if let Some(starting) = self.starting.take() {
            panics::drop_quietly(starting);
            if self.spawned {
                self.node.hub.runtime_is_gone();
                return;
            }
            self.node.apply(Event::StartFailed(self.key, Exit::Killed));
        }
    }
}
