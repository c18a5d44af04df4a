//! A board in a world where anything may happen at any time, and what must hold there nevertheless.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::{Strategy as _, any, prop_oneof, proptest};

use crate::agents::admission::Refusal;
use crate::agents::agent::{Agent, AgentId};
use crate::agents::aimd::LevelKey;
use crate::agents::capabilities::Capabilities;
use crate::agents::event::Event;
use crate::agents::outcome::AttemptId;
use crate::agents::plan::{Plan, Strategy};
use crate::agents::task::{Fan, Join, Priority, Task, TaskId};
use crate::agents::world::{ADAPTIVE, AGENTS, Known, TASKS, Worker, World};

const ABILITIES: [&str; 2] = ["x", "y"];

/// One thing that happens; the numbers choose to whom.
#[derive(Debug, Clone)]
enum Deed {
    Submit(usize, Vec<(usize, Vec<usize>)>),
    Join(usize, usize),
    Crash(usize),
    Leave(usize),
    Demand(usize, u32),
    Start(usize),
    Succeed(usize),
    Fail(usize),
    Echo(usize),
    Cancel(usize),
    Pass(u64),
}

fn deeds() -> impl proptest::strategy::Strategy<Value = Deed> {
    let kind = any::<usize>;
    let tasks = proptest::collection::vec((kind(), proptest::collection::vec(kind(), 0..3)), 1..5);
    prop_oneof![
        4 => (kind(), tasks).prop_map(|(bits, tasks)| Deed::Submit(bits, tasks)),
        3 => (kind(), kind()).prop_map(|(who, bits)| Deed::Join(who, bits)),
        1 => kind().prop_map(Deed::Crash),
        1 => kind().prop_map(Deed::Leave),
        6 => (kind(), 0_u32..4).prop_map(|(who, more)| Deed::Demand(who, more)),
        4 => kind().prop_map(Deed::Start),
        5 => kind().prop_map(Deed::Succeed),
        3 => kind().prop_map(Deed::Fail),
        1 => kind().prop_map(Deed::Echo),
        1 => kind().prop_map(Deed::Cancel),
        3 => (0_u64..300).prop_map(Deed::Pass),
    ]
}

fn worker(who: usize) -> AgentId {
    AgentId::from(format!("agent{}", who % AGENTS))
}

/// The abilities that these bits choose.
fn abilities(bits: usize) -> Capabilities {
    let chosen = ABILITIES.into_iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
    chosen.map(|(_, name)| name).collect()
}

impl World {
    fn happen(&mut self, deed: Deed) {
        match deed {
            Deed::Submit(bits, tasks) => self.submit(bits, &tasks),
            Deed::Join(who, bits) => {
                let concurrency = u32::try_from(bits / 4 % 3).unwrap() + 1;
                self.join(
                    Agent::new(worker(who).as_str(), "worker").capabilities(abilities(bits)).concurrency(concurrency),
                );
            }
            Deed::Crash(who) => self.lose(&worker(who), Event::Crashed { agent: worker(who), why: "boom".into() }),
            Deed::Leave(who) => self.lose(&worker(who), Event::Left { agent: worker(who) }),
            Deed::Demand(who, more) => self.demand(&worker(who), more),
            Deed::Start(nth) => {
                if let Some(attempt) = self.nth_out(nth) {
                    self.on(Event::Started { attempt });
                }
            }
            Deed::Succeed(nth) => self.finish(nth, true),
            Deed::Fail(nth) => self.finish(nth, false),
            Deed::Echo(nth) => {
                let past: Vec<AttemptId> = self.attempts.keys().filter(|it| !self.out.contains(it)).copied().collect();
                if !past.is_empty() {
                    self.on(Event::Finished { attempt: past[nth % past.len()], result: Ok(0) });
                }
            }
            Deed::Cancel(nth) => {
                let task = self.tasks.keys().nth(nth % self.tasks.len().max(1)).cloned();
                task.into_iter().for_each(|task| self.on(Event::Cancelled { task }));
            }
            Deed::Pass(millis) => {
                self.now += Duration::from_millis(millis);
                self.on(Event::Ticked);
            }
        }
        self.check();
    }

    fn on(&mut self, event: Event<u64>) {
        let actions = self.board.on(event, self.now);
        self.carry_out(actions);
    }

    fn plan(&self, bits: usize, tasks: &[(usize, Vec<usize>)]) -> Plan<usize> {
        let (known, name) = (self.tasks.len(), |at: usize| TaskId::from(format!("t{at:03}")));
        let tasks = tasks.iter().enumerate().map(|(at, (bits, after))| {
            let own = known + at;
            // Mostly on older ones, of the plan or before it, but now and then on younger ones too.
            let all = if bits.is_multiple_of(16) { known + tasks.len() } else { own };
            let after = after.iter().filter(|_| all > 0).map(|other| name(all.saturating_sub(1 + other % 6)));
            let task = Task::new(name(own), own).priority(Priority::ALL[bits / 4 % 4]).needs(abilities(bits / 16 % 4));
            let task = task.after(after).retries(u8::try_from(bits / 64 % 3).unwrap());
            let task = if (bits / 256).is_multiple_of(3) { task.within(Duration::from_millis(400)) } else { task };
            let fan = u32::try_from(bits / 1024 % 3).unwrap() + 1;
            let join = [Join::All, Join::Quorum(fan.div_ceil(2)), Join::First][bits / 4096 % 3];
            if fan > 1 { task.parallel(fan, join) } else { task }
        });
        let fan = Fan { agents: 2, join: Join::First };
        let strategy =
            [Strategy::Balanced, Strategy::Sequential, Strategy::Adaptive(ADAPTIVE), Strategy::Parallel(fan)][bits % 4];
        Plan { strategy, tasks: tasks.collect() }
    }

    fn submit(&mut self, bits: usize, tasks: &[(usize, Vec<usize>)]) {
        let plan = self.plan(bits, tasks);
        let expected = plan.clone();
        let live = self.tasks.values().filter(|task| task.ended.is_none()).count();
        match self.board.submit(plan, self.now) {
            Ok(actions) => {
                self.know(&expected);
                self.carry_out(actions);
            }
            Err(refused) => {
                assert_eq!(refused.plan, expected);
                match refused.refusal {
                    Refusal::Full { .. } => assert!(live + expected.tasks.len() > TASKS),
                    Refusal::Unknown { dependency, .. } => {
                        assert!(self.tasks.get(&dependency).is_none_or(|task| task.ended.is_some()));
                    }
                    Refusal::Cycle { cycle } => {
                        assert!(cycle.len() >= 2 && cycle.first() == cycle.last());
                        let at = |id: &TaskId| expected.tasks.iter().position(|task| task.id == *id).unwrap();
                        assert!(cycle.windows(2).all(|pair| expected.dependencies(at(&pair[0])).contains(&pair[1])));
                    }
                    other @ (Refusal::Draining
                    | Refusal::Empty
                    | Refusal::Duplicate { .. }
                    | Refusal::Dependencies { .. }
                    | Refusal::Fan { .. }
                    | Refusal::Quorum { .. }
                    | Refusal::Width { .. }) => panic!("{other}"),
                }
            }
        }
    }

    fn know(&mut self, plan: &Plan<usize>) {
        let mut levels: BTreeMap<TaskId, usize> = BTreeMap::new();
        // Levels by repetition, as it must come out.
        for _ in 0..plan.tasks.len() {
            for (at, task) in plan.tasks.iter().enumerate() {
                let after = plan.dependencies(at);
                let inner = after.iter().filter(|id| plan.tasks.iter().any(|task| task.id == **id));
                let level = inner.map(|id| levels.get(id).copied().unwrap_or(0) + 1).max().unwrap_or(0);
                levels.insert(task.id.clone(), level);
            }
        }
        for (at, task) in plan.tasks.iter().enumerate() {
            let is_adaptive = matches!(plan.strategy, Strategy::Adaptive(_));
            let level = is_adaptive.then(|| LevelKey { plan: self.plans, level: levels[&task.id] });
            let known = Known {
                fan: plan.fan(task),
                needs: task.needs.clone(),
                after: plan.dependencies(at),
                expires: task.within.map(|within| self.now + within),
                level,
                retries: task.retries,
                out: BTreeMap::new(),
                done: Vec::new(),
                failures: 0,
                ended: None,
            };
            self.tasks.insert(task.id.clone(), known);
        }
        self.plans += 1;
    }

    fn join(&mut self, agent: Agent) {
        let (id, in_hand) = (agent.id.clone(), BTreeSet::new());
        self.forget(&id);
        let actions = self.board.join(agent.clone(), self.now).unwrap();
        self.workers.insert(id, Worker { agent, up: true, demand: 0, in_hand });
        self.carry_out(actions);
    }

    fn lose(&mut self, id: &AgentId, event: Event<u64>) {
        self.forget(id);
        self.on(event);
    }

    fn demand(&mut self, id: &AgentId, more: u32) {
        if let Some(worker) = self.workers.get_mut(id).filter(|worker| worker.up) {
            worker.demand += more;
        }
        self.on(Event::Demanded { agent: id.clone(), more });
    }

    fn nth_out(&self, nth: usize) -> Option<AttemptId> {
        self.out.get(nth % self.out.len().max(1)).copied()
    }

    fn finish(&mut self, nth: usize, well: bool) {
        let Some(attempt) = self.nth_out(nth) else { return };
        let (id, agent) = self.attempts[&attempt].clone();
        self.out.retain(|it| *it != attempt);
        self.workers.get_mut(&agent).unwrap().in_hand.remove(&attempt);
        let task = self.tasks.get_mut(&id).unwrap();
        let overdue = task.expires.is_some_and(|at| at <= self.now);
        if well && !overdue && task.out.remove(&attempt).is_some() {
            task.done.push(agent);
        } else if !overdue {
            self.failed(attempt);
        }
        let result = if well { Ok(attempt.0) } else { Err("no".to_owned()) };
        self.on(Event::Finished { attempt, result });
    }

    /// All agents come back, can do everything and succeed: then everything ends.
    fn calm(&mut self) {
        for who in 0..AGENTS {
            self.join(Agent::new(worker(who).as_str(), "worker").capabilities(ABILITIES).concurrency(2));
        }
        for _ in 0..1000 {
            while !self.out.is_empty() {
                self.happen(Deed::Start(0));
                self.happen(Deed::Succeed(0));
            }
            if self.tasks.values().all(|task| task.ended.is_some()) {
                break;
            }
            (0..AGENTS).for_each(|who| self.happen(Deed::Demand(who, 2)));
        }
        let left: Vec<_> = self.tasks.iter().filter(|(_, task)| task.ended.is_none()).map(|(id, _)| id).collect();
        assert!(left.is_empty(), "{left:?} never ended");
        assert_eq!(self.board.counts().live, 0);
        assert!(self.board.attempts.is_empty() && self.board.deadlines.is_empty() && self.board.tasks.is_empty());
        assert!(Priority::ALL.iter().all(|priority| self.board.lanes.len(*priority) == 0));
        assert!(self.board.adaptive.is_empty() && self.board.windows.is_empty());
    }
}

proptest! {
    #[test]
    fn whatever_happens_each_task_ends_once_and_nobody_gets_more_than_it_asked_for(
        course in proptest::collection::vec(deeds(), 1..120),
    ) {
        let mut world = World::new();
        course.into_iter().for_each(|deed| world.happen(deed));
        world.calm();
    }
}
