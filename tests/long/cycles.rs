//! How soon a cycle of waits is found: from the wait that closes it to its `Deadlock`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use swarmtree::{
    Actor, ActorSpec, AskError, Context, Fail, Handle, Handled, Message, Path, Refusal, Reply, StartError, System,
};
use tokio::sync::mpsc;

use crate::figures::{alone, soon, spread, two_threads};

const LONGEST: usize = 64;

struct Link;

type Ring = Arc<[Handle<Pull>]>;

/// A cycle that was found, and how long that took.
struct Found {
    cycle: Vec<Path>,
    time: Duration,
}

enum Pull {
    /// Asks the next one around; the last one asks the first.
    Ask {
        ring: Ring,
        at: usize,
        reply: Reply<Found>,
    },
    /// Has the next one do the same, then sends it more than it has room for.
    Send {
        ring: Ring,
        at: usize,
        found: mpsc::Sender<Found>,
    },
    Filler,
}

impl Message for Pull {}

impl Actor for Link {
    type Msg = Pull;
    type Args = ();
    type Handle = Handle<Pull>;

    async fn start((): (), _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }

    fn handle(&mut self, pull: Pull, _: &mut Context<Self>) -> Handled<Pull> {
        if matches!(pull, Pull::Filler) { Handled::Done } else { Handled::Async(pull) }
    }

    async fn handle_async(&mut self, pull: Pull, _: &mut Context<Self>) -> Result<(), Fail> {
        match pull {
            Pull::Ask { ring, at, reply } => {
                let next = (at + 1) % ring.len();
                let to = ring[next].clone();
                let begun = Instant::now();
                let found = match to.ask(|reply| Pull::Ask { ring, at: next, reply }).await {
                    Err(AskError::Deadlock { cycle }) => Found { cycle, time: begun.elapsed() },
                    Ok(found) => found,
                    Err(other) => return Err(Fail::new(other.to_string())),
                };
                drop(reply.send(found));
            }
            Pull::Send { ring, at, found } => {
                let next = (at + 1) % ring.len();
                let to = ring[next].clone();
                if next > 0 {
                    to.send(Pull::Send { ring, at: next, found: found.clone() }).await.map_err(refused)?;
                }
                // In when the next one has begun.
                to.send(Pull::Filler).await.map_err(refused)?;
                let begun = Instant::now();
                match to.send(Pull::Filler).await.map_err(|refused| refused.reason) {
                    Ok(()) => {}
                    Err(Refusal::Deadlock { cycle }) => {
                        let time = begun.elapsed();
                        found.send(Found { cycle, time }).await.map_err(|_| Fail::new("nobody listens"))?;
                    }
                    Err(other) => return Err(Fail::new(other.to_string())),
                }
            }
            Pull::Filler => {}
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(refused: swarmtree::Refused<Pull>) -> Fail {
    Fail::new(refused.to_string())
}

/// Whether these are all of the ring, in its order, from any one on.
fn is_around(cycle: &[Path], ring: &Ring) -> bool {
    let ring: Vec<Path> = ring.iter().map(Handle::path).collect();
    cycle.len() == ring.len()
        && (0..ring.len()).any(|by| (0..ring.len()).all(|n| cycle[n] == ring[(n + by) % ring.len()]))
}

async fn rings(lengths: &[usize], times: usize) {
    let mut builder = System::builder("rings");
    for n in 0..LONGEST {
        builder = builder.child(ActorSpec::<Link>::new(&n.to_string(), ()).mailbox(1));
    }
    let system = builder.start().await.unwrap();
    let mut links: Vec<_> = (0..LONGEST).map(|n| system.find::<Link>(&n.to_string()).unwrap()).collect();
    let mut rng = fastrand::Rng::with_seed(7);
    let (mut by_asks, mut by_sends) = (Vec::new(), Vec::new());
    for length in lengths.iter().cycle().take(lengths.len() * times) {
        rng.shuffle(&mut links);
        let ring: Ring = links[..*length].into();
        let first = ring[0].within(Duration::from_secs(300));
        let ask = first.ask(|reply| Pull::Ask { ring: Arc::clone(&ring), at: 0, reply });
        let found = soon("a cycle of asks", ask).await.unwrap();
        assert!(is_around(&found.cycle, &ring), "{:?}", found.cycle);
        by_asks.push(found.time);
        let (tell, mut told) = mpsc::channel(LONGEST);
        ring[0].send(Pull::Send { ring: Arc::clone(&ring), at: 0, found: tell }).await.unwrap();
        let mut all = Vec::new();
        while let Some(found) = soon("a cycle of full mailboxes", told.recv()).await {
            all.push(found);
        }
        assert!(all.len() == 1 && is_around(&all[0].cycle, &ring), "one is told, of {length}; {} were", all.len());
        by_sends.push(all[0].time);
        soon("rest", system.quiescent()).await;
    }
    println!("cycles of {lengths:?} by asks, each found once: {}", spread(&by_asks));
    println!("cycles of {lengths:?} by full mailboxes, each found once: {}", spread(&by_sends));
    soon("the end", system.stop()).await;
}

#[test]
fn a_cycle_is_found_once_and_at_once() {
    let _alone = alone();
    two_threads().block_on(rings(&[1, 2, 3, 17, LONGEST], 3));
}

#[test]
#[ignore = "takes seconds"]
fn cycles_of_all_lengths_are_found_once_and_at_once() {
    let _alone = alone();
    let lengths: Vec<usize> = (1..=LONGEST).collect();
    two_threads().block_on(rings(&lengths, 200));
}
