//! What the hot paths allocate, and what an idle actor weighs. Counted, not timed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests, and the figures are worth seeing")]

use std::time::Duration;

use allocation_counter::measure;
use serde::{Deserialize, Serialize};
use swarmtree::capsule::Recording;
use swarmtree::{
    Actor, Call, Context, Fail, Handle, Handled, Here, Lane, Lent, Message, Options, Reply, Restart, StartError,
    Supervisor, System, Template,
};

#[derive(Serialize, Deserialize)]
struct Adder {
    sum: u64,
}

#[derive(Serialize, Deserialize)]
enum Add {
    Now(u64),
    Later(u64, Reply<u64>),
    Sum(Reply<u64>),
}

impl Message for Add {}

impl Actor for Adder {
    type Msg = Add;
    type Args = u64;
    type Handle = Handle<Add>;

    const OPTIONS: Options = Options { mailbox: 64, restart: Restart::Transient, ..Options::DEFAULT };

    async fn start(sum: u64, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self { sum })
    }

    fn handle(&mut self, add: Add, _: &mut Context<Self>) -> Handled<Add> {
        match add {
            Add::Now(more) => self.sum += more,
            Add::Later(more, reply) => return Handled::Async(Add::Later(more, reply)),
            Add::Sum(reply) => {
                let _ = reply.send(self.sum);
            }
        }
        Handled::Done
    }

    async fn handle_async(&mut self, add: Add, _: &mut Context<Self>) -> Result<(), Fail> {
        if let Add::Later(more, reply) = add {
            tokio::task::yield_now().await;
            self.sum += more;
            let _ = reply.send(self.sum);
        }
        Ok(())
    }
}

/// The same, and its crashes leave capsules.
#[derive(Serialize, Deserialize)]
struct Recorded(Adder);

impl Actor for Recorded {
    type Msg = Add;
    type Args = u64;
    type Handle = Handle<Add>;

    const OPTIONS: Options = Adder::OPTIONS;
    const CAPSULE: Option<Recording<Self, Add>> = Some(Recording::last(16));

    async fn start(sum: u64, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self(Adder { sum }))
    }

    fn handle(&mut self, add: Add, _: &mut Context<Self>) -> Handled<Add> {
        if let Add::Now(more) = add {
            self.0.sum += more;
        }
        Handled::Done
    }
}

fn sum_call() -> Call<Adder, (), u64> {
    Call {
        kind: "sum",
        lane: Lane::Normal,
        timeout: None,
        here: Some(Here::Sync(|adder, (), _| Ok(adder.sum))),
        message: |(), reply| Add::Sum(reply),
    }
}

const ROUNDS: u64 = 1_000;

/// Runs on one thread, so that the counter of this thread sees every task; the first rounds let buffers grow. What
/// entering the runtime and yielding there allocate by themselves is taken off.
fn count<F>(run: impl Fn(Handle<Add>) -> F) -> u64
where
    F: Future<Output = ()>,
{
    count_of::<Adder, F>(Capsules::NotWanted, run)
}

/// Whether somebody waits for capsules.
#[derive(PartialEq)]
enum Capsules {
    Wanted,
    NotWanted,
}

fn count_of<A, F>(capsules: Capsules, run: impl Fn(Handle<Add>) -> F) -> u64
where
    A: Actor<Msg = Add, Args = u64, Handle = Handle<Add>>,
    F: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (system, adder) = runtime.block_on(async {
        let system = System::start("allocations").await.unwrap();
        let adder = system.spawn::<A>("adder", 0).await.unwrap();
        (system, adder)
    });
    let _listening = (capsules == Capsules::Wanted).then(|| system.capsules(8));
    let run = || async {
        run(adder.clone()).await;
        tokio::task::yield_now().await;
    };
    // The rings of lane and turn change places, and each grows where it needs to.
    (0..3).for_each(|_| runtime.block_on(run()));
    let info = measure(|| runtime.block_on(run()));
    let entering = measure(|| runtime.block_on(tokio::task::yield_now()));
    runtime.block_on(system.stop());
    info.count_total.saturating_sub(entering.count_total)
}

#[test]
fn a_tell_allocates_nothing() {
    let info = count(|adder| async move {
        for number in 0..ROUNDS {
            adder.send(Add::Now(number)).await.unwrap();
            if number % 10 == 0 {
                // The actor comes to rest and is woken again.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
        }
    });
    assert_eq!(info, 0);
}

/// Tells, with rests between.
async fn tells(adder: Handle<Add>) {
    for number in 0..ROUNDS {
        adder.send(Add::Now(number)).await.unwrap();
        if number % 10 == 0 {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
    }
}

#[test]
fn capsules_cost_nothing_where_there_are_none_to_be() {
    assert_eq!(count_of::<Adder, _>(Capsules::Wanted, tells), 0, "an actor that is not recorded");
    assert_eq!(count_of::<Recorded, _>(Capsules::NotWanted, tells), 0, "one whose capsules nobody wants");
    assert!(count_of::<Recorded, _>(Capsules::Wanted, tells) >= ROUNDS, "each message is written");
}

#[test]
fn a_tell_that_waits_for_room_allocates_nothing() {
    let info = count(|adder| async move {
        for number in 0..ROUNDS {
            adder.send(Add::Now(number)).await.unwrap();
        }
    });
    assert_eq!(info, 0);
}

#[test]
fn an_ask_in_place_allocates_nothing() {
    let info = count(|adder| async move {
        for _ in 0..ROUNDS {
            adder.call(sum_call(), ()).await.unwrap();
        }
    });
    assert_eq!(info, 0);
}

/// An ask as the macro writes it, of a handler that may wait and does not.
fn add_call() -> Call<Adder, u64, u64> {
    Call {
        kind: "add",
        lane: Lane::Normal,
        timeout: None,
        here: Some(Here::Async(|mut lent: Lent<Adder>, more| {
            Box::pin(async move {
                let (adder, _) = lent.parts();
                let sum = Lent::<Adder>::caught(add(adder, more)).await;
                (lent, sum.map(Ok))
            })
        })),
        message: |more, reply| Add::Later(more, reply),
    }
}

async fn add(adder: &mut Adder, more: u64) -> u64 {
    adder.sum += more;
    adder.sum
}

#[test]
fn an_asynchronous_handler_in_place_allocates_once() {
    let info = count(|adder| async move {
        for number in 0..ROUNDS {
            adder.call(add_call(), number).await.unwrap();
        }
    });
    assert_eq!(info, ROUNDS);
}

#[test]
fn a_queued_ask_allocates_once() {
    let info = count(|adder| async move {
        for _ in 0..ROUNDS {
            adder.ask(Add::Sum).await.unwrap();
        }
    });
    assert_eq!(info, ROUNDS);
}

#[test]
fn an_ask_with_an_asynchronous_handler_allocates_once() {
    let info = count(|adder| async move {
        for number in 0..ROUNDS {
            adder.ask(|reply| Add::Later(number, reply)).await.unwrap();
        }
    });
    assert_eq!(info, ROUNDS);
}

#[test]
fn a_deadline_costs_nothing_until_the_answer_is_waited_for() {
    let with = count(|adder| async move {
        let adder = adder.within(Duration::from_millis(500));
        for _ in 0..ROUNDS {
            adder.call(sum_call(), ()).await.unwrap();
        }
    });
    assert_eq!(with, 0);
}

#[test]
fn an_idle_supervised_actor_takes_at_most_512_bytes_and_a_start_six_allocations() {
    const ACTORS: u64 = 100_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (system, adders) = runtime.block_on(async {
        let adders = Supervisor::dynamic("adders", Template::<Adder>::new());
        let system = System::builder("weights").child(adders).start().await.unwrap();
        let adders = system.dynamic::<Adder>("adders").unwrap();
        adders.start("first", 0).await.unwrap();
        (system, adders)
    });
    let names: Vec<String> = (0..ACTORS).map(|number| format!("adder-{number}")).collect();
    let info = measure(|| {
        runtime.block_on(async {
            for name in &names {
                adders.start(name, 0).await.unwrap();
            }
        });
    });
    let (bytes, starts) = (info.bytes_current / ACTORS as i64, info.count_total / ACTORS);
    println!("{bytes} bytes and {starts} allocations per actor");
    assert!(bytes <= 512, "{bytes} bytes per idle actor");
    assert!(starts <= 6, "{starts} allocations per start");
    runtime.block_on(system.kill());
}
