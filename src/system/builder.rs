//! Describing a system before it starts.

use std::sync::{Arc, Weak};

use crate::actor::child::{Child, Incarnation};
use crate::actor::hub::Hub;
use crate::exit::Exit;
use crate::path::Path;
use crate::span::Span;
use crate::spec::{Restart, SpecError, Strategy};
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::member::Seat;
use crate::supervisor::node::Node;
use crate::supervisor::spec::Supervisor;
use crate::sync::Executor;
use crate::system::running::System;
use crate::world::{Part, World};

/// Why a system could not start. Nothing of it is left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SystemError {
    /// A spec is wrong.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// There is no tokio runtime here.
    #[error("a system runs on tokio; start it inside a runtime, for example under #[tokio::main]")]
    NoRuntime,
    /// A declared child did not start; those before it were stopped again.
    #[error("the system did not start: a child {0}")]
    Failed(Exit),
}

/// A system to be started: its name, the children of its root supervisor, and the root's limits.
#[derive(Debug)]
#[must_use = "a system starts with `start`"]
pub struct SystemBuilder {
    name: String,
    root: Supervisor,
    seed: Option<u64>,
    #[cfg(feature = "capsule")]
    capsules: Option<std::path::PathBuf>,
}

impl System {
    /// Starts a system without children; they are added with [`System::spawn`].
    ///
    /// # Errors
    /// [`SystemError`], as [`SystemBuilder::start`].
    pub async fn start(name: &str) -> Result<Self, SystemError> {
        Self::builder(name).start().await
    }

    /// Describes a system with its tree.
    pub fn builder(name: &str) -> SystemBuilder {
        SystemBuilder::new(name)
    }
}

impl SystemBuilder {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            root: Supervisor::one_for_one(name),
            seed: None,
            #[cfg(feature = "capsule")]
            capsules: None,
        }
    }

    /// Adds a child of the root supervisor, after those that are there.
    pub fn child(mut self, child: impl Into<ChildSpec>) -> Self {
        self.root = self.root.child(child);
        self
    }

    /// How the root supervisor restarts its children. Default: one for one. `Dynamic` is not for a root, and is refused at the
    /// start.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.root.policy.strategy = strategy;
        self
    }

    /// How many restarts the root supervisor allows before the whole system ends. Default: 1 in 5 s.
    pub fn intensity(mut self, restarts: u32, period: impl Into<Span>) -> Self {
        self.root = self.root.intensity(restarts, period);
        self
    }

    /// Where the system's randomness (jitter, ids) begins. Default: drawn anew for each system, by a simulation from its own
    /// seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Writes the capsules of this system's crashes into a folder, which is made where it is missing; the newest
    /// [`CAPSULE_FILES_LIMIT`](crate::capsule::CAPSULE_FILES_LIMIT) stay. A capsule is on the disk before the failure is
    /// reported. What the disk refuses is traced, and harms nobody. See [`System::capsules`].
    #[cfg(feature = "capsule")]
    pub fn capsules(mut self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.capsules = Some(folder.into());
        self
    }

    /// Checks the whole tree, then starts it from left to right.
    ///
    /// # Errors
    /// [`SystemError`]; nothing of the system is left then.
    pub async fn start(self) -> Result<System, SystemError> {
        if self.root.policy.strategy == Strategy::Dynamic {
            return Err(SpecError::DynamicRoot.into());
        }
        let root = self.root.restart(Restart::Temporary).checked()?;
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| SystemError::NoRuntime)?;
        crate::path::check_name(&self.name).map_err(SpecError::Name)?;
        let name: Arc<str> = self.name.as_str().into();
        let world = World::current();
        let drawn = || world.as_ref().map_or_else(|| fastrand::u64(..), |world| world.number());
        let hub = Hub::new(self.name, self.seed.unwrap_or_else(drawn), Executor::new(runtime));
        #[cfg(feature = "capsule")]
        if let Some(folder) = self.capsules {
            hub.capsules.keep_in(folder);
        }
        let seat = Seat { hub: Arc::clone(&hub), above: None, parent: Path::root(), name };
        let node = Node::new(seat, root.plan());
        hub.lookout.look_after(Arc::downgrade(&node) as Weak<dyn Child>);
        let mut given_up = GivenUp { node: &node, armed: true };
        let begun = Arc::clone(&node).launch(Incarnation { slot: 0, number: 1 }).await;
        given_up.armed = begun.is_err();
        begun.map_err(SystemError::Failed)?;
        given_up.armed = false;
        if let Some(world) = world {
            world.join(Arc::downgrade(&node) as Part);
        }
        let system = System::new(hub, Arc::clone(&node));
        system.tell_bound();
        Ok(system)
    }
}

/// Ends a system whose start failed or was dropped halfway: what is up is stopped, and nobody can be told things any more.
struct GivenUp<'a> {
    node: &'a Arc<Node>,
    armed: bool,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if self.armed {
            Child::close(Arc::clone(self.node), &Exit::Shutdown)();
        }
    }
}
