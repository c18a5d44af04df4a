//! Carrying out what the rules decided.

use std::sync::Arc;
use std::time::Instant;

use crate::actor::ask::Reply;
use crate::actor::child::{Address, After, Child, Incarnation};
use crate::actor::failure::{Decision as Told, FailureReport};
use crate::actor::panics::drop_quietly;
use crate::exit::{Exit, Failure};
use crate::path::Path;
use crate::supervisor::alarm_task;
use crate::supervisor::launch::Launch;
use crate::supervisor::node::{Node, State};
use crate::supervisor::plane::ShellRef;
use crate::supervisor::rules::action::{Action, Decision, Event};
use crate::supervisor::rules::entry::{ChildKey, Slot};

/// How a start went.
type Outcome = Result<(), Exit>;

/// What waits until the lock is released, in order.
#[derive(Default)]
pub(crate) struct Deferred {
    reports: Vec<FailureReport>,
    /// Not spawned under the lock: a runtime that is gone drops them on the spot, and each tells the supervisor.
    launches: Vec<Launch>,
    afters: Vec<After>,
    answers: Vec<(Reply<Outcome>, Outcome)>,
    /// How the children ended that were removed.
    removed: Vec<(Slot, Exit)>,
    /// The supervisor itself has ended.
    ended: Option<Ended>,
}

struct Ended {
    exit: Exit,
    who: Incarnation,
    shell: Option<ShellRef>,
    /// Nobody above hears of an end that its own start reports.
    while_starting: bool,
}

impl Deferred {
    pub(crate) fn is_empty(&self) -> bool {
        self.launches.is_empty()
            && self.reports.is_empty()
            && self.afters.is_empty()
            && self.answers.is_empty()
            && self.ended.is_none()
    }

    /// Tells all who waited for a start.
    pub(crate) fn answer(&mut self, waiting: Option<Vec<Reply<Outcome>>>, outcome: &Outcome) {
        self.answers.extend(waiting.into_iter().flatten().map(|reply| (reply, outcome.clone())));
    }

    /// Runs without any lock held.
    pub(crate) fn run(self, node: &Node) {
        for launch in self.launches {
            launch.go();
        }
        for report in &self.reports {
            node.tell(report);
        }
        self.afters.into_iter().for_each(|after| after());
        if let Some(ended) = self.ended {
            if let Some(shell) = ended.shell {
                shell.0.stop(None);
            }
            if !ended.while_starting {
                node.tell_above(ended.who, ended.exit);
            }
        }
        for (reply, outcome) in self.answers {
            drop(reply.send(outcome));
        }
    }
}

impl Node {
    /// Judges an event and carries out what follows.
    pub(crate) fn apply(&self, event: Event) {
        let (deferred, _) = self.apply_for(event, None);
        deferred.run(self);
    }

    /// Judges that a start has failed, and says how the child ended in the rules' eyes.
    pub(crate) fn start_failed(&self, key: ChildKey, exit: Exit) -> Exit {
        let (mut deferred, _) = self.apply_for(Event::StartFailed(key, exit.clone()), None);
        let removed = std::mem::take(&mut deferred.removed);
        deferred.run(self);
        removed.into_iter().find(|(slot, _)| *slot == key.slot).map_or(exit, |(_, exit)| exit)
    }

    /// Judges what somebody asks of a child, if the one of that name is still that child.
    pub(crate) fn apply_to(&self, name: &str, child: Address, event: impl FnOnce(Slot) -> Event) {
        let (deferred, _) = {
            let now = self.hub.now();
            let mut state = self.state.lock();
            let Some(slot) = state.names.get(name).copied().filter(|slot| state.holds(*slot, child)) else { return };
            let actions = self.hub.with_rng(|rng| state.rules.on(event(slot), now, rng));
            self.perform(&mut state, actions, now, None)
        };
        deferred.run(self);
    }

    /// As [`Node::apply`], but the start of one child is handed to the caller instead of a task of its own. Run what is
    /// deferred first.
    pub(crate) fn apply_for(&self, event: Event, caller_starts: Option<Slot>) -> (Deferred, Option<Launch>) {
        let now = self.hub.now();
        let mut state = self.state.lock();
        let started = match &event {
            Event::Started(key) | Event::Exited(key, _) if state.rules.key(key.slot) == Some(*key) => {
                state.awaited.remove(&key.slot)
            }
            Event::Begin
            | Event::Started(_)
            | Event::StartFailed(..)
            | Event::Exited(..)
            | Event::Alarm(_)
            | Event::StartAdded(_)
            | Event::Terminate(_)
            | Event::Restart(_)
            | Event::Kill(_)
            | Event::End(_)
            | Event::EndNow(_) => None,
        };
        let actions = self.hub.with_rng(|rng| state.rules.on(event, now, rng));
        let (mut deferred, launch) = self.perform(&mut state, actions, now, caller_starts);
        deferred.answer(started, &Ok(()));
        (deferred, launch)
    }

    pub(crate) fn perform(
        &self,
        state: &mut State,
        actions: Vec<Action>,
        now: Instant,
        caller_starts: Option<Slot>,
    ) -> (Deferred, Option<Launch>) {
        let mut deferred = Deferred::default();
        let mut for_caller = None;
        for action in actions {
            match action {
                Action::Start(key) => {
                    if let Some(launch) = self.begin_start(state, key) {
                        if caller_starts == Some(key.slot) {
                            for_caller = Some(launch);
                        } else {
                            deferred.launches.push(launch);
                        }
                    }
                }
                Action::Stop(key) => self.with_child(state, key.slot, |child| child.stop()),
                Action::Kill(key) => self.with_child(state, key.slot, |child| child.kill()),
                Action::Abandon(key) => {
                    self.with_child(state, key.slot, |child| deferred.afters.push(child.abandon()));
                }
                Action::SetAlarm { alarm, after } => {
                    let State { rules, alarms, .. } = &mut *state;
                    // A limit beyond the clock's end never comes.
                    if let Some(at) = now.checked_add(after)
                        && alarms.set(at, alarm, rules)
                    {
                        self.hub.executor.spawn(alarm_task::run(self.me.clone(), alarms.earlier()));
                    }
                }
                Action::Close(slot, exit) => {
                    self.with_child(state, slot, |child| deferred.afters.push(child.close(&exit)));
                    deferred.answer(state.awaited.remove(&slot), &Err(exit));
                }
                Action::Remove(slot, exit) => self.remove(state, slot, &exit, &mut deferred),
                Action::Ready => deferred.answers.extend(state.ready.take().map(|reply| (reply, Ok(())))),
                Action::Decided { slot, exit, decision, failures_in_window } => {
                    if decision == Decision::Escalate {
                        state.culprit = state.name_of(slot).map(|name| self.path.child(&name));
                    }
                    deferred.reports.extend(self.report(state, slot, exit, decision, failures_in_window));
                }
                Action::End(exit) => {
                    if state.closed.is_some() {
                        // It was closed while it still ran: only now its children are down.
                        deferred.afters.extend(state.close_members());
                    }
                    let waiting = std::mem::take(&mut state.awaited).into_values().flatten().collect();
                    deferred.answer(Some(waiting), &Err(Exit::Shutdown));
                    let ready = state.ready.take();
                    let shell = state.shell.take();
                    let while_starting = ready.is_some();
                    let exit = if while_starting { blamed(exit, state.culprit.take()) } else { exit };
                    deferred.answers.extend(ready.map(|reply| (reply, Err(exit.clone()))));
                    deferred.ended = Some(Ended { exit, who: state.who, shell, while_starting });
                }
            }
        }
        (deferred, for_caller)
    }

    fn begin_start(&self, state: &State, key: ChildKey) -> Option<Launch> {
        let member = Arc::clone(state.members.get(key.slot.0 as usize)?.as_ref()?);
        let current = member.current();
        let node = self.me.upgrade()?;
        Some(Launch::new(node, key, member.start(Incarnation { slot: key.slot.0, number: key.incarnation }), current))
    }

    fn with_child(&self, state: &State, slot: Slot, act: impl FnOnce(Arc<dyn Child>)) {
        if let Some(Some(member)) = state.members.get(slot.0 as usize) {
            act(member.child());
        }
    }

    /// Lets go of a child that the rules have removed.
    pub(crate) fn remove(&self, state: &mut State, slot: Slot, exit: &Exit, deferred: &mut Deferred) {
        let Some(member) = state.members.get_mut(slot.0 as usize).and_then(Option::take) else { return };
        deferred.removed.push((slot, exit.clone()));
        let child = member.child();
        state.names.remove(child.name());
        deferred.afters.push(Arc::clone(&child).close(exit));
        deferred.afters.push(Arc::clone(&child).leave());
        // Its books are final now; whoever adds up the system's finds it either in the tree or here.
        self.hub.book_departed(child.ledger());
        deferred.afters.push(Box::new(move || drop_quietly((child, member))));
        deferred.answer(state.awaited.remove(&slot), &Err(exit.clone()));
    }

    fn report(
        &self,
        state: &State,
        slot: Slot,
        exit: Exit,
        decision: Decision,
        failures_in_window: u32,
    ) -> Option<FailureReport> {
        let path_of = |slot: &Slot| {
            state.members.get(slot.0 as usize)?.as_ref().map(|member| self.path.child(member.child().name()))
        };
        let decision = match decision {
            Decision::Restart { with, after } => {
                Told::Restart { with: with.iter().filter_map(path_of).collect(), back_in: after }
            }
            Decision::Covered => Told::Covered,
            Decision::Escalate => Told::Escalate,
            Decision::Leave => Told::Leave,
        };
        let path = path_of(&slot)?;
        let restarts_limit = self.policy.intensity.restarts;
        Some(FailureReport { path, exit, failures_in_window, restarts_limit, decision })
    }

    fn tell(&self, report: &FailureReport) {
        if report.exit.is_abnormal() || report.decision == Told::Escalate {
            tracing::error!(
                target: "swarmtree::failure",
                system = %self.hub.name, path = %report.path, exit = %report.exit,
                failures = report.failures_in_window, limit = report.restarts_limit, "{report}"
            );
        } else {
            tracing::info!(target: "swarmtree::failure", system = %self.hub.name, path = %report.path, "{report}");
        }
        self.hub.note(|| format!("{report}"));
        self.hub.failures.publish(report);
    }

    /// The supervisor above hears of this one's end; the root's end closes the tree.
    fn tell_above(&self, who: Incarnation, exit: Exit) {
        match &self.above {
            Some(above) => {
                if let Some(node) = above.upgrade() {
                    node.exited(who, exit);
                }
            }
            None => {
                if let Some(me) = self.me.upgrade() {
                    Child::close(me, &exit)();
                    self.hub.close_topics();
                }
            }
        }
    }
}

/// Why a tree did not start, with the child that did not.
fn blamed(exit: Exit, culprit: Option<Path>) -> Exit {
    match (exit, culprit) {
        // From further below, it names its culprit already.
        (Exit::Failed(failure), Some(culprit)) if !failure.text.starts_with(culprit.as_str()) => {
            let text = format!("{culprit}: {}", failure.text);
            Exit::Failed(Arc::new(Failure { text, ..(*failure).clone() }))
        }
        (exit, _) => exit,
    }
}
