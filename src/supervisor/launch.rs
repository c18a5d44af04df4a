//! A start of one child, carried to its end wherever it runs.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

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

    /// The same start, on a task of its own.
    pub(crate) fn spawned(self) -> Self {
        let mut launch = self;
        launch.spawned = true;
        launch
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
