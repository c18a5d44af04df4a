//! Starting children while the tree runs.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::actor::ask::{Awaiting, Slot as AnswerSlot};
use crate::actor::child::{Address, Child, Owner};
use crate::actor::definition::Actor;
use crate::actor::handle::Handle;
use crate::actor::watch::ended;
use crate::exit::Exit;
use crate::path::{NameError, Path, check_name};
use crate::spec::{ChildPolicy, Restart, SpecError};
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::member::{Cloned, Member, Once, Supply};
use crate::supervisor::node::Node;
use crate::supervisor::rules::action::Event;
use crate::supervisor::rules::entry::{Slot, Status, Then};
use crate::supervisor::rules::state::Phase;
use crate::supervisor::spec::Bound;

/// Why a child could not be started. Nothing of it is left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// Its spec is wrong.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A sibling has that name; one that was stopped keeps it.
    #[error("{path} exists already, up or down; restart that one, delete it, or choose another name")]
    Exists {
        /// The path asked for.
        path: Path,
    },
    /// There is no supervisor at that path.
    #[error("there is no supervisor at {path}")]
    NoSupervisor {
        /// The path asked for.
        path: Path,
    },
    /// The supervisor makes children of another type, or of no template at all.
    #[error("the supervisor at {path} starts no {actor}; give it a template of that type, or use another supervisor")]
    WrongTemplate {
        /// The supervisor.
        path: Path,
        /// The type asked for.
        actor: &'static str,
    },
    /// The supervisor is ending or has ended.
    #[error("the supervisor at {path} is stopping")]
    Stopping {
        /// The supervisor.
        path: Path,
    },
    /// The start itself failed.
    #[error("{path} {exit}")]
    Failed {
        /// The child.
        path: Path,
        /// How its start ended.
        exit: Exit,
    },
}

impl From<NameError> for SpawnError {
    fn from(error: NameError) -> Self {
        Self::Spec(SpecError::Name(error))
    }
}

impl Node {
    /// Starts a child that no spec declares. Dropped halfway, nothing of the child is left.
    pub(crate) async fn start_child(self: &Arc<Self>, spec: &ChildSpec) -> Result<Arc<dyn Child>, SpawnError> {
        self.start_spec(spec, None).await
    }

    /// Starts a child that counts as declared from then on, and comes back with this supervisor.
    pub(crate) async fn adopt_child(self: &Arc<Self>, spec: &ChildSpec) -> Result<Arc<dyn Child>, SpawnError> {
        let mut adopted = spec.clone();
        adopted.policy.backoff = adopted.policy.backoff.or(self.backoff);
        self.start_spec(spec, Some(adopted)).await
    }

    async fn start_spec(
        self: &Arc<Self>,
        spec: &ChildSpec,
        adopted: Option<ChildSpec>,
    ) -> Result<Arc<dyn Child>, SpawnError> {
        spec.check(&self.policy)?;
        if self.template.is_some() {
            return Err(SpecError::DynamicChildren { name: self.name.to_string() }.into());
        }
        let name: Arc<str> = spec.name.as_str().into();
        let seat = self.seat(Arc::clone(&name));
        let policy = ChildPolicy { backoff: spec.policy.backoff.or(self.backoff), ..spec.policy.clone() };
        self.start_added(name, Arc::new(policy), adopted, || spec.recipe.make(seat)).await
    }

    async fn start_added(
        self: &Arc<Self>,
        name: Arc<str>,
        policy: Arc<ChildPolicy>,
        adopted: Option<ChildSpec>,
        make: impl FnOnce() -> Arc<dyn Member>,
    ) -> Result<Arc<dyn Child>, SpawnError> {
        self.begun().await;
        let is_adopted = adopted.is_some();
        let (slot, child, deferred, launch, answer) = {
            let now = self.hub.now();
            let mut state = self.state.lock();
            if matches!(state.rules.phase(), Phase::New | Phase::Ending(_) | Phase::Ended) || state.closed.is_some() {
                return Err(SpawnError::Stopping { path: self.path.clone() });
            }
            if state.names.contains_key(&name) {
                return Err(SpawnError::Exists { path: self.path.child(&name) });
            }
            let slot = state.rules.add(policy);
            if let Some(spec) = adopted {
                state.rules.adopt(slot);
                self.specs.write().push(spec);
            }
            let member = make();
            let child = member.child();
            state.seat(slot, Arc::clone(&name), member);
            let actions = self.hub.with_rng(|rng| state.rules.on(Event::StartAdded(slot), now, rng));
            let (deferred, launch) = self.perform(&mut state, actions, now, Some(slot));
            let answer = launch.is_none().then(|| state.await_start(slot));
            (slot, child, deferred, launch, answer)
        };
        deferred.run(self);
        let mut given_up = GivenUp { node: self, name: &name, child: Address::of(&child), is_adopted, armed: true };
        let mut started = match (launch, answer) {
            (Some(launch), _) => launch.run().await,
            (None, Some(answer)) => answer.answer().await.unwrap_or(Err(Exit::Shutdown)),
            (None, None) => Err(Exit::Shutdown),
        };
        // A group restart may have cut the start, and goes on with it by itself.
        while started.is_err()
            && let Some(answer) = self.still_starting(slot, given_up.child)
        {
            started = answer.answer().await.unwrap_or(Err(Exit::Shutdown));
        }
        given_up.armed = is_adopted && started.is_err();
        started.map_err(|exit| SpawnError::Failed { path: self.path.child(&name), exit })?;
        Ok(child)
    }
}

impl Node {
    /// Waits until this supervisor, which somebody else may just be starting for the first time, takes children; or until
    /// it never will.
    async fn begun(&self) {
        let begun = {
            let mut state = self.state.lock();
            if *state.rules.phase() != Phase::New || state.closed.is_some() {
                return;
            }
            let (reply, begun) = AnswerSlot::open(None);
            state.early.push(reply);
            begun
        };
        drop(begun.answer().await);
    }

    /// Waits on for a child that its supervisor is starting, or has started.
    fn still_starting(&self, slot: Slot, child: Address) -> Option<Awaiting<Result<(), Exit>>> {
        let mut state = self.state.lock();
        if !state.holds(slot, child) {
            return None;
        }
        match state.rules.status(slot) {
            Status::Running => {
                let (reply, answer) = AnswerSlot::open(None);
                let _ = reply.send(Ok(()));
                Some(answer)
            }
            Status::Down | Status::Starting | Status::Stopping(_) | Status::Waiting => Some(state.await_start(slot)),
        }
    }
}

impl Node {
    /// Waits for a child's first start, or for its leaving; says whether it is one to be used.
    async fn is_up(&self, name: &str, child: &Arc<dyn Child>) -> bool {
        let starting = {
            let mut state = self.state.lock();
            let Some(slot) = state.names.get(name).copied().filter(|slot| state.holds(*slot, Address::of(child)))
            else {
                return false;
            };
            match state.rules.status(slot) {
                Status::Starting => Some(state.await_start(slot)),
                Status::Stopping(Then::Close) => None,
                Status::Down | Status::Running | Status::Waiting | Status::Stopping(_) if child.is_leaving() => None,
                Status::Down | Status::Running | Status::Waiting | Status::Stopping(_) => return true,
            }
        };
        match starting {
            Some(starting) => matches!(starting.answer().await, Ok(Ok(()))),
            None => {
                ended(Arc::clone(child)).await;
                false
            }
        }
    }
}

/// Takes a child back whose start is waited for no longer.
struct GivenUp<'a> {
    node: &'a Node,
    name: &'a str,
    child: Address,
    is_adopted: bool,
    armed: bool,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if self.armed {
            if self.is_adopted {
                self.node.give_up(self.name);
            }
            self.node.terminate(self.name, self.child);
        }
    }
}

/// A dynamic supervisor with a template of one actor type.
pub struct Dynamic<A: Actor> {
    node: Arc<Node>,
    bound: Arc<Bound<A>>,
}

impl<A: Actor> Dynamic<A> {
    /// The supervisor, if its template is of this type.
    pub(crate) fn new(node: Arc<Node>) -> Result<Self, SpawnError> {
        let wrong = || SpawnError::WrongTemplate { path: node.path.clone(), actor: std::any::type_name::<A>() };
        let template = node.template.clone().ok_or_else(wrong)?;
        let bound = template.downcast::<Bound<A>>().map_err(|_| wrong())?;
        Ok(Self { node, bound })
    }

    /// Starts a child of the template and waits until it is up. Children start side by side.
    ///
    /// # Errors
    /// [`SpawnError`]; nothing of the child is left then.
    pub async fn start(&self, name: &str, args: A::Args) -> Result<A::Handle, SpawnError>
    where
        A::Args: Clone,
    {
        self.start_from(name, Cloned(args)).await
    }

    /// Starts a child with arguments that cannot be cloned, such as a socket, for a single life: the template must be
    /// `temporary`.
    ///
    /// # Errors
    /// [`SpawnError`]; nothing of the child is left then.
    pub async fn start_once(&self, name: &str, args: A::Args) -> Result<A::Handle, SpawnError> {
        if self.bound.policy.restart != Restart::Temporary {
            return Err(SpecError::OnceNotTemporary { name: name.to_owned() }.into());
        }
        self.start_from(name, Once(Some(args))).await
    }

    async fn start_from(&self, name: &str, supply: impl Supply<A>) -> Result<A::Handle, SpawnError> {
        check_name(name)?;
        let name: Arc<str> = name.into();
        let make = || Arc::new(self.bound.make(Arc::clone(&name), supply)) as Arc<dyn Member>;
        let child = self.node.start_added(Arc::clone(&name), Arc::clone(&self.bound.policy), None, make).await?;
        handle_of::<A>(child).ok_or_else(|| SpawnError::NoSupervisor { path: self.node.path.clone() })
    }

    /// The child of this name, once it is up; started first if there is none. Of several callers at once one starts it, and if
    /// that start comes to nothing the next one tries. A child that is leaving (stopping, or draining) is waited out, and
    /// started anew; one that is between two lives is given as it is, as its handle stays valid.
    ///
    /// # Errors
    /// [`SpawnError`], as [`Dynamic::start`].
    pub async fn get_or_start(&self, name: &str, args: A::Args) -> Result<A::Handle, SpawnError>
    where
        A::Args: Clone,
    {
        loop {
            if let Some(child) = self.node.child(name)
                && self.node.is_up(name, &child).await
                && let Some(handle) = handle_of::<A>(child)
            {
                return Ok(handle);
            }
            match self.start(name, args.clone()).await {
                Err(SpawnError::Exists { .. }) => {}
                started => return started,
            }
        }
    }

    /// All children, in no order.
    #[must_use]
    pub fn children(&self) -> Vec<A::Handle> {
        self.node.children().into_iter().filter_map(handle_of::<A>).collect()
    }

    /// The child of this name, up or on its way back from a crash.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<A::Handle> {
        self.node.child(name).and_then(handle_of::<A>)
    }

    /// How many children there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.node.state.lock().names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> Path {
        self.node.path.clone()
    }
}

impl<A: Actor> Clone for Dynamic<A> {
    fn clone(&self) -> Self {
        Self { node: Arc::clone(&self.node), bound: Arc::clone(&self.bound) }
    }
}

impl<A: Actor> fmt::Debug for Dynamic<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dynamic({})", self.node.path)
    }
}

/// A child's handle, if it is a cell of this actor's messages.
pub(crate) fn handle_of<A: Actor>(child: Arc<dyn Child>) -> Option<A::Handle> {
    let any: Arc<dyn Any + Send + Sync> = child.into_any();
    any.downcast::<crate::actor::cell::Cell<A::Msg>>().ok().map(|cell| A::Handle::from(Handle::new(cell)))
}
