//! One supervisor: its rules and its members behind one lock, and its own place in the tree above.
//!
//! An event is judged and its actions are carried out under the lock, in order; none of them waits or runs user code.
//! What runs user code (destructors, watchers, reports, the supervisor above) comes after the lock is released. Locks are
//! taken downwards only: a supervisor's, then its child's.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::actor::ask::{Reply, Slot as AnswerSlot};
use crate::actor::child::{After, Child, Incarnation, Owner};
use crate::actor::hub::Hub;
use crate::actor::rare::Watcher;
use crate::exit::Exit;
use crate::path::Path;
use crate::snapshot::{ActorKind, ActorSnapshot, Status};
use crate::spec::SupervisorPolicy;
use crate::supervisor::alarms::Alarms;
use crate::supervisor::foreign::Foreign;
use crate::supervisor::launch::Launch;
use crate::supervisor::member::{Member, Seat, Starting};
use crate::supervisor::perform::Deferred;
use crate::supervisor::rules::action::Event;
use crate::supervisor::rules::entry::{ChildKey, Slot};
use crate::supervisor::rules::state::{Phase, Rules};
use crate::supervisor::shell::{Shell, ShellRef};
use crate::supervisor::spec::{ChildSpec, Supervisor};

pub(crate) struct State {
    pub(crate) rules: Rules,
    pub(crate) members: Vec<Option<Arc<dyn Member>>>,
    pub(crate) names: HashMap<Arc<str>, Slot>,
    pub(crate) alarms: Alarms,
    /// Who waits to hear that a child has started, or why not.
    pub(crate) awaited: HashMap<Slot, Reply<Result<(), Exit>>>,
    /// Who waits to hear that all declared children have started.
    pub(crate) ready: Option<Reply<Result<(), Exit>>>,
    pub(crate) foreign: Foreign,
    pub(crate) shell: Option<ShellRef>,
    pub(crate) who: Incarnation,
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
    /// The declared children, in start order.
    pub(crate) specs: Vec<ChildSpec>,
    /// What a dynamic supervisor makes its children of.
    pub(crate) template: Option<Arc<dyn Any + Send + Sync>>,
    /// The supervisor above; none for the root.
    pub(crate) above: Option<Weak<Node>>,
    pub(crate) me: Weak<Node>,
    pub(crate) state: Mutex<State>,
}

impl Node {
    pub(crate) fn new(seat: Seat, spec: &Supervisor) -> Arc<Self> {
        let path = if Weak::strong_count(&seat.node) == 0 { Path::root() } else { seat.parent.child(&seat.name) };
        let above = (Weak::strong_count(&seat.node) > 0).then_some(seat.node);
        Arc::new_cyclic(|me| Self {
            template: spec.template.as_ref().map(|template| template.bind(&seat.hub, me, &path)),
            hub: seat.hub,
            path,
            name: seat.name,
            policy: spec.policy,
            specs: spec.children.clone(),
            above,
            me: Weak::clone(me),
            state: Mutex::new(State {
                rules: Rules::new(spec.policy),
                members: Vec::new(),
                names: HashMap::new(),
                alarms: Alarms::default(),
                awaited: HashMap::new(),
                ready: None,
                foreign: Foreign::default(),
                shell: None,
                who: Incarnation { slot: 0, number: 0 },
                watchers: Vec::new(),
                watches_issued: 0,
                closed: None,
            }),
        })
    }

    /// Lays the table for a new incarnation: all declared children in their order. Those that were there before keep
    /// their addresses; temporary ones that had left come back, as OTP's do.
    fn declare(&self, state: &mut State) {
        let mut before: HashMap<Arc<str>, Arc<dyn Member>> = HashMap::new();
        let slots: Vec<Slot> = state.rules.slots().collect();
        for slot in slots {
            if let Some(member) = state.members.get_mut(slot.0 as usize).and_then(Option::take) {
                before.insert(member.child().name().into(), member);
            }
            state.rules.delete(slot);
        }
        state.names.clear();
        for spec in &self.specs {
            let name: Arc<str> = spec.name.as_str().into();
            let member = before.remove(&name).unwrap_or_else(|| spec.recipe.make(self.seat(Arc::clone(&name))));
            let slot = state.rules.declare(Arc::new(spec.policy.clone()));
            state.seat(slot, name, member);
        }
    }

    pub(crate) fn seat(&self, name: Arc<str>) -> Seat {
        Seat { hub: Arc::clone(&self.hub), node: Weak::clone(&self.me), parent: self.path.clone(), name }
    }

    /// Judges an event and carries out what follows.
    pub(crate) fn apply(&self, event: Event) {
        let (deferred, _) = self.apply_for(event, None);
        deferred.run(self);
    }

    /// As [`Node::apply`], but the start of one child is handed to the caller instead of a task of its own. Run what is
    /// deferred first.
    pub(crate) fn apply_for(&self, event: Event, caller_starts: Option<Slot>) -> (Deferred, Option<Launch>) {
        let now = self.hub.now();
        let mut state = self.state.lock();
        let started = match &event {
            Event::Started(key) if state.rules.key(key.slot) == Some(*key) => state.awaited.remove(&key.slot),
            _ => None,
        };
        let actions = self.hub.with_rng(|rng| state.rules.on(event, now, rng));
        let (mut deferred, launch) = self.perform(&mut state, actions, now, caller_starts);
        deferred.answer(started, Ok(()));
        (deferred, launch)
    }

    /// Starts this supervisor: its shell, then its declared children.
    pub(crate) async fn launch(self: Arc<Self>, who: Incarnation) -> Result<(), Exit> {
        let shell = Shell::start(&self).await?;
        let (reply, ready) = AnswerSlot::open(None);
        {
            let mut state = self.state.lock();
            state.shell = Some(shell);
            state.who = who;
            state.closed = None;
            state.ready = Some(reply);
            self.declare(&mut state);
        }
        self.apply(Event::Begin);
        ready.answer().await.unwrap_or(Err(Exit::Killed))
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

    pub(crate) fn slot_of(&self, name: &str) -> Option<Slot> {
        self.state.lock().names.get(name).copied()
    }

    /// The shell was killed or panicked: without its supervisor nothing below may go on.
    pub(crate) fn shell_died(&self) {
        self.apply(Event::EndNow(Exit::Killed));
    }
}

impl State {
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

    fn terminate(&self, slot: u32) {
        self.apply(Event::Terminate(Slot(slot)));
    }

    fn restart(&self, slot: u32) {
        self.apply(Event::Restart(Slot(slot)));
    }
}

/// A supervisor as a member of the one above.
pub(crate) struct NodeMember(pub(crate) Arc<Node>);

impl Member for NodeMember {
    fn child(&self) -> Arc<dyn Child> {
        Arc::clone(&self.0) as Arc<dyn Child>
    }

    fn current(&self) -> Option<crate::actor::waits::Current> {
        None
    }

    fn start(self: Arc<Self>, who: Incarnation) -> Starting {
        Box::pin(Arc::clone(&self.0).launch(who))
    }
}

impl Child for Node {
    fn name(&self) -> &str {
        &self.name
    }

    fn stop(self: Arc<Self>) {
        self.end_below(Event::End(Exit::Shutdown));
    }

    fn kill(self: Arc<Self>) {
        self.end_below(Event::EndNow(Exit::Killed));
    }

    fn abandon(&self) -> After {
        tracing::error!(target: "swarmtree::failure", path = %self.path, "a supervisor did not react to a kill");
        Box::new(|| {})
    }

    fn close(self: Arc<Self>, exit: &Exit) -> After {
        let (below, watchers) = {
            let mut state = self.state.lock();
            if state.closed.is_some() {
                return Box::new(|| {});
            }
            state.closed = Some(exit.clone());
            let below: Vec<After> = state
                .members
                .iter()
                .flatten()
                .map(|member| member.child().close(&Exit::Shutdown))
                .collect();
            (below, std::mem::take(&mut state.watchers))
        };
        let exit = exit.clone();
        Box::new(move || {
            below.into_iter().for_each(|after| after());
            watchers.into_iter().for_each(|watcher| (watcher.told)(exit.clone()));
        })
    }

    fn snapshot(&self) -> ActorSnapshot {
        let state = self.state.lock();
        let status = match state.rules.phase() {
            _ if state.closed.is_some() => Status::Stopped,
            Phase::New | Phase::Ended => Status::Down,
            Phase::Init => Status::Starting,
            Phase::Running if state.rules.is_quiet() => Status::Idle,
            Phase::Running | Phase::Ending(_) => Status::Busy,
        };
        ActorSnapshot {
            path: self.path.clone(),
            kind: ActorKind::Supervisor,
            actor: strategy_name(self.policy.strategy),
            status,
            incarnation: state.who.number,
            mailbox: None,
        }
    }

    fn suspend(self: Arc<Self>, suspended: bool) {
        self.children().into_iter().for_each(|child| child.suspend(suspended));
    }

    fn watch(&self, told: Box<dyn FnOnce(Exit) + Send>) -> u64 {
        let mut state = self.state.lock();
        if let Some(exit) = state.closed.clone() {
            drop(state);
            told(exit);
            return 0;
        }
        state.watches_issued += 1;
        let id = state.watches_issued;
        state.watchers.push(Watcher { id, told });
        id
    }

    fn unwatch(&self, watch: u64) {
        let mut state = self.state.lock();
        let Some(at) = state.watchers.iter().position(|watcher| watcher.id == watch) else { return };
        let watcher = state.watchers.swap_remove(at);
        drop(state);
        drop(watcher);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn path(&self) -> Path {
        self.path.clone()
    }
}

impl Node {
    /// Carries out an end that the supervisor above asks for under its own lock: what runs user code or calls upwards
    /// is left to a task.
    fn end_below(self: Arc<Self>, event: Event) {
        let (deferred, _) = self.apply_for(event, None);
        if !deferred.is_empty() {
            let executor = self.hub.executor.clone();
            executor.spawn(async move { deferred.run(&self) });
        }
    }
}

fn strategy_name(strategy: crate::spec::Strategy) -> &'static str {
    use crate::spec::Strategy;
    match strategy {
        Strategy::OneForOne => "one_for_one",
        Strategy::OneForAll => "one_for_all",
        Strategy::RestForOne => "rest_for_one",
        Strategy::Dynamic => "dynamic",
    }
}
