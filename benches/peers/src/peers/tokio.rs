//! Raw tokio: a task with a bounded channel, and a oneshot for each answer. The floor that a library stands on.

mod tasks;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, mpsc, oneshot};

use crate::crash::{Poison, Stage};
use crate::driver::{CAPACITY, on_tokio, side_by_side};
use crate::measure::{Measure, Outcome, Stopwatch, checked, sum_below};
use crate::memory::HeapWindow;
use crate::peers::tokio::tasks::{Add, Fate, Hop, add, collect, link, mayfly, source, supervise, worker};
use crate::workloads::Peer;

pub(crate) struct Tokio;

impl Peer for Tokio {
    fn name(&self) -> &'static str {
        "tokio"
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

fn adder() -> mpsc::Sender<Add> {
    let (adder, inbox) = mpsc::channel(CAPACITY);
    tokio::spawn(add(inbox));
    adder
}

async fn asked<M>(actor: &mpsc::Sender<M>, message: impl FnOnce(oneshot::Sender<u64>) -> M) -> u64 {
    let (reply, answer) = oneshot::channel();
    actor.send(message(reply)).await.expect("the actor runs");
    answer.await.expect("the actor answers")
}

async fn tell(producers: u64, messages: u64) -> Outcome {
    let adder = adder();
    let watch = Stopwatch::start();
    side_by_side(producers, messages, |values| {
        let adder = adder.clone();
        async move {
            for value in values {
                adder.send(Add::Tell(value)).await.expect("the adder runs");
            }
        }
    })
    .await;
    let sum = asked(&adder, Add::Sum).await;
    checked(watch.per(messages), sum_below(messages), sum)
}

async fn ask(askers: u64, asks: u64) -> Outcome {
    let adder = adder();
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
    let ledger = Arc::new(AtomicU64::new(0));
    let watch = Stopwatch::start();
    for value in 0..actors {
        let (sender, inbox) = mpsc::channel(CAPACITY);
        let ended = tokio::spawn(mayfly(inbox, Arc::clone(&ledger)));
        sender.send(value).await.expect("the mayfly runs");
        drop(sender);
        ended.await.expect("the mayfly ends");
    }
    checked(watch.per(actors), sum_below(actors), ledger.load(Ordering::Relaxed))
}

async fn idle(actors: u64) -> Outcome {
    let mut adders = Vec::with_capacity(usize::try_from(actors).unwrap_or(0));
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for _ in 0..actors {
        adders.push(adder());
    }
    let measure = Measure { value: window.growth() / actors as f64, p99: None, cpu_ns: watch.cpu_ns(actors) };
    drop(window);
    let mut sum = 0;
    for (value, adder) in (0..).zip(&adders) {
        adder.send(Add::Tell(value)).await.expect("the adder runs");
        sum += asked(adder, Add::Sum).await;
    }
    checked(measure, sum_below(actors), sum)
}

async fn ring(actors: u64, hops: u64) -> Outcome {
    let done = Arc::new(Notify::new());
    let (links, inboxes): (Vec<_>, Vec<_>) = (0..actors).map(|_| mpsc::channel(CAPACITY)).unzip();
    for (inbox, next) in inboxes.into_iter().zip(links.iter().cycle().skip(1)) {
        tokio::spawn(link(inbox, next.downgrade(), Arc::clone(&done)));
    }
    let watch = Stopwatch::start();
    links[0].send(Hop::Pass(hops - 1)).await.expect("the link runs");
    done.notified().await;
    let measure = watch.per(hops);
    let mut sum = 0;
    for link in &links {
        sum += asked(link, Hop::Sum).await;
    }
    checked(measure, sum_below(hops), sum)
}

async fn fan_out(actors: u64, messages: u64) -> Outcome {
    let (to_collector, answers) = mpsc::channel(CAPACITY);
    let collector = tokio::spawn(collect(answers, actors * messages));
    let mut workers = Vec::new();
    for _ in 0..actors {
        let (to_worker, inbox) = mpsc::channel(CAPACITY);
        tokio::spawn(worker(inbox, to_collector.clone()));
        workers.push(to_worker);
    }
    let (to_source, inbox) = mpsc::channel(CAPACITY);
    tokio::spawn(source(workers, inbox));
    let watch = Stopwatch::start();
    to_source.send(messages).await.expect("the source runs");
    let sum = collector.await.expect("the collector ends");
    checked(watch.per(2 * actors * messages), sum_below(actors * messages), sum)
}

async fn restart(poison: Poison, crashes: u64) -> Outcome {
    let stage = Arc::new(Stage::new(crashes));
    let (phoenix, inbox) = mpsc::channel(CAPACITY);
    let supervisor = tokio::spawn(supervise(inbox, Arc::clone(&stage)));
    for value in 0..crashes {
        stage.poison();
        phoenix.send(Fate::Swallow(poison)).await.expect("the inbox outlives the phoenix");
        phoenix.send(Fate::Add(value)).await.expect("the inbox outlives the phoenix");
        stage.back().await;
    }
    let outcome = stage.outcome(crashes);
    drop(phoenix);
    supervisor.await.expect("the supervisor ends");
    outcome
}

async fn overload(messages: u64) -> Outcome {
    let adder = adder();
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for value in 0..messages {
        adder.send(Add::Slowly(value)).await.expect("the adder runs");
    }
    let sum = asked(&adder, Add::Sum).await;
    let value = window.peak_growth() / f64::from(1 << 20);
    let measure = Measure { value, p99: None, cpu_ns: watch.cpu_ns(messages) };
    checked(measure, sum_below(messages), sum)
}
