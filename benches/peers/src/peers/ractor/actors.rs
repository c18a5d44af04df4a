//! The actors of the workloads, as ractor has them: a behaviour beside its state, and one message type for each actor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::Notify;

use crate::crash::{Poison, Stage, panic_on_purpose};
use crate::driver::spin;

type Done = Result<(), ActorProcessingErr>;

/// What the adder can be sent.
pub(crate) enum Add {
    Tell(u64),
    Slowly(u64),
    Ask(u64, RpcReplyPort<u64>),
    Sum(RpcReplyPort<u64>),
}

/// Sums what it is told and asked.
pub(crate) struct Adder;

impl Actor for Adder {
    type Msg = Add;
    type State = u64;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Add>, (): ()) -> Result<u64, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(&self, _: ActorRef<Add>, message: Add, sum: &mut u64) -> Done {
        match message {
            Add::Tell(value) => *sum += value,
            Add::Slowly(value) => {
                spin();
                *sum += value;
            }
            Add::Ask(value, reply) => {
                *sum += value;
                let _ = reply.send(value);
            }
            Add::Sum(reply) => {
                let _ = reply.send(*sum);
            }
        }
        Ok(())
    }
}

/// The children of the workloads are linked to it; it does nothing when they end.
pub(crate) struct Parent;

impl Actor for Parent {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Done {
        Ok(())
    }

    async fn handle_supervisor_evt(&self, _: ActorRef<()>, _: SupervisionEvent, (): &mut ()) -> Done {
        Ok(())
    }
}

/// Handles a message and stops.
pub(crate) struct Mayfly;

impl Actor for Mayfly {
    type Msg = u64;
    type State = Arc<AtomicU64>;
    type Arguments = Arc<AtomicU64>;

    async fn pre_start(&self, _: ActorRef<u64>, ledger: Self::State) -> Result<Self::State, ActorProcessingErr> {
        Ok(ledger)
    }

    async fn handle(&self, _: ActorRef<u64>, value: u64, ledger: &mut Self::State) -> Done {
        ledger.fetch_add(value, Ordering::Relaxed);
        Ok(())
    }
}

/// What a link can be sent.
pub(crate) enum Hop {
    Meet(ActorRef<Hop>),
    Pass(u64),
    Sum(RpcReplyPort<u64>),
}

/// Passes a token on to the next in the ring.
pub(crate) struct Link;

pub(crate) struct LinkState {
    next: Option<ActorRef<Hop>>,
    sum: u64,
    done: Arc<Notify>,
}

impl Actor for Link {
    type Msg = Hop;
    type State = LinkState;
    type Arguments = Arc<Notify>;

    async fn pre_start(&self, _: ActorRef<Hop>, done: Arc<Notify>) -> Result<LinkState, ActorProcessingErr> {
        Ok(LinkState { next: None, sum: 0, done })
    }

    async fn handle(&self, _: ActorRef<Hop>, hop: Hop, state: &mut LinkState) -> Done {
        match hop {
            Hop::Meet(next) => state.next = Some(next),
            Hop::Pass(hops_left) => {
                state.sum += hops_left;
                match &state.next {
                    Some(next) if hops_left > 0 => next.cast(Hop::Pass(hops_left - 1))?,
                    _ => state.done.notify_one(),
                }
            }
            Hop::Sum(reply) => {
                let _ = reply.send(state.sum);
            }
        }
        Ok(())
    }
}

/// Tells many workers.
pub(crate) struct Source;

impl Actor for Source {
    type Msg = u64;
    type State = Vec<ActorRef<u64>>;
    type Arguments = Vec<ActorRef<u64>>;

    async fn pre_start(&self, _: ActorRef<u64>, workers: Self::State) -> Result<Self::State, ActorProcessingErr> {
        Ok(workers)
    }

    async fn handle(&self, _: ActorRef<u64>, messages: u64, workers: &mut Self::State) -> Done {
        let mut value = 0;
        for _ in 0..messages {
            for worker in workers.iter() {
                worker.cast(value)?;
                value += 1;
            }
        }
        Ok(())
    }
}

/// Answers to the collector.
pub(crate) struct Worker;

impl Actor for Worker {
    type Msg = u64;
    type State = ActorRef<u64>;
    type Arguments = ActorRef<u64>;

    async fn pre_start(&self, _: ActorRef<u64>, collector: Self::State) -> Result<Self::State, ActorProcessingErr> {
        Ok(collector)
    }

    async fn handle(&self, _: ActorRef<u64>, value: u64, collector: &mut Self::State) -> Done {
        Ok(collector.cast(value)?)
    }
}

/// Waits for all answers.
pub(crate) struct Collector;

pub(crate) struct Collection {
    pub(crate) open: u64,
    pub(crate) sum: Arc<AtomicU64>,
    pub(crate) done: Arc<Notify>,
}

impl Actor for Collector {
    type Msg = u64;
    type State = (u64, Collection);
    type Arguments = Collection;

    async fn pre_start(&self, _: ActorRef<u64>, collection: Collection) -> Result<Self::State, ActorProcessingErr> {
        Ok((0, collection))
    }

    async fn handle(&self, _: ActorRef<u64>, value: u64, (sum, collection): &mut Self::State) -> Done {
        *sum += value;
        collection.open -= 1;
        if collection.open == 0 {
            collection.sum.store(*sum, Ordering::Relaxed);
            collection.done.notify_one();
        }
        Ok(())
    }
}

/// What a phoenix can be sent.
pub(crate) enum Fate {
    Swallow(Poison),
    Add(u64),
}

/// Dies of poison.
pub(crate) struct Phoenix;

impl Actor for Phoenix {
    type Msg = Fate;
    type State = Arc<Stage>;
    type Arguments = Arc<Stage>;

    async fn pre_start(&self, _: ActorRef<Fate>, stage: Arc<Stage>) -> Result<Arc<Stage>, ActorProcessingErr> {
        stage.begin();
        Ok(stage)
    }

    async fn handle(&self, _: ActorRef<Fate>, fate: Fate, stage: &mut Arc<Stage>) -> Done {
        match fate {
            Fate::Swallow(Poison::Panic) => panic_on_purpose(),
            Fate::Swallow(Poison::Fail) => return Err("poison".into()),
            Fate::Add(value) => stage.handle(value),
        }
        Ok(())
    }
}

/// Where the driver finds the phoenix that lives now.
pub(crate) type Nest = Arc<Mutex<Option<ActorRef<Fate>>>>;

/// Starts the phoenix again whenever it dies: ractor leaves that to its users. What was queued is lost with the dead one,
/// and its reference too, so that the replacement gets its first message from here.
pub(crate) struct Keeper;

pub(crate) struct KeeperState {
    pub(crate) stage: Arc<Stage>,
    pub(crate) nest: Nest,
    pub(crate) crashes: u64,
}

impl KeeperState {
    async fn start(&self, myself: &ActorRef<()>) -> Result<ActorRef<Fate>, ActorProcessingErr> {
        let (phoenix, _) = Actor::spawn_linked(None, Phoenix, Arc::clone(&self.stage), myself.get_cell()).await?;
        *self.nest.lock().expect("nobody panics with it") = Some(phoenix.clone());
        Ok(phoenix)
    }
}

impl Actor for Keeper {
    type Msg = ();
    type State = KeeperState;
    type Arguments = KeeperState;

    async fn pre_start(&self, myself: ActorRef<()>, state: KeeperState) -> Result<KeeperState, ActorProcessingErr> {
        state.start(&myself).await?;
        Ok(state)
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        state: &mut KeeperState,
    ) -> Done {
        if let SupervisionEvent::ActorFailed(..) = event {
            let phoenix = state.start(&myself).await?;
            phoenix.cast(Fate::Add(state.crashes))?;
            state.crashes += 1;
        }
        Ok(())
    }
}
