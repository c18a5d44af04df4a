//! How an actor of the tree is made of its spec.

use std::sync::Arc;

use crate::actor::child::Attendance;
use crate::actor::definition::Actor;
use crate::actor::handle::Handle;
use crate::spec::SpecError;
use crate::supervisor::child_spec::{ChildSpec, Recipe};
use crate::supervisor::member::{CellMember, Member, Seat};
use crate::supervisor::spec::{ActorSpec, Template};

type Made<A> = Box<dyn Fn(Handle<<A as Actor>::Msg>) + Send + Sync>;

struct ActorRecipe<A: Actor> {
    name: String,
    args: Arc<dyn Fn() -> A::Args + Send + Sync>,
    template: Template<A>,
    /// Who hears of its lives, and gets its address.
    attended: Option<(Arc<dyn Attendance>, Made<A>)>,
}

impl<A: Actor> Recipe for ActorRecipe<A> {
    fn make(&self, seat: Seat) -> Arc<dyn Member> {
        let attendance = self.attended.as_ref().map(|(attendance, _)| Arc::clone(attendance));
        let class = self.template.class(&seat.hub, seat.owner(), &seat.parent, attendance);
        let member = CellMember::<A, _>::new(class, seat.name, Arc::clone(&self.args));
        if let Some((_, made)) = &self.attended {
            made(member.handle());
        }
        Arc::new(member)
    }

    fn check(&self) -> Result<(), SpecError> {
        self.template.check(&self.name)
    }
}

impl<A: Actor> From<ActorSpec<A>> for ChildSpec {
    fn from(spec: ActorSpec<A>) -> Self {
        let ActorSpec { name, args, template } = spec;
        let policy = template.policy.clone();
        let recipe = Arc::new(ActorRecipe { name: name.clone(), args, template, attended: None });
        Self { name, policy, recipe, error: None }
    }
}

impl<A: Actor> ActorSpec<A> {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// As a child of which somebody hears each life, and gets the address as soon as it is made.
    pub(crate) fn attended(
        self,
        attendance: Arc<dyn Attendance>,
        made: impl Fn(Handle<A::Msg>) + Send + Sync + 'static,
    ) -> ChildSpec {
        let attended = Some((attendance, Box::new(made) as Made<A>));
        let ActorSpec { name, args, template } = self;
        let policy = template.policy.clone();
        let recipe = Arc::new(ActorRecipe { name: name.clone(), args, template, attended });
        ChildSpec { name, policy, recipe, error: None }
    }
}
