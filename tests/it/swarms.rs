//! Swarms that run: routes, broadcasts, credits, healing.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swarmtree::{
    Context, Delivery, Fail, Message, Rank, Reply, Seat, Supervised, Swarm, SwarmError, System, Topology, Undeliverable,
    actor, handlers,
};

use crate::kit::soon;

/// What members say to each other.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// To be heard.
    Say(u64),
    /// To be said to another one.
    Pass(Rank, u64),
    /// To be said to others, as many times.
    Flood(Rank, u64),
    /// What was heard so far.
    Heard(Reply<Vec<u64>>),
    /// Fail.
    Crash,
}

impl Message for Word {
    fn break_off(&mut self) {
        if let Self::Heard(reply) = self {
            reply.break_off();
        }
    }
}

/// Who heard what, from whom, over how many edges.
pub(crate) type Log = Arc<Mutex<Vec<(Rank, Option<Rank>, u64, u32)>>>;

#[actor]
pub(crate) struct Node {
    seat: Seat<Word>,
    log: Log,
    heard: Vec<u64>,
}

#[handlers]
impl Node {
    #[start]
    fn new(seat: Seat<Word>, log: Log) -> Self {
        Self { seat, log, heard: Vec::new() }
    }

    #[mail]
    async fn word(&mut self, mail: Delivery<Word>) -> Result<(), Fail> {
        let (from, hops) = (mail.from, mail.hops);
        match mail.message.clone() {
            Word::Say(word) => {
                self.heard.push(word);
                self.log.lock().push((self.seat.rank(), from, word, hops));
            }
            Word::Pass(to, word) => {
                self.seat.send(to, Word::Say(word)).await.map_err(|refused| Fail::new(refused.to_string()))?;
            }
            Word::Flood(to, words) => {
                let mut sent = 0;
                for word in 0..words {
                    sent += u64::from(self.seat.send(to, Word::Say(word)).await.is_ok());
                }
                self.log.lock().push((self.seat.rank(), from, sent, hops));
            }
            Word::Heard(reply) => drop(reply.send(self.heard.clone())),
            Word::Crash => return Err(Fail::new("as asked")),
        }
        Ok(())
    }
}

async fn swarm(topology: Topology, members: usize) -> (System, Swarm<Word>, Log) {
    let system = System::start("swarms").await.unwrap();
    let log = Log::default();
    let of = |seat: Seat<Word>| Node::spec(&seat.name(), (seat.clone(), Arc::clone(&log)));
    let swarm = Swarm::start(&system, "swarm", topology, members, of).await.unwrap();
    (system, swarm, log)
}

/// Waits until all that was sent has been handled.
async fn settled(swarm: &Swarm<Word>) {
    soon("the swarm settles", async {
        while swarm.ledger().under_way > 0 {
            tokio::task::yield_now().await;
        }
        for member in swarm.members() {
            while swarm.ask(member.rank, Word::Heard).await.is_err() {
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn mail_goes_along_edges_and_counts_them() {
    let (_system, swarm, log) = swarm(Topology::star(), 4).await;
    swarm.send(Rank(2), Word::Pass(Rank(3), 7)).await.unwrap();
    settled(&swarm).await;
    assert_eq!(*log.lock(), [(Rank(3), Some(Rank(2)), 7, 2)], "over the hub");
    assert_eq!(swarm.ledger().lost, 0);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_reaches_each_member_once() {
    let shapes: [(&str, Topology, u32); 6] = [
        ("hierarchy", Topology::hierarchical(2), 3),
        ("mesh", Topology::mesh(), 2),
        ("ring", Topology::ring(), 8),
        ("star", Topology::star(), 2),
        ("pipeline", Topology::pipeline(), 8),
        ("dual mesh", Topology::dual_mesh(3, 1), 3),
    ];
    for (name, shape, most) in shapes {
        let (_system, swarm, log) = swarm(shape, 8).await;
        swarm.broadcast(Word::Say(1)).await.unwrap();
        settled(&swarm).await;
        let mut heard: Vec<u32> = log.lock().iter().map(|(rank, ..)| rank.0).collect();
        heard.sort_unstable();
        assert_eq!(heard, (0..8).collect::<Vec<_>>(), "{name}");
        let depth = log.lock().iter().map(|(.., hops)| *hops).max();
        assert!(depth.is_some_and(|depth| depth <= most + 1), "{name}: {depth:?}");
    }
}
