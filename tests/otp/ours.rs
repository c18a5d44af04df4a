//! Runs schedules on swarmtree, each on a runtime of its own with paused time.
//!
//! Where swarmtree differs from OTP on purpose, the schedule says nothing of it, or both sides are held to what they share:
//! - **Backoff** is off: OTP restarts at once.
//! - **The time limit of a start** is an hour: OTP has none.
//! - **A start that hangs** blocks an OTP supervisor altogether, and ours only where OTP's order asks for it. While one
//!   hangs, nothing is done (`held`) but what must wait in both: the ends of children whose supervisor is in its first start
//!   or in a group restart; and of one supervisor only, since two would race when the start goes on.
//!   Below a one-for-one supervisor of one child only: ours restarts side by side, and does not wait for the one before
//!   it judges the next.
//!   After an `Op::Release` that lets a start fail, not even those: OTP's message to try again may be left over from an
//!   attempt that another child's end has overtaken, and then sets off the next attempt before its turn.
//! - **`restart` of a child that is up** is an orderly restart here and an error there; it is answered `running`.
//! - **A kill of a supervisor** waits for the whole subtree here; OTP's supervisors below go on ending while the next
//!   life already starts. Only supervisors of workers are killed.
//! - **A deaf child** of a killed supervisor that traps exits outlives it there; deaf workers of the oracle give in to it.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmtree::{
    ActorKind, ActorRef, ActorSpec, AutoShutdown, ChildSpec, DeleteError, Dynamic, Exit, Restart, Shutdown, Status,
    Supervisor, System, Template,
};

use crate::puppet::{Cue, Part, Puppet};
use crate::schedule::{self, Auto, Child, How, Id, Op, Policy, Register, STOP_MS, Schedule, Start, Strategy, Sup};
use crate::stage::Stage;
use crate::trace::{Subject, Trace};

/// swarmtree itself.
pub(crate) struct Swarmtree;

impl Subject for Swarmtree {
    fn run(&self, schedule: &Schedule) -> Trace {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let steps = runtime.block_on(run(schedule));
        Trace::canonical(schedule, &steps.join(";"))
    }
}

async fn run(schedule: &Schedule) -> Vec<String> {
    let stage = Stage::default();
    for id in &schedule.refuses {
        stage.set_starts(*id, &[Start::Fail]);
    }
    let root = sup_spec(&schedule.root, &stage);
    let Ok(system) = System::builder("system").child(root).start().await else {
        return vec![format!("failed|{}|ended", stage.take())];
    };
    let root = system.actor(&schedule.root.id.to_string()).unwrap();
    let run = Run { system, root, stage, register: schedule.register() };
    let mut steps = Vec::new();
    let mut open = Open::default();
    let mut step = |result: &str, state: String| {
        steps.push(format!("{result}|{}|{state}", run.stage.take()));
        state.starts_with("ended")
    };
    let mut ended = step("up", run.settle().await);
    for op in &schedule.ops {
        if ended {
            break;
        }
        let was_hung = run.stage.is_hung();
        let (result, state) = run.op(op, open).await;
        ended = step(result, state);
        open = if run.stage.is_hung() { open.after(op, result, was_hung, &run.register) } else { Open::default() };
    }
    while !ended && !run.stage.release().is_empty() {
        ended = step("released", run.settle().await);
    }
    if !ended {
        run.root.stop();
        step("stop", run.settle().await);
    }
    run.system.stop().await;
    steps
}

/// Whose ends are let through while a start hangs.
#[derive(Clone, Copy, Default)]
struct Open {
    /// No group restart's.
    closed: bool,
    /// This supervisor's only.
    within: Option<Id>,
}

impl Open {
    fn after(self, op: &Op, result: &str, was_hung: bool, register: &Register<'_>) -> Self {
        let asks = matches!(op, Op::Add(..) | Op::Spawn(..) | Op::Restart(_)) && result != "held";
        let within = match op {
            Op::Finish(id, _) if was_hung && result == "done" => register.above.get(id).copied(),
            _ => self.within,
        };
        Self { closed: self.closed || asks || result == "done, failed", within }
    }
}

struct Run<'a> {
    system: System,
    root: ActorRef,
    stage: Stage,
    register: Register<'a>,
}

/// What can be seen of one node.
#[derive(Clone, Copy)]
struct Seen {
    status: Status,
    supervisor: bool,
    lives: u32,
}

impl Seen {
    fn is_up(self) -> bool {
        matches!(self.status, Status::Idle | Status::Busy | Status::Suspended)
    }
}

/// All that can be seen: each node, and the children of each in their order.
struct Look {
    nodes: BTreeMap<Id, Seen>,
    below: BTreeMap<Id, Vec<Id>>,
}

impl Look {
    fn of(system: &System) -> Self {
        let mut look = Self { nodes: BTreeMap::new(), below: BTreeMap::new() };
        for actor in system.snapshot() {
            let mut names = actor.path.names().map(|name| name.parse().unwrap()).collect::<Vec<Id>>().into_iter().rev();
            let id = names.next().unwrap();
            if let Some(above) = names.next() {
                look.below.entry(above).or_default().push(id);
            }
            let supervisor = actor.kind == ActorKind::Supervisor;
            look.nodes.insert(id, Seen { status: actor.status, supervisor, lives: actor.incarnation });
        }
        look
    }

    fn below(&self, id: Id) -> &[Id] {
        self.below.get(&id).map_or(&[], Vec::as_slice)
    }

    fn is_up(&self, id: Id) -> bool {
        self.nodes.get(&id).is_some_and(|seen| seen.is_up())
    }

    /// Whether the start of a child keeps it busy.
    fn is_blocked(&self, id: Id) -> bool {
        self.below(id).iter().any(|child| self.nodes[child].status == Status::Starting)
    }

    fn text(&self, id: Id, dynamic: &impl Fn(Id) -> bool) -> String {
        let seen = self.nodes[&id];
        if !seen.is_up() {
            return format!("{id}{}", if seen.status == Status::Stopped { '-' } else { '~' });
        }
        if !seen.supervisor {
            return format!("{id}+");
        }
        let mut below = self.below(id).to_vec();
        if dynamic(id) {
            below.sort_unstable();
        }
        let below: Vec<String> = below.into_iter().map(|child| self.text(child, dynamic)).collect();
        let inner = if self.is_blocked(id) { "?".to_owned() } else { below.join(" ") };
        format!("{id}#{}[{inner}]", seen.lives)
    }
}

impl Run<'_> {
    /// Waits until nothing has changed for longer than anything here takes by itself.
    async fn settle(&self) -> String {
        let mut before = (usize::MAX, String::new());
        for _ in 0..10_000 {
            let now = (self.stage.count(), self.state().await);
            if now == before {
                return now.1;
            }
            before = now;
            tokio::time::sleep(Duration::from_millis(u64::from(STOP_MS) + 5)).await;
        }
        panic!("it does not come to rest: {}", before.1)
    }

    async fn state(&self) -> String {
        if self.root.snapshot().status != Status::Stopped {
            let look = Look::of(&self.system);
            return self
                .root
                .path()
                .as_str()
                .parse()
                .map_or_else(|_| String::new(), |root| look.text(root, &|id| self.is_dynamic(id)));
        }
        let why = match self.root.stopped().await {
            // OTP's word for both.
            Exit::Shutdown | Exit::Escalated => "shutdown",
            Exit::Killed => "killed",
            Exit::Normal => "normal",
            Exit::Failed(_) => "failed",
        };
        format!("ended {why}")
    }

    fn is_dynamic(&self, id: Id) -> bool {
        self.register.sups.get(&id).is_some_and(|sup| sup.strategy == Strategy::Dynamic)
    }

    fn path(&self, id: Id) -> String {
        self.register.line(id).iter().map(ToString::to_string).collect::<Vec<_>>().join("/")
    }

    fn actor(&self, id: Id) -> ActorRef {
        self.system.actor(&self.path(id)).unwrap()
    }

    async fn op(&self, op: &Op, open: Open) -> (&'static str, String) {
        let look = Look::of(&self.system);
        let result = match op {
            Op::Starts(id, starts) => {
                self.stage.set_starts(*id, starts);
                "set"
            }
            Op::Release => match self.stage.release() {
                starts if starts.is_empty() => "nobody",
                starts if starts.contains(&Start::HangFail) => "done, failed",
                _ => "done",
            },
            Op::Finish(id, how) => self.finish(*id, *how, &look, open),
            Op::Pass(_) | Op::Add(..) | Op::Spawn(..) | Op::Terminate(_) | Op::Restart(_) | Op::Delete(_)
                if self.stage.is_hung() =>
            {
                "held"
            }
            Op::Pass(ms) => {
                tokio::time::sleep(Duration::from_millis(u64::from(*ms))).await;
                "done"
            }
            Op::Add(to, child) => return self.add(*to, child, &look).await,
            Op::Spawn(to, id) => return self.spawn(*to, *id, &look).await,
            Op::Terminate(id) if self.is_known(*id, &look) => {
                self.actor(*id).stop();
                "done"
            }
            Op::Restart(id) if self.is_known(*id, &look) && !self.is_dynamic(self.register.above[id]) => {
                match look.nodes[id].status {
                    Status::Stopped => {
                        self.actor(*id).restart();
                        "done"
                    }
                    Status::Down => "restarting",
                    Status::Starting | Status::Idle | Status::Busy | Status::Suspended => "running",
                }
            }
            Op::Delete(id) if self.is_known(*id, &look) && !self.is_dynamic(self.register.above[id]) => {
                match self.actor(*id).delete() {
                    Ok(()) => "done",
                    Err(DeleteError::Running) => "running",
                    Err(DeleteError::Restarting) => "restarting",
                    Err(DeleteError::Gone) => "nobody",
                }
            }
            Op::Terminate(_) | Op::Restart(_) | Op::Delete(_) => "nobody",
        };
        (result, self.settle().await)
    }

    /// Whether it stands below a supervisor that is up.
    fn is_known(&self, id: Id, look: &Look) -> bool {
        let above = self.register.above.get(&id);
        above.is_some_and(|above| look.is_up(*above) && look.below(*above).contains(&id))
    }

    fn finish(&self, id: Id, how: How, look: &Look, open: Open) -> &'static str {
        if !look.is_up(id) {
            return "nobody";
        }
        if self.stage.is_hung() && !self.may_end(id, look, open) {
            return "held";
        }
        let cue = match how {
            How::Kill => {
                self.actor(id).kill();
                return "done";
            }
            How::Normal => Cue::Leave,
            How::Error => Cue::Fail,
        };
        self.system.find::<Puppet>(&self.path(id)).unwrap().try_send(cue).unwrap();
        "done"
    }

    /// While a start hangs, an end must wait in both worlds if its supervisor is in the midst of its first start or of a
    /// group restart.
    fn may_end(&self, id: Id, look: &Look, open: Open) -> bool {
        let Some(above) = self.register.above.get(&id) else { return false };
        let strategy = self.register.sups[above].strategy;
        let group = !open.closed && matches!(strategy, Strategy::OneForAll | Strategy::RestForOne);
        !look.nodes[&id].supervisor
            && look.is_blocked(*above)
            && open.within.is_none_or(|within| within == *above && strategy != Strategy::OneForOne)
            && (look.nodes[above].status == Status::Starting || group)
    }

    async fn add(&self, to: Id, child: &Child, look: &Look) -> (&'static str, String) {
        if !look.is_up(to) {
            return ("nobody", self.settle().await);
        }
        let (system, path, spec) = (self.system.clone(), self.path(to), child_spec(child, &self.stage));
        let added = tokio::spawn(async move { system.start_child(&path, spec).await.is_ok() });
        self.answer(added).await
    }

    async fn spawn(&self, to: Id, id: Id, look: &Look) -> (&'static str, String) {
        if !look.is_up(to) {
            return ("nobody", self.settle().await);
        }
        let part = part(id, &self.register.sups[&to].template, &self.stage);
        let dynamic: Dynamic<Puppet> = self.system.dynamic(&self.path(to)).unwrap();
        let spawned = tokio::spawn(async move { dynamic.start(&id.to_string(), part).await.is_ok() });
        self.answer(spawned).await
    }

    async fn answer(&self, asked: tokio::task::JoinHandle<bool>) -> (&'static str, String) {
        let state = self.settle().await;
        if !asked.is_finished() {
            return ("pending", state);
        }
        (if asked.await.unwrap() { "up" } else { "failed" }, state)
    }
}

// ---- Specs.

fn part(id: Id, policy: &Policy, stage: &Stage) -> Part {
    Part { id, deaf: policy.deaf, stage: stage.clone() }
}

fn child_spec(child: &Child, stage: &Stage) -> ChildSpec {
    match child {
        Child::Worker(worker) => {
            let part = part(worker.id, &worker.policy, stage);
            let spec = ActorSpec::<Puppet>::new(&worker.id.to_string(), part).start_timeout("1h");
            treated(spec.into(), &worker.policy)
        }
        Child::Sup(sup) => sup_spec(sup, stage),
    }
}

fn sup_spec(sup: &Sup, stage: &Stage) -> ChildSpec {
    let name = sup.id.to_string();
    let mut spec = match sup.strategy {
        Strategy::OneForOne => Supervisor::one_for_one(&name),
        Strategy::OneForAll => Supervisor::one_for_all(&name),
        Strategy::RestForOne => Supervisor::rest_for_one(&name),
        Strategy::Dynamic => Supervisor::dynamic(&name, template(&sup.template)),
    };
    spec = spec.intensity(sup.intensity, Duration::from_secs(u64::from(sup.period))).auto_shutdown(match sup.auto {
        Auto::Never => AutoShutdown::Never,
        Auto::Any => AutoShutdown::AnySignificant,
        Auto::All => AutoShutdown::AllSignificant,
    });
    for child in &sup.children {
        spec = spec.child(child_spec(child, stage));
    }
    treated(spec.into(), &sup.policy)
}

fn treated(spec: ChildSpec, policy: &Policy) -> ChildSpec {
    let spec = spec.restart(restart(policy.restart)).shutdown(match policy.shutdown {
        schedule::Shutdown::Brutal => Shutdown::BrutalKill,
        schedule::Shutdown::Timeout(ms) => Shutdown::Timeout(Duration::from_millis(u64::from(ms))),
        schedule::Shutdown::Infinity => Shutdown::Infinity,
    });
    if policy.significant { spec.significant() } else { spec }
}

fn template(policy: &Policy) -> Template<Puppet> {
    let template = Template::<Puppet>::new().start_timeout("1h").restart(restart(policy.restart));
    let template = match policy.shutdown {
        schedule::Shutdown::Brutal => template.brutal_kill(),
        schedule::Shutdown::Timeout(ms) => template.shutdown(Duration::from_millis(u64::from(ms))),
        // A template has no word for it.
        schedule::Shutdown::Infinity => template.shutdown("1h"),
    };
    if policy.significant { template.significant() } else { template }
}

fn restart(restart: schedule::Restart) -> Restart {
    match restart {
        schedule::Restart::Permanent => Restart::Permanent,
        schedule::Restart::Transient => Restart::Transient,
        schedule::Restart::Temporary => Restart::Temporary,
    }
}
