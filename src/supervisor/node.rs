//! One supervisor: its rules and its members behind one lock, and its own place in the tree above.
//!
//! An event is judged and its actions are carried out under the lock, in order; none of them waits or runs user code.
//! What runs user code (destructors, watchers, reports, the supervisor above) comes after the lock is released. Locks are
//! taken downwards only: a supervisor's, then its child's.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::actor::ask::{Awaiting, Reply, Slot as AnswerSlot};
use crate::actor::child::{Address, After, Child, Incarnation, Owner};
use crate::actor::hub::Hub;
use crate::actor::rare::Watcher;
use crate::exit::Exit;
use crate::path::Path;
use crate::spec::{Backoff, SupervisorPolicy};
use crate::supervisor::alarms::Alarms;
use crate::supervisor::child_spec::{ChildSpec, Plan};
use crate::supervisor::member::{Member, Seat};
use crate::supervisor::plane::{Above, Foreign, ShellRef, Whose};
use crate::supervisor::rules::action::Event;
use crate::supervisor::rules::entry::{ChildKey, Slot};
use crate::supervisor::rules::state::Rules;

pub(crate) struct State {
    pub(crate) rules: Rules,
    pub(crate) members: Vec<Option<Arc<dyn Member>>>,
    pub(crate) names: HashMap<Arc<str>, Slot>,
    pub(crate) alarms: Alarms,
    /// Who waits to hear that a child has started, or why not.
    pub(crate) awaited: BTreeMap<Slot, Vec<Reply<Result<(), Exit>>>>,
    /// Who waits to hear that all declared children have started.
    pub(crate) ready: Option<Reply<Result<(), Exit>>>,
    /// Who waits for its very first start to begin, to add a child then.
    pub(crate) early: Vec<Reply<()>>,
    pub(crate) foreign: Foreign,
    /// Whose failure it gave up over.
    pub(crate) culprit: Option<Path>,
    /// A kill came before its children began to start.
    pub(crate) cut: bool,
    pub(crate) shell: Option<ShellRef>,
    pub(crate) who: Incarnation,
    /// How many incarnations there have been.
    pub(crate) lives: u32,
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) watches_issued: u64,
    /// Why it is down for good.
    pub(crate) closed: Option<Exit>,
}

/// A supervisor.
pub(crate) struct Node {
    pub(crate) hub: Arc<Hub>,
    pub(crate) path: Path,
    pub(crate) name: Arc<str>,
    pub(crate) policy: SupervisorPolicy,
    /// The declared children, in start order, and those that were adopted.
    pub(crate) specs: RwLock<Vec<ChildSpec>>,
    /// What a dynamic supervisor makes its children of.
    pub(crate) template: Option<Arc<dyn Any + Send + Sync>>,
    /// The backoff of children that set none of their own.
    pub(crate) backoff: Option<Backoff>,
    /// The supervisor above; none for the root.
    pub(crate) above: Option<Weak<dyn Above>>,
    pub(crate) me: Weak<Node>,
    pub(crate) state: Mutex<State>,
}

impl Node {
    pub(crate) fn new(seat: Seat, plan: Plan) -> Arc<Self> {
        let path = if seat.above.is_some() { seat.parent.child(&seat.name) } else { Path::root() };
        Arc::new_cyclic(|me| Self {
            template: plan.template.map(|template| template.bind(&seat.hub, Weak::clone(me) as Weak<dyn Owner>, &path)),
            hub: seat.hub,
            path,
            name: seat.name,
            policy: plan.policy,
            specs: RwLock::new(plan.specs),
            backoff: plan.backoff,
            above: seat.above,
            me: Weak::clone(me),
            state: Mutex::new(State {
                rules: Rules::new(plan.policy),
                members: Vec::new(),
                names: HashMap::new(),
                alarms: Alarms::default(),
                awaited: BTreeMap::new(),
                ready: None,
                early: Vec::new(),
                foreign: Foreign::default(),
                culprit: None,
                cut: false,
                shell: None,
                who: Incarnation { slot: 0, number: 0 },
                lives: 0,
                watchers: Vec::new(),
                watches_issued: 0,
                closed: None,
            }),
        })
    }

    /// Lays the table for a new incarnation: all declared children in their order. Those that were there before keep
    /// their addresses; temporary ones that had left come back, as OTP's do. What is to be done about those that were given up
    /// between two incarnations comes back, for after the lock.
    pub(crate) fn declare(&self, state: &mut State) -> Vec<After> {
        let mut before: HashMap<Arc<str>, Arc<dyn Member>> = HashMap::new();
        let slots: Vec<Slot> = state.rules.slots().collect();
        for slot in slots {
            if let Some(member) = state.members.get_mut(slot.0 as usize).and_then(Option::take) {
                before.insert(member.child().name().into(), member);
            }
            state.rules.delete(slot);
        }
        state.names.clear();
        // The shells of an earlier incarnation are gone, whatever its own shell has still heard of.
        state.foreign.clear();
        for spec in self.specs.read().iter() {
            let name: Arc<str> = spec.name.as_str().into();
            let member = before.remove(&name).unwrap_or_else(|| spec.recipe.make(self.seat(Arc::clone(&name))));
            let slot = state.rules.declare(Arc::new(spec.policy.clone()));
            state.seat(slot, name, member);
        }
        let mut after = Vec::new();
        let mut given_up: Vec<_> = before.into_values().map(|member| member.child()).collect();
        given_up.sort_by(|one, other| one.name().cmp(other.name()));
        for child in given_up {
            after.push(Arc::clone(&child).close(&Exit::Shutdown));
            self.hub.book_departed(child.ledger());
            after.push(child.leave());
        }
        after
    }

    /// A child that is about to be taken out does not come back with a restart of this supervisor.
    pub(crate) fn give_up(&self, name: &str) {
        let mut state = self.state.lock();
        if let Some(slot) = state.names.get(name).copied() {
            state.rules.give_up(slot);
        }
        self.specs.write().retain(|spec| spec.name != name);
    }

    pub(crate) fn seat(&self, name: Arc<str>) -> Seat {
        let above = Some(Weak::clone(&self.me) as Weak<dyn Above>);
        Seat { hub: Arc::clone(&self.hub), above, parent: self.path.clone(), name }
    }

    /// The child of this name.
    pub(crate) fn child(&self, name: &str) -> Option<Arc<dyn Child>> {
        let state = self.state.lock();
        let slot = *state.names.get(name)?;
        state.members.get(slot.0 as usize)?.as_ref().map(|member| member.child())
    }

    /// The children in start order, or in any order under a dynamic supervisor.
    pub(crate) fn children(&self) -> Vec<Arc<dyn Child>> {
        let state = self.state.lock();
        let slots = state.rules.slots();
        slots.filter_map(|slot| state.members.get(slot.0 as usize)?.as_ref().map(|member| member.child())).collect()
    }
}

impl State {
    /// Closes all that are left; they must be down.
    pub(crate) fn close_members(&self) -> Vec<After> {
        self.members.iter().flatten().map(|member| member.child().close(&Exit::Shutdown)).collect()
    }

    /// The name of the child in this place.
    pub(crate) fn name_of(&self, slot: Slot) -> Option<String> {
        let member = self.members.get(slot.0 as usize)?.as_ref()?;
        Some(member.child().name().to_owned())
    }

    /// Answers when this child has started, or has left instead.
    pub(crate) fn await_start(&mut self, slot: Slot) -> Awaiting<Result<(), Exit>> {
        let (reply, answer) = AnswerSlot::open(None);
        self.awaited.entry(slot).or_default().push(reply);
        answer
    }

    /// Whether the child in this place is that one.
    pub(crate) fn holds(&self, slot: Slot, child: Address) -> bool {
        let member = self.members.get(slot.0 as usize).and_then(Option::as_ref);
        member.is_some_and(|member| Address::of(&member.child()) == child)
    }

    /// Puts a member on its place.
    pub(crate) fn seat(&mut self, slot: Slot, name: Arc<str>, member: Arc<dyn Member>) {
        let at = slot.0 as usize;
        if self.members.len() <= at {
            self.members.resize_with(at + 1, || None);
        }
        if let Some(place) = self.members.get_mut(at) {
            *place = Some(member);
        }
        self.names.insert(name, slot);
    }
}

impl Owner for Node {
    fn exited(&self, who: Incarnation, exit: Exit) {
        self.apply(Event::Exited(ChildKey { slot: Slot(who.slot), incarnation: who.number }, exit));
    }

    fn terminate(&self, name: &str, child: Address) {
        self.apply_to(name, child, Event::Terminate);
    }

    fn kill(&self, name: &str, child: Address) {
        self.apply_to(name, child, Event::Kill);
    }

    fn restart(&self, name: &str, child: Address) {
        self.apply_to(name, child, Event::Restart);
    }

    fn back_in(&self, name: &str, child: Address) -> Option<Duration> {
        let now = self.hub.now();
        let state = self.state.lock();
        let slot = state.names.get(name).copied().filter(|slot| state.holds(*slot, child))?;
        state.rules.resumes(slot).map(|at| at.saturating_duration_since(now))
    }
}

impl Above for Node {
    fn shell(&self) -> Option<ShellRef> {
        self.state.lock().shell.clone()
    }

    fn adopt(&self, actor: ractor::ActorId, whose: Whose) {
        self.state.lock().foreign.insert(actor, whose);
    }

    fn disown(&self, actor: ractor::ActorId) -> Option<Whose> {
        self.state.lock().foreign.remove(&actor)
    }

    fn bury(&self) {
        self.hub.runtime_is_gone();
        self.bury_below();
        self.hub.close_topics();
    }

    fn shell_died(&self, shell: ractor::ActorId) {
        let present = self.state.lock().shell.as_ref().is_some_and(|present| present.0.get_id() == shell);
        if present {
            self.apply(Event::EndNow(Exit::Killed));
        }
    }
}
