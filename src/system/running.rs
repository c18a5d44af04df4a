//! A running system.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

#[cfg(feature = "capsule")]
use crate::actor::capsule::Capsule;
use crate::actor::dead_letter::DeadLetter;
use crate::actor::definition::Actor;
use crate::actor::failure::FailureReport;
use crate::actor::hub::Hub;
use crate::actor::topic::Subscription;
use crate::path::{NameError, Path};
use crate::router::Pool;
use crate::supervisor::dynamic::{Dynamic, SpawnError, handle_of};
use crate::supervisor::node::Node;
use crate::supervisor::reference::ActorRef;
use crate::supervisor::spec::{ActorSpec, Supervisor};
use crate::supervisor::startable::Startable;

/// A running tree of actors. Cheap to clone; dropping the last clone does not stop it: `stop`, `drain` or `kill` do.
#[derive(Clone)]
pub struct System {
    pub(crate) hub: Arc<Hub>,
    pub(crate) root: Arc<Node>,
}

/// Why no actor was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// The path is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Nobody stands there.
    #[error("there is no actor at {path}")]
    Nobody {
        /// The path asked for.
        path: Path,
    },
    /// Whoever stands there takes other messages.
    #[error("the actor at {path} is no {actor}")]
    OtherType {
        /// The path asked for.
        path: Path,
        /// The type asked for.
        actor: &'static str,
    },
}

/// While it lives, times in queues and in handlers are measured.
#[derive(Debug)]
#[must_use = "measuring ends when the meter is dropped"]
pub struct Meter(System);

impl System {
    pub(crate) fn new(hub: Arc<Hub>, root: Arc<Node>) -> Self {
        Self { hub, root }
    }

    /// Its name; several systems of one process may share it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.hub.name
    }

    /// Its number, from its seeded source.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.hub.id
    }

    /// Starts an actor at a path such as `airports/jfk`, with arguments that are cloned for each restart, and waits until
    /// it is up. Supervisors that are missing on the way are started, each one for one with OTP's intensity. Below a
    /// dynamic supervisor of that type the child is made of its template.
    ///
    /// # Errors
    /// [`SpawnError`]; nothing of the actor is left then.
    pub async fn spawn<A: Actor>(&self, path: &str, args: A::Args) -> Result<A::Handle, SpawnError>
    where
        A::Args: Clone,
    {
        let path = Path::parse(path)?;
        let Some((above, name)) = path.split_last() else { return Err(NameError::Empty.into()) };
        let node = self.supervisor_or_new(&above).await?;
        if node.template.is_some() {
            return Dynamic::<A>::new(node)?.start(name, args).await;
        }
        let child = node.start_child(&ActorSpec::<A>::new(name, args).into()).await?;
        handle_of::<A>(child).ok_or(SpawnError::NoSupervisor { path })
    }

    /// Starts a child of any kind below the supervisor at a path (empty for the root) and waits until it is up. An
    /// [`ActorSpec`] gives the handle of its actor, any other spec an [`ActorRef`] for control.
    ///
    /// # Errors
    /// [`SpawnError`]; nothing of the child is left then.
    pub async fn start_child<S: Startable>(&self, supervisor: &str, child: S) -> Result<S::Handle, SpawnError> {
        let path = Path::parse(supervisor)?;
        let Some(node) = self.root.supervisor_at(&path) else { return Err(SpawnError::NoSupervisor { path }) };
        let child = node.start_child(&child.into()).await?;
        S::handle(ActorRef::new(node, child)).ok_or(SpawnError::NoSupervisor { path })
    }

    /// The handle of the actor at a path.
    ///
    /// # Errors
    /// [`FindError`] if nobody of this type stands there.
    pub fn find<A: Actor>(&self, path: &str) -> Result<A::Handle, FindError> {
        let path = Path::parse(path)?;
        let Some((_, child)) = self.root.child_at(&path) else { return Err(FindError::Nobody { path }) };
        handle_of::<A>(child).ok_or(FindError::OtherType { path, actor: std::any::type_name::<A>() })
    }

    /// Any actor of the tree, for control.
    ///
    /// # Errors
    /// [`FindError`] if nobody stands there.
    pub fn actor(&self, path: &str) -> Result<ActorRef, FindError> {
        let path = Path::parse(path)?;
        let Some((node, child)) = self.root.child_at(&path) else { return Err(FindError::Nobody { path }) };
        Ok(ActorRef::new(node, child))
    }

    /// The dynamic supervisor at a path, to start children of its template.
    ///
    /// # Errors
    /// [`SpawnError::NoSupervisor`] or [`SpawnError::WrongTemplate`].
    pub fn dynamic<A: Actor>(&self, path: &str) -> Result<Dynamic<A>, SpawnError> {
        let path = Path::parse(path)?;
        let node = self.root.supervisor_at(&path).ok_or(SpawnError::NoSupervisor { path })?;
        Dynamic::new(node)
    }

    /// The pool whose supervisor stands at a path.
    ///
    /// # Errors
    /// [`SpawnError::NoSupervisor`] if there is none.
    pub fn pool<A: Actor>(&self, path: &str) -> Result<Pool<A>, SpawnError> {
        let path = Path::parse(path)?;
        let node = self.root.supervisor_at(&path).ok_or(SpawnError::NoSupervisor { path })?;
        Ok(Pool::of(&node))
    }

    /// Messages that were accepted and will not be handled, from now on. Holds at most `capacity`; a reader that lags
    /// loses the oldest and is told how many.
    #[must_use]
    pub fn dead_letters(&self, capacity: usize) -> Subscription<DeadLetter> {
        self.hub.dead_letters.subscribe(capacity)
    }

    /// What supervisors tell of failures, from now on, bounded as [`System::dead_letters`]. While anybody listens, the panics of
    /// this system's actors are not printed by the process's panic hook: they are in the reports.
    #[must_use]
    pub fn failures(&self, capacity: usize) -> Subscription<FailureReport> {
        self.hub.failures.subscribe(capacity)
    }

    /// The capsules of crashes from now on, bounded as [`System::dead_letters`]. Actors with a capsule record while anybody
    /// subscribes or the system has a folder for them; a capsule comes before the report of its failure.
    #[cfg(feature = "capsule")]
    #[must_use]
    pub fn capsules(&self, capacity: usize) -> Subscription<Arc<Capsule>> {
        self.hub.capsules.topic.subscribe(capacity)
    }

    /// Calls back for each failure, on a task of its own, until the system ends; see [`System::failures`].
    pub fn on_failure(&self, mut told: impl FnMut(FailureReport) + Send + 'static) {
        let mut failures = self.failures(FAILURES_KEPT);
        self.hub.executor.spawn(async move {
            while let Some(report) = failures.recv().await {
                told(report);
            }
        });
    }

    /// Measures times in queues and in handlers while the meter lives; snapshots show them.
    pub fn meter(&self) -> Meter {
        self.hub.meter();
        Meter(self.clone())
    }

    /// A number from the system's seeded source.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.hub.with_rng(|rng| rng.u64(..))
    }

    pub(crate) async fn supervisor_or_new(&self, path: &Path) -> Result<Arc<Node>, SpawnError> {
        let mut node = Arc::clone(&self.root);
        for name in path.names() {
            if node.child(name).is_none() {
                match node.start_child(&Supervisor::one_for_one(name).into()).await {
                    Ok(_) | Err(SpawnError::Exists { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            let child = node.child(name);
            let next = child.and_then(|child| child.into_any().downcast::<Node>().ok());
            node = next.ok_or_else(|| SpawnError::NoSupervisor { path: path.clone() })?;
        }
        Ok(node)
    }
}

/// Failure reports that wait for a callback.
const FAILURES_KEPT: usize = 1024;

impl Drop for Meter {
    fn drop(&mut self) {
        self.0.hub.unmeter();
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "System({})", self.hub.name)
    }
}
