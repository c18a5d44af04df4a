//! Swarms whose members can wait for each other: what is refused, and what handlers are told.

use swarmtree::{
    AskError, Delivery, EdgeKind, Fail, MemberSpec, Message, Rank, Refusal, Reply, Seat, Supervised, Swarm,
    SwarmAskError, SwarmError, System, Topology, Undeliverable, actor, handlers,
};
use tokio::sync::mpsc;

use crate::kit::soon;

/// What members of these swarms send along their edges.
struct Word;

impl Message for Word {}

/// Looks up what it needs at a desk.
#[actor]
struct Hub {
    system: System,
}

#[handlers(asks(Desk))]
impl Hub {
    #[start]
    fn new(system: System) -> Self {
        Self { system }
    }

    #[mail]
    fn word(&mut self, _mail: Delivery<Word>) {}

    #[ask]
    async fn price(&mut self) -> Result<u64, AskError> {
        let desk = self.system.find::<Desk>("swarm/desk").map_err(|_| AskError::NoReply)?;
        desk.rate().await.and_then(|rate| rate)
    }
}

/// Asks the hub in its turn.
#[actor]
struct Desk {
    system: System,
}

#[handlers(asks(Hub))]
impl Desk {
    #[start]
    fn new(system: System) -> Self {
        Self { system }
    }

    #[mail]
    fn word(&mut self, _mail: Delivery<Word>) {}

    #[ask]
    async fn rate(&mut self) -> Result<u64, AskError> {
        let hub = self.system.find::<Hub>("swarm/hub").map_err(|_| AskError::NoReply)?;
        hub.price().await.and_then(|price| price)
    }
}

/// Asks the hub, which asks it for nothing.
#[actor]
struct Clerk;

#[handlers(asks(Hub))]
impl Clerk {
    #[start]
    fn new() -> Self {
        Self
    }

    #[mail]
    fn word(&mut self, _mail: Delivery<Word>) {}
}

fn hub_or_desk(system: &System, seat: &Seat<Word>) -> MemberSpec<Word> {
    let system = system.clone();
    if seat.rank() == Rank(0) { Hub::spec("hub", system).into() } else { Desk::spec("desk", system).into() }
}

#[tokio::test(start_paused = true)]
async fn members_whose_types_ask_each_other_are_refused_with_the_cycle() {
    let system = System::start("swarms").await.unwrap();
    for in_flight in [1, 1024] {
        let mesh = Topology::mesh().in_flight(in_flight);
        let refused = Swarm::start(&system, "swarm", mesh, 2, |seat| hub_or_desk(&system, &seat)).await.unwrap_err();
        let SwarmError::Wedge(wedge) = &refused else { panic!("{refused}") };
        assert_eq!(wedge.cycle.to_string(), "hub -ask-> desk -ask-> hub");
        assert!(refused.to_string().contains("tell instead of asking"), "{refused}");
    }
    assert!(system.find::<Hub>("swarm/hub").is_err(), "nothing has started");
}

#[tokio::test(start_paused = true)]
async fn members_that_ask_in_one_direction_are_accepted_until_one_joins_that_asks_back() {
    let system = System::start("swarms").await.unwrap();
    let of = |seat: Seat<Word>| -> MemberSpec<Word> {
        if seat.rank() == Rank(0) { Hub::spec("hub", system.clone()).into() } else { Clerk::spec("clerk", ()).into() }
    };
    let swarm = Swarm::start(&system, "swarm", Topology::mesh().max_agents(3), 2, of).await.unwrap();
    assert!(system.find::<Clerk>("swarm/clerk").is_ok());
    let refused = swarm.spawn(|_| Desk::spec("desk", system.clone())).await.unwrap_err();
    assert!(matches!(&refused, SwarmError::Wedge(wedge) if wedge.cycle.edges.len() == 2), "{refused}");
    assert_eq!(swarm.members().len(), 2);
    assert!(system.find::<Desk>("swarm/desk").is_err());
}

#[tokio::test(start_paused = true)]
async fn asks_beside_the_edges_lock_up_whatever_may_be_under_way() {
    let system = System::start("swarms").await.unwrap();
    let mesh = Topology::mesh().in_flight(1);
    let swarm = Swarm::start_unchecked(&system, "swarm", mesh, 2, |seat| hub_or_desk(&system, &seat)).await.unwrap();
    let hub = system.find::<Hub>("swarm/hub").unwrap();
    let price = soon("an answer", hub.price()).await.unwrap();
    let Err(AskError::Deadlock { cycle }) = price else { panic!("{price:?}") };
    assert_eq!(cycle.len(), 2, "{cycle:?}");
    assert_eq!(swarm.ledger().accepted(), 0, "no credit was needed");
}

/// What a [`Node`] is to do, and to tell the test.
enum Errand {
    /// Asks itself.
    Ask,
    /// Sends to itself so often.
    Send(u32),
    Asked(Reply<()>),
}

impl Message for Errand {
    fn break_off(&mut self) {
        if let Self::Asked(reply) = self {
            reply.break_off();
        }
    }
}

#[derive(Debug, PartialEq)]
enum Told {
    Answer(Result<(), SwarmAskError>),
    Sent(Result<(), Undeliverable>),
}

#[actor]
struct Node {
    seat: Seat<Errand>,
    told: mpsc::Sender<Told>,
}

#[handlers]
impl Node {
    #[start]
    fn new(seat: Seat<Errand>, told: mpsc::Sender<Told>) -> Self {
        Self { seat, told }
    }

    #[mail]
    async fn errand(&mut self, mail: Delivery<Errand>) -> Result<(), Fail> {
        let own = self.seat.rank();
        match mail.message {
            Errand::Ask => drop(self.told.try_send(Told::Answer(self.seat.ask(own, Errand::Asked).await))),
            Errand::Send(times) => {
                for _ in 0..times {
                    let sent = self.seat.send(own, Errand::Send(0)).await.map_err(|refused| refused.reason);
                    drop(self.told.try_send(Told::Sent(sent)));
                }
            }
            Errand::Asked(reply) => drop(reply.send(())),
        }
        Ok(())
    }
}

/// What a lone member is told that does this.
async fn told(topology: Topology, errand: Errand) -> Vec<Told> {
    let system = System::start("swarms").await.unwrap();
    let (tell, mut told) = mpsc::channel(8);
    let of = |seat: Seat<Errand>| Node::spec(&seat.name(), (seat.clone(), tell.clone()));
    let swarm = Swarm::start_unchecked(&system, "swarm", topology, 1, of).await.unwrap();
    swarm.send(Rank(0), errand).await.unwrap();
    soon("rest", system.quiescent()).await;
    let all = std::iter::from_fn(|| told.try_recv().ok()).collect();
    system.stop().await;
    all
}

#[tokio::test(start_paused = true)]
async fn a_request_that_finds_no_credit_waits_for_nobody() {
    let alone = Topology::custom([(0, 0, EdgeKind::Ask)]);
    let refused = told(alone.clone().in_flight(1), Errand::Ask).await;
    assert_eq!(refused, [Told::Answer(Err(Undeliverable::NoCredit { in_flight: 1 }.into()))]);
    let wedged = told(alone.in_flight(2), Errand::Ask).await;
    let [Told::Answer(Err(SwarmAskError::Ask(AskError::Deadlock { cycle })))] = &wedged[..] else {
        panic!("{wedged:?}")
    };
    assert_eq!(cycle.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_member_sends_to_itself_without_an_edge_and_never_waits_for_that() {
    let full = Undeliverable::Refused(Refusal::Full { capacity: 2 });
    let sent = told(Topology::pipeline().mailbox(2), Errand::Send(3)).await;
    assert_eq!(sent, [Told::Sent(Ok(())), Told::Sent(Ok(())), Told::Sent(Err(full))]);
    let sent = told(Topology::mesh().mailbox(2).in_flight(3), Errand::Send(3)).await;
    assert_eq!(sent, [Told::Sent(Ok(())), Told::Sent(Ok(())), Told::Sent(Ok(()))], "with a credit there is room");
}
