//! Kameo: a supervisor is an actor whose type knows the strategy, and which starts its children when it starts.

use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kameo::Actor;
use kameo::actor::{ActorId, ActorRef, Spawn, WeakActorRef};
use kameo::error::{ActorStopReason, Infallible};
use kameo::message::{Context, Message};
use kameo::supervision::{RestartPolicy, SupervisedActorBuilder, SupervisionStrategy};

use crate::cast::{Cast, Life};
use crate::driver::{self, Troupe};
use crate::features::Feature;
use crate::peer::{Offer, Peer};
use crate::schedule::{Child, How, Id, Restart, Schedule, Strategy, Sup};
use crate::stage::Refused;
use crate::trace::{Subject, Trace};

pub(crate) struct OnKameo;

impl Subject for OnKameo {
    fn run(&self, schedule: &Schedule) -> Trace {
        driver::run(schedule, async |cast| {
            let rules = Rules::new(&schedule.root, cast);
            match schedule.root.strategy {
                Strategy::OneForOne | Strategy::Dynamic => Root::<OneForOne>::raise(rules),
                Strategy::OneForAll => Root::<OneForAll>::raise(rules),
                Strategy::RestForOne => Root::<RestForOne>::raise(rules),
            }
        })
    }
}

impl Peer for OnKameo {
    fn name(&self) -> &'static str {
        "kameo 0.22"
    }

    fn offers(&self, feature: Feature) -> Offer {
        match feature {
            Feature::StopOrder => Offer::No("children are asked to stop side by side"),
            Feature::RefusedStart => Offer::No("it is tried again like a crash; the supervisor is up meanwhile"),
            Feature::HungStart => Offer::No("a start is not waited for"),
            Feature::StopLimit | Feature::HungStop => Offer::No("a stop has no limit"),
            Feature::AutoShutdown | Feature::DynamicTerminate | Feature::Ask | Feature::Mixed => Offer::No(""),
            Feature::TransientInGroups => {
                Offer::Yes("a group restart waits without end for a child that had ended before, and nobody comes back")
            }
            Feature::TemporaryInGroups => Offer::Yes("temporary children are started again with their group"),
            Feature::StartOrder => Offer::Yes("a group is started in the order of a hash map"),
            Feature::Intensity | Feature::Escalation => {
                Offer::Yes("restarts are counted per child, not per supervisor")
            }
            Feature::FailedStart => {
                Offer::Yes("siblings behind the failed start are started, stopped and started again")
            }
            _ => Offer::Yes(""),
        }
    }
}

// ---- Supervisors.

/// A strategy as a type.
trait Strategic: Send + Sync + 'static {
    const STRATEGY: SupervisionStrategy;
}

struct OneForOne;
struct OneForAll;
struct RestForOne;

impl Strategic for OneForOne {
    const STRATEGY: SupervisionStrategy = SupervisionStrategy::OneForOne;
}

impl Strategic for OneForAll {
    const STRATEGY: SupervisionStrategy = SupervisionStrategy::OneForAll;
}

impl Strategic for RestForOne {
    const STRATEGY: SupervisionStrategy = SupervisionStrategy::RestForOne;
}

/// What a supervisor goes by.
#[derive(Clone)]
struct Rules {
    sup: Sup,
    cast: Cast,
    /// Its temporary children: kameo's own hook ends a supervisor when one of them crashes.
    temporary: Arc<Mutex<Vec<ActorId>>>,
}

struct Boss<S> {
    rules: Rules,
    strategy: PhantomData<S>,
}

impl Rules {
    fn new(sup: &Sup, cast: &Cast) -> Self {
        Self { sup: sup.clone(), cast: cast.clone(), temporary: Arc::default() }
    }

    async fn start<S: Strategic>(&self, boss: &ActorRef<Boss<S>>, child: &Child) {
        match child {
            Child::Worker(worker) => {
                self.supervise(Puppet::supervise(boss, (worker.id, self.cast.clone())), child).await;
            }
            Child::Sup(sup) => {
                let rules = Self::new(sup, &self.cast);
                match sup.strategy {
                    Strategy::OneForOne | Strategy::Dynamic => {
                        self.supervise(Boss::<OneForOne>::supervise(boss, rules), child).await;
                    }
                    Strategy::OneForAll => self.supervise(Boss::<OneForAll>::supervise(boss, rules), child).await,
                    Strategy::RestForOne => self.supervise(Boss::<RestForOne>::supervise(boss, rules), child).await,
                }
            }
        }
    }

    /// A limit of restarts belongs to a child here: each gets that of its supervisor.
    async fn supervise<S: Actor, C: Actor>(&self, builder: SupervisedActorBuilder<'_, S, C>, child: &Child) {
        let policy = match child.policy().restart {
            Restart::Permanent => RestartPolicy::Permanent,
            Restart::Transient => RestartPolicy::Transient,
            Restart::Temporary => RestartPolicy::Never,
        };
        let period = Duration::from_secs(u64::from(self.sup.period));
        let started = builder.restart_policy(policy).restart_limit(self.sup.intensity, period).spawn().await;
        if policy == RestartPolicy::Never {
            self.temporary.lock().unwrap().push(started.id());
        }
    }
}

impl<S: Strategic> Actor for Boss<S> {
    type Args = Rules;
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        S::STRATEGY
    }

    async fn on_start(rules: Rules, me: ActorRef<Self>) -> Result<Self, Infallible> {
        let myself = me.clone();
        rules.cast.know(rules.sup.id, move |_| myself.kill());
        for child in &rules.sup.children {
            rules.start(&me, child).await;
        }
        Ok(Self { rules, strategy: PhantomData })
    }

    async fn on_link_died(
        &mut self,
        _: WeakActorRef<Self>,
        id: ActorId,
        reason: ActorStopReason,
    ) -> Result<ControlFlow<ActorStopReason>, Infallible> {
        let expected = reason.is_normal() || self.rules.temporary.lock().unwrap().contains(&id);
        let reason = Box::new(reason);
        Ok(if expected {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(ActorStopReason::LinkDied { id, reason })
        })
    }
}

struct Root<S: Strategic> {
    boss: ActorRef<Boss<S>>,
    rules: Rules,
}

impl<S: Strategic> Root<S> {
    fn raise(rules: Rules) -> Box<dyn Troupe> {
        Box::new(Self { boss: Boss::spawn(rules.clone()), rules })
    }
}

impl<S: Strategic> Troupe for Root<S> {
    fn add(&self, child: Child) {
        let (boss, rules) = (self.boss.clone(), self.rules.clone());
        tokio::spawn(async move { rules.start(&boss, &child).await });
    }

    fn terminate(&self, _: Id) {
        unreachable!("not offered")
    }

    fn stop(&self) {
        let boss = self.boss.clone();
        tokio::spawn(async move { boss.stop_gracefully().await });
    }

    fn is_over(&self) -> bool {
        !self.boss.is_alive()
    }
}

// ---- Workers.

struct Puppet {
    _life: Life,
}

struct Leave;
struct Fail;

impl Actor for Puppet {
    type Args = (Id, Cast);
    type Error = Refused;

    async fn on_start((id, cast): (Id, Cast), me: ActorRef<Self>) -> Result<Self, Refused> {
        let life = cast.enter(id, move |how| match how {
            How::Normal => drop(me.tell(Leave).try_send()),
            How::Error => drop(me.tell(Fail).try_send()),
            How::Kill => me.kill(),
        });
        Ok(Self { _life: life.await? })
    }
}

impl Message<Leave> for Puppet {
    type Reply = ();

    async fn handle(&mut self, _: Leave, cx: &mut Context<Self, ()>) {
        cx.stop();
    }
}

impl Message<Fail> for Puppet {
    type Reply = Result<(), &'static str>;

    async fn handle(&mut self, _: Fail, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err("boom")
    }
}
