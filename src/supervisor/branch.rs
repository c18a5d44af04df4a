//! A supervisor as a child of the one above: how it starts and ends with its whole subtree.

use std::any::Any;
use std::sync::{Arc, Weak};

use crate::actor::ask::Slot as AnswerSlot;
use crate::actor::child::{After, Child, Incarnation};
use crate::actor::rare::Watcher;
use crate::actor::waits::Current;
use crate::exit::Exit;
#[cfg(feature = "testing")]
use crate::exit::Failure;
use crate::mailbox::ledger::Ledger;
use crate::path::Path;
use crate::snapshot::{ActorKind, ActorSnapshot, Status};
use crate::supervisor::member::{Member, Starting};
use crate::supervisor::node::Node;
use crate::supervisor::plane::Above;
use crate::supervisor::rules::action::Event;
use crate::supervisor::rules::state::Phase;
use crate::supervisor::shell::Shell;

impl Node {
    /// Starts this supervisor: its shell, then its declared children.
    pub(crate) async fn launch(self: Arc<Self>, who: Incarnation) -> Result<(), Exit> {
        let above = self.above.as_ref().and_then(Weak::upgrade);
        let shell = Shell::start(Arc::clone(&self) as Arc<dyn Above>, above).await?;
        let (reply, ready) = AnswerSlot::open(None);
        let given_up = {
            let mut state = self.state.lock();
            if state.cut {
                shell.0.stop(None);
                return Err(Exit::Killed);
            }
            state.shell = Some(shell);
            state.who = who;
            state.lives += 1;
            state.closed = None;
            state.ready = Some(reply);
            self.declare(&mut state)
        };
        given_up.into_iter().for_each(|after| after());
        self.apply(Event::Begin);
        let early = std::mem::take(&mut self.state.lock().early);
        for reply in early {
            let _ = reply.send(());
        }
        ready.answer().await.unwrap_or(Err(Exit::Killed))
    }
}

/// A supervisor as a member of the one above.
pub(crate) struct NodeMember(pub(crate) Arc<Node>);

impl Member for NodeMember {
    fn child(&self) -> Arc<dyn Child> {
        Arc::clone(&self.0) as Arc<dyn Child>
    }

    fn current(&self) -> Option<Current> {
        None
    }

    fn start(self: Arc<Self>, who: Incarnation) -> Starting {
        self.0.state.lock().cut = false;
        Box::pin(Arc::clone(&self.0).launch(who))
    }
}

impl Child for Node {
    fn name(&self) -> &str {
        &self.name
    }

    fn stop(self: Arc<Self>) {
        self.end_below(Event::End(Exit::Shutdown));
    }

    fn kill(self: Arc<Self>) {
        self.state.lock().cut = true;
        self.end_below(Event::EndNow(Exit::Killed));
    }

    fn abandon(self: Arc<Self>) -> After {
        tracing::error!(target: "swarmtree::failure", path = %self.path, "a supervisor did not react to a kill");
        Box::new(|| {})
    }

    fn close(self: Arc<Self>, exit: &Exit) -> After {
        let (below, watchers, early, running) = {
            let mut state = self.state.lock();
            if state.closed.is_some() {
                return Box::new(|| {});
            }
            state.closed = Some(exit.clone());
            state.cut = true;
            let running = !matches!(state.rules.phase(), Phase::New | Phase::Ended);
            let below = if running { Vec::new() } else { state.close_members() };
            (below, std::mem::take(&mut state.watchers), std::mem::take(&mut state.early), running)
        };
        let exit = exit.clone();
        Box::new(move || {
            below.into_iter().for_each(|after| after());
            if running {
                // Its start was given up halfway: what is up already is stopped in good order.
                self.apply(Event::End(Exit::Shutdown));
            }
            drop(early);
            watchers.into_iter().for_each(|watcher| watcher.tell(&exit));
        })
    }

    fn is_leaving(&self) -> bool {
        false
    }

    fn leave(self: Arc<Self>) -> After {
        let below: Vec<After> = self.children().into_iter().map(Child::leave).collect();
        Box::new(move || below.into_iter().for_each(|after| after()))
    }

    fn snapshot(&self) -> ActorSnapshot {
        let state = self.state.lock();
        let status = match state.rules.phase() {
            _ if state.closed.is_some() => Status::Stopped,
            Phase::New | Phase::Ended => Status::Down,
            Phase::Init => Status::Starting,
            Phase::Running if state.rules.is_quiet() => Status::Idle,
            Phase::Running | Phase::Ending(_) => Status::Busy,
        };
        ActorSnapshot {
            path: self.path.clone(),
            kind: ActorKind::Supervisor,
            actor: state.rules.strategy().name(),
            status,
            incarnation: state.lives,
            back_in: None,
            handlers: &[],
            restarts: Some(state.rules.restarts_total()),
            mailbox: None,
        }
    }

    fn ledger(&self) -> Ledger {
        self.children().into_iter().map(|child| child.ledger()).sum()
    }

    fn help(self: Arc<Self>) {
        self.children().into_iter().for_each(Child::help);
    }

    fn suspend(self: Arc<Self>, suspended: bool) {
        self.children().into_iter().for_each(|child| child.suspend(suspended));
    }

    fn watch(&self, told: Box<dyn FnOnce(Exit) + Send>) -> u64 {
        let mut state = self.state.lock();
        if let Some(exit) = state.closed.clone() {
            drop(state);
            told(exit);
            return 0;
        }
        state.watches_issued += 1;
        let id = state.watches_issued;
        state.watchers.push(Watcher { id, told });
        id
    }

    fn unwatch(&self, watch: u64) {
        let mut state = self.state.lock();
        let Some(at) = state.watchers.iter().position(|watcher| watcher.id == watch) else { return };
        let watcher = state.watchers.swap_remove(at);
        drop(state);
        drop(watcher);
    }

    #[cfg(feature = "testing")]
    fn crash(self: Arc<Self>, failure: Failure) {
        self.apply(Event::EndNow(Exit::Failed(Arc::new(failure))));
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn path(&self) -> Path {
        self.path.clone()
    }
}

impl Node {
    /// Carries out an end that the supervisor above asks for under its own lock: what runs user code or calls upwards
    /// is left to a task.
    fn end_below(self: Arc<Self>, event: Event) {
        let (deferred, _) = self.apply_for(event, None);
        if !deferred.is_empty() {
            let executor = self.hub.executor.clone();
            executor.spawn(async move { deferred.run(&self) });
        }
    }
}

impl Node {
    /// Closes everything below, and this supervisor, where nothing can run any more. Whoever waits is told.
    pub(crate) fn bury_below(&self) {
        for child in self.children() {
            match Arc::clone(&child).into_any().downcast::<Self>() {
                Ok(node) => node.bury_below(),
                Err(_) => child.close(&Exit::Killed)(),
            }
        }
        let (watchers, waiting) = {
            let mut state = self.state.lock();
            state.closed = Some(Exit::Killed);
            state.cut = true;
            let waiting = (std::mem::take(&mut state.awaited), state.ready.take(), std::mem::take(&mut state.early));
            (std::mem::take(&mut state.watchers), waiting)
        };
        drop(waiting);
        watchers.into_iter().for_each(|watcher| watcher.tell(&Exit::Killed));
    }
}
