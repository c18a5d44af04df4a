//! Existing ractor actors of anybody's, as children in our tree.

use std::any::Any;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorRef, ActorStatus};
use tokio::sync::Notify;

use crate::actor::child::{After, Child, Incarnation};
use crate::actor::rare::Watcher;
use crate::exit::Exit;
use crate::mailbox::ledger::Ledger;
use crate::path::Path;
use crate::snapshot::{ActorKind, ActorSnapshot, Status};
use crate::spec::{ChildPolicy, SpecError};
use crate::supervisor::child_spec::{ChildSpec, Recipe};
use crate::supervisor::member::{Member, Seat, Starting};
use crate::supervisor::plane::{Above, ShellRef, Whose};
use crate::supervisor::shell::refused;

struct Life {
    actor: Option<ActorCell>,
    killed: bool,
    stopping: Arc<AtomicBool>,
    incarnation: u32,
    watchers: Vec<Watcher>,
    watches_issued: u64,
    closed: Option<Exit>,
}

/// A ractor actor as a child, through all its incarnations.
pub(crate) struct RactorChild {
    name: Arc<str>,
    path: Path,
    actor: &'static str,
    life: Mutex<Life>,
    /// A kill reaches its start.
    cut: Notify,
}

impl RactorChild {
    /// Carries a start to its end, unless the child is killed before: then it is dropped.
    async fn unless_cut<T>(&self, starting: impl Future<Output = T>) -> Option<T> {
        let mut starting = pin!(starting);
        let mut cut = pin!(self.cut.notified());
        cut.as_mut().enable();
        if self.life.lock().killed {
            return None;
        }
        poll_fn(|cx| match starting.as_mut().poll(cx) {
            Poll::Ready(started) => Poll::Ready(Some(started)),
            Poll::Pending => cut.as_mut().poll(cx).map(|()| None),
        })
        .await
    }

    /// The present incarnation.
    pub(crate) fn actor(&self) -> Option<ActorCell> {
        self.life.lock().actor.clone()
    }
}

/// What each incarnation of a ractor actor is cloned from.
struct Model<T: Actor> {
    handler: T,
    args: Mutex<T::Arguments>,
}

/// A ractor actor with what its incarnations are made of.
pub(crate) struct RactorMember<T: Actor + Clone> {
    child: Arc<RactorChild>,
    above: Option<Weak<dyn Above>>,
    registered: String,
    model: Arc<Model<T>>,
}

impl<T: Actor + Clone> RactorMember<T> {
    fn new(seat: &Seat, model: Arc<Model<T>>) -> Self {
        let path = seat.parent.child(&seat.name);
        let life = Life {
            actor: None,
            killed: false,
            stopping: Arc::new(AtomicBool::new(false)),
            incarnation: 0,
            watchers: Vec::new(),
            watches_issued: 0,
            closed: None,
        };
        Self {
            registered: format!("{}@{:.8}/{path}", seat.hub.name, seat.hub.id.simple()),
            child: Arc::new(RactorChild {
                name: Arc::clone(&seat.name),
                path,
                actor: std::any::type_name::<T>(),
                life: Mutex::new(life),
                cut: Notify::new(),
            }),
            above: seat.above.clone(),
            model,
        }
    }
}

impl<T> Member for RactorMember<T>
where
    T: Actor + Clone,
    T::Arguments: Clone,
{
    fn child(&self) -> Arc<dyn Child> {
        Arc::clone(&self.child) as Arc<dyn Child>
    }

    fn current(&self) -> Option<crate::actor::waits::Current> {
        None
    }

    fn start(self: Arc<Self>, who: Incarnation) -> Starting {
        {
            let mut life = self.child.life.lock();
            life.incarnation += 1;
            life.killed = false;
            life.stopping = Arc::new(AtomicBool::new(false));
            life.closed = None;
        }
        Box::pin(async move {
            let Some(above) = self.above.as_ref().and_then(Weak::upgrade) else { return Err(Exit::Killed) };
            let Some(ShellRef(shell)) = above.shell() else { return Err(Exit::Killed) };
            let args = self.model.args.lock().clone();
            let name = Some(self.registered.clone());
            let starting = Actor::spawn_linked(name, self.model.handler.clone(), args, shell);
            let started = self.child.unless_cut(starting).await.ok_or(Exit::Killed)?;
            let (actor, _) = started.map_err(|error| refused(&error.to_string()))?;
            let cell = actor.get_cell();
            let stopping = Arc::clone(&self.child.life.lock().stopping);
            above.adopt(cell.get_id(), Whose::Child(who, stopping));
            let id = cell.get_id();
            let killed = {
                let mut life = self.child.life.lock();
                life.actor = Some(cell.clone());
                life.killed
            };
            if killed {
                cell.kill();
            }
            // An end before the shell knew whose it is was heard by nobody.
            if cell.get_status() >= ActorStatus::Stopping && above.disown(id).is_some() {
                cell.stop_children_and_wait(None, Some(Duration::from_secs(5))).await;
                self.child.life.lock().actor = None;
                return Err(Exit::Killed);
            }
            Ok(())
        })
    }
}

impl Child for RactorChild {
    fn name(&self) -> &str {
        &self.name
    }

    fn stop(self: Arc<Self>) {
        let actor = {
            let life = self.life.lock();
            life.stopping.store(true, Ordering::Relaxed);
            life.actor.clone()
        };
        if let Some(actor) = actor {
            actor.stop(None);
        }
    }

    fn kill(self: Arc<Self>) {
        let actor = {
            let mut life = self.life.lock();
            life.killed = true;
            life.actor.clone()
        };
        self.cut.notify_waiters();
        if let Some(actor) = actor {
            actor.kill();
        }
    }

    fn abandon(self: Arc<Self>) -> After {
        self.life.lock().actor = None;
        tracing::error!(target: "swarmtree::failure", path = %self.path, "a ractor actor did not react to a kill");
        Box::new(|| {})
    }

    fn close(self: Arc<Self>, exit: &Exit) -> After {
        let watchers = {
            let mut life = self.life.lock();
            life.actor = None;
            life.closed = Some(exit.clone());
            std::mem::take(&mut life.watchers)
        };
        let exit = exit.clone();
        Box::new(move || watchers.into_iter().for_each(|watcher| watcher.tell(&exit)))
    }

    fn is_leaving(&self) -> bool {
        false
    }

    fn leave(self: Arc<Self>) -> After {
        Box::new(|| {})
    }

    fn snapshot(&self) -> ActorSnapshot {
        let life = self.life.lock();
        let status = match &life.actor {
            _ if life.closed.is_some() => Status::Stopped,
            None => Status::Down,
            Some(actor) => match actor.get_status() {
                ActorStatus::Unstarted | ActorStatus::Starting => Status::Starting,
                ActorStatus::Running | ActorStatus::Upgrading => Status::Idle,
                ActorStatus::Draining => Status::Busy,
                ActorStatus::Stopping | ActorStatus::Stopped => Status::Down,
            },
        };
        ActorSnapshot {
            path: self.path.clone(),
            kind: ActorKind::Ractor,
            actor: self.actor,
            status,
            incarnation: life.incarnation,
            back_in: None,
            handlers: &[],
            restarts: None,
            mailbox: None,
        }
    }

    /// Its mailbox is ractor's, which keeps no books.
    fn ledger(&self) -> Ledger {
        Ledger::default()
    }

    /// It runs as ractor has it run.
    fn help(self: Arc<Self>) {}

    /// ractor knows no suspension; its actor goes on.
    fn suspend(self: Arc<Self>, _: bool) {}

    fn watch(&self, told: Box<dyn FnOnce(Exit) + Send>) -> u64 {
        let mut life = self.life.lock();
        if let Some(exit) = life.closed.clone() {
            drop(life);
            told(exit);
            return 0;
        }
        life.watches_issued += 1;
        let id = life.watches_issued;
        life.watchers.push(Watcher { id, told });
        id
    }

    fn unwatch(&self, watch: u64) {
        let mut life = self.life.lock();
        let Some(at) = life.watchers.iter().position(|watcher| watcher.id == watch) else { return };
        let watcher = life.watchers.swap_remove(at);
        drop(life);
        drop(watcher);
    }

    /// Nobody but itself can make a ractor actor panic; it is killed.
    #[cfg(feature = "testing")]
    fn crash(self: Arc<Self>, _: crate::exit::Failure) {
        Child::kill(self);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn path(&self) -> Path {
        self.path.clone()
    }
}

/// The present incarnation of a ractor child, typed by its message.
pub(crate) fn typed<M: ractor::Message>(child: &RactorChild) -> Option<ActorRef<M>> {
    let actor = child.actor()?;
    (actor.is_message_type_of::<M>() == Some(true)).then(|| ActorRef::from(actor))
}

impl ChildSpec {
    /// An existing ractor actor as a child: the same restarts, shutdown and introspection; its mailbox stays ractor's.
    ///
    /// Both are cloned for each incarnation. It is registered with ractor as `system@id/path`. By default permanent, and
    /// killed after 5 s if it does not stop.
    #[must_use]
    pub fn ractor<T>(name: &str, handler: T, args: T::Arguments) -> Self
    where
        T: Actor + Clone,
        T::Arguments: Clone,
    {
        Self {
            name: name.to_owned(),
            policy: ChildPolicy::default(),
            recipe: Arc::new(RactorRecipe(Arc::new(Model { handler, args: Mutex::new(args) }))),
            error: None,
        }
    }
}

struct RactorRecipe<T: Actor>(Arc<Model<T>>);

impl<T> Recipe for RactorRecipe<T>
where
    T: Actor + Clone,
    T::Arguments: Clone,
{
    fn make(&self, seat: Seat) -> Arc<dyn Member> {
        Arc::new(RactorMember::new(&seat, Arc::clone(&self.0)))
    }

    fn check(&self) -> Result<(), SpecError> {
        Ok(())
    }
}
