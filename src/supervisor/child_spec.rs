//! A child to be started, of any kind.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::actor::child::Owner;
use crate::actor::hub::Hub;
use crate::path::{Path, check_name};
use crate::span::{SpanError, SpanRange};
use crate::spec::{Backoff, ChildPolicy, Restart, Shutdown, SpecError, SupervisorPolicy};
use crate::supervisor::member::{Member, Seat};

/// How a child is made when its supervisor starts.
pub(crate) trait Recipe: Send + Sync {
    fn make(&self, seat: Seat) -> Arc<dyn Member>;
    /// What a supervisor is made of; none for any other child.
    fn below(&self) -> Option<Plan> {
        None
    }
    /// Checks what is below.
    fn check(&self) -> Result<(), SpecError>;
}

/// What a supervisor is made of, checked.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) policy: SupervisorPolicy,
    pub(crate) specs: Vec<ChildSpec>,
    pub(crate) template: Option<Arc<dyn Binds>>,
    pub(crate) backoff: Option<Backoff>,
}

/// A child of any kind, ready to be put below a supervisor: from [`crate::ActorSpec`],
/// [`crate::Supervisor`] or [`ChildSpec::ractor`].
#[derive(Clone)]
pub struct ChildSpec {
    pub(crate) name: String,
    pub(crate) policy: ChildPolicy,
    pub(crate) recipe: Arc<dyn Recipe>,
    /// The first thing that was wrong with it; told when the tree is checked.
    pub(crate) error: Option<SpanError>,
}

impl ChildSpec {
    /// The same child under another name.
    pub(crate) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// When it is started again.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.policy.restart = restart;
        self
    }

    /// How long it may take to stop.
    #[must_use]
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.policy.shutdown = shutdown;
        self
    }

    /// Its own end counts for its supervisor's `auto_shutdown`.
    #[must_use]
    pub fn significant(mut self) -> Self {
        self.policy.significant = true;
        self
    }

    /// The pause before its restarts, such as `"100ms..10s"`.
    #[must_use]
    pub fn backoff(mut self, range: impl Into<SpanRange>) -> Self {
        self.policy.backoff = note(Backoff::new(range), &mut self.error);
        self
    }

    pub(crate) fn check(&self, above: &SupervisorPolicy) -> Result<(), SpecError> {
        if let Some(error) = &self.error {
            return Err(SpecError::Span { name: self.name.clone(), error: error.clone() });
        }
        check_name(&self.name)?;
        self.policy.check(&self.name, above)?;
        self.recipe.check()
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec").field("name", &self.name).field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// What binds a template to its supervisor.
pub(crate) trait Binds: Send + Sync {
    fn bind(&self, hub: &Arc<Hub>, owner: Weak<dyn Owner>, path: &Path) -> Arc<dyn Any + Send + Sync>;
    fn check(&self, name: &str, above: &SupervisorPolicy) -> Result<(), SpecError>;
    fn default_backoff(&mut self, backoff: Backoff);
}

/// Keeps the first error of a builder.
pub(crate) fn note<T>(read: Result<T, SpanError>, error: &mut Option<SpanError>) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(wrong) => {
            error.get_or_insert(wrong);
            None
        }
    }
}
