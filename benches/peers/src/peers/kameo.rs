//! Kameo, with bounded and with unbounded mailboxes.

mod actors;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::mailbox::{MailboxReceiver, MailboxSender, bounded, unbounded};
use kameo::supervision::RestartPolicy;
use tokio::sync::Notify;

use crate::crash::{Poison, Stage};
use crate::driver::{CAPACITY, on_tokio, side_by_side};
use crate::measure::{Measure, Outcome, Stopwatch, checked, sum_below};
use crate::memory::HeapWindow;
use crate::peers::kameo::actors::{
    Add, AddSlowly, Adder, Ask, Collector, Link, Mayfly, Meet, Parent, Pass, Phoenix, Run, Source, Sum, Swallow, Worker,
};
use crate::workloads::Peer;

#[derive(Clone, Copy)]
enum Mailbox {
    Bounded,
    Unbounded,
}

pub(crate) struct Kameo {
    name: &'static str,
    mailbox: Mailbox,
}

impl Kameo {
    pub(crate) const BOUNDED: Self = Self { name: "kameo", mailbox: Mailbox::Bounded };
    pub(crate) const UNBOUNDED: Self = Self { name: "kameo_unbounded", mailbox: Mailbox::Unbounded };
}

impl Mailbox {
    fn make<A: Actor>(self) -> (MailboxSender<A>, MailboxReceiver<A>) {
        match self {
            Self::Bounded => bounded(CAPACITY),
            Self::Unbounded => unbounded(),
        }
    }

    fn spawn<A: Actor>(self, args: A::Args) -> ActorRef<A> {
        A::spawn_with_mailbox(args, self.make())
    }
}

impl Peer for Kameo {
    fn name(&self) -> &'static str {
        self.name
    }

    fn tell(&self, producers: u64, messages: u64) -> Outcome {
        on_tokio(tell(self.mailbox, producers, messages))
    }

    fn ask_sync(&self, askers: u64, asks: u64) -> Outcome {
        on_tokio(ask(self.mailbox, askers, asks))
    }

    fn ask_async(&self, asks: u64) -> Outcome {
        on_tokio(ask(self.mailbox, 1, asks))
    }

    fn start_stop(&self, actors: u64) -> Outcome {
        on_tokio(start_stop(self.mailbox, actors))
    }

    fn idle(&self, actors: u64) -> Outcome {
        on_tokio(idle(self.mailbox, actors))
    }

    fn ring(&self, actors: u64, hops: u64) -> Outcome {
        on_tokio(ring(self.mailbox, actors, hops))
    }

    fn fan_out(&self, actors: u64, messages: u64) -> Outcome {
        on_tokio(fan_out(self.mailbox, actors, messages))
    }

    fn restart(&self, poison: Poison, crashes: u64) -> Outcome {
        on_tokio(restart(self.mailbox, poison, crashes))
    }

    fn overload(&self, messages: u64) -> Outcome {
        on_tokio(overload(self.mailbox, messages))
    }
}

async fn tell(mailbox: Mailbox, producers: u64, messages: u64) -> Outcome {
    let adder = mailbox.spawn::<Adder>(Adder { sum: 0 });
    adder.wait_for_startup().await;
    let watch = Stopwatch::start();
    side_by_side(producers, messages, |values| {
        let adder = adder.clone();
        async move {
            for value in values {
                adder.tell(Add(value)).send().await.expect("the adder runs");
            }
        }
    })
    .await;
    let sum = adder.ask(Sum).send().await.expect("the adder answers");
    checked(watch.per(messages), sum_below(messages), sum)
}

async fn ask(mailbox: Mailbox, askers: u64, asks: u64) -> Outcome {
    let adder = mailbox.spawn::<Adder>(Adder { sum: 0 });
    adder.wait_for_startup().await;
    let watch = Stopwatch::start();
    side_by_side(askers, asks, |values| {
        let adder = adder.clone();
        async move {
            for value in values {
                adder.ask(Ask(value)).send().await.expect("the adder answers");
            }
        }
    })
    .await;
    let measure = watch.per(asks);
    let sum = adder.ask(Sum).send().await.expect("the adder answers");
    checked(measure, sum_below(asks), sum)
}

async fn start_stop(mailbox: Mailbox, actors: u64) -> Outcome {
    let parent = Parent::spawn(Parent);
    let ledger = Arc::new(AtomicU64::new(0));
    let watch = Stopwatch::start();
    for value in 0..actors {
        let mayfly = Mayfly::supervise(&parent, Mayfly { ledger: Arc::clone(&ledger) })
            .restart_policy(RestartPolicy::Never)
            .spawn_with_mailbox(mailbox.make())
            .await;
        mayfly.tell(Add(value)).send().await.expect("the mayfly runs");
        mayfly.stop_gracefully().await.expect("the mayfly runs");
        mayfly.wait_for_shutdown().await;
    }
    checked(watch.per(actors), sum_below(actors), ledger.load(Ordering::Relaxed))
}

async fn idle(mailbox: Mailbox, actors: u64) -> Outcome {
    let parent = Parent::spawn(Parent);
    let mut adders = Vec::with_capacity(usize::try_from(actors).unwrap_or(0));
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for _ in 0..actors {
        let adder = Adder::supervise(&parent, Adder { sum: 0 }).spawn_with_mailbox(mailbox.make()).await;
        adder.wait_for_startup().await;
        adders.push(adder);
    }
    let measure = Measure { value: window.growth() / actors as f64, p99: None, cpu_ns: watch.cpu_ns(actors) };
    drop(window);
    let mut sum = 0;
    for (value, adder) in (0..).zip(&adders) {
        adder.tell(Add(value)).send().await.expect("the adder runs");
        sum += adder.ask(Sum).send().await.expect("the adder answers");
    }
    checked(measure, sum_below(actors), sum)
}

async fn ring(mailbox: Mailbox, actors: u64, hops: u64) -> Outcome {
    let done = Arc::new(Notify::new());
    let start = |_| mailbox.spawn::<Link>(Link { next: None, sum: 0, done: Arc::clone(&done) });
    let links: Vec<_> = (0..actors).map(start).collect();
    for (link, next) in links.iter().zip(links.iter().cycle().skip(1)) {
        link.ask(Meet(next.clone())).send().await.expect("the link answers");
    }
    let watch = Stopwatch::start();
    links[0].tell(Pass(hops - 1)).send().await.expect("the link runs");
    done.notified().await;
    let measure = watch.per(hops);
    let mut sum = 0;
    for link in &links {
        sum += link.ask(Sum).send().await.expect("the link answers");
    }
    checked(measure, sum_below(hops), sum)
}

async fn fan_out(mailbox: Mailbox, actors: u64, messages: u64) -> Outcome {
    let done = Arc::new(Notify::new());
    let collector = mailbox.spawn::<Collector>(Collector { sum: 0, open: actors * messages, done: Arc::clone(&done) });
    let start = |_| mailbox.spawn::<Worker>(Worker { collector: collector.clone() });
    let workers: Vec<_> = (0..actors).map(start).collect();
    for worker in &workers {
        worker.wait_for_startup().await;
    }
    let source = mailbox.spawn::<Source>(Source { workers });
    source.wait_for_startup().await;
    let watch = Stopwatch::start();
    source.tell(Run(messages)).send().await.expect("the source runs");
    done.notified().await;
    let measure = watch.per(2 * actors * messages);
    let sum = collector.ask(Sum).send().await.expect("the collector answers");
    checked(measure, sum_below(actors * messages), sum)
}

async fn restart(mailbox: Mailbox, poison: Poison, crashes: u64) -> Outcome {
    let stage = Arc::new(Stage::new(crashes));
    let parent = Parent::spawn(Parent);
    let phoenix = Phoenix::supervise(&parent, Arc::clone(&stage))
        .restart_limit(u32::MAX, Duration::from_secs(1))
        .spawn_with_mailbox(mailbox.make())
        .await;
    phoenix.wait_for_startup().await;
    for value in 0..crashes {
        stage.poison();
        phoenix.tell(Swallow(poison)).send().await.expect("the phoenix runs");
        phoenix.tell(Add(value)).send().await.expect("the mailbox outlives the phoenix");
        stage.back().await;
    }
    stage.outcome(crashes)
}

async fn overload(mailbox: Mailbox, messages: u64) -> Outcome {
    let adder = mailbox.spawn::<Adder>(Adder { sum: 0 });
    adder.wait_for_startup().await;
    let window = HeapWindow::open();
    let watch = Stopwatch::start();
    for value in 0..messages {
        adder.tell(AddSlowly(value)).send().await.expect("the adder runs");
    }
    let sum = adder.ask(Sum).send().await.expect("the adder answers");
    let value = window.peak_growth() / f64::from(1 << 20);
    let measure = Measure { value, p99: None, cpu_ns: watch.cpu_ns(messages) };
    checked(measure, sum_below(messages), sum)
}
