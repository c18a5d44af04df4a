//! Swarms under random shapes, traffic, crashes and changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swarmtree::testing::Sim;
use swarmtree::{Delivery, Message, Rank, Seat, Supervised, Swarm, SwarmError, System, Topology, actor, handlers};

use crate::seeds;

/// What one member sent to another, or to all: which one, in which epoch, how manyeth of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Letter {
    from: Rank,
    epoch: u64,
    number: u64,
    to: Option<Rank>,
}

impl Message for Letter {}

#[derive(Default)]
struct Books {
    /// By receiver, in the order of being handled: the letter, and the epoch it was delivered in.
    handled: Vec<(Rank, Letter, u64)>,
    sent: BTreeSet<Letter>,
    number: u64,
    broadcasts: u64,
}

#[actor]
struct Node {
    seat: Seat<Letter>,
    books: Arc<Mutex<Books>>,
}

#[handlers]
impl Node {
    #[start]
    fn new(seat: Seat<Letter>, books: Arc<Mutex<Books>>) -> Self {
        Self { seat, books }
    }

    #[mail]
    async fn letter(&mut self, mail: Delivery<Letter>) {
        let (rank, again) = {
            let mut books = self.books.lock();
            books.handled.push((self.seat.rank(), mail.message.clone(), mail.epoch));
            (self.seat.rank(), books.number.is_multiple_of(3) && books.number < 600)
        };
        let there = self.seat.members();
        if again && let Some(to) = there.get(usize::try_from(mail.message.number).unwrap() % there.len().max(1)) {
            drop(post(&self.seat, &self.books, rank, *to).await);
        }
    }
}

/// Sends a letter from a member, and books it if it was accepted.
async fn post(seat: &Seat<Letter>, books: &Mutex<Books>, from: Rank, to: Rank) -> Result<(), ()> {
    let number = {
        let mut books = books.lock();
        books.number += 1;
        books.number
    };
    let letter = Letter { from, epoch: seat.epoch(), number, to: Some(to) };
    books.lock().sent.insert(letter.clone());
    let sent = seat.send(to, letter.clone()).await;
    if let Err(refused) = sent {
        assert!(books.lock().sent.remove(&letter), "{refused}");
        return Err(());
    }
    Ok(())
}

fn shape(sim: &Sim) -> Topology {
    match sim.random() % 8 {
        0 => Topology::hierarchical(2),
        1 => Topology::mesh(),
        2 => Topology::ring(),
        3 => Topology::star(),
        4 => Topology::star().hub_state(),
        5 => Topology::pipeline().durable(),
        6 => Topology::dual_mesh(3, 2),
        _ => Topology::pipeline(),
    }
    .intensity(10_000, "1h")
    .max_agents(10)
}

/// Sends a letter to all from a member.
async fn broadcast(swarm: &Swarm<Letter>, books: &Mutex<Books>, from: Rank) {
    let Some(seat) = swarm.seat(from) else { return };
    let letter = {
        let mut books = books.lock();
        books.number += 1;
        books.broadcasts += 1;
        Letter { from, epoch: seat.epoch(), number: books.number, to: None }
    };
    // Where its member is down it may reach nobody.
    drop(seat.broadcast(letter).await);
}

async fn settled(system: &System, swarm: &Swarm<Letter>) {
    for _ in 0..10_000 {
        if swarm.ledger().under_way == 0 && swarm.members().iter().all(|member| member.is_up) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it does not settle: {:?}\n{:?}\n{}", swarm.ledger(), swarm.members(), system.tree());
}

/// Each letter that was accepted was handled once or is lost; those of a pair in one epoch in their order.
fn check(swarm: &Swarm<Letter>, books: &Books) {
    let ledger = swarm.ledger();
    let handled: BTreeSet<(&Rank, &Letter)> = books.handled.iter().map(|(rank, letter, _)| (rank, letter)).collect();
    assert_eq!(handled.len(), books.handled.len(), "none twice");
    assert_eq!(ledger.delivered, books.handled.len() as u64, "{ledger:?}");
    let (sent, accepted) = (books.sent.len() as u64, ledger.accepted());
    assert!(accepted == sent || (books.broadcasts > 0 && accepted > sent), "{sent} sent, {ledger:?}");
    let mut last: BTreeMap<(Rank, Rank, u64), u64> = BTreeMap::new();
    for (at, letter, epoch) in books.handled.iter().filter(|(_, letter, _)| letter.to.is_some()) {
        assert!(books.sent.contains(letter));
        assert_eq!(letter.to, Some(*at), "handed to whom it was for");
        let before = last.insert((letter.from, *at, *epoch), letter.number);
        assert!(before.is_none_or(|before| before < letter.number), "{letter:?} after {before:?}");
    }
}

async fn story(sim: Sim, morphs: bool) {
    let system = System::start("swarms").await.unwrap();
    let books = Arc::new(Mutex::new(Books::default()));
    let of = |seat: Seat<Letter>| Node::spec(&seat.name(), (seat.clone(), Arc::clone(&books)));
    let members = 4 + usize::try_from(sim.random() % 5).unwrap();
    let mesh = || Topology::mesh().intensity(10_000, "1h").max_agents(10);
    let shape = if morphs { mesh() } else { shape(&sim) };
    let swarm = Swarm::start(&system, "swarm", shape, members, of).await.unwrap();
    for _ in 0..150 {
        let there = swarm.members();
        if there.is_empty() {
            let _ = swarm.spawn(of).await;
            continue;
        }
        let any = |draw: u64| there[usize::try_from(draw).unwrap() % there.len()].clone();
        let (from, to) = (any(sim.random()), any(sim.random()));
        match sim.random() % 20 {
            0 => sim.crash(from.path.as_str()),
            1 => drop(system.actor(from.path.as_str()).map(|actor| actor.kill())),
            2 => tokio::time::sleep(Duration::from_millis(1)).await,
            3 => {
                if let Ok(rank) = swarm.spawn(of).await {
                    sim.note(format!("{rank} has joined"));
                }
            }
            4 => {
                let (doomed, there) = (any(sim.random()).path, system.clone());
                let later = sim.random() % 4;
                sim.spawn(async move {
                    for _ in 0..later {
                        tokio::task::yield_now().await;
                    }
                    drop(there.actor(doomed.as_str()).map(|actor| actor.kill()));
                });
                let removed = tokio::time::timeout(Duration::from_secs(5), swarm.remove(from.rank)).await;
                let Ok(removed) = removed else {
                    panic!("{} is not removed in time: {:?}\n{}", from.path, swarm.members(), system.tree());
                };
                match removed {
                    Ok(()) | Err(SwarmError::HasSubordinates { .. } | SwarmError::NoMember { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            5 => broadcast(&swarm, &books, from.rank).await,
            6 if morphs => {
                let shapes = [Topology::ring(), Topology::star(), Topology::pipeline().durable(), mesh()];
                let shape = shapes[usize::try_from(sim.random() % 4).unwrap()].clone().max_agents(10);
                swarm.morph(shape, Duration::from_secs(5)).await.unwrap();
            }
            _ => {
                let Some(seat) = swarm.seat(from.rank) else { continue };
                drop(post(&seat, &books, from.rank, to.rank).await);
            }
        }
    }
    settled(&system, &swarm).await;
    check(&swarm, &books.lock());
    let there: Vec<Rank> = swarm.members().iter().map(|member| member.rank).collect();
    for rank in &there {
        assert_eq!(swarm.seat(*rank).unwrap().members(), there, "each sees all");
    }
    system.stop().await;
}

#[test]
fn all_that_a_swarm_accepts_is_handled_once_or_lost_and_pairs_keep_their_order() {
    System::simulate(seeds(), |sim| story(sim, false));
}

#[test]
fn no_letter_is_lost_by_a_change_of_shape_and_pairs_keep_their_order() {
    System::simulate(seeds(), |sim| story(sim, true));
}
