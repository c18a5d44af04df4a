//! The check of liveness against swarms that run: what it accepts never locks up, what it refuses does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use swarmtree::testing::Sim;
use swarmtree::{Cycle, EdgeKind, Path, Rank, Swarm, SwarmError, System, Wedge};
use tokio::sync::Semaphore;

use crate::crowd::{Crowd, Drive, Ground, Open, Word};

/// Graphs in the default run; `SWARMTREE_GRAPHS` says otherwise.
const GRAPHS: u64 = 500;
/// How many times what fits in is sent.
const OVERLOAD: usize = 10;
/// Whoever waits longer than this waits for a deadline.
const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Tally {
    accepted: u64,
    /// Of those: with a cycle of waiting edges.
    tight: u64,
    refused: u64,
    handled: u64,
    wedges: u64,
}

fn graphs() -> std::ops::Range<u64> {
    0..std::env::var("SWARMTREE_GRAPHS").ok().and_then(|graphs| graphs.parse().ok()).unwrap_or(GRAPHS)
}

/// Nobody on it goes on before another one on it does.
fn is_around(found: &[Path], cycle: &Cycle) -> bool {
    let names: Vec<String> = cycle.names.iter().map(|name| format!("swarm/{name}")).collect();
    let count = names.len();
    found.len() == count && (0..count).any(|by| (0..count).all(|at| found[at].as_str() == names[(at + by) % count]))
}

/// All that was accepted has been handled, or dropped where that is allowed, before anybody's deadline.
fn check_settled(sim: &Sim, swarm: &Swarm<Word>, ground: &Ground) {
    let (ledger, books) = (swarm.ledger(), ground.books.lock());
    assert_eq!((ledger.under_way, ledger.lost), (0, 0), "{ledger:?}");
    assert_eq!(ledger.delivered, books.handled, "{ledger:?}");
    assert!(books.odd.is_empty(), "{:?}", books.odd);
    assert!(sim.elapsed() < SECOND, "{:?}", sim.elapsed());
}

/// Ten times what fits in, from outside and, at open members, from elsewhere.
async fn overload(sim: Sim, crowd: Crowd, in_flight: Option<usize>, tally: &Mutex<Tally>) {
    let system = System::start("crowd").await.unwrap();
    let ground = Ground::new(&crowd, sim.random());
    let swarm = ground.swarm(&system, in_flight).await.unwrap();
    let room = in_flight.unwrap_or(usize::MAX).min(crowd.members() * crowd.mailbox);
    let mut senders = Vec::new();
    for _ in 0..OVERLOAD {
        let (swarm, ground, members) = (swarm.clone(), Arc::clone(&ground), crowd.members());
        senders.push(sim.spawn(async move {
            for _ in 0..room {
                let to = Rank(u32::try_from(ground.below(members)).unwrap());
                swarm.send(to, Word::Work(u32::try_from(ground.below(5)).unwrap())).await.unwrap();
            }
        }));
    }
    for (member, _) in swarm.members().iter().zip(&crowd.open).filter(|member| *member.1) {
        let (handle, ground) = (system.find::<Open>(member.path.as_str()).unwrap(), Arc::clone(&ground));
        let messages = OVERLOAD * crowd.mailbox;
        senders.push(sim.spawn(async move {
            for _ in 0..messages {
                handle.elsewhere(u32::try_from(ground.below(3)).unwrap()).await.unwrap();
            }
        }));
    }
    for sender in senders {
        sender.await.unwrap();
    }
    system.quiescent().await;
    check_settled(&sim, &swarm, &ground);
    let wedges = ground.books.lock().wedges.clone();
    assert!(wedges.is_empty(), "{in_flight:?} in flight of {crowd:?}: {wedges:?}");
    tally.lock().unwrap().handled += ground.books.lock().handled;
    system.stop().await;
}

/// Nor does anybody who only passes mail on meet a cycle.
fn check_accepted(seed: u64, crowd: &Crowd, in_flight: Option<usize>, tally: &Mutex<Tally>) {
    let story = |sim| overload(sim, crowd.clone(), in_flight, tally);
    let outcome = System::simulated(seed).run(story);
    if outcome.failure.is_some() {
        System::simulate([seed], story);
    }
    assert!(!outcome.log.iter().any(|line| line.contains("beyond the capacity")), "{in_flight:?} of {crowd:?}");
}

/// Has each member of a cycle wait for the next, as far as there are credits for that; says which cycles the runtime found.
async fn drive(sim: &Sim, crowd: &Crowd, in_flight: Option<usize>, cycle: &Cycle) -> Vec<Vec<Path>> {
    let system = System::start("crowd").await.unwrap();
    let ground = Ground::new(crowd, sim.random());
    let swarm = ground.swarm_unchecked(&system, in_flight).await;
    let next: BTreeMap<_, _> = cycle.edges.iter().map(|edge| (edge.from, (edge.to, edge.kind))).collect();
    let drive = Arc::new(Drive { next, begun: Semaphore::new(0), gate: Semaphore::new(0) });
    let full: Vec<Rank> = cycle.edges.iter().filter(|edge| edge.kind == EdgeKind::Wait).map(|edge| edge.to).collect();
    let (only, mut begun) = ([cycle.edges[0].from], 0);
    for first in if full.is_empty() { &only[..] } else { &full[..] } {
        begun += u32::from(swarm.try_send(*first, Word::Pull(Arc::clone(&drive))).await.is_ok());
    }
    drop(drive.begun.acquire_many(begun).await.unwrap());
    let mut places: Vec<Rank> = full.iter().flat_map(|to| vec![*to; crowd.mailbox]).collect();
    ground.shuffle(&mut places);
    for to in places {
        if crowd.open[to.index()] {
            let path = &swarm.members()[to.index()].path;
            system.find::<Open>(path.as_str()).unwrap().try_elsewhere(0).unwrap();
        } else {
            drop(swarm.try_send(to, Word::Work(0)).await);
        }
    }
    drive.gate.add_permits(cycle.edges.len());
    system.quiescent().await;
    check_settled(sim, &swarm, &ground);
    system.stop().await;
    ground.books.lock().wedges.clone()
}

/// What was refused is refused by a start too, and locks up with what it needs; with less it does not.
async fn check_refused(sim: Sim, crowd: Crowd, wedge: Wedge, tally: &Mutex<Tally>) {
    let needs = usize::try_from(wedge.cycle.needs).unwrap();
    let system = System::start("crowd").await.unwrap();
    let refused = Ground::new(&crowd, 0).swarm(&system, Some(needs)).await.unwrap_err();
    let SwarmError::Wedge(found) = &refused else { panic!("{refused}") };
    assert_eq!(found.cycle, wedge.cycle);
    system.stop().await;
    let more = needs + usize::try_from(sim.random() % 9).unwrap();
    for enough in [Some(needs), Some(more), None] {
        let found = drive(&sim, &crowd, enough, &wedge.cycle).await;
        assert!(found.len() == 1 && is_around(&found[0], &wedge.cycle), "{enough:?}, {wedge}: {found:?}");
        tally.lock().unwrap().wedges += 1;
    }
    if needs > 1 {
        let found = drive(&sim, &crowd, Some(needs - 1), &wedge.cycle).await;
        assert!(found.is_empty(), "{wedge}: {found:?}");
    }
}

#[test]
fn what_the_check_accepts_never_locks_up_and_what_it_refuses_does() {
    let tally = Mutex::new(Tally::default());
    for seed in graphs() {
        let (crowd, tally) = (Crowd::draw(seed), &tally);
        let layout = crowd.topology(None).layout(crowd.members()).unwrap();
        let accepted = match layout.check(&crowd.facts()) {
            Ok(_) if seed % 2 == 0 => None,
            Ok(_) => Some(1 + usize::try_from(seed).unwrap() % 16),
            Err(wedge) => {
                System::simulate([seed], |sim| check_refused(sim, crowd.clone(), wedge.clone(), tally));
                tally.lock().unwrap().refused += 1;
                let Some(limit) = wedge.in_flight_limit() else { continue };
                tally.lock().unwrap().tight += 1;
                Some(usize::try_from(limit).unwrap())
            }
        };
        check_accepted(seed, &crowd, accepted, tally);
        tally.lock().unwrap().accepted += 1;
    }
    let tally = tally.into_inner().unwrap();
    let graphs = graphs().end;
    assert!(tally.tight * 5 > graphs && tally.refused * 5 > graphs && tally.accepted * 2 > graphs, "{tally:?}");
}
