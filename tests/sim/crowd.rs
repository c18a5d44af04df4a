//! Random graphs of waiting and other edges, and members that fill each other's mailboxes along them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use swarmtree::{
    AskError, Delivery, EdgeKind, Facts, MemberSpec, Message, Path, Rank, Refusal, Reply, Seat, Supervised, Swarm,
    SwarmAskError, SwarmError, System, Topology, Undeliverable, Undelivered, actor, handlers,
};
use tokio::sync::Semaphore;

/// A swarm to be: who may send to whom, whom others may send to, and how much a mailbox holds.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    pub(crate) edges: Vec<(usize, usize, EdgeKind)>,
    pub(crate) open: Vec<bool>,
    pub(crate) mailbox: usize,
}

/// What members tell each other.
pub(crate) enum Word {
    /// Send so many messages more, or have them sent.
    Work(u32),
    /// The same, and answer.
    Query(u32, Reply<()>),
    /// Wait for the next one on a cycle, once the gate is open.
    Pull(Arc<Drive>),
    /// The same, without a gate, and answer.
    Pulled(Arc<Drive>, Reply<()>),
}

impl Message for Word {
    fn break_off(&mut self) {
        if let Self::Query(_, reply) | Self::Pulled(_, reply) = self {
            reply.break_off();
        }
    }
}

/// A cycle to be made of members that wait, and how far that is.
pub(crate) struct Drive {
    pub(crate) next: BTreeMap<Rank, (Rank, EdgeKind)>,
    pub(crate) begun: Semaphore,
    pub(crate) gate: Semaphore,
}

/// What all members of one swarm share.
pub(crate) struct Ground {
    crowd: Crowd,
    rng: Mutex<fastrand::Rng>,
    pub(crate) books: Mutex<Books>,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) handled: u64,
    /// The cycles that the runtime found.
    pub(crate) wedges: Vec<Vec<Path>>,
    /// What no sender should ever be told.
    pub(crate) odd: Vec<String>,
}

/// How a member goes on.
enum Step {
    Tell(Rank),
    /// Over as many edges as it takes.
    Route(Rank),
    Ask(Rank),
}

impl Crowd {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let members = rng.usize(3..=7);
        let (tells, asks) = (rng.u32(5..45), rng.u32(0..25));
        let waits = rng.u32(20..100);
        let mut edges = Vec::new();
        for (from, to) in (0..members).flat_map(|from| (0..members).map(move |to| (from, to))) {
            if rng.u32(0..100) < tells {
                let other = if rng.bool() { EdgeKind::Shed } else { EdgeKind::Credit };
                edges.push((from, to, if rng.u32(0..100) < waits { EdgeKind::Wait } else { other }));
            }
            if rng.u32(0..100) < asks {
                edges.push((from, to, EdgeKind::Ask));
            }
        }
        let opens = rng.u32(0..40);
        let open = (0..members).map(|_| rng.u32(0..100) < opens).collect();
        Self { edges, open, mailbox: rng.usize(1..=4) }
    }

    pub(crate) fn members(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn topology(&self, in_flight: Option<usize>) -> Topology {
        let topology = Topology::custom(self.edges.iter().copied()).mailbox(self.mailbox);
        match in_flight {
            Some(messages) => topology.in_flight(messages),
            None => topology,
        }
    }

    pub(crate) fn facts(&self) -> Vec<Facts> {
        self.open.iter().map(|open| Facts { open: *open, asks: Vec::new() }).collect()
    }
}

impl Ground {
    pub(crate) fn new(crowd: &Crowd, seed: u64) -> Arc<Self> {
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        Arc::new(Self { crowd: crowd.clone(), rng, books: Mutex::default() })
    }

    pub(crate) fn below(&self, end: usize) -> usize {
        self.rng.lock().usize(0..end)
    }

    pub(crate) fn shuffle<T>(&self, all: &mut [T]) {
        self.rng.lock().shuffle(all);
    }

    fn step(&self, from: Rank) -> Option<Step> {
        let own: Vec<_> = self.crowd.edges.iter().filter(|edge| edge.0 == from.index()).collect();
        let rank = |index: usize| Rank(u32::try_from(index).unwrap());
        let (_, to, kind) = own.get(self.below(own.len().max(1)))?;
        Some(match kind {
            EdgeKind::Ask => Step::Ask(rank(*to)),
            _ if self.below(4) == 0 => Step::Route(rank(self.below(self.crowd.members()))),
            _ => Step::Tell(rank(*to)),
        })
    }

    /// The spec of a member: its type says whether others than the swarm send to it.
    fn member(self: &Arc<Self>, seat: Seat<Word>) -> MemberSpec<Word> {
        let (name, ground) = (seat.name(), Arc::clone(self));
        if self.crowd.open[seat.rank().index()] {
            Open::spec(&name, (seat, ground)).into()
        } else {
            Closed::spec(&name, (seat, ground)).into()
        }
    }

    pub(crate) async fn swarm(
        self: &Arc<Self>,
        system: &System,
        in_flight: Option<usize>,
    ) -> Result<Swarm<Word>, SwarmError> {
        let (topology, members) = (self.crowd.topology(in_flight), self.crowd.members());
        Swarm::start(system, "swarm", topology, members, |seat| self.member(seat)).await
    }

    pub(crate) async fn swarm_unchecked(self: &Arc<Self>, system: &System, in_flight: Option<usize>) -> Swarm<Word> {
        let (topology, members) = (self.crowd.topology(in_flight), self.crowd.members());
        Swarm::start_unchecked(system, "swarm", topology, members, |seat| self.member(seat)).await.unwrap()
    }

    fn told(&self, sent: Result<(), Undelivered<Word>>) {
        if let Err(Undelivered { reason, .. }) = sent {
            self.refused(reason);
        }
    }

    fn refused(&self, reason: Undeliverable) {
        match reason {
            Undeliverable::NoCredit { .. } | Undeliverable::Unreachable { .. } => {}
            Undeliverable::Refused(Refusal::Deadlock { cycle }) => self.books.lock().wedges.push(cycle),
            other => self.books.lock().odd.push(other.to_string()),
        }
    }

    fn answered(&self, answer: Result<(), SwarmAskError>) {
        match answer {
            Ok(()) => {}
            Err(SwarmAskError::Undeliverable(reason)) => self.refused(reason),
            Err(SwarmAskError::Ask(AskError::Deadlock { cycle })) => self.books.lock().wedges.push(cycle),
            Err(SwarmAskError::Ask(other)) => self.books.lock().odd.push(other.to_string()),
        }
    }

    /// Has so many messages sent, each by whoever gets one of them.
    async fn spread(&self, seat: &Seat<Word>, mut left: u32) {
        while left > 0 {
            let part = u32::try_from(self.below(left as usize)).unwrap();
            left -= part + 1;
            match self.step(seat.rank()) {
                None => return,
                Some(Step::Tell(to)) => self.told(seat.send_direct(to, Word::Work(part)).await),
                Some(Step::Route(to)) => {
                    let sent = seat.send(to, Word::Work(part)).await;
                    // Without an edge to itself nobody waits for itself.
                    let is_full = sent
                        .as_ref()
                        .is_err_and(|it| matches!(it.reason, Undeliverable::Refused(Refusal::Full { .. })));
                    if !(is_full && to == seat.rank()) {
                        self.told(sent);
                    }
                }
                Some(Step::Ask(to)) => self.answered(seat.ask(to, |reply| Word::Query(part, reply)).await),
            }
        }
    }

    /// Waits for the next one on the cycle.
    async fn pull(&self, seat: &Seat<Word>, drive: &Arc<Drive>) {
        match drive.next[&seat.rank()] {
            (to, EdgeKind::Ask) => {
                let asked = seat.ask(to, |reply| Word::Pulled(Arc::clone(drive), reply));
                self.answered(asked.await);
            }
            (to, _) => self.told(seat.send_direct(to, Word::Work(0)).await),
        }
    }

    async fn handle(&self, seat: &Seat<Word>, mail: Delivery<Word>) {
        self.books.lock().handled += 1;
        // The mail stays until the end, and with it the credit.
        let Delivery { message, .. } = &mail;
        match message {
            Word::Work(left) => self.spread(seat, *left).await,
            Word::Query(left, _) => self.spread(seat, *left).await,
            Word::Pull(drive) => {
                drive.begun.add_permits(1);
                drop(drive.gate.acquire().await);
                self.pull(seat, drive).await;
            }
            Word::Pulled(drive, _) => self.pull(seat, drive).await,
        }
        if let Word::Query(_, reply) | Word::Pulled(_, reply) = mail.message {
            drop(reply.send(()));
        }
    }
}

#[actor]
pub(crate) struct Closed {
    seat: Seat<Word>,
    ground: Arc<Ground>,
}

#[handlers]
impl Closed {
    #[start]
    fn new(seat: Seat<Word>, ground: Arc<Ground>) -> Self {
        Self { seat, ground }
    }

    #[mail]
    async fn word(&mut self, mail: Delivery<Word>) {
        self.ground.handle(&self.seat, mail).await;
    }
}

/// A member that others than the swarm send to.
#[actor]
pub(crate) struct Open {
    seat: Seat<Word>,
    ground: Arc<Ground>,
}

#[handlers]
impl Open {
    #[start]
    fn new(seat: Seat<Word>, ground: Arc<Ground>) -> Self {
        Self { seat, ground }
    }

    #[mail]
    async fn word(&mut self, mail: Delivery<Word>) {
        self.ground.handle(&self.seat, mail).await;
    }

    #[tell]
    async fn elsewhere(&mut self, left: u32) {
        self.ground.spread(&self.seat, left).await;
    }
}
