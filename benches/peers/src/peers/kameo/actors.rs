//! The actors of the workloads, as kameo has them: a handler for each message type.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kameo::Actor;
use kameo::actor::ActorRef;
use kameo::error::Infallible;
use kameo::message::{Context, Message};
use tokio::sync::Notify;

use crate::crash::{self, Stage, panic_on_purpose};
use crate::driver::spin;

pub(crate) struct Add(pub(crate) u64);
pub(crate) struct AddSlowly(pub(crate) u64);
pub(crate) struct Ask(pub(crate) u64);
pub(crate) struct Sum;
pub(crate) struct Meet(pub(crate) ActorRef<Link>);
pub(crate) struct Pass(pub(crate) u64);
pub(crate) struct Run(pub(crate) u64);
pub(crate) struct Swallow(pub(crate) crash::Poison);

/// Has no children of its own; the children of the workloads are started under it.
#[derive(Actor)]
pub(crate) struct Parent;

/// Sums what it is told and asked.
#[derive(Actor, Clone)]
pub(crate) struct Adder {
    pub(crate) sum: u64,
}

impl Message<Add> for Adder {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, ()>) {
        self.sum += value;
    }
}

impl Message<AddSlowly> for Adder {
    type Reply = ();

    async fn handle(&mut self, AddSlowly(value): AddSlowly, _: &mut Context<Self, ()>) {
        spin();
        self.sum += value;
    }
}

impl Message<Ask> for Adder {
    type Reply = u64;

    async fn handle(&mut self, Ask(value): Ask, _: &mut Context<Self, u64>) -> u64 {
        self.sum += value;
        value
    }
}

impl Message<Sum> for Adder {
    type Reply = u64;

    async fn handle(&mut self, _: Sum, _: &mut Context<Self, u64>) -> u64 {
        self.sum
    }
}

/// Handles a message and stops.
#[derive(Actor, Clone)]
pub(crate) struct Mayfly {
    pub(crate) ledger: Arc<AtomicU64>,
}

impl Message<Add> for Mayfly {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, ()>) {
        self.ledger.fetch_add(value, Ordering::Relaxed);
    }
}

/// Passes a token on to the next in the ring.
#[derive(Actor)]
pub(crate) struct Link {
    pub(crate) next: Option<ActorRef<Link>>,
    pub(crate) sum: u64,
    pub(crate) done: Arc<Notify>,
}

impl Message<Meet> for Link {
    type Reply = ();

    async fn handle(&mut self, Meet(next): Meet, _: &mut Context<Self, ()>) {
        self.next = Some(next);
    }
}

impl Message<Pass> for Link {
    type Reply = ();

    async fn handle(&mut self, Pass(hops_left): Pass, _: &mut Context<Self, ()>) {
        self.sum += hops_left;
        match &self.next {
            Some(next) if hops_left > 0 => {
                next.tell(Pass(hops_left - 1)).try_send().expect("one token finds room");
            }
            _ => self.done.notify_one(),
        }
    }
}

impl Message<Sum> for Link {
    type Reply = u64;

    async fn handle(&mut self, _: Sum, _: &mut Context<Self, u64>) -> u64 {
        // The last message; a ring of references would keep itself alive.
        self.next = None;
        self.sum
    }
}

/// Tells many workers.
#[derive(Actor)]
pub(crate) struct Source {
    pub(crate) workers: Vec<ActorRef<Worker>>,
}

impl Message<Run> for Source {
    type Reply = ();

    async fn handle(&mut self, Run(messages): Run, _: &mut Context<Self, ()>) {
        let mut value = 0;
        for _ in 0..messages {
            for worker in &self.workers {
                worker.tell(Add(value)).send().await.expect("the worker runs");
                value += 1;
            }
        }
    }
}

/// Answers to the collector.
#[derive(Actor)]
pub(crate) struct Worker {
    pub(crate) collector: ActorRef<Collector>,
}

impl Message<Add> for Worker {
    type Reply = ();

    async fn handle(&mut self, add: Add, _: &mut Context<Self, ()>) {
        self.collector.tell(add).send().await.expect("the collector runs");
    }
}

/// Waits for all answers.
#[derive(Actor)]
pub(crate) struct Collector {
    pub(crate) sum: u64,
    pub(crate) open: u64,
    pub(crate) done: Arc<Notify>,
}

impl Message<Add> for Collector {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, ()>) {
        self.sum += value;
        self.open -= 1;
        if self.open == 0 {
            self.done.notify_one();
        }
    }
}

impl Message<Sum> for Collector {
    type Reply = u64;

    async fn handle(&mut self, _: Sum, _: &mut Context<Self, u64>) -> u64 {
        self.sum
    }
}

/// Dies of poison.
pub(crate) struct Phoenix {
    stage: Arc<Stage>,
}

impl Actor for Phoenix {
    type Args = Arc<Stage>;
    type Error = Infallible;

    async fn on_start(stage: Arc<Stage>, _: ActorRef<Self>) -> Result<Self, Infallible> {
        stage.begin();
        Ok(Self { stage })
    }
}

impl Message<Swallow> for Phoenix {
    type Reply = Result<(), &'static str>;

    async fn handle(&mut self, Swallow(poison): Swallow, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        match poison {
            crash::Poison::Panic => panic_on_purpose(),
            crash::Poison::Fail => Err("poison"),
        }
    }
}

impl Message<Add> for Phoenix {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, ()>) {
        self.stage.handle(value);
    }
}
