//! The actors of the workloads, as actix has them: a handler for each message type.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix::prelude::{
    Actor, ActorContext, ActorFutureExt, Addr, Context, Handler, Message, ResponseActFuture, Supervised, WrapFuture,
};
use tokio::sync::{Notify, oneshot};

use crate::crash::Stage;
use crate::driver::spin;

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Add(pub(crate) u64);

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct AddSlowly(pub(crate) u64);

#[derive(Message)]
#[rtype(result = "u64")]
pub(crate) struct Ask(pub(crate) u64);

#[derive(Message)]
#[rtype(result = "u64")]
pub(crate) struct AskAsync(pub(crate) u64);

#[derive(Message)]
#[rtype(result = "u64")]
pub(crate) struct Sum;

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Meet(pub(crate) Addr<Link>);

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Pass(pub(crate) u64);

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Run(pub(crate) u64);

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Swallow;

/// Sums what it is told and asked.
pub(crate) struct Adder {
    pub(crate) sum: u64,
}

impl Actor for Adder {
    type Context = Context<Self>;
}

impl Supervised for Adder {}

impl Handler<Add> for Adder {
    type Result = ();

    fn handle(&mut self, Add(value): Add, _: &mut Context<Self>) {
        self.sum += value;
    }
}

impl Handler<AddSlowly> for Adder {
    type Result = ();

    fn handle(&mut self, AddSlowly(value): AddSlowly, _: &mut Context<Self>) {
        spin();
        self.sum += value;
    }
}

impl Handler<Ask> for Adder {
    type Result = u64;

    fn handle(&mut self, Ask(value): Ask, _: &mut Context<Self>) -> u64 {
        self.sum += value;
        value
    }
}

impl Handler<AskAsync> for Adder {
    type Result = ResponseActFuture<Self, u64>;

    fn handle(&mut self, AskAsync(value): AskAsync, _: &mut Context<Self>) -> Self::Result {
        let add = |value, adder: &mut Self, _: &mut Context<Self>| {
            adder.sum += value;
            value
        };
        Box::pin(async move { value }.into_actor(self).map(add))
    }
}

impl Handler<Sum> for Adder {
    type Result = u64;

    fn handle(&mut self, _: Sum, _: &mut Context<Self>) -> u64 {
        self.sum
    }
}

/// Handles messages until all addresses are gone.
pub(crate) struct Mayfly {
    pub(crate) ledger: Arc<AtomicU64>,
    /// Dropped with the actor, which tells the driver that it is gone.
    pub(crate) _life: oneshot::Sender<()>,
}

impl Actor for Mayfly {
    type Context = Context<Self>;
}

impl Supervised for Mayfly {}

impl Handler<Add> for Mayfly {
    type Result = ();

    fn handle(&mut self, Add(value): Add, _: &mut Context<Self>) {
        self.ledger.fetch_add(value, Ordering::Relaxed);
    }
}

/// Passes a token on to the next in the ring.
pub(crate) struct Link {
    pub(crate) next: Option<Addr<Link>>,
    pub(crate) sum: u64,
    pub(crate) done: Arc<Notify>,
}

impl Actor for Link {
    type Context = Context<Self>;
}

impl Handler<Meet> for Link {
    type Result = ();

    fn handle(&mut self, Meet(next): Meet, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handler<Pass> for Link {
    type Result = ();

    fn handle(&mut self, Pass(hops_left): Pass, _: &mut Context<Self>) {
        self.sum += hops_left;
        match &self.next {
            Some(next) if hops_left > 0 => next.do_send(Pass(hops_left - 1)),
            _ => self.done.notify_one(),
        }
    }
}

impl Handler<Sum> for Link {
    type Result = u64;

    fn handle(&mut self, _: Sum, _: &mut Context<Self>) -> u64 {
        // The last message; a ring of addresses would keep itself alive.
        self.next = None;
        self.sum
    }
}

/// Tells many workers.
pub(crate) struct Source {
    pub(crate) workers: Vec<Addr<Worker>>,
}

impl Actor for Source {
    type Context = Context<Self>;
}

impl Handler<Run> for Source {
    type Result = ();

    fn handle(&mut self, Run(messages): Run, _: &mut Context<Self>) {
        let mut value = 0;
        for _ in 0..messages {
            for worker in &self.workers {
                worker.do_send(Add(value));
                value += 1;
            }
        }
    }
}

/// Answers to the collector.
pub(crate) struct Worker {
    pub(crate) collector: Addr<Collector>,
}

impl Actor for Worker {
    type Context = Context<Self>;
}

impl Handler<Add> for Worker {
    type Result = ();

    fn handle(&mut self, add: Add, _: &mut Context<Self>) {
        self.collector.do_send(add);
    }
}

/// Waits for all answers.
pub(crate) struct Collector {
    pub(crate) sum: u64,
    pub(crate) open: u64,
    pub(crate) done: Arc<Notify>,
}

impl Actor for Collector {
    type Context = Context<Self>;
}

impl Handler<Add> for Collector {
    type Result = ();

    fn handle(&mut self, Add(value): Add, _: &mut Context<Self>) {
        self.sum += value;
        self.open -= 1;
        if self.open == 0 {
            self.done.notify_one();
        }
    }
}

impl Handler<Sum> for Collector {
    type Result = u64;

    fn handle(&mut self, _: Sum, _: &mut Context<Self>) -> u64 {
        self.sum
    }
}

/// Stops of poison, and is started again by its supervisor.
pub(crate) struct Phoenix {
    pub(crate) stage: Arc<Stage>,
}

impl Actor for Phoenix {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.stage.begin();
    }
}

impl Supervised for Phoenix {}

impl Handler<Swallow> for Phoenix {
    type Result = ();

    fn handle(&mut self, _: Swallow, cx: &mut Context<Self>) {
        cx.stop();
    }
}

impl Handler<Add> for Phoenix {
    type Result = ();

    fn handle(&mut self, Add(value): Add, _: &mut Context<Self>) {
        self.stage.handle(value);
    }
}
