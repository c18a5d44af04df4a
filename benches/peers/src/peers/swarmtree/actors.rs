//! The actors of the workloads, as swarmtree's macros write them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use swarmtree::{Fail, actor, handlers};
use tokio::sync::Notify;

use crate::crash::{Poison, Stage, panic_on_purpose};
use crate::driver::spin;

/// Sums what it is told and asked.
#[actor(mailbox = 256)]
pub(crate) struct Adder {
    sum: u64,
}

#[handlers]
impl Adder {
    #[start]
    fn open() -> Self {
        Self { sum: 0 }
    }

    #[tell]
    fn add(&mut self, value: u64) {
        self.sum += value;
    }

    #[tell]
    fn add_slowly(&mut self, value: u64) {
        spin();
        self.sum += value;
    }

    #[ask]
    fn ask(&mut self, value: u64) -> u64 {
        self.sum += value;
        value
    }

    #[ask]
    async fn ask_async(&mut self, value: u64) -> u64 {
        self.sum += value;
        value
    }

    #[ask]
    fn sum(&self) -> u64 {
        self.sum
    }
}

/// Handles a message and stops.
#[actor(mailbox = 256, restart = temporary)]
pub(crate) struct Mayfly {
    ledger: Arc<AtomicU64>,
}

#[handlers]
impl Mayfly {
    #[start]
    fn open(ledger: Arc<AtomicU64>) -> Self {
        Self { ledger }
    }

    #[tell]
    fn add(&mut self, value: u64) {
        self.ledger.fetch_add(value, Ordering::Relaxed);
    }
}

/// Passes a token on to the next in the ring.
#[actor(mailbox = 256)]
pub(crate) struct Link {
    next: Option<LinkHandle>,
    sum: u64,
    done: Arc<Notify>,
}

#[handlers]
impl Link {
    #[start]
    fn open(done: Arc<Notify>) -> Self {
        Self { next: None, sum: 0, done }
    }

    #[tell]
    fn meet(&mut self, next: LinkHandle) {
        self.next = Some(next);
    }

    #[tell]
    fn pass(&mut self, hops_left: u64) {
        self.sum += hops_left;
        match &self.next {
            Some(next) if hops_left > 0 => next.try_pass(hops_left - 1).expect("one token finds room"),
            _ => self.done.notify_one(),
        }
    }

    #[ask]
    fn sum(&self) -> u64 {
        self.sum
    }
}

/// Tells many workers.
#[actor(mailbox = 256)]
pub(crate) struct Source {
    workers: Vec<WorkerHandle>,
}

#[handlers]
impl Source {
    #[start]
    fn open(workers: Vec<WorkerHandle>) -> Self {
        Self { workers }
    }

    #[tell]
    async fn run(&mut self, messages: u64) {
        let mut value = 0;
        for _ in 0..messages {
            for worker in &self.workers {
                worker.work(value).await.expect("the worker runs");
                value += 1;
            }
        }
    }
}

/// Answers to the collector.
#[actor(mailbox = 256)]
pub(crate) struct Worker {
    collector: CollectorHandle,
}

#[handlers]
impl Worker {
    #[start]
    fn open(collector: CollectorHandle) -> Self {
        Self { collector }
    }

    #[tell]
    async fn work(&mut self, value: u64) {
        self.collector.add(value).await.expect("the collector runs");
    }
}

/// Waits for all answers.
#[actor(mailbox = 256)]
pub(crate) struct Collector {
    sum: u64,
    open: u64,
    done: Arc<Notify>,
}

#[handlers]
impl Collector {
    #[start]
    fn open(answers: u64, done: Arc<Notify>) -> Self {
        Self { sum: 0, open: answers, done }
    }

    #[tell]
    fn add(&mut self, value: u64) {
        self.sum += value;
        self.open -= 1;
        if self.open == 0 {
            self.done.notify_one();
        }
    }

    #[ask]
    fn sum(&self) -> u64 {
        self.sum
    }
}

/// Dies of poison.
#[actor(mailbox = 256)]
pub(crate) struct Phoenix {
    stage: Arc<Stage>,
}

#[handlers]
impl Phoenix {
    #[start]
    fn open(stage: Arc<Stage>) -> Self {
        stage.begin();
        Self { stage }
    }

    #[tell]
    fn swallow(&mut self, poison: Poison) -> Result<(), Fail> {
        match poison {
            Poison::Panic => panic_on_purpose(),
            Poison::Fail => Err(Fail::new("poison")),
        }
    }

    #[tell]
    fn add(&mut self, value: u64) {
        self.stage.handle(value);
    }
}
