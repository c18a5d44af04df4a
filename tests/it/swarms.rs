//! Swarms that run: routes, broadcasts, credits, healing.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swarmtree::{
    Choice, Delivery, Fail, MemberSpec, Message, Rank, Reply, Seat, Status, Supervised, Swarm, SwarmError, System,
    Topology, Undeliverable, actor, handlers,
};

use crate::kit::soon;

/// Where hops and time to live are told.
type Told = Arc<Mutex<Option<tokio::sync::oneshot::Sender<(u32, u32)>>>>;

/// What members say to each other.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// To be heard.
    Say(u64),
    /// To be said to another one.
    Pass(Rank, u64),
    /// To be said to others, as many times.
    Flood(Rank, u64),
    /// To be said to another one once the gate is open.
    Gated(Arc<tokio::sync::Semaphore>, Rank, u64),
    /// How far it came, and how much farther it might have.
    Way(Told),
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
            Word::Gated(gate, to, word) => {
                drop(gate.acquire().await);
                self.seat.send(to, Word::Say(word)).await.map_err(|refused| Fail::new(refused.to_string()))?;
            }
            Word::Way(told) => drop(told.lock().take().map(|told| told.send((hops, mail.ttl)))),
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

/// The members' own seats.
fn seats(swarm: &Swarm<Word>) -> Vec<Seat<Word>> {
    swarm.members().iter().map(|member| swarm.seat(member.rank).unwrap()).collect()
}

/// Waits until all that was sent has been handled.
async fn settled(swarm: &Swarm<Word>) {
    soon("the swarm settles", async {
        while swarm.ledger().under_way > 0 {
            tick().await;
        }
        for member in swarm.members().iter().filter(|member| member.is_up) {
            swarm.ask(member.rank, Word::Heard).await.unwrap();
        }
    })
    .await;
}

/// Lets everything else run, and paused time go on.
pub(crate) async fn tick() {
    tokio::time::sleep(Duration::from_millis(1)).await;
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

#[tokio::test(start_paused = true)]
async fn a_direct_send_needs_an_edge_and_a_routed_one_a_way() {
    let (_system, swarm, _) = swarm(Topology::dual_mesh(2, 1), 4).await;
    let seats = seats(&swarm);
    let refused = seats[0].send_direct(Rank(2), Word::Say(1)).await.unwrap_err();
    assert_eq!(refused.reason, Undeliverable::NotAdjacent { from: Rank(0), to: Rank(2) });
    assert!(seats[0].send(Rank(2), Word::Say(1)).await.is_ok(), "over the bridge");
    let refused = seats[3].send(Rank(0), Word::Say(1)).await.unwrap_err();
    assert_eq!(refused.reason, Undeliverable::Unreachable { from: Rank(3), to: Rank(0) });
    let refused = seats[3].send(Rank(9), Word::Say(1)).await.unwrap_err();
    assert_eq!(refused.reason, Undeliverable::NoMember { to: Rank(9) });
    assert!(matches!(refused.message, Word::Say(1)), "it comes back");
    settled(&swarm).await;
}

#[tokio::test(start_paused = true)]
async fn neighbours_drop_a_member_that_is_down_and_take_it_back() {
    let (system, swarm, log) = swarm(Topology::ring(), 4).await;
    let mut failures = system.failures(4);
    let before = swarm.epoch();
    swarm.send(Rank(1), Word::Crash).await.unwrap();
    soon("a failure", failures.recv()).await.unwrap();
    let back = soon("it is back", swarm.changed(before + 1)).await;
    assert_eq!(back, before + 2, "dropped in one epoch, taken back in the next");
    assert_eq!(swarm.neighbours(Rank(0)), [Rank(1), Rank(2)]);
    swarm.send(Rank(0), Word::Pass(Rank(3), 5)).await.unwrap();
    settled(&swarm).await;
    assert_eq!(*log.lock(), [(Rank(3), Some(Rank(0)), 5, 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_ring_closes_around_a_member_that_is_down() {
    let (system, swarm, log) = swarm(Topology::ring(), 4).await;
    let path = swarm.members()[1].path.clone();
    system.actor(path.as_str()).unwrap().stop();
    system.actor(path.as_str()).unwrap().stopped().await;
    assert_eq!(swarm.neighbours(Rank(0)), [Rank(2), Rank(3)]);
    swarm.send(Rank(0), Word::Pass(Rank(3), 5)).await.unwrap();
    settled(&swarm).await;
    assert_eq!(*log.lock(), [(Rank(3), Some(Rank(0)), 5, 2)], "over 2 alone");
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_down_keeps_what_is_sent_to_it() {
    let (system, swarm, log) = swarm(Topology::pipeline().durable().mailbox(64), 3).await;
    let stage = system.actor(swarm.members()[1].path.as_str()).unwrap();
    stage.suspend();
    for word in 0..10 {
        swarm.send(Rank(0), Word::Pass(Rank(2), word)).await.unwrap();
    }
    stage.kill();
    stage.resume();
    settled(&swarm).await;
    let heard: Vec<u64> = log.lock().iter().map(|(.., word, _)| *word).collect();
    assert_eq!(heard, (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn leaves_do_nothing_while_their_hub_is_down() {
    let system = System::start("swarms").await.unwrap();
    let log = Log::default();
    let of = |seat: Seat<Word>| Node::spec(&seat.name(), (seat.clone(), Arc::clone(&log))).backoff("1s..1s");
    let swarm = Swarm::start(&system, "star", Topology::star(), 3, of).await.unwrap();
    let (hub, leaf) = (system.actor("star/0").unwrap(), system.actor("star/1").unwrap());
    let mut failures = system.failures(4);
    hub.kill();
    soon("the failure of the hub", failures.recv()).await.unwrap();
    assert_eq!(leaf.snapshot().status, Status::Suspended);
    swarm.send(Rank(1), Word::Say(3)).await.unwrap();
    swarm.send(Rank(0), Word::Say(4)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(*log.lock(), [], "mailboxes are kept");
    settled(&swarm).await;
    assert_eq!(log.lock().len(), 2, "and handled once it is back");
}

#[tokio::test(start_paused = true)]
async fn members_join_and_leave_under_the_cap() {
    let (system, swarm, log) = swarm(Topology::mesh().max_agents(3), 2).await;
    let of = |seat: Seat<Word>| Node::spec(&seat.name(), (seat.clone(), Arc::clone(&log)));
    assert_eq!(swarm.spawn(of).await, Ok(Rank(2)));
    assert_eq!(swarm.spawn(of).await, Err(SwarmError::Crowded { max_agents: 3 }));
    swarm.send(Rank(0), Word::Pass(Rank(2), 1)).await.unwrap();
    settled(&swarm).await;
    for word in 0..100 {
        swarm.send(Rank(2), Word::Say(word)).await.unwrap();
    }
    swarm.remove(Rank(2)).await.unwrap();
    assert_eq!(log.lock().len(), 101, "it handled what it had");
    assert_eq!(swarm.remove(Rank(2)).await, Err(SwarmError::NoMember { rank: Rank(2) }));
    assert!(system.find::<Node>("swarm/2").is_err());
    let refused = swarm.send(Rank(2), Word::Say(1)).await.unwrap_err();
    assert_eq!(refused.reason, Undeliverable::NoMember { to: Rank(2) });
    assert_eq!(swarm.spawn(of).await, Ok(Rank(2)), "its place is free");
    assert_eq!(swarm.ledger().lost, 0);
}

#[tokio::test(start_paused = true)]
async fn who_supervises_others_is_not_removed_before_them() {
    let (_system, swarm, log) = swarm(Topology::hierarchical(2).max_agents(7), 4).await;
    let of = |seat: Seat<Word>| Node::spec(&seat.name(), (seat.clone(), Arc::clone(&log)));
    let refused = swarm.remove(Rank(1)).await.unwrap_err();
    assert_eq!(refused, SwarmError::HasSubordinates { rank: Rank(1), subordinates: vec![Rank(3)] });
    swarm.remove(Rank(3)).await.unwrap();
    swarm.remove(Rank(1)).await.unwrap();
    assert_eq!(swarm.spawn(of).await, Ok(Rank(1)));
    assert_eq!(swarm.spawn(of).await, Ok(Rank(3)));
    assert_eq!(swarm.spawn(of).await, Ok(Rank(4)));
    swarm.send(Rank(4), Word::Pass(Rank(2), 1)).await.unwrap();
    settled(&swarm).await;
    assert_eq!(*log.lock(), [(Rank(2), Some(Rank(4)), 1, 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_goes_on_with_its_credit_and_gets_no_others_than_are_free() {
    let (_system, swarm, log) = swarm(Topology::mesh().in_flight(4), 2).await;
    swarm.send(Rank(0), Word::Flood(Rank(1), 10)).await.unwrap();
    settled(&swarm).await;
    let sent = log.lock().iter().find(|(rank, from, ..)| *rank == Rank(0) && from.is_none()).map(|entry| entry.2);
    assert_eq!(sent, Some(4), "its own, and the three others");
    assert_eq!(swarm.ledger().delivered, 1 + 4 + 2, "and two that settle");
}

#[tokio::test(start_paused = true)]
async fn a_shape_changes_while_mail_flows_and_none_is_lost_or_turned_round() {
    let (system, swarm, log) = swarm(Topology::mesh(), 6).await;
    let flow = {
        let swarm = swarm.clone();
        tokio::spawn(async move {
            for word in 0..2_000 {
                swarm.send(Rank((word % 5) as u32), Word::Pass(Rank((word % 5) as u32 + 1), word)).await.unwrap();
            }
        })
    };
    let limit = Duration::from_secs(60);
    for shape in [Topology::ring(), Topology::star(), Topology::pipeline(), Topology::mesh()] {
        while log.lock().len() % 400 < 200 && !flow.is_finished() {
            tick().await;
        }
        soon("the shape changes", swarm.morph(shape, limit)).await.unwrap();
    }
    soon("all is sent", flow).await.unwrap();
    settled(&swarm).await;
    let log = log.lock().clone();
    assert_eq!(log.len(), 2_000);
    for to in 1..6 {
        let heard: Vec<u64> = log.iter().filter(|entry| entry.0 == Rank(to)).map(|entry| entry.2).collect();
        assert!(heard.is_sorted(), "{to}: {heard:?}");
        assert_eq!(heard.len(), 400);
    }
    assert_eq!(swarm.ledger().lost, 0);
    assert_eq!(system.snapshot().iter().map(|actor| actor.incarnation).max(), Some(1), "nobody was restarted");
}

#[tokio::test(start_paused = true)]
async fn a_member_is_chosen_by_its_queue_its_key_and_what_it_can_do() {
    let system = System::start("swarms").await.unwrap();
    let log = Log::default();
    let of = |seat: Seat<Word>| {
        let spec = MemberSpec::from(Node::spec(&seat.name(), (seat.clone(), Arc::clone(&log))));
        if seat.rank() == Rank(2) { spec.capable_of(["count"]) } else { spec }
    };
    let swarm = Swarm::start(&system, "mesh", Topology::mesh(), 4, of).await.unwrap();
    assert_eq!(swarm.choose(Choice::Capable("count")), Some(Rank(2)));
    assert_eq!(swarm.choose(Choice::Capable("sing")), None);
    let chosen = swarm.choose(Choice::key(&"jfk")).unwrap();
    assert_eq!(swarm.choose(Choice::key(&"jfk")), Some(chosen));
    system.actor("mesh/1").unwrap().suspend();
    for word in 0..5 {
        swarm.send(Rank(1), Word::Say(word)).await.unwrap();
    }
    let picked: Vec<Rank> = (0..9).filter_map(|_| swarm.choose(Choice::LeastQueue)).collect();
    assert!(picked.len() == 9 && !picked.contains(&Rank(1)), "{picked:?}");
    let seat = swarm.seat(Rank(0)).unwrap();
    let turns: Vec<Rank> = (0..3).filter_map(|_| seat.choose(Choice::RoundRobin)).collect();
    assert!([Rank(1), Rank(2), Rank(3)].iter().all(|rank| turns.contains(rank)), "each in turn: {turns:?}");
    system.actor("mesh/1").unwrap().resume();
    settled(&swarm).await;
}

#[tokio::test(start_paused = true)]
async fn a_member_may_be_a_whole_topology() {
    let star_of_rings = Topology::star().nest(1, Topology::ring(), 3).nest(2, Topology::pipeline(), 2);
    let (system, swarm, log) = swarm(star_of_rings, 4).await;
    assert_eq!(swarm.members().len(), 1 + 3 + 2 + 1);
    let far = swarm.members().last().unwrap().rank;
    swarm.send(Rank(3), Word::Pass(far, 9)).await.unwrap();
    settled(&swarm).await;
    assert_eq!(*log.lock(), [(far, Some(Rank(3)), 9, 3)], "to the entry of its ring, the hub, the leaf");
    log.lock().clear();
    swarm.broadcast(Word::Say(1)).await.unwrap();
    settled(&swarm).await;
    assert_eq!(log.lock().len(), 7);
    let mut failures = system.failures(4);
    system.actor("swarm/1").unwrap().kill();
    soon("the failure of the ring", failures.recv()).await.unwrap();
    soon("the ring is back", async {
        while swarm.members().iter().any(|member| !member.is_up) {
            tick().await;
        }
    })
    .await;
    swarm.send(far, Word::Pass(Rank(2), 4)).await.unwrap();
    settled(&swarm).await;
    assert!(log.lock().contains(&(Rank(2), Some(far), 4, 3)), "{:?}", log.lock());
}

#[tokio::test(start_paused = true)]
async fn a_member_that_had_ended_for_good_gets_mail_again_once_its_supervisor_has_made_it_anew() {
    let system = System::builder("swarms").intensity(1, "10s").start().await.unwrap();
    let log = Log::default();
    let of = |seat: Seat<Word>| {
        Node::spec(&seat.name(), (seat.clone(), Arc::clone(&log))).restart(swarmtree::Restart::Temporary)
    };
    let pipeline = Topology::pipeline().intensity(0, "10s");
    let swarm = Swarm::start(&system, "swarm", pipeline, 2, of).await.unwrap();
    let last = system.actor("swarm/1").unwrap();
    last.stop();
    soon("it has ended", last.stopped()).await;
    assert!(swarm.send(Rank(1), Word::Say(1)).await.is_err());
    system.actor("swarm").unwrap().kill();
    soon("rest", system.quiescent()).await;
    swarm.send(Rank(0), Word::Pass(Rank(1), 2)).await.unwrap();
    settled(&swarm).await;
    assert_eq!(*log.lock(), [(Rank(1), Some(Rank(0)), 2, 1)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_hand_when_a_shape_gets_credits_can_still_be_passed_on() {
    let (_system, swarm, log) = swarm(Topology::pipeline(), 2).await;
    // A handler that waits: its answer is sent in the new shape, where others have taken all credits.
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    swarm.send(Rank(0), Word::Gated(Arc::clone(&gate), Rank(1), 7)).await.unwrap();
    while swarm.ledger().delivered == 0 {
        tick().await;
    }
    swarm.morph(Topology::mesh().in_flight(1), Duration::from_secs(1)).await.unwrap();
    swarm.send(Rank(0), Word::Say(1)).await.unwrap();
    gate.add_permits(1);
    settled(&swarm).await;
    assert!(log.lock().iter().any(|entry| entry.2 == 7), "{:?}", log.lock());
}

#[tokio::test(start_paused = true)]
async fn mail_says_how_far_it_came_and_how_much_farther_it_might_have() {
    let (_system, swarm, _) = swarm(Topology::ring(), 4).await;
    let seat = swarm.seat(Rank(1)).unwrap();
    let (to, told) = tokio::sync::oneshot::channel();
    seat.send(Rank(0), Word::Way(Arc::new(Mutex::new(Some(to))))).await.unwrap();
    assert_eq!(soon("it arrives", told).await, Ok((3, 2 * 4 + 8 - 3)));
}
