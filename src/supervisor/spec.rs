//! The data of a tree: specs of actors, of supervisors, and of other people's ractor actors.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::actor::cell::Class;
use crate::actor::child::{Attendance, Owner};
use crate::actor::definition::Actor;
use crate::actor::hub::Hub;
use crate::actor::options::Options;
use crate::mailbox::lanes::CAPACITY_LIMIT;
use crate::mailbox::message::Message;
use crate::path::Path;
use crate::span::{Span, SpanError, SpanRange};
use crate::spec::{
    AutoShutdown, Backoff, ChildKind, ChildPolicy, Intensity, Overflow, Restart, Shutdown, SpecError, Strategy,
    SupervisorPolicy,
};
use crate::supervisor::branch::NodeMember;
use crate::supervisor::child_spec::{Binds, ChildSpec, Plan, Recipe, note};
use crate::supervisor::member::{CellMember, Member, Seat, Supply};
use crate::supervisor::node::Node;

/// What a dynamic supervisor makes its children of: an actor type with its limits and policies, without a name or
/// arguments.
pub struct Template<A: Actor> {
    options: Options,
    pub(crate) policy: ChildPolicy,
    error: Option<SpanError>,
    actor: std::marker::PhantomData<fn() -> A>,
}

/// An actor to be started: its type, name, arguments, limits and policies.
pub struct ActorSpec<A: Actor> {
    pub(crate) name: String,
    pub(crate) args: Arc<dyn Fn() -> A::Args + Send + Sync>,
    pub(crate) template: Template<A>,
}

impl<A: Actor> Template<A> {
    /// The type's own declarations.
    #[must_use]
    pub fn new() -> Self {
        let policy = ChildPolicy { restart: A::OPTIONS.restart, ..ChildPolicy::default() };
        Self { options: A::OPTIONS, policy, error: None, actor: std::marker::PhantomData }
    }

    fn change(mut self, change: impl FnOnce(&mut Options, &mut ChildPolicy, &mut Option<SpanError>)) -> Self {
        change(&mut self.options, &mut self.policy, &mut self.error);
        self
    }

    pub(crate) fn check(&self, name: &str) -> Result<(), SpecError> {
        if let Some(error) = &self.error {
            return Err(SpecError::Span { name: name.to_owned(), error: error.clone() });
        }
        let capacity = self.options.mailbox;
        if !(1..=CAPACITY_LIMIT).contains(&capacity) {
            return Err(SpecError::Capacity { name: name.to_owned(), capacity, limit: CAPACITY_LIMIT });
        }
        let (bytes, least) = (self.options.mailbox_bytes, A::Msg::BYTES_LEAST);
        if bytes > 0 && bytes < least {
            return Err(SpecError::Bytes { name: name.to_owned(), bytes, least });
        }
        let retry = self.options.retry;
        if retry > 0 && !A::KEEPS {
            return Err(SpecError::RetryWithoutKeep { name: name.to_owned(), retry });
        }
        Ok(())
    }

    pub(crate) fn class(
        &self,
        hub: &Arc<Hub>,
        owner: Weak<dyn Owner>,
        parent: &Path,
        attendance: Option<Arc<dyn Attendance>>,
    ) -> Arc<Class> {
        Arc::new(Class {
            hub: Arc::clone(hub),
            owner,
            parent: parent.clone(),
            options: self.options,
            descriptor: A::DESCRIPTOR,
            attendance,
            actor: if A::DESCRIPTOR.actor.is_empty() { std::any::type_name::<A>() } else { A::DESCRIPTOR.actor },
        })
    }
}

impl<A: Actor> Default for Template<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Actor> ActorSpec<A> {
    /// An actor of this type, with arguments that are cloned for each incarnation.
    #[must_use]
    pub fn new(name: &str, args: A::Args) -> Self
    where
        A::Args: Clone,
    {
        let args = parking_lot::Mutex::new(args);
        Self::with(name, move || args.lock().clone())
    }

    /// An actor of this type, with arguments made anew for each incarnation.
    #[must_use]
    pub fn with(name: &str, args: impl Fn() -> A::Args + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), args: Arc::new(args), template: Template::new() }
    }

    fn change(mut self, change: impl FnOnce(&mut Options, &mut ChildPolicy, &mut Option<SpanError>)) -> Self {
        self.template = self.template.change(change);
        self
    }
}

/// Specs of an actor type: `Airport::spec("jfk", args)`, `Order::template()`. Every actor has it.
pub trait Supervised: Actor {
    /// An actor of this type to be started; see [`ActorSpec::new`].
    #[must_use]
    fn spec(name: &str, args: Self::Args) -> ActorSpec<Self>
    where
        Self::Args: Clone,
    {
        ActorSpec::new(name, args)
    }

    /// What a dynamic supervisor makes its children of; see [`Template::new`].
    #[must_use]
    fn template() -> Template<Self> {
        Template::new()
    }
}

impl<A: Actor> Supervised for A {}

/// The same words for a template and for a spec.
macro_rules! declarations {
    ($spec:ident) => {
        impl<A: Actor> $spec<A> {
            /// When it is started again.
            #[must_use]
            pub fn restart(self, restart: Restart) -> Self {
                self.change(|_, policy, _| policy.restart = restart)
            }

            /// How long it may take to stop before it is killed, such as `"5s"`.
            #[must_use]
            pub fn shutdown(self, limit: impl Into<Span>) -> Self {
                self.change(|_, policy, error| {
                    if let Some(limit) = note(limit.into().get(), error) {
                        policy.shutdown = Shutdown::Timeout(limit);
                    }
                })
            }

            /// It is killed without being asked to stop.
            #[must_use]
            pub fn brutal_kill(self) -> Self {
                self.change(|_, policy, _| policy.shutdown = Shutdown::BrutalKill)
            }

            /// How long its start may take before it has failed, such as `"30s"`.
            #[must_use]
            pub fn start_timeout(self, limit: impl Into<Span>) -> Self {
                self.change(|_, policy, error| policy.start_timeout = note(limit.into().get(), error))
            }

            /// Its own end counts for its supervisor's `auto_shutdown`.
            #[must_use]
            pub fn significant(self) -> Self {
                self.change(|_, policy, _| policy.significant = true)
            }

            /// The pause before its restarts, such as `"100ms..10s"`.
            #[must_use]
            pub fn backoff(self, range: impl Into<SpanRange>) -> Self {
                self.change(|_, policy, error| policy.backoff = note(Backoff::new(range), error))
            }

            /// Messages that each lane of its mailbox may hold, 1 to 2^24.
            #[must_use]
            pub fn mailbox(self, capacity: usize) -> Self {
                self.change(|options, _, _| options.mailbox = capacity)
            }

            /// Bytes that its mailbox may hold, at least one message's; 0 is no bound.
            #[must_use]
            pub fn mailbox_bytes(self, bytes: usize) -> Self {
                self.change(|options, _, _| options.mailbox_bytes = bytes)
            }

            /// What its full mailbox does.
            #[must_use]
            pub fn overflow(self, overflow: Overflow) -> Self {
                self.change(|options, _, _| options.overflow = overflow)
            }

            /// How often a message that crashed it is delivered again before it goes to quarantine. Its type must keep
            /// copies (see [`Actor::keep`]); without one a crashed message goes to the dead letters.
            #[must_use]
            pub fn retry(self, redeliveries: u32) -> Self {
                self.change(|options, _, _| options.retry = redeliveries)
            }
        }

        impl<A: Actor> fmt::Debug for $spec<A> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($spec)).field("actor", &std::any::type_name::<A>()).finish_non_exhaustive()
            }
        }
    };
}

declarations!(Template);
declarations!(ActorSpec);

impl<A: Actor> Clone for Template<A> {
    fn clone(&self) -> Self {
        let (policy, error) = (self.policy.clone(), self.error.clone());
        Self { options: self.options, policy, error, actor: std::marker::PhantomData }
    }
}

/// A template below its supervisor: what all its children share.
pub(crate) struct Bound<A: Actor> {
    pub(crate) class: Arc<Class>,
    pub(crate) policy: Arc<ChildPolicy>,
    actor: std::marker::PhantomData<fn() -> A>,
}

impl<A: Actor> Bound<A> {
    pub(crate) fn make<S: Supply<A>>(&self, name: Arc<str>, supply: S) -> CellMember<A, S> {
        CellMember::new(Arc::clone(&self.class), name, supply)
    }
}

impl<A: Actor> Binds for Template<A> {
    fn bind(&self, hub: &Arc<Hub>, owner: Weak<dyn Owner>, path: &Path) -> Arc<dyn Any + Send + Sync> {
        let class = self.class(hub, owner, path, None);
        Arc::new(Bound::<A> { class, policy: Arc::new(self.policy.clone()), actor: std::marker::PhantomData })
    }

    fn check(&self, name: &str, above: &SupervisorPolicy) -> Result<(), SpecError> {
        self.policy.check(name, above)?;
        if above.auto_shutdown != AutoShutdown::Never && !self.policy.significant {
            return Err(SpecError::NeverSignificant { name: name.to_owned() });
        }
        Template::check(self, name)
    }

    fn default_backoff(&mut self, backoff: Backoff) {
        self.policy.backoff.get_or_insert(backoff);
    }
}

/// A supervisor to be started: its strategy, its limits, and its children in start order.
///
/// Nothing starts before the whole tree is checked. As a child it is permanent, and may take as long to stop as its
/// children do.
pub struct Supervisor {
    name: String,
    pub(crate) policy: SupervisorPolicy,
    pub(crate) children: Vec<ChildSpec>,
    pub(crate) template: Option<Arc<dyn Binds>>,
    as_child: ChildPolicy,
    backoff: Option<Backoff>,
    error: Option<SpanError>,
}

impl Supervisor {
    /// Restarts only the failed child: for children that know nothing of each other.
    #[must_use]
    pub fn one_for_one(name: &str) -> Self {
        Self::of(name, Strategy::OneForOne)
    }

    /// Restarts all children with a failed one: for children that cannot go on without each other.
    #[must_use]
    pub fn one_for_all(name: &str) -> Self {
        Self::of(name, Strategy::OneForAll)
    }

    /// Restarts the failed child and those started after it: for children that depend on those before them.
    #[must_use]
    pub fn rest_for_one(name: &str) -> Self {
        Self::of(name, Strategy::RestForOne)
    }

    /// Starts children of one template on demand, side by side, by the ten thousand.
    ///
    /// All of them count towards one intensity, and its default (1 restart in 5 s) is soon exhausted by many: set
    /// [`Supervisor::intensity`] to what is expected of all together.
    #[must_use]
    pub fn dynamic<A: Actor>(name: &str, template: Template<A>) -> Self {
        Self { template: Some(Arc::new(template)), ..Self::of(name, Strategy::Dynamic) }
    }

    fn of(name: &str, strategy: Strategy) -> Self {
        let as_child = ChildPolicy {
            kind: ChildKind::Supervisor,
            shutdown: Shutdown::Infinity,
            start_timeout: None,
            ..ChildPolicy::default()
        };
        Self {
            name: name.to_owned(),
            policy: SupervisorPolicy { strategy, ..SupervisorPolicy::default() },
            children: Vec::new(),
            template: None,
            as_child,
            backoff: None,
            error: None,
        }
    }

    /// With a checked policy, not dynamic.
    pub(crate) fn with_policy(name: &str, policy: SupervisorPolicy) -> Self {
        Self { policy, ..Self::of(name, policy.strategy) }
    }

    /// How many restarts it allows within a period such as `"30s"` before it escalates. Default: 1 in 5 s, as OTP's.
    #[must_use]
    pub fn intensity(mut self, restarts: u32, period: impl Into<Span>) -> Self {
        if let Some(intensity) = note(Intensity::new(restarts, period), &mut self.error) {
            self.policy.intensity = intensity;
        }
        self
    }

    /// When it ends with its significant children, declared or added.
    #[must_use]
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.policy.auto_shutdown = auto_shutdown;
        self
    }

    /// The pause before restarts of those children that set none of their own, such as `"100ms..10s"`.
    #[must_use]
    pub fn backoff(mut self, range: impl Into<SpanRange>) -> Self {
        self.backoff = note(Backoff::new(range), &mut self.error);
        self
    }

    /// Adds a child after those that are there.
    #[must_use]
    pub fn child(mut self, child: impl Into<ChildSpec>) -> Self {
        self.children.push(child.into());
        self
    }

    /// When this supervisor itself is started again by the one above. Default: always.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.as_child.restart = restart;
        self
    }

    /// Its own end counts for the `auto_shutdown` of the one above.
    #[must_use]
    pub fn significant(mut self) -> Self {
        self.as_child.significant = true;
        self
    }

    /// How long the whole subtree may take to stop, such as `"1m"`. Default: as long as its children may take.
    #[must_use]
    pub fn shutdown(mut self, limit: impl Into<Span>) -> Self {
        if let Some(limit) = note(limit.into().get(), &mut self.error) {
            self.as_child.shutdown = Shutdown::Timeout(limit);
        }
        self
    }

    /// What a node is made of.
    pub(crate) fn plan(&self) -> Plan {
        Plan {
            policy: self.policy,
            specs: self.children.clone(),
            template: self.template.clone(),
            backoff: self.backoff,
        }
    }

    /// Hands the defaults down and checks the whole subtree.
    pub(crate) fn checked(mut self) -> Result<Self, SpecError> {
        if let Some(backoff) = self.backoff {
            for child in &mut self.children {
                child.policy.backoff.get_or_insert(backoff);
            }
            if let Some(template) = self.template.as_mut().and_then(Arc::get_mut) {
                template.default_backoff(backoff);
            }
        }
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<(), SpecError> {
        if let Some(error) = &self.error {
            return Err(SpecError::Span { name: self.name.clone(), error: error.clone() });
        }
        self.policy.check(&self.name)?;
        if let Some(backoff) = self.backoff {
            backoff.check(&self.name)?;
        }
        if self.template.is_some() && !self.children.is_empty() {
            return Err(SpecError::DynamicChildren { name: self.name.clone() });
        }
        let mut names = HashSet::new();
        for child in &self.children {
            child.check(&self.policy)?;
            if !names.insert(child.name.as_str()) {
                return Err(SpecError::Duplicate { name: child.name.clone() });
            }
        }
        self.template.as_ref().map_or(Ok(()), |template| template.check(&self.name, &self.policy))
    }
}

impl fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervisor")
            .field("name", &self.name)
            .field("policy", &self.policy)
            .field("children", &self.children)
            .finish_non_exhaustive()
    }
}

struct SupervisorRecipe(Result<Supervisor, SpecError>);

impl Recipe for SupervisorRecipe {
    fn make(&self, seat: Seat) -> Arc<dyn Member> {
        // A tree that failed its check is never made; an empty supervisor stands for it.
        let plan = self.0.as_ref().map_or_else(|_| Supervisor::one_for_one("invalid").plan(), Supervisor::plan);
        Arc::new(NodeMember(Node::new(seat, plan)))
    }

    fn below(&self) -> Option<Plan> {
        self.0.as_ref().map(Supervisor::plan).ok()
    }

    fn check(&self) -> Result<(), SpecError> {
        self.0.as_ref().map(|_| ()).map_err(Clone::clone)
    }
}

impl From<Supervisor> for ChildSpec {
    fn from(spec: Supervisor) -> Self {
        let (name, policy) = (spec.name.clone(), spec.as_child.clone());
        Self { name, policy, recipe: Arc::new(SupervisorRecipe(spec.checked())), error: None }
    }
}
