//! What it costs an ask that the handler it comes from is seen to wait.
//!
//! The pair: one handler asks an actor of its own system, which records the wait and looks for a cycle, or the same actor of
//! another system on the same threads, which does neither, as waits are seen within one system. All else is the same code.

use std::time::{Duration, Instant};

use swarmtree::{Actor, Context, Fail, Handle, Handled, Message, Reply, StartError, System};
use tokio::runtime::Runtime;

use crate::figures::{afresh, alone, quantile, soon, two_threads};

struct Peer;

enum Talk {
    Answer(Reply<u64>),
    AnswerLater(Reply<u64>),
    /// Asks so many times, one after the other; says how long it took.
    Go {
        to: Handle<Talk>,
        asks: u32,
        ask: fn(Reply<u64>) -> Talk,
        reply: Reply<Duration>,
    },
}

impl Message for Talk {}

impl Actor for Peer {
    type Msg = Talk;
    type Args = ();
    type Handle = Handle<Talk>;

    async fn start((): (), _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }

    fn handle(&mut self, talk: Talk, _: &mut Context<Self>) -> Handled<Talk> {
        match talk {
            Talk::Answer(reply) => drop(reply.send(1)),
            later => return Handled::Async(later),
        }
        Handled::Done
    }

    async fn handle_async(&mut self, talk: Talk, _: &mut Context<Self>) -> Result<(), Fail> {
        match talk {
            Talk::Answer(reply) | Talk::AnswerLater(reply) => drop(reply.send(1)),
            Talk::Go { to, asks, ask, reply } => {
                let begun = Instant::now();
                for _ in 0..asks {
                    to.ask(ask).await.map_err(|error| Fail::new(error.to_string()))?;
                }
                let _ = reply.send(begun.elapsed());
            }
        }
        Ok(())
    }
}

struct Pair {
    askers: Vec<Handle<Talk>>,
    same: Vec<Handle<Talk>>,
    other: Vec<Handle<Talk>>,
    systems: [System; 2],
}

/// So many askers in the first system, and for each of them somebody to ask in both.
async fn pair(askers: usize) -> Pair {
    let systems = [System::start("same").await.unwrap(), System::start("other").await.unwrap()];
    let mut pair = Pair { askers: Vec::new(), same: Vec::new(), other: Vec::new(), systems };
    for n in 0..askers {
        pair.askers.push(pair.systems[0].spawn::<Peer>(&format!("asker-{n}"), ()).await.unwrap());
        pair.same.push(pair.systems[0].spawn::<Peer>(&format!("asked-{n}"), ()).await.unwrap());
        pair.other.push(pair.systems[1].spawn::<Peer>(&format!("asked-{n}"), ()).await.unwrap());
    }
    pair
}

/// The nanoseconds of one ask, all askers at once.
async fn round(askers: &[Handle<Talk>], asked: &[Handle<Talk>], asks: u32, ask: fn(Reply<u64>) -> Talk) -> f64 {
    let all: Vec<_> = askers
        .iter()
        .zip(asked)
        .map(|(asker, to)| {
            let (asker, to) = (asker.within(Duration::from_secs(300)), to.clone());
            tokio::spawn(async move { asker.ask(|reply| Talk::Go { to, asks, ask, reply }).await.unwrap() })
        })
        .collect();
    let mut nanos = 0.0;
    for one in all {
        nanos += soon("the asks", one).await.unwrap().as_secs_f64() * 1e9;
    }
    nanos / f64::from(asks) / askers.len() as f64
}

fn measure(what: &str, runtime: &Runtime, askers: usize, asks: u32, rounds: usize, ask: fn(Reply<u64>) -> Talk) {
    runtime.block_on(async {
        let pair = pair(askers).await;
        let (mut with, mut without, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for nth in 0..=rounds {
            // Each goes first as often as the other.
            let (a, b) = if nth % 2 == 0 { (&pair.same, &pair.other) } else { (&pair.other, &pair.same) };
            let first = round(&pair.askers, a, asks, ask).await;
            let second = round(&pair.askers, b, asks, ask).await;
            let (same, other) = if nth % 2 == 0 { (first, second) } else { (second, first) };
            if nth > 0 {
                with.push(same);
                without.push(other);
                ratios.push(same / other);
            }
        }
        let [with, without] = [with, without].map(|nanos| quantile(&nanos, 0.5));
        let cost = (quantile(&ratios, 0.5) - 1.0) * 100.0;
        println!("detection, {what}: {with:.0} ns an ask, {without:.0} without; median of {rounds} pairs {cost:+.1} %");
        for system in pair.systems {
            system.stop().await;
        }
    });
}

fn one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn measure_all(asks: u32, rounds: usize) {
    measure("one thread, synchronous handler", &one_thread(), 1, asks, rounds, Talk::Answer);
    measure("one thread, asynchronous handler", &one_thread(), 1, asks, rounds, Talk::AnswerLater);
    measure("two threads, synchronous handler", &two_threads(), 1, asks, rounds, Talk::Answer);
    measure("two threads, 8 askers", &two_threads(), 8, asks / 4, rounds, Talk::Answer);
}

#[test]
fn detection_is_measured() {
    let _alone = alone();
    measure_all(200, 3);
}

#[test]
#[ignore = "takes a minute"]
fn the_cost_of_detection() {
    let _alone = alone();
    measure_all(20_000, 101);
}

/// Runs under callgrind below: so many asks of one kind, on one thread.
#[test]
fn asks_of_one_kind() {
    let set = |name: &str| std::env::var(name).ok();
    let asks = set("SWARMTREE_ASKS").map_or(10, |asks| asks.parse().unwrap());
    one_thread().block_on(async {
        let pair = pair(1).await;
        let asked = if set("SWARMTREE_ASKED").as_deref() == Some("other") { &pair.other } else { &pair.same };
        let ask = if set("SWARMTREE_HANDLER").as_deref() == Some("later") { Talk::AnswerLater } else { Talk::Answer };
        assert!(round(&pair.askers, asked, asks, ask).await > 0.0);
    });
}

/// Instructions of a whole process that makes so many asks.
fn instructions(asks: u32, asked: &str, handler: &str) -> f64 {
    let set = [("SWARMTREE_ASKS", &*asks.to_string()), ("SWARMTREE_ASKED", asked), ("SWARMTREE_HANDLER", handler)];
    let through = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
    let (_, told) = afresh("cost::asks_of_one_kind", &set, &through);
    let collected = told.split("Collected : ").nth(1).and_then(|rest| rest.split_whitespace().next());
    collected.unwrap().parse().unwrap()
}

#[test]
#[ignore = "takes a minute, and valgrind"]
fn the_instructions_of_detection() {
    const ASKS: u32 = 10_000;
    let _alone = alone();
    if std::process::Command::new("valgrind").arg("--version").output().is_err() {
        println!("no valgrind on the PATH: instructions are not counted");
        return;
    }
    for handler in ["now", "later"] {
        let each = ["same", "other"].map(|asked| {
            (instructions(2 * ASKS, asked, handler) - instructions(ASKS, asked, handler)) / f64::from(ASKS)
        });
        let cost = (each[0] / each[1] - 1.0) * 100.0;
        println!("detection, {handler}: {:.0} instructions an ask, {:.0} without: {cost:+.1} %", each[0], each[1]);
    }
}
