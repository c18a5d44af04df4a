//! Ractor. Its mailboxes are unbounded, and restarts are left to its users.

mod actors;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ractor::{Actor, ActorRef, RpcReplyPort};
use tokio::sync::Notify;

use crate::crash::{Poison, Stage};
use crate::driver::{on_tokio, side_by_side};
use crate::measure::{Measure, Outcome, Stopwatch, checked, sum_below};
use crate::memory::HeapWindow;
use crate::peers::ractor::actors::{
    Add, Adder, Collection, Collector, Fate, Hop, Keeper, KeeperState, Link, Mayfly, Parent, Source, Worker,
};
use crate::workloads::Peer;

pub(crate) struct Ractor;

impl Peer for Ractor {
    fn name(&self) -> &'static str {
        "ractor"
    }

    fn tell(&self, producers: u64, messages: u64) -> Outcome {
        on_tokio(tell(producers, messages))
    }

    fn ask_sync(&self, askers: u64, asks: u64) -> Outcome {
        on_tokio(ask(askers, asks))
    }

    fn ask_async(&self, asks: u64) -> Outcome {
        on_tokio(ask(1, asks))
    }

    fn start_stop(&self, actors: u64) -> Outcome {
        on_tokio(start_stop(actors))
    }

    fn idle(&self, actors: u64) -> Outcome {
        on_tokio(idle(actors))
    }

    fn ring(&self, actors: u64, hops: u64) -> Outcome {
        on_tokio(ring(actors, hops))
    }

    fn fan_out(&self, actors: u64, messages: u64) -> Outcome {
        on_tokio(fan_out(actors, messages))
    }

    fn restart(&self, poison: Poison, crashes: u64) -> Outcome {
        on_tokio(restart(poison, crashes))
    }

    fn overload(&self, messages: u64) -> Outcome {
        on_tokio(overload(messages))
    }
}

async fn start<A: Actor>(actor: A, args: A::Arguments) -> ActorRef<A::Msg> {
    Actor::spawn(None, actor, args).await.expect("the actor starts").0
}

async fn asked<M: ractor::Message>(actor: &ActorRef<M>, message: impl FnOnce(RpcReplyPort<u64>) -> M) -> u64 {
    actor.call(message, None).await.expect("the actor runs").expect("the actor answers")
}

async fn tell(producers: u64, messages: u64) -> Outcome {
    let adder = start(Adder, ()).await;
    let watch = Stopwatch::start();
    side_by_side(producers, messages, |values| {
        let adder = adder.clone();
        async move {
            for value in values {
                adder.cast(Add::Tell(value)).expect("the adder runs");
            }
        }
    })
    .await;
    let sum = asked(&adder, Add::Sum).await;
    checked(watch.per(messages), sum_below(messages), sum)
}

async fn ask(askers: u64, asks: u64) -> Outcome {
    let adder = start(Adder, ()).await;
    let watch = Stopwatch::start();
    side_by_side(askers, asks, |values| {
        let adder = adder.clone();
        async move {
            for value in values {
                asked(&adder, |reply| Add::Ask(value, reply)).await;
            }
        }
    })
    .await;
    let measure = watch.per(asks);
    checked(measure, sum_below(asks), asked(&adder, Add::Sum).await)
}

async fn start_stop(actors: u64) -> Outcome {
    let parent = start(Parent, ()).await;
    let ledger = Arc::new(AtomicU64::new(0));
    let watch = Stopwatch::start();
    for value in 0..actors {
        let started = Actor::spawn_linked(None, Mayfly, Arc::clone(&ledger), parent.get_cell()).await;
        let (mayfly, ended) = started.expect("the mayfly starts");
        mayfly.cast(value).expect("the mayfly runs");
        mayfly.drain().expect("the mayfly runs");
        ended.await.expect("the mayfly ends");
    }
    checked(watch.per(actors), sum_below(actors), ledger.load(Ordering::Relaxed))
}

async fn idle(actors: u64) -> Outcome {
    let parent = start(Parent, ()).await;
    let mut adders = Vec::with_capacity(usize::try_from(actors).unwrap_or(0));
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for _ in 0..actors {
        adders.push(Actor::spawn_linked(None, Adder, (), parent.get_cell()).await.expect("the adder starts").0);
    }
    let measure = Measure { value: window.growth() / actors as f64, p99: None, cpu_ns: watch.cpu_ns(actors) };
    drop(window);
    let mut sum = 0;
    for (value, adder) in (0..).zip(&adders) {
        adder.cast(Add::Tell(value)).expect("the adder runs");
        sum += asked(adder, Add::Sum).await;
    }
    checked(measure, sum_below(actors), sum)
}

async fn ring(actors: u64, hops: u64) -> Outcome {
    let done = Arc::new(Notify::new());
    let mut links = Vec::new();
    for _ in 0..actors {
        links.push(start(Link, Arc::clone(&done)).await);
    }
    for (link, next) in links.iter().zip(links.iter().cycle().skip(1)) {
        link.cast(Hop::Meet(next.clone())).expect("the link runs");
    }
    let watch = Stopwatch::start();
    links[0].cast(Hop::Pass(hops - 1)).expect("the link runs");
    done.notified().await;
    let measure = watch.per(hops);
    let mut sum = 0;
    for link in &links {
        sum += asked(link, Hop::Sum).await;
        link.stop(None);
    }
    checked(measure, sum_below(hops), sum)
}

async fn fan_out(actors: u64, messages: u64) -> Outcome {
    let (done, sum) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
    let collection = Collection { open: actors * messages, sum: Arc::clone(&sum), done: Arc::clone(&done) };
    let collector = start(Collector, collection).await;
    let mut workers = Vec::new();
    for _ in 0..actors {
        workers.push(start(Worker, collector.clone()).await);
    }
    let source = start(Source, workers).await;
    let watch = Stopwatch::start();
    source.cast(messages).expect("the source runs");
    done.notified().await;
    checked(watch.per(2 * actors * messages), sum_below(actors * messages), sum.load(Ordering::Relaxed))
}

async fn restart(poison: Poison, crashes: u64) -> Outcome {
    let stage = Arc::new(Stage::new(crashes));
    let nest = Arc::new(Mutex::new(None));
    start(Keeper, KeeperState { stage: Arc::clone(&stage), nest: Arc::clone(&nest), crashes: 0 }).await;
    for _ in 0..crashes {
        let phoenix: Option<ActorRef<Fate>> = nest.lock().expect("nobody panics with it").clone();
        stage.poison();
        phoenix.expect("the keeper has started").cast(Fate::Swallow(poison)).expect("the phoenix runs");
        stage.back().await;
    }
    stage.outcome(crashes)
}

async fn overload(messages: u64) -> Outcome {
    let adder = start(Adder, ()).await;
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for value in 0..messages {
        adder.cast(Add::Slowly(value)).expect("the adder runs");
    }
    let sum = asked(&adder, Add::Sum).await;
    let value = window.peak_growth() / f64::from(1 << 20);
    let measure = Measure { value, p99: None, cpu_ns: watch.cpu_ns(messages) };
    checked(measure, sum_below(messages), sum)
}
