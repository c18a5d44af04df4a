//! Tokens that go round a ring.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swarmtree::{
    Delivery, Fail, Message, Rank, Seat, Supervised, Swarm, System, Topology, Undeliverable, actor, handlers,
};

use crate::kit::soon;
use crate::swarms::tick;

/// What goes round: how often it has been handed over.
#[derive(Clone, Debug)]
struct Lap(u64);
impl Message for Lap {}

type Laps = Arc<Mutex<Vec<(Rank, u64, u64)>>>;

/// The token after its last lap.
type Kept = Arc<Mutex<Option<Delivery<Lap>>>>;

/// Hands the token on; the one that is told to fails with it.
#[actor]
struct Runner {
    seat: Seat<Lap>,
    laps: Laps,
    kept: Kept,
    fails_at: Option<u64>,
}

#[handlers]
impl Runner {
    #[start]
    fn new(seat: Seat<Lap>, laps: Laps, kept: Kept, fails_at: Option<u64>) -> Self {
        Self { seat, laps, kept, fails_at }
    }

    #[mail]
    fn lap(&mut self, mut mail: Delivery<Lap>) -> Result<(), Fail> {
        self.laps.lock().push((self.seat.rank(), mail.fence.unwrap_or(0), mail.message.0));
        if Some(mail.message.0) == self.fails_at && mail.fence == Some(1) {
            return Err(Fail::new("with the token"));
        }
        if mail.message.0 < 30 {
            mail.message.0 += 1;
            self.seat.pass(mail).map_err(|refused| Fail::new(refused.to_string()))?;
        } else {
            *self.kept.lock() = Some(mail);
        }
        Ok(())
    }
}

async fn runners(members: usize, fails_at: Option<u64>) -> (System, Swarm<Lap>, Laps, Kept) {
    let system = System::start("runners").await.unwrap();
    let (laps, kept) = (Laps::default(), Kept::default());
    let of =
        |seat: Seat<Lap>| Runner::spec(&seat.name(), (seat.clone(), Arc::clone(&laps), Arc::clone(&kept), fails_at));
    let swarm = Swarm::start(&system, "ring", Topology::ring(), members, of).await.unwrap();
    swarm.circulate(Lap(0)).unwrap();
    let there = Arc::clone(&laps);
    soon("the last lap", async move {
        while there.lock().last().is_none_or(|lap| lap.2 < 30) {
            tick().await;
        }
    })
    .await;
    (system, swarm, laps, kept)
}

#[tokio::test(start_paused = true)]
async fn a_token_goes_round_in_order() {
    for members in 1..5 {
        let (_system, _swarm, laps, _kept) = runners(members, None).await;
        let round: Vec<(Rank, u64, u64)> =
            (0..=30).map(|lap| (Rank(u32::try_from(lap).unwrap() % u32::try_from(members).unwrap()), 1, lap)).collect();
        assert_eq!(*laps.lock(), round);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_token_is_made_anew_with_a_higher_fence() {
    let (_system, swarm, laps, _kept) = runners(4, Some(10)).await;
    let laps = laps.lock().clone();
    assert_eq!(laps[10], (Rank(2), 1, 10), "it failed with the token");
    assert_eq!(laps[11], (Rank(3), 2, 10), "the next one got it as it was");
    assert!(laps[11..].iter().all(|lap| lap.1 == 2));
    assert_eq!(swarm.ledger().fenced, 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_late_is_not_handed_over() {
    let system = System::start("runners").await.unwrap();
    let (laps, kept) = (Laps::default(), Kept::default());
    let of = |seat: Seat<Lap>| Runner::spec(&seat.name(), (seat.clone(), Arc::clone(&laps), Arc::clone(&kept), None));
    let swarm = Swarm::start(&system, "ring", Topology::ring(), 3, of).await.unwrap();
    let second = system.actor("ring/1").unwrap();
    second.suspend();
    swarm.circulate(Lap(0)).unwrap();
    while swarm.members()[1].queued == 0 {
        tick().await;
    }
    second.kill();
    while laps.lock().len() < 2 {
        tick().await;
    }
    assert_eq!(laps.lock()[1], (Rank(2), 2, 1), "it went on behind the one that is down");
    second.resume();
    while swarm.ledger().fenced == 0 {
        tick().await;
    }
    while laps.lock().last().is_none_or(|lap| lap.2 < 30) {
        tick().await;
    }
    assert!(laps.lock()[1..].iter().all(|lap| lap.1 == 2), "one token alone: {:?}", laps.lock());
}

#[tokio::test(start_paused = true)]
async fn fences_grow_also_after_a_shape_that_has_no_token() {
    let (_system, swarm, laps, kept) = runners(3, None).await;
    laps.lock().clear();
    swarm.morph(Topology::mesh(), Duration::from_secs(1)).await.unwrap();
    let token = kept.lock().take().unwrap();
    assert_eq!(swarm.seat(Rank(0)).unwrap().pass(token).unwrap_err().reason, Undeliverable::NoRing, "it ends");
    assert_eq!(swarm.circulate(Lap(0)).unwrap_err().reason, Undeliverable::NoRing);
    swarm.morph(Topology::ring(), Duration::from_secs(1)).await.unwrap();
    swarm.circulate(Lap(30)).unwrap();
    soon("the token", async {
        while laps.lock().is_empty() {
            tick().await;
        }
    })
    .await;
    assert_eq!(*laps.lock(), [(Rank(0), 2, 30)]);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_dropped_where_no_ring_is_left_ends() {
    let (_system, swarm, laps, kept) = runners(3, None).await;
    swarm.morph(Topology::mesh(), Duration::from_secs(1)).await.unwrap();
    laps.lock().clear();
    drop(kept.lock().take());
    for _ in 0..10 {
        tick().await;
    }
    assert_eq!(*laps.lock(), [], "nobody gets it");
}
