//! Swarmtree.

mod actors;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use swarmtree::{Supervised, Supervisor, System};
use tokio::sync::Notify;

use crate::crash::{Poison, Stage};
use crate::driver::{on_tokio, side_by_side};
use crate::measure::{Measure, Outcome, Stopwatch, checked, sum_below};
use crate::memory::HeapWindow;
use crate::peers::swarmtree::actors::{
    Adder, AdderHandle, Collector, Link, LinkHandle, Mayfly, Phoenix, Source, Worker,
};
use crate::workloads::Peer;

pub(crate) struct Swarmtree;

impl Peer for Swarmtree {
    fn name(&self) -> &'static str {
        "swarmtree"
    }

    fn tell(&self, producers: u64, messages: u64) -> Outcome {
        on_tokio(tell(producers, messages))
    }

    fn ask_sync(&self, askers: u64, asks: u64) -> Outcome {
        on_tokio(ask_sync(askers, asks))
    }

    fn ask_async(&self, asks: u64) -> Outcome {
        on_tokio(ask_async(asks))
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

async fn adder() -> (System, AdderHandle) {
    let system = System::start("peers").await.expect("the system starts");
    let adder = system.spawn::<Adder>("adder", ()).await.expect("the adder starts");
    (system, adder)
}

async fn tell(producers: u64, messages: u64) -> Outcome {
    let (system, adder) = adder().await;
    let watch = Stopwatch::start();
    side_by_side(producers, messages, |values| {
        let adder = adder.clone();
        async move {
            for value in values {
                adder.add(value).await.expect("the adder runs");
            }
        }
    })
    .await;
    let sum = adder.sum().await.expect("the adder answers");
    let measure = watch.per(messages);
    system.stop().await;
    checked(measure, sum_below(messages), sum)
}

async fn ask_sync(askers: u64, asks: u64) -> Outcome {
    let (system, adder) = adder().await;
    let watch = Stopwatch::start();
    side_by_side(askers, asks, |values| {
        let adder = adder.clone();
        async move {
            for value in values {
                adder.ask(value).await.expect("the adder answers");
            }
        }
    })
    .await;
    let measure = watch.per(asks);
    let sum = adder.sum().await.expect("the adder answers");
    system.stop().await;
    checked(measure, sum_below(asks), sum)
}

async fn ask_async(asks: u64) -> Outcome {
    let (system, adder) = adder().await;
    let watch = Stopwatch::start();
    for value in 0..asks {
        adder.ask_async(value).await.expect("the adder answers");
    }
    let measure = watch.per(asks);
    let sum = adder.sum().await.expect("the adder answers");
    system.stop().await;
    checked(measure, sum_below(asks), sum)
}

async fn start_stop(actors: u64) -> Outcome {
    let mayflies = Supervisor::dynamic("mayflies", Mayfly::template());
    let system = System::builder("peers").child(mayflies).start().await.expect("the system starts");
    let mayflies = system.dynamic::<Mayfly>("mayflies").expect("it was declared");
    let ledger = Arc::new(AtomicU64::new(0));
    let watch = Stopwatch::start();
    for value in 0..actors {
        let mayfly = mayflies.start(&value.to_string(), Arc::clone(&ledger)).await.expect("the mayfly starts");
        mayfly.add(value).await.expect("the mayfly runs");
        mayfly.drain();
        mayfly.stopped().await;
    }
    let measure = watch.per(actors);
    system.stop().await;
    checked(measure, sum_below(actors), ledger.load(Ordering::Relaxed))
}

async fn idle(actors: u64) -> Outcome {
    let adders = Supervisor::dynamic("adders", Adder::template());
    let system = System::builder("peers").child(adders).start().await.expect("the system starts");
    let adders = system.dynamic::<Adder>("adders").expect("it was declared");
    let mut handles = Vec::with_capacity(usize::try_from(actors).unwrap_or(0));
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for name in 0..actors {
        handles.push(adders.start(&name.to_string(), ()).await.expect("the adder starts"));
    }
    let measure = Measure { value: window.growth() / actors as f64, p99: None, cpu_ns: watch.cpu_ns(actors) };
    drop(window);
    let mut sum = 0;
    for (value, adder) in (0..).zip(&handles) {
        adder.add(value).await.expect("the adder runs");
        sum += adder.sum().await.expect("the adder answers");
    }
    system.stop().await;
    checked(measure, sum_below(actors), sum)
}

async fn ring(actors: u64, hops: u64) -> Outcome {
    let system = System::start("peers").await.expect("the system starts");
    let done = Arc::new(Notify::new());
    let mut links: Vec<LinkHandle> = Vec::new();
    for name in 0..actors {
        links.push(system.spawn::<Link>(&name.to_string(), Arc::clone(&done)).await.expect("the link starts"));
    }
    for (link, next) in links.iter().zip(links.iter().cycle().skip(1)) {
        link.meet(next.clone()).await.expect("the link runs");
    }
    let watch = Stopwatch::start();
    links[0].pass(hops - 1).await.expect("the link runs");
    done.notified().await;
    let measure = watch.per(hops);
    let mut sum = 0;
    for link in &links {
        sum += link.sum().await.expect("the link answers");
    }
    system.stop().await;
    checked(measure, sum_below(hops), sum)
}

async fn fan_out(actors: u64, messages: u64) -> Outcome {
    let system = System::start("peers").await.expect("the system starts");
    let done = Arc::new(Notify::new());
    let answers = (actors * messages, Arc::clone(&done));
    let collector = system.spawn::<Collector>("collector", answers).await.expect("the collector starts");
    let mut workers = Vec::new();
    for name in 0..actors {
        let path = format!("workers/{name}");
        workers.push(system.spawn::<Worker>(&path, collector.clone()).await.expect("the worker starts"));
    }
    let source = system.spawn::<Source>("source", workers).await.expect("the source starts");
    let watch = Stopwatch::start();
    source.run(messages).await.expect("the source runs");
    done.notified().await;
    let measure = watch.per(2 * actors * messages);
    let sum = collector.sum().await.expect("the collector answers");
    system.stop().await;
    checked(measure, sum_below(actors * messages), sum)
}

async fn restart(poison: Poison, crashes: u64) -> Outcome {
    let stage = Arc::new(Stage::new(crashes));
    let nest =
        Supervisor::one_for_one("nest").intensity(u32::MAX, "1s").child(Phoenix::spec("phoenix", Arc::clone(&stage)));
    let system = System::builder("peers").child(nest).start().await.expect("the system starts");
    let phoenix = system.find::<Phoenix>("nest/phoenix").expect("it was declared");
    for value in 0..crashes {
        stage.poison();
        phoenix.swallow(poison).await.expect("the phoenix runs");
        phoenix.add(value).await.expect("the mailbox outlives the phoenix");
        stage.back().await;
    }
    let outcome = stage.outcome(crashes);
    system.stop().await;
    outcome
}

async fn overload(messages: u64) -> Outcome {
    let (system, adder) = adder().await;
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for value in 0..messages {
        adder.add_slowly(value).await.expect("the adder runs");
    }
    let sum = adder.sum().await.expect("the adder answers");
    let value = window.peak_growth() / f64::from(1 << 20);
    let measure = Measure { value, p99: None, cpu_ns: watch.cpu_ns(messages) };
    drop(window);
    system.stop().await;
    checked(measure, sum_below(messages), sum)
}
