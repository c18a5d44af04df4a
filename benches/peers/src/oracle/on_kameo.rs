//! Kameo: a supervisor is an actor whose type knows the strategy, and which starts its children when it starts.

use std::marker::PhantomData;
use std::time::Duration;

use kameo::actor::{ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::message::{Context, Message};
use kameo::supervision::{RestartPolicy, SupervisedActorBuilder, SupervisionStrategy};
use kameo::{Actor, actor};

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
            let (root, cast) = (schedule.root.clone(), cast.clone());
            match schedule.root.strategy {
                Strategy::OneForOne | Strategy::Dynamic => Root::<OneForOne>::raise(root, cast),
                Strategy::OneForAll => Root::<OneForAll>::raise(root, cast),
                Strategy::RestForOne => Root::<RestForOne>::raise(root, cast),
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
            Feature::HungStart => Offer::No("a start is not waited for"),
            Feature::StopLimit | Feature::HungStop => Offer::No("a stop has no limit"),
            Feature::AutoShutdown | Feature::DynamicTerminate | Feature::Ask | Feature::Mixed => Offer::No(""),
            _ => Offer::Yes(""),
        }
    }
}

// ---- Supervisors.

/// A strategy as a type.
trait Rule: Send + Sync + 'static {
    const STRATEGY: SupervisionStrategy;
}

struct OneForOne;
struct OneForAll;
struct RestForOne;

impl Rule for OneForOne {
    const STRATEGY: SupervisionStrategy = SupervisionStrategy::OneForOne;
}

impl Rule for OneForAll {
    const STRATEGY: SupervisionStrategy = SupervisionStrategy::OneForAll;
}

impl Rule for RestForOne {
    const STRATEGY: SupervisionStrategy = SupervisionStrategy::RestForOne;
}

struct Boss<R>(PhantomData<R>);

impl<R: Rule> Actor for Boss<R> {
    type Args = (Sup, Cast);
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        R::STRATEGY
    }

    async fn on_start((sup, cast): (Sup, Cast), me: ActorRef<Self>) -> Result<Self, Infallible> {
        let myself = me.clone();
        cast.know(sup.id, move |_| myself.kill());
        for child in &sup.children {
            supervise(&me, &sup, child, &cast).await;
        }
        Ok(Self(PhantomData))
    }
}

/// Starts a child. A limit of restarts belongs to the child here: each gets that of its supervisor.
async fn supervise<R: Rule>(boss: &ActorRef<Boss<R>>, above: &Sup, child: &Child, cast: &Cast) {
    match child {
        Child::Worker(worker) => spawn(Puppet::supervise(boss, (worker.id, cast.clone())), above, child).await,
        Child::Sup(sup) => {
            let args = (sup.clone(), cast.clone());
            match sup.strategy {
                Strategy::OneForOne | Strategy::Dynamic => {
                    spawn(Boss::<OneForOne>::supervise(boss, args), above, child).await;
                }
                Strategy::OneForAll => spawn(Boss::<OneForAll>::supervise(boss, args), above, child).await,
                Strategy::RestForOne => spawn(Boss::<RestForOne>::supervise(boss, args), above, child).await,
            }
        }
    }
}

async fn spawn<S: Actor, C: Actor>(builder: SupervisedActorBuilder<'_, S, C>, above: &Sup, child: &Child) {
    let policy = match child.policy().restart {
        Restart::Permanent => RestartPolicy::Permanent,
        Restart::Transient => RestartPolicy::Transient,
        Restart::Temporary => RestartPolicy::Never,
    };
    let period = Duration::from_secs(u64::from(above.period));
    builder.restart_policy(policy).restart_limit(above.intensity, period).spawn().await;
}

struct Root<R: Rule> {
    boss: ActorRef<Boss<R>>,
    sup: Sup,
    cast: Cast,
}

impl<R: Rule> Root<R> {
    fn raise(sup: Sup, cast: Cast) -> Box<dyn Troupe> {
        let boss = Boss::<R>::spawn((sup.clone(), cast.clone()));
        Box::new(Self { boss, sup, cast })
    }
}

impl<R: Rule> Troupe for Root<R> {
    fn add(&self, child: Child) {
        let (boss, sup, cast) = (self.boss.clone(), self.sup.clone(), self.cast.clone());
        tokio::spawn(async move { supervise(&boss, &sup, &child, &cast).await });
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

    async fn on_start((id, cast): (Id, Cast), me: actor::ActorRef<Self>) -> Result<Self, Refused> {
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
