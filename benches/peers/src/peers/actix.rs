//! Actix, on arbiters of its own: threads with an event loop each. What is told is sent with `do_send`, which knows no
//! bound; its supervisor restarts what has stopped, not what has panicked.

mod actors;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::{Actor, Addr, Arbiter, Context, Supervisor, System};
use tokio::sync::{Notify, oneshot};

use crate::crash::{Poison, Stage};
use crate::driver::parts;
use crate::measure::{Measure, Miss, Outcome, Stopwatch, checked, sum_below};
use crate::memory::HeapWindow;
use crate::peers::actix::actors::{
    Add, AddSlowly, Adder, Ask, AskAsync, Collector, Link, Mayfly, Meet, Pass, Phoenix, Run, Source, Sum, Swallow,
    Worker,
};
use crate::workloads::Peer;

pub(crate) struct Actix;

impl Peer for Actix {
    fn name(&self) -> &'static str {
        "actix"
    }

    fn tell(&self, producers: u64, messages: u64) -> Outcome {
        beside(|arbiter| tell(arbiter, producers, messages))
    }

    fn ask_sync(&self, askers: u64, asks: u64) -> Outcome {
        System::new().block_on(ask_sync(askers, asks))
    }

    fn ask_async(&self, asks: u64) -> Outcome {
        System::new().block_on(ask_async(asks))
    }

    fn start_stop(&self, actors: u64) -> Outcome {
        System::new().block_on(start_stop(actors))
    }

    fn idle(&self, actors: u64) -> Outcome {
        System::new().block_on(idle(actors))
    }

    fn ring(&self, actors: u64, hops: u64) -> Outcome {
        System::new().block_on(ring(actors, hops))
    }

    fn fan_out(&self, actors: u64, messages: u64) -> Outcome {
        beside(|arbiter| fan_out(arbiter, actors, messages))
    }

    fn restart(&self, poison: Poison, crashes: u64) -> Outcome {
        match poison {
            Poison::Panic => Err(Miss::NotOffered),
            Poison::Fail => System::new().block_on(restart(crashes)),
        }
    }

    fn overload(&self, messages: u64) -> Outcome {
        beside(|arbiter| overload(arbiter, messages))
    }
}

/// Runs the work beside a second arbiter, for the workloads that keep two cores busy.
fn beside<F: Future<Output = Outcome>>(work: impl FnOnce(Second) -> F) -> Outcome {
    System::new().block_on(async {
        let arbiter = Arbiter::new();
        let outcome = work(Second(arbiter.handle())).await;
        arbiter.stop();
        arbiter.join().expect("the arbiter ends");
        outcome
    })
}

/// The second arbiter.
struct Second(actix::ArbiterHandle);

impl Second {
    fn start<A>(&self, actor: A) -> Addr<A>
    where
        A: Actor<Context = Context<A>> + Send,
    {
        A::start_in_arbiter(&self.0, |_| actor)
    }
}

async fn tell(second: Second, producers: u64, messages: u64) -> Outcome {
    let adder = second.start(Adder { sum: 0 });
    adder.send(Sum).await.expect("the adder answers");
    let watch = Stopwatch::start();
    let produce = |values: Range<u64>| {
        let adder = adder.clone();
        actix::spawn(async move { values.for_each(|value| adder.do_send(Add(value))) })
    };
    let running: Vec<_> = parts(producers, messages).map(produce).collect();
    for producer in running {
        producer.await.expect("the producer runs");
    }
    let sum = adder.send(Sum).await.expect("the adder answers");
    checked(watch.per(messages), sum_below(messages), sum)
}

async fn ask_sync(askers: u64, asks: u64) -> Outcome {
    let adder = Adder { sum: 0 }.start();
    let watch = Stopwatch::start();
    let ask = |values: Range<u64>| {
        let adder = adder.clone();
        actix::spawn(async move {
            for value in values {
                adder.send(Ask(value)).await.expect("the adder answers");
            }
        })
    };
    let running: Vec<_> = parts(askers, asks).map(ask).collect();
    for asker in running {
        asker.await.expect("the asker runs");
    }
    let measure = watch.per(asks);
    let sum = adder.send(Sum).await.expect("the adder answers");
    checked(measure, sum_below(asks), sum)
}

async fn ask_async(asks: u64) -> Outcome {
    let adder = Adder { sum: 0 }.start();
    let watch = Stopwatch::start();
    for value in 0..asks {
        adder.send(AskAsync(value)).await.expect("the adder answers");
    }
    let measure = watch.per(asks);
    let sum = adder.send(Sum).await.expect("the adder answers");
    checked(measure, sum_below(asks), sum)
}

async fn start_stop(actors: u64) -> Outcome {
    let ledger = Arc::new(AtomicU64::new(0));
    let watch = Stopwatch::start();
    for value in 0..actors {
        let (life, gone) = oneshot::channel();
        let ledger = Arc::clone(&ledger);
        let mayfly = Supervisor::start(|_| Mayfly { ledger, _life: life });
        mayfly.do_send(Add(value));
        drop(mayfly);
        let _ = gone.await;
    }
    checked(watch.per(actors), sum_below(actors), ledger.load(Ordering::Relaxed))
}

async fn idle(actors: u64) -> Outcome {
    let mut adders = Vec::with_capacity(usize::try_from(actors).unwrap_or(0));
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for _ in 0..actors {
        adders.push(Supervisor::start(|_| Adder { sum: 0 }));
    }
    tokio::task::yield_now().await;
    let measure = Measure { value: window.growth() / actors as f64, p99: None, cpu_ns: watch.cpu_ns(actors) };
    drop(window);
    let mut sum = 0;
    for (value, adder) in (0..).zip(&adders) {
        adder.do_send(Add(value));
        sum += adder.send(Sum).await.expect("the adder answers");
    }
    checked(measure, sum_below(actors), sum)
}

async fn ring(actors: u64, hops: u64) -> Outcome {
    let done = Arc::new(Notify::new());
    let links: Vec<_> = (0..actors).map(|_| Link { next: None, sum: 0, done: Arc::clone(&done) }.start()).collect();
    for (link, next) in links.iter().zip(links.iter().cycle().skip(1)) {
        link.do_send(Meet(next.clone()));
    }
    let watch = Stopwatch::start();
    links[0].do_send(Pass(hops - 1));
    done.notified().await;
    let measure = watch.per(hops);
    let mut sum = 0;
    for link in &links {
        sum += link.send(Sum).await.expect("the link answers");
    }
    checked(measure, sum_below(hops), sum)
}

async fn fan_out(second: Second, actors: u64, messages: u64) -> Outcome {
    let done = Arc::new(Notify::new());
    let collector = Collector { sum: 0, open: actors * messages, done: Arc::clone(&done) }.start();
    let mut workers = Vec::new();
    for _ in 0..actors {
        workers.push(second.start(Worker { collector: collector.clone() }));
    }
    let source = Source { workers }.start();
    let watch = Stopwatch::start();
    source.do_send(Run(messages));
    done.notified().await;
    let measure = watch.per(2 * actors * messages);
    let sum = collector.send(Sum).await.expect("the collector answers");
    checked(measure, sum_below(actors * messages), sum)
}

async fn restart(crashes: u64) -> Outcome {
    let stage = Arc::new(Stage::new(crashes));
    let actor = Phoenix { stage: Arc::clone(&stage) };
    let phoenix = Supervisor::start(|_| actor);
    for value in 0..crashes {
        stage.poison();
        phoenix.do_send(Swallow);
        phoenix.do_send(Add(value));
        stage.back().await;
    }
    stage.outcome(crashes)
}

async fn overload(second: Second, messages: u64) -> Outcome {
    let adder = second.start(Adder { sum: 0 });
    adder.send(Sum).await.expect("the adder answers");
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for value in 0..messages {
        adder.do_send(AddSlowly(value));
    }
    let sum = adder.send(Sum).await.expect("the adder answers");
    let value = window.peak_growth() / f64::from(1 << 20);
    let measure = Measure { value, p99: None, cpu_ns: watch.cpu_ns(messages) };
    checked(measure, sum_below(messages), sum)
}
