//! The rules in a world where anything may happen at any time, and what must hold there nevertheless.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::{Strategy as _, any, prop_oneof, proptest};
use proptest::strategy::Just;

use crate::exit::{Cause, Exit, Failure};
use crate::spec::{AutoShutdown, Backoff, ChildPolicy, Intensity, Restart, Shutdown, Strategy, SupervisorPolicy};
use crate::supervisor::rules::action::{Action, Alarm, Decision, Event};
use crate::supervisor::rules::entry::{ChildKey, Slot, Status, Via};
use crate::supervisor::rules::state::{Phase, Rules};

/// One thing that happens; the numbers choose to whom.
#[derive(Debug, Clone)]
enum Deed {
    Deliver(usize),
    Crash(usize),
    Finish(usize),
    Pass(u64),
    Terminate(u32),
    Restart(u32),
    Delete(u32),
    Add(usize),
    Echo(usize),
    End,
    EndNow,
    Begin,
}

fn deeds() -> impl proptest::strategy::Strategy<Value = Deed> {
    prop_oneof![
        12 => any::<usize>().prop_map(Deed::Deliver),
        4 => any::<usize>().prop_map(Deed::Crash),
        2 => any::<usize>().prop_map(Deed::Finish),
        5 => (0_u64..4000).prop_map(Deed::Pass),
        2 => (0_u32..6).prop_map(Deed::Terminate),
        2 => (0_u32..6).prop_map(Deed::Restart),
        1 => (0_u32..6).prop_map(Deed::Delete),
        2 => (0_usize..16).prop_map(Deed::Add),
        2 => any::<usize>().prop_map(Deed::Echo),
        1 => Just(Deed::Begin),
        1 => prop_oneof![4 => Just(Deed::Pass(1)), 1 => Just(Deed::End), 1 => Just(Deed::EndNow)],
    ]
}

/// A child's policy out of a few bits.
fn kid(bits: usize, supervisor: &SupervisorPolicy) -> Arc<ChildPolicy> {
    let restart = [Restart::Permanent, Restart::Transient, Restart::Temporary, Restart::Permanent][bits % 4];
    let significant = restart != Restart::Permanent && supervisor.auto_shutdown != AutoShutdown::Never;
    let pause = Backoff { least: Duration::from_millis(200), most: Duration::from_secs(1) };
    let limit = Duration::from_secs(2);
    let shutdown = [Shutdown::Timeout(limit), Shutdown::Infinity, Shutdown::BrutalKill][bits % 3];
    let backoff = (bits / 4).is_multiple_of(2).then_some(pause);
    let start_timeout = (bits / 8).is_multiple_of(2).then_some(limit);
    Arc::new(ChildPolicy { restart, shutdown, significant, backoff, start_timeout, ..ChildPolicy::default() })
}

fn supervisor(bits: usize) -> SupervisorPolicy {
    let all = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne, Strategy::Dynamic];
    let ends = [AutoShutdown::Never, AutoShutdown::AnySignificant, AutoShutdown::Never, AutoShutdown::AllSignificant];
    SupervisorPolicy {
        strategy: all[bits % 4],
        intensity: Intensity { restarts: u32::try_from(bits / 4 % 5).unwrap(), period: Duration::from_secs(3) },
        auto_shutdown: ends[bits / 32 % 4],
    }
}

fn crash() -> Exit {
    Exit::Failed(Arc::new(Failure::new(Cause::Panic, "boom")))
}

/// The rules, and what is really there.
struct World {
    rules: Rules,
    strategy: Strategy,
    intensity: Intensity,
    now: Instant,
    rng: fastrand::Rng,
    /// What the world itself decides by.
    fate: fastrand::Rng,
    /// Who is there, and what was not told yet, in the order in which it happened to each.
    alive: BTreeSet<ChildKey>,
    untold: BTreeMap<ChildKey, VecDeque<Event>>,
    alarms: Vec<(Instant, Alarm)>,
    past: Vec<ChildKey>,
    closed: BTreeSet<Slot>,
    restarts: Vec<Instant>,
    hurried: bool,
    calm: bool,
}

impl World {
    fn new(bits: usize, kids: &[usize], seed: u64) -> Self {
        let policy = supervisor(bits);
        let mut rules = Rules::new(policy);
        for bits in kids {
            rules.declare(kid(*bits, &policy));
        }
        Self {
            rules,
            strategy: policy.strategy,
            intensity: policy.intensity,
            now: Instant::now(),
            rng: fastrand::Rng::with_seed(seed),
            fate: fastrand::Rng::with_seed(!seed),
            alive: BTreeSet::new(),
            untold: BTreeMap::new(),
            alarms: Vec::new(),
            past: Vec::new(),
            closed: BTreeSet::new(),
            restarts: Vec::new(),
            hurried: false,
            calm: false,
        }
    }

    fn nth_alive(&self, nth: usize) -> Option<ChildKey> {
        self.alive.iter().nth(nth % self.alive.len().max(1)).copied()
    }

    fn tell(&mut self, event: Event, key: ChildKey) {
        self.untold.entry(key).or_default().push_back(event);
    }

    fn die(&mut self, key: ChildKey, exit: Exit) {
        if self.alive.remove(&key) {
            self.tell(Event::Exited(key, exit), key);
        }
    }

    fn deliver(&mut self, nth: usize) {
        let Some(key) = self.untold.keys().nth(nth % self.untold.len().max(1)).copied() else { return };
        let queue = self.untold.get_mut(&key).unwrap();
        let event = queue.pop_front().unwrap();
        if queue.is_empty() {
            self.untold.remove(&key);
        }
        self.on(event);
    }

    fn pass(&mut self, millis: u64) {
        let until = self.now + Duration::from_millis(millis);
        loop {
            self.alarms.sort_by_key(|(due, _)| *due);
            if self.alarms.first().is_none_or(|(due, _)| *due > until) {
                break;
            }
            let (due, alarm) = self.alarms.remove(0);
            self.now = due;
            self.on(Event::Alarm(alarm));
        }
        self.now = until;
    }

    fn act(&mut self, deed: Deed, supervisor: &SupervisorPolicy) {
        match deed {
            Deed::Deliver(nth) => self.deliver(nth),
            Deed::Crash(nth) => {
                if let Some(key) = self.nth_alive(nth) {
                    self.die(key, crash());
                }
            }
            Deed::Finish(nth) => {
                if let Some(key) = self.nth_alive(nth) {
                    self.die(key, Exit::Normal);
                }
            }
            Deed::Pass(millis) => self.pass(millis),
            Deed::Terminate(slot) => self.on(Event::Terminate(Slot(slot))),
            Deed::Restart(slot) => self.on(Event::Restart(Slot(slot))),
            Deed::Delete(slot) => {
                if self.rules.delete(Slot(slot)) {
                    assert!(self.rules.key(Slot(slot)).is_none());
                    self.on(Event::StartAdded(Slot(slot)));
                }
            }
            Deed::Add(bits) => {
                let slot = self.rules.add(kid(bits, supervisor));
                self.on(Event::StartAdded(slot));
            }
            Deed::Echo(nth) => self.echo(nth),
            Deed::End => self.on(Event::End(Exit::Shutdown)),
            Deed::EndNow => {
                self.hurried = true;
                self.on(Event::EndNow(Exit::Killed));
            }
            Deed::Begin => {
                if matches!(self.rules.phase(), Phase::New | Phase::Ended) {
                    (self.restarts, self.hurried) = (Vec::new(), false);
                }
                self.on(Event::Begin);
            }
        }
    }

    /// Repeats an event of the past, which must change nothing.
    fn echo(&mut self, nth: usize) {
        let Some(key) = self.past.get(nth % self.past.len().max(1)).copied() else { return };
        let current = self.rules.key(key.slot) == Some(key) && self.rules.status(key.slot) != Status::Down;
        if current {
            return;
        }
        let before = format!("{:?}", self.rules);
        for event in [Event::Started(key), Event::StartFailed(key, crash()), Event::Exited(key, Exit::Normal)] {
            assert_eq!(self.rules.on(event, self.now, &mut self.rng), []);
        }
        assert_eq!(before, format!("{:?}", self.rules));
    }

    fn on(&mut self, event: Event) {
        let stale_alarm = matches!(&event, Event::Alarm(alarm) if !self.rules.awaits(*alarm));
        let ending = matches!(self.rules.phase(), Phase::Ending(_));
        let actions = self.rules.on(event, self.now, &mut self.rng);
        let starts = actions.iter().any(|action| matches!(action, Action::Start(_)));
        assert!(!ending || !starts, "nothing starts in the end");
        assert!(!stale_alarm || actions.is_empty());
        for action in &actions {
            self.carry_out(action);
        }
        self.check();
    }

    fn carry_out(&mut self, action: &Action) {
        let luck = if self.calm { 9 } else { self.fate.u32(0..10) };
        match action {
            Action::Start(key) => {
                assert!(!self.alive.iter().any(|other| other.slot == key.slot), "{key:?} is there already");
                assert!(!self.past.contains(key), "each incarnation has a key of its own");
                self.past.push(*key);
                self.closed.remove(&key.slot);
                match luck {
                    0..2 => self.tell(Event::StartFailed(*key, crash()), *key),
                    2 => {
                        self.alive.insert(*key);
                    }
                    _ => {
                        self.alive.insert(*key);
                        self.tell(Event::Started(*key), *key);
                    }
                }
            }
            Action::Stop(key) if luck > 1 => self.die(*key, Exit::Shutdown),
            Action::Kill(key) if luck > 0 => self.die(*key, Exit::Killed),
            Action::Stop(_) | Action::Kill(_) | Action::Ready => {}
            Action::Abandon(key) => {
                self.alive.remove(key);
            }
            Action::SetAlarm { alarm, after } => self.alarms.push((self.now + *after, *alarm)),
            Action::Close(slot, _) => {
                self.closed.insert(*slot);
            }
            Action::Remove(slot, _) => assert!(self.rules.key(*slot).is_none() || self.closed.remove(slot)),
            Action::Decided { decision: Decision::Restart { with, .. }, slot, failures_in_window, .. } => {
                assert!(with.contains(slot));
                self.restarts.push(self.now);
                let period = self.intensity.period;
                let recent = self.restarts.iter().filter(|time| self.now - **time <= period).count();
                assert_eq!(*failures_in_window as usize, recent);
                assert!(*failures_in_window <= self.intensity.restarts);
            }
            Action::Decided { .. } => {}
            Action::End(_) => {
                assert_eq!(self.rules.phase(), &Phase::Ended);
                assert!(self.alive.is_empty(), "all are down at the end");
            }
        }
    }

    /// What holds after every event.
    fn check(&self) {
        let statuses: Vec<Status> = self.rules.slots().map(|slot| self.rules.status(slot)).collect();
        assert_eq!(self.rules.table.live(), statuses.iter().filter(|status| status.is_live()).count());
        assert_eq!(self.rules.table.busy(), statuses.iter().filter(|status| status.is_busy()).count());
        let order: Vec<Slot> = self.rules.table.order().to_vec();
        if let (Phase::Ending(_), false, Some(next)) = (self.rules.phase(), self.hurried, self.rules.plan.next_stop()) {
            let right = order.iter().rev().take_while(|slot| **slot != next);
            assert!(right.copied().all(|slot| !self.rules.status(slot).is_live()), "stopped from the right");
        }
        // A plan stops all before it starts any, keeps to the order, and starts one at a time.
        let is = |slot: &Slot, status: Status| self.rules.status(*slot) == status;
        let planned: Vec<Slot> = order.iter().copied().filter(|slot| self.rules.plan.starts(*slot)).collect();
        assert!(self.rules.plan.next_start().is_none_or(|first| planned.first() == Some(&first)));
        if let Some(last) = self.rules.plan.next_stop() {
            assert!(planned.iter().all(|slot| !is(slot, Status::Starting) || self.rules.plan.stops(*slot)));
            let left = order.iter().rev().skip_while(|slot| **slot != last).skip(1);
            assert!(left.filter(|slot| self.rules.plan.stops(**slot)).count() <= order.len());
            assert_eq!(order.iter().rfind(|slot| self.rules.plan.stops(**slot)), Some(&last), "from the right");
        } else if self.rules.is_blocked() {
            assert!(planned.iter().skip(1).all(|slot| !self.rules.status(*slot).is_live()), "one at a time");
        }
        if matches!(self.strategy, Strategy::OneForOne | Strategy::Dynamic) {
            assert!(self.rules.plan.pause().is_none());
        }
    }

    /// Lets everybody behave from now on, and waits until nothing happens any more.
    fn calm_down(&mut self) {
        self.calm = true;
        for _ in 0..500 {
            while !self.untold.is_empty() {
                self.deliver(0);
            }
            if self.rules.is_quiet() {
                return;
            }
            for key in self.alive.clone() {
                match self.rules.status(key.slot) {
                    Status::Starting => self.tell(Event::Started(key), key),
                    Status::Stopping(_) => self.die(key, Exit::Shutdown),
                    Status::Down | Status::Running | Status::Waiting => {}
                }
            }
            if self.untold.is_empty() {
                self.pass(1000);
            }
        }
        panic!("it does not come to rest: {:?}", self.rules);
    }

    fn check_calm(&self) {
        for slot in self.rules.slots() {
            let new = self.rules.table.get(slot).is_some_and(|entry| entry.via == Via::New);
            match (self.rules.phase(), self.rules.status(slot)) {
                (Phase::Running, Status::Down) => assert!(self.closed.contains(&slot) && !new, "nobody is forgotten"),
                (Phase::Running, status) => assert_eq!(status, Status::Running),
                (Phase::New | Phase::Ended, status) => assert_eq!(status, Status::Down),
                (Phase::Init | Phase::Ending(_), _) => panic!("neither lasts"),
            }
        }
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_happens_the_rules_hold_and_come_to_rest(
        bits in 0_usize..256,
        kids in proptest::collection::vec(0_usize..16, 0..5),
        seed in any::<u64>(),
        deeds in proptest::collection::vec(deeds(), 0..120),
    ) {
        let mut world = World::new(bits, &kids, seed);
        world.on(Event::Begin);
        for deed in deeds {
            world.act(deed, &supervisor(bits));
        }
        world.calm_down();
        world.check_calm();
        world.on(Event::End(Exit::Shutdown));
        world.calm_down();
        assert_eq!(world.rules.phase(), &Phase::Ended);
        world.check_calm();
    }
}
