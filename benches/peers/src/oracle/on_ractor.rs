//! Ractor with ractor-supervisor: a supervisor is data, its children are known by names that the whole process shares.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, ActorStatus};
use ractor_supervisor::{
    ChildSpec, DynamicSupervisor, DynamicSupervisorMsg, DynamicSupervisorOptions, Restart, SpawnFn, Supervisor,
    SupervisorArguments, SupervisorOptions, SupervisorStrategy,
};

use crate::cast::{Cast, Life};
use crate::driver::{self, Troupe};
use crate::features::Feature;
use crate::peer::{Offer, Peer};
use crate::schedule::{self, Child, How, Id, Schedule, Strategy, Sup};
use crate::trace::{Subject, Trace};

pub(crate) struct OnRactor;

/// Parts the names of one run from those of all others.
static RUNS: AtomicU64 = AtomicU64::new(0);

impl Subject for OnRactor {
    fn run(&self, schedule: &Schedule) -> Trace {
        driver::run(schedule, async |cast| {
            let own = Own { run: RUNS.fetch_add(1, Ordering::Relaxed), cast: cast.clone() };
            let sup = &schedule.root;
            let (name, period) = (own.name(sup.id), Duration::from_secs(u64::from(sup.period)));
            if sup.strategy == Strategy::Dynamic {
                let max_restarts = sup.intensity as usize;
                let options = DynamicSupervisorOptions {
                    max_children: None,
                    max_restarts,
                    max_window: period,
                    reset_after: None,
                };
                let (root, _) = DynamicSupervisor::spawn(name, options).await.unwrap();
                own.know(sup.id, root.get_cell());
                return Box::new(DynamicRoot { root, own }) as Box<dyn Troupe>;
            }
            let (root, _) = Supervisor::spawn(name, own.arguments(sup)).await.unwrap();
            own.know(sup.id, root.get_cell());
            Box::new(Root(root.get_cell()))
        })
    }
}

impl Peer for OnRactor {
    fn name(&self) -> &'static str {
        "ractor-supervisor 0.2"
    }

    fn offers(&self, feature: Feature) -> Offer {
        match feature {
            Feature::StopOrder | Feature::StopLimit | Feature::HungStop => Offer::No("children are killed at once"),
            Feature::RefusedStart => Offer::No("it is tried again like a crash; the supervisor is up meanwhile"),
            Feature::AutoShutdown | Feature::Add | Feature::Ask | Feature::Mixed => Offer::No(""),
            Feature::Policies => Offer::Yes("a kill is taken for a normal end: a transient child stays down"),
            Feature::TemporaryInGroups => Offer::Yes("temporary children are started again with their group"),
            Feature::FailedStart => {
                Offer::Yes("siblings behind the failed start are started, stopped and started again")
            }
            _ => Offer::Yes(""),
        }
    }
}

// ---- Supervisors.

/// What belongs to one run.
#[derive(Clone)]
struct Own {
    run: u64,
    cast: Cast,
}

impl Own {
    fn name(&self, id: Id) -> String {
        format!("{}/{id}", self.run)
    }

    fn know(&self, id: Id, sup: ActorCell) {
        self.cast.know(id, move |_| sup.kill());
    }

    fn arguments(&self, sup: &Sup) -> SupervisorArguments {
        let strategy = match sup.strategy {
            Strategy::OneForOne | Strategy::Dynamic => SupervisorStrategy::OneForOne,
            Strategy::OneForAll => SupervisorStrategy::OneForAll,
            Strategy::RestForOne => SupervisorStrategy::RestForOne,
        };
        let max_window = Duration::from_secs(u64::from(sup.period));
        let max_restarts = sup.intensity as usize;
        SupervisorArguments {
            child_specs: sup.children.iter().map(|child| self.spec(child.clone())).collect(),
            options: SupervisorOptions { strategy, max_restarts, max_window, reset_after: None },
        }
    }

    fn spec(&self, child: Child) -> ChildSpec {
        let restart = match child.policy().restart {
            schedule::Restart::Permanent => Restart::Permanent,
            schedule::Restart::Transient => Restart::Transient,
            schedule::Restart::Temporary => Restart::Temporary,
        };
        let id = self.name(child.id());
        let own = self.clone();
        let spawn_fn = SpawnFn::new(move |above, name| {
            let (own, child) = (own.clone(), child.clone());
            async move {
                let sup = match child {
                    Child::Worker(worker) => {
                        let started = Supervisor::spawn_linked(name, Puppet, (worker.id, own.cast), above).await?;
                        return Ok(started.0.get_cell());
                    }
                    Child::Sup(sup) => sup,
                };
                let (started, _) = Supervisor::spawn_linked(name, Supervisor, own.arguments(&sup), above).await?;
                own.know(sup.id, started.get_cell());
                Ok(started.get_cell())
            }
        });
        ChildSpec { id, restart, spawn_fn, backoff_fn: None, reset_after: None }
    }
}

struct Root(ActorCell);

impl Troupe for Root {
    fn add(&self, _: Child) {
        unreachable!("not offered")
    }

    fn terminate(&self, _: Id) {
        unreachable!("not offered")
    }

    fn stop(&self) {
        self.0.stop(None);
    }

    fn is_over(&self) -> bool {
        self.0.get_status() == ActorStatus::Stopped
    }
}

struct DynamicRoot {
    root: ActorRef<DynamicSupervisorMsg>,
    own: Own,
}

impl Troupe for DynamicRoot {
    fn add(&self, child: Child) {
        let (root, spec) = (self.root.clone(), self.own.spec(child));
        tokio::spawn(async move { DynamicSupervisor::spawn_child(root, spec).await.is_ok() });
    }

    fn terminate(&self, id: Id) {
        let (root, name) = (self.root.clone(), self.own.name(id));
        tokio::spawn(async move { DynamicSupervisor::terminate_child(root, name).await.is_ok() });
    }

    fn stop(&self) {
        self.root.stop(None);
    }

    fn is_over(&self) -> bool {
        self.root.get_status() == ActorStatus::Stopped
    }
}

// ---- Workers.

struct Puppet;

enum Cue {
    Leave,
    Fail,
}

impl Actor for Puppet {
    type Msg = Cue;
    type State = Life;
    type Arguments = (Id, Cast);

    async fn pre_start(&self, me: ActorRef<Cue>, (id, cast): (Id, Cast)) -> Result<Life, ActorProcessingErr> {
        let life = cast.enter(id, move |how| match how {
            How::Normal => drop(me.cast(Cue::Leave)),
            How::Error => drop(me.cast(Cue::Fail)),
            How::Kill => me.kill(),
        });
        life.await.map_err(|_| "refused".into())
    }

    async fn handle(&self, me: ActorRef<Cue>, cue: Cue, _: &mut Life) -> Result<(), ActorProcessingErr> {
        match cue {
            Cue::Leave => me.stop(None),
            Cue::Fail => return Err("boom".into()),
        }
        Ok(())
    }
}
