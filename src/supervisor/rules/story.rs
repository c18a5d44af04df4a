//! A world for the tests of the rules, whose children do what they are told unless they are listed as odd.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::{Cause, Exit, Failure};
use crate::spec::{AutoShutdown, ChildPolicy, Intensity, Restart, Strategy, SupervisorPolicy};
use crate::supervisor::rules::action::{Action, Alarm, AlarmKind, Decision, Event};
use crate::supervisor::rules::entry::{ChildKey, Slot, Status};
use crate::supervisor::rules::state::Rules;

use Did::{Abandon, Close, End, Kill, Ready, Remove, Start, Stop};

/// An action without its details; children are numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::supervisor::rules) enum Did {
    Start(usize),
    Stop(usize),
    Kill(usize),
    Abandon(usize),
    Close(usize),
    Remove(usize),
    Ready,
    End,
}

/// A supervisor in a world whose children obey, but for those that are listed as odd.
pub(in crate::supervisor::rules) struct Story {
    pub(in crate::supervisor::rules) rules: Rules,
    pub(in crate::supervisor::rules) now: Instant,
    pub(in crate::supervisor::rules) rng: fastrand::Rng,
    pub(in crate::supervisor::rules) slots: Vec<Slot>,
    pub(in crate::supervisor::rules) alarms: Vec<(Instant, Alarm)>,
    /// So many of a child's next starts fail.
    pub(in crate::supervisor::rules) bad_starts: BTreeMap<usize, u32>,
    /// These start for ever, ignore a stop, or ignore a kill.
    pub(in crate::supervisor::rules) stuck: BTreeSet<usize>,
    pub(in crate::supervisor::rules) deaf: BTreeSet<usize>,
    pub(in crate::supervisor::rules) undead: BTreeSet<usize>,
    pub(in crate::supervisor::rules) decided: Vec<(usize, Decision, u32)>,
    pub(in crate::supervisor::rules) pauses: Vec<Duration>,
    pub(in crate::supervisor::rules) ended: Option<Exit>,
}

pub(in crate::supervisor::rules) fn failed() -> Exit {
    Exit::Failed(Arc::new(Failure::new(Cause::Panic, "boom")))
}

pub(in crate::supervisor::rules) fn kid(restart: Restart) -> ChildPolicy {
    ChildPolicy { restart, ..ChildPolicy::default() }
}

pub(in crate::supervisor::rules) fn policy(strategy: Strategy) -> SupervisorPolicy {
    let intensity = Intensity { restarts: 3, period: Duration::from_secs(5) };
    SupervisorPolicy { strategy, intensity, auto_shutdown: AutoShutdown::Never }
}

impl Story {
    /// A supervisor that has not begun.
    pub(in crate::supervisor::rules) fn new(
        policy: SupervisorPolicy,
        kids: impl IntoIterator<Item = ChildPolicy>,
    ) -> Self {
        let mut rules = Rules::new(policy);
        let dynamic = policy.strategy == Strategy::Dynamic;
        let kids = kids.into_iter().map(Arc::new);
        let slots = kids.map(|kid| if dynamic { rules.add(kid) } else { rules.declare(kid) }).collect();
        Self {
            rules,
            now: Instant::now(),
            rng: fastrand::Rng::with_seed(7),
            slots,
            alarms: Vec::new(),
            bad_starts: BTreeMap::new(),
            stuck: BTreeSet::new(),
            deaf: BTreeSet::new(),
            undead: BTreeSet::new(),
            decided: Vec::new(),
            pauses: Vec::new(),
            ended: None,
        }
    }

    /// A supervisor whose children are all up.
    pub(in crate::supervisor::rules) fn begun(
        policy: SupervisorPolicy,
        kids: impl IntoIterator<Item = ChildPolicy>,
    ) -> Self {
        let mut story = Self::new(policy, kids);
        story.run(Event::Begin);
        if policy.strategy == Strategy::Dynamic {
            for slot in story.slots.clone() {
                story.run(Event::StartAdded(slot));
            }
        }
        story
    }

    pub(in crate::supervisor::rules) fn three(strategy: Strategy) -> Self {
        Self::begun(policy(strategy), [kid(Restart::Permanent), kid(Restart::Permanent), kid(Restart::Permanent)])
    }

    pub(in crate::supervisor::rules) fn slot(&self, child: usize) -> Slot {
        self.slots[child - 1]
    }

    pub(in crate::supervisor::rules) fn child(&self, slot: Slot) -> usize {
        self.slots.iter().rposition(|other| *other == slot).unwrap() + 1
    }

    pub(in crate::supervisor::rules) fn key(&self, child: usize) -> ChildKey {
        self.rules.key(self.slot(child)).unwrap()
    }

    pub(in crate::supervisor::rules) fn status(&self, child: usize) -> Status {
        self.rules.status(self.slot(child))
    }

    pub(in crate::supervisor::rules) fn exit(&mut self, child: usize, exit: Exit) -> Vec<Did> {
        let key = self.key(child);
        self.run(Event::Exited(key, exit))
    }

    pub(in crate::supervisor::rules) fn crash(&mut self, child: usize) -> Vec<Did> {
        self.exit(child, failed())
    }

    pub(in crate::supervisor::rules) fn add(&mut self, policy: ChildPolicy) -> Vec<Did> {
        let slot = self.rules.add(Arc::new(policy));
        self.slots.push(slot);
        self.run(Event::StartAdded(slot))
    }

    /// Lets an event happen and nothing that follows from its actions.
    pub(in crate::supervisor::rules) fn only(&mut self, event: Event) -> Vec<Did> {
        self.hear(event, &mut VecDeque::new())
    }

    /// Lets an event happen and everything that follows, alarms included.
    pub(in crate::supervisor::rules) fn run(&mut self, event: Event) -> Vec<Did> {
        let mut events = VecDeque::from([event]);
        let mut done = Vec::new();
        loop {
            while let Some(event) = events.pop_front() {
                done.extend(self.hear(event, &mut events));
            }
            self.alarms.retain(|(_, alarm)| self.rules.awaits(*alarm));
            self.alarms.sort_by_key(|(due, _)| *due);
            if self.alarms.is_empty() {
                return done;
            }
            assert!(done.len() < 1000, "it does not come to rest");
            let (due, alarm) = self.alarms.remove(0);
            self.now = self.now.max(due);
            events.push_back(Event::Alarm(alarm));
        }
    }

    pub(in crate::supervisor::rules) fn hear(&mut self, event: Event, events: &mut VecDeque<Event>) -> Vec<Did> {
        let actions = self.rules.on(event, self.now, &mut self.rng);
        actions.into_iter().filter_map(|action| self.carry_out(action, events)).collect()
    }

    pub(in crate::supervisor::rules) fn carry_out(
        &mut self,
        action: Action,
        events: &mut VecDeque<Event>,
    ) -> Option<Did> {
        match action {
            Action::Start(key) => {
                let child = self.child(key.slot);
                let bad = self.bad_starts.entry(child).or_default();
                if *bad > 0 {
                    *bad -= 1;
                    events.push_back(Event::StartFailed(key, failed()));
                } else if !self.stuck.contains(&child) {
                    events.push_back(Event::Started(key));
                }
                Some(Start(child))
            }
            Action::Stop(key) => {
                let child = self.child(key.slot);
                if !self.deaf.contains(&child) {
                    events.push_back(Event::Exited(key, Exit::Shutdown));
                }
                Some(Stop(child))
            }
            Action::Kill(key) => {
                let child = self.child(key.slot);
                if !self.undead.contains(&child) {
                    events.push_back(Event::Exited(key, Exit::Killed));
                }
                Some(Kill(child))
            }
            Action::SetAlarm { alarm, after } => {
                if alarm.kind == AlarmKind::Backoff {
                    self.pauses.push(after);
                }
                self.alarms.push((self.now + after, alarm));
                None
            }
            Action::Decided { slot, decision, failures_in_window, .. } => {
                self.decided.push((self.child(slot), decision, failures_in_window));
                None
            }
            Action::Abandon(key) => Some(Abandon(self.child(key.slot))),
            Action::Close(slot, _) => Some(Close(self.child(slot))),
            Action::Remove(slot, _) => Some(Remove(self.child(slot))),
            Action::Ready => Some(Ready),
            Action::End(exit) => {
                self.ended = Some(exit);
                Some(End)
            }
        }
    }
}
