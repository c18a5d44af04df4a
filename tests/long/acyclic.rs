//! Asks from handler to handler without a cycle: none is refused as a deadlock.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use swarmtree::{
    Actor, ActorSpec, AskError, Call, Context, Fail, Handle, Handled, Here, Lane, Message, Reply, StartError, System,
};

use crate::figures::{alone, soon, two_threads};

const ACTORS: usize = 32;
/// Walks at a time, how many each of them makes before the order changes, and the asks of one.
const WALKERS: u64 = 8;
const WALKS: u64 = 20;
const ASKS: u64 = 64;

/// How many asks were made.
type Count = Result<u64, AskError>;

struct Node;

/// Who may ask whom: everybody those behind.
type Order = Arc<[Handle<Walk>]>;

enum Walk {
    /// Divides so many asks among up to three of those behind, at once.
    On {
        order: Order,
        at: usize,
        asks: u64,
        seed: u64,
        reply: Reply<Count>,
    },
    End(Reply<Count>),
}

impl Message for Walk {}

impl Actor for Node {
    type Msg = Walk;
    type Args = ();
    type Handle = Handle<Walk>;

    async fn start((): (), _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }

    fn handle(&mut self, walk: Walk, _: &mut Context<Self>) -> Handled<Walk> {
        match walk {
            Walk::On { order, at, asks, reply, .. } if asks == 0 || at + 1 == order.len() => drop(reply.send(Ok(0))),
            Walk::On { .. } => return Handled::Async(walk),
            Walk::End(reply) => drop(reply.send(Ok(0))),
        }
        Handled::Done
    }

    async fn handle_async(&mut self, walk: Walk, _: &mut Context<Self>) -> Result<(), Fail> {
        let Walk::On { order, at, asks, seed, reply } = walk else { return Ok(()) };
        let mut rng = fastrand::Rng::with_seed(seed);
        let ways = rng.u64(1..=asks.min(3));
        let mut step = |nth: u64| {
            let share = if nth < ways { asks / ways + u64::from(nth < asks % ways) } else { 0 };
            step(&order, rng.usize(at + 1..order.len()), share, rng.u64(..))
        };
        let counts = tokio::join!(step(0), step(1), step(2));
        let sum = counts.0.and_then(|a| counts.1.and_then(|b| counts.2.map(|c| a + b + c)));
        drop(reply.send(sum));
        Ok(())
    }
}

/// One ask, and those that the one asked makes.
async fn step(order: &Order, to: usize, asks: u64, seed: u64) -> Count {
    let target = order[to].within(Duration::from_secs(600));
    let further = match (asks, seed % 4) {
        (0, _) => return Ok(0),
        (1, 0) => target.call(end(), ()).await??,
        (1, 1) => {
            // Begun, and given up: its wait is over.
            let mut ask = pin!(target.ask(Walk::End));
            match poll_fn(|cx| Poll::Ready(ask.as_mut().poll(cx))).await {
                Poll::Ready(answer) => answer??,
                Poll::Pending => 0,
            }
        }
        _ => {
            let order = Arc::clone(order);
            target.ask(|reply| Walk::On { order, at: to, asks: asks - 1, seed, reply }).await??
        }
    };
    Ok(further + 1)
}

fn end() -> Call<Node, (), Count> {
    Call {
        kind: "end",
        lane: Lane::Normal,
        timeout: None,
        here: Some(Here::Sync(|_, (), _| Ok(Ok(0)))),
        message: |(), reply| Walk::End(reply),
    }
}

async fn walks(asks: u64) {
    let mut builder = System::builder("acyclic");
    for n in 0..ACTORS {
        // Small ones, so that asks wait for room too.
        builder = builder.child(ActorSpec::<Node>::new(&n.to_string(), ()).mailbox(2));
    }
    let system = builder.start().await.unwrap();
    let mut nodes: Vec<_> = (0..ACTORS).map(|n| system.find::<Node>(&n.to_string()).unwrap()).collect();
    let (mut rng, begun, mut made, mut orders) = (fastrand::Rng::with_seed(1), Instant::now(), 0, 0);
    while made < asks {
        rng.shuffle(&mut nodes);
        orders += 1;
        let order: Order = nodes.clone().into();
        let walkers: Vec<_> = (0..WALKERS)
            .map(|_| {
                let (order, mut rng) = (Arc::clone(&order), rng.fork());
                tokio::spawn(async move {
                    let mut made = 0;
                    for _ in 0..WALKS {
                        made += step(&order, rng.usize(0..ACTORS / 2), ASKS, rng.u64(..) | 2).await.unwrap();
                    }
                    made
                })
            })
            .collect();
        for walker in walkers {
            made += soon("a walk", walker).await.unwrap();
        }
    }
    let time = begun.elapsed();
    println!("asks without a cycle: {made}, in {orders} orders of {ACTORS} actors, no alarm, in {time:.1?}");
    soon("the end", system.stop()).await;
}

#[test]
fn asks_without_a_cycle_raise_no_alarm() {
    let _alone = alone();
    two_threads().block_on(walks(50_000));
}

#[test]
#[ignore = "takes minutes"]
fn ten_million_asks_without_a_cycle_raise_no_alarm() {
    let _alone = alone();
    two_threads().block_on(walks(10_000_000));
}
