//! A copy of one supervisor, in which a forecast plays its events: the rules themselves, and who stands in their table.

use std::collections::HashMap;
use std::sync::Arc;

use crate::actor::child::Child;
use crate::path::Path;
use crate::snapshot::Status;
use crate::spec::SupervisorPolicy;
use crate::supervisor::child_spec::{ChildSpec, Plan};
use crate::supervisor::node::Node;
use crate::supervisor::rules::entry::{ChildKey, Slot};
use crate::supervisor::rules::state::Rules;

/// What a supervisor is copied from.
#[derive(Clone)]
pub(crate) enum Original {
    /// It is running, or has run.
    Node(Arc<Node>),
    /// It would be made anew: a temporary one that its supervisor's own restart brings back.
    Plan(Box<Plan>),
}

impl Original {
    pub(crate) fn policy(&self) -> &SupervisorPolicy {
        match self {
            Self::Node(node) => &node.policy,
            Self::Plan(plan) => &plan.policy,
        }
    }

    fn specs(&self) -> Vec<ChildSpec> {
        match self {
            Self::Node(node) => node.specs.read().clone(),
            Self::Plan(plan) => plan.specs.clone(),
        }
    }
}

/// Who sits in a place of the table.
#[derive(Clone)]
pub(crate) enum Sitter {
    /// An actor that obeys; none stands behind one that would be made anew.
    Actor(Option<Arc<dyn Child>>),
    /// A supervisor that nobody has looked into so far.
    Closed(Original),
    /// A supervisor with a copy of its own, by its number.
    Open(usize),
}

impl Sitter {
    fn of(child: Arc<dyn Child>) -> Self {
        match Arc::clone(&child).into_any().downcast::<Node>() {
            Ok(node) => Self::Closed(Original::Node(node)),
            Err(_) => Self::Actor(Some(child)),
        }
    }

    /// As which a declared child is made.
    fn new(spec: &ChildSpec) -> Self {
        spec.recipe.below().map_or(Self::Actor(None), |plan| Self::Closed(Original::Plan(Box::new(plan))))
    }
}

/// A child in its place.
#[derive(Clone)]
pub(crate) struct Seat {
    pub(crate) name: Arc<str>,
    pub(crate) sitter: Sitter,
    /// It went down for good in the forecast.
    pub(crate) closed: bool,
}

/// A copy of one supervisor.
pub(crate) struct Twin {
    pub(crate) path: Path,
    pub(crate) original: Original,
    pub(crate) rules: Rules,
    pub(crate) seats: Vec<Option<Seat>>,
    /// The copy of the supervisor above, and which incarnation this is there; none for the root.
    pub(crate) above: Option<(usize, ChildKey)>,
    /// Its start is under way, and the supervisor above waits for its end.
    pub(crate) starting: bool,
}

impl Twin {
    /// Copies a supervisor as it is at this moment, under its lock and no other.
    pub(crate) fn new(path: Path, original: Original, above: Option<(usize, ChildKey)>) -> Self {
        let (rules, seats, starting) = match &original {
            Original::Plan(plan) => (Rules::new(plan.policy), Vec::new(), false),
            Original::Node(node) => {
                let (rules, children, starting) = {
                    let state = node.state.lock();
                    let children = state.members.iter().map(|member| member.as_ref().map(|member| member.child()));
                    (state.rules.clone(), children.collect::<Vec<_>>(), state.ready.is_some())
                };
                let seat = |child: Arc<dyn Child>| Seat {
                    name: child.name().into(),
                    sitter: Sitter::of(child),
                    closed: false,
                };
                (rules, children.into_iter().map(|child| child.map(seat)).collect(), starting)
            }
        };
        Self { path, original, rules, seats, above, starting }
    }

    /// Lays the table for a new incarnation, as [`Node::declare`] does.
    pub(crate) fn declare(&mut self) {
        let mut before = HashMap::new();
        let slots: Vec<Slot> = self.rules.slots().collect();
        for slot in slots {
            if let Some(seat) = self.seats.get_mut(slot.0 as usize).and_then(Option::take) {
                before.insert(Arc::clone(&seat.name), seat);
            }
            self.rules.delete(slot);
        }
        let specs = self.original.specs();
        let specs = specs.iter();
        let declared: Vec<(Seat, _)> = specs
            .map(|spec| {
                let new = || Seat { name: spec.name.as_str().into(), sitter: Sitter::new(spec), closed: false };
                let seat = before.remove(spec.name.as_str()).unwrap_or_else(new);
                (seat, Arc::new(spec.policy.clone()))
            })
            .collect();
        for (seat, policy) in declared {
            let at = self.rules.declare(policy).0 as usize;
            if self.seats.len() <= at {
                self.seats.resize_with(at + 1, || None);
            }
            if let Some(place) = self.seats.get_mut(at) {
                *place = Some(seat);
            }
        }
    }

    /// Who sits in a place.
    pub(crate) fn seat(&self, slot: Slot) -> Option<&Seat> {
        self.seats.get(slot.0 as usize)?.as_ref()
    }

    /// The place of the child of this name.
    pub(crate) fn slot_of(&self, name: &str) -> Option<Slot> {
        self.rules.slots().find(|slot| self.seat(*slot).is_some_and(|seat| *seat.name == *name))
    }

    /// Where the child in a place stands.
    pub(crate) fn path_of(&self, slot: Slot) -> Option<Path> {
        self.seat(slot).map(|seat| self.path.child(&seat.name))
    }

    /// The supervisor itself, if it is not one that would be made anew.
    pub(crate) fn node(&self) -> Option<Arc<Node>> {
        match &self.original {
            Original::Node(node) => Some(Arc::clone(node)),
            Original::Plan(_) => None,
        }
    }
}

/// Whether a child is down for good.
pub(crate) fn is_closed(child: &dyn Child) -> bool {
    child.snapshot().status == Status::Stopped
}
