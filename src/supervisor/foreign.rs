//! ractor actors in our tree: supervisors' shells, and existing actors of anybody's as children.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use ractor::{Actor, ActorCell, ActorId, ActorRef};

use crate::actor::child::{After, Child, Incarnation, Owner};
use crate::actor::rare::Watcher;
use crate::exit::Exit;
use crate::path::Path;
use crate::snapshot::{ActorKind, ActorSnapshot, Status};
use crate::supervisor::member::{Member, Seat, Starting};
use crate::supervisor::node::Node;
use crate::supervisor::shell::{ShellRef, refused};

/// How long a ractor child's own children may take to be gone before a new one is started.
const SUBTREE_WAIT: Duration = Duration::from_secs(5);

enum Whose {
    Child(Incarnation),
    Supervisor(Weak<Node>),
}

/// The ractor actors below one supervisor.
#[derive(Default)]
pub(crate) struct Foreign {
    known: HashMap<ActorId, Whose>,
}

impl Foreign {
    pub(crate) fn add_supervisor(&mut self, id: ActorId, node: &Arc<Node>) {
        self.known.insert(id, Whose::Supervisor(Arc::downgrade(node)));
    }
}

impl Node {
    /// A ractor actor below this supervisor has ended.
    pub(crate) async fn foreign_ended(&self, who: ActorCell, exit: Exit) {
        let whose = self.state.lock().foreign.known.remove(&who.get_id());
        match whose {
            Some(Whose::Child(incarnation)) => {
                // ractor tells of an end while the children below still stop: their names would be taken.
                who.stop_children_and_wait(None, Some(SUBTREE_WAIT)).await;
                self.exited(incarnation, exit);
            }
            Some(Whose::Supervisor(node)) => {
                if let Some(node) = node.upgrade() {
                    let current = node.state.lock().shell.as_ref().is_some_and(|shell| shell.0.get_id() == who.get_id());
                    if current {
                        node.shell_died();
                    }
                }
            }
            None => {}
        }
    }
}

struct Life {
    actor: Option<ActorCell>,
    asked: bool,
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
}

impl RactorChild {
    /// The present incarnation.
    pub(crate) fn actor(&self) -> Option<ActorCell> {
        self.life.lock().actor.clone()
    }
}

/// A ractor actor with what its incarnations are made of.
pub(crate) struct RactorMember<T: Actor + Clone> {
    child: Arc<RactorChild>,
    node: Weak<Node>,
    registered: String,
    handler: T,
    args: Mutex<T::Arguments>,
}

impl<T> RactorMember<T>
where
    T: Actor + Clone,
    T::Arguments: Clone,
{
    pub(crate) fn new(seat: &Seat, handler: T, args: T::Arguments) -> Self {
        let path = seat.parent.child(&seat.name);
        Self {
            registered: format!("{}/{path}", seat.hub.name),
            child: Arc::new(RactorChild {
                name: Arc::clone(&seat.name),
                path,
                actor: std::any::type_name::<T>(),
                life: Mutex::new(Life {
                    actor: None,
                    asked: false,
                    incarnation: 0,
                    watchers: Vec::new(),
                    watches_issued: 0,
                    closed: None,
                }),
            }),
            node: Weak::clone(&seat.node),
            handler,
            args: Mutex::new(args),
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
            life.incarnation = who.number;
            life.asked = false;
            life.closed = None;
        }
        Box::pin(async move {
            let Some(node) = self.node.upgrade() else { return Err(Exit::Killed) };
            let Some(ShellRef(shell)) = node.state.lock().shell.clone() else { return Err(Exit::Killed) };
            let args = self.args.lock().clone();
            let name = Some(self.registered.clone());
            let (actor, _) = Actor::spawn_linked(name, self.handler.clone(), args, shell)
                .await
                .map_err(|error| refused(&error.to_string()))?;
            let cell = actor.get_cell();
            node.state.lock().foreign.known.insert(cell.get_id(), Whose::Child(who));
            let killed = {
                let mut life = self.child.life.lock();
                life.actor = Some(cell.clone());
                life.asked
            };
            if killed {
                cell.kill();
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
        if let Some(actor) = self.actor() {
            actor.stop(None);
        }
    }

    fn kill(self: Arc<Self>) {
        let actor = {
            let mut life = self.life.lock();
            life.asked = true;
            life.actor.clone()
        };
        if let Some(actor) = actor {
            actor.kill();
        }
    }

    fn abandon(&self) -> After {
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
        Box::new(move || watchers.into_iter().for_each(|watcher| (watcher.told)(exit.clone())))
    }

    fn snapshot(&self) -> ActorSnapshot {
        let life = self.life.lock();
        let status = match &life.actor {
            _ if life.closed.is_some() => Status::Stopped,
            None => Status::Down,
            Some(actor) => match actor.get_status() {
                ractor::ActorStatus::Unstarted | ractor::ActorStatus::Starting => Status::Starting,
                ractor::ActorStatus::Running | ractor::ActorStatus::Upgrading => Status::Idle,
                ractor::ActorStatus::Draining => Status::Busy,
                ractor::ActorStatus::Stopping | ractor::ActorStatus::Stopped => Status::Down,
            },
        };
        ActorSnapshot {
            path: self.path.clone(),
            kind: ActorKind::Ractor,
            actor: self.actor,
            status,
            incarnation: life.incarnation,
            mailbox: None,
        }
    }

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
