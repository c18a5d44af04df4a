//! A swarm that runs.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::actor::ask::Reply;
use crate::actor::watch::ended;
use crate::inspect::blast::BlastRadius;
use crate::mailbox::message::Message;
use crate::path::{NameError, Path};
use crate::spec::SupervisorPolicy;
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::delete::DeleteError;
use crate::supervisor::dynamic::SpawnError;
use crate::supervisor::node::Node;
use crate::supervisor::spec::Supervisor;
use crate::swarm::check::check;
use crate::swarm::home::{Home, Place};
use crate::swarm::mail::Mail;
use crate::swarm::member::MemberSpec;
use crate::swarm::membership::{Membership, News, Standing};
use crate::swarm::seat::{Seat, ask};
use crate::swarm::sending::{By, Dispatch, Patience};
use crate::swarm::undelivered::{SwarmAskError, Undelivered};
use crate::system::running::System;
use crate::topology::builder::Topology;
use crate::topology::error::{RenameError, TopologyError};
use crate::topology::layout::Layout;
use crate::topology::liveness::verdict::{Liveness, Wedge};
use crate::topology::rank::Rank;
use crate::topology::tree::{Branch, Node as Planned};

/// A swarm that runs: members under supervisors, and who of them may send to whom, as a [`Topology`] says. Cheap to clone;
/// dropping the last clone does not stop it.
pub struct Swarm<W: Message> {
    pub(crate) system: System,
    pub(crate) home: Arc<Home<Mail<W>>>,
}

/// Why a swarm did not start, or did not change. Nothing of it is left, or it is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwarmError {
    /// The topology is none.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The members' names do not go together.
    #[error(transparent)]
    Name(#[from] RenameError),
    /// Handlers that wait along its edges could lock each other up.
    #[error(transparent)]
    Wedge(#[from] Wedge),
    /// A supervisor or a member did not start.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// As many members as there may be.
    #[error("the swarm has {max_agents} members, and no more may be; raise `max_agents`")]
    Crowded {
        /// The most members.
        max_agents: usize,
    },
    /// Nobody has this rank.
    #[error("there is no member {rank} in the swarm")]
    NoMember {
        /// The rank asked for.
        rank: Rank,
    },
    /// Others are supervised by it.
    #[error("member {rank} has subordinates; remove {} first", ranks(.subordinates))]
    HasSubordinates {
        /// The member.
        rank: Rank,
        /// Who stands below it.
        subordinates: Vec<Rank>,
    },
}

/// What became of all messages that a swarm has accepted, each copy of a broadcast counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SwarmLedger {
    /// Opened by the member it was for.
    pub delivered: u64,
    /// Dropped on an edge that sheds.
    pub shed: u64,
    /// Gone with the member that had it, or without a way to its addressee; the dead letters tell of both.
    pub lost: u64,
    /// Tokens that came late, and were not handed over.
    pub fenced: u64,
    /// On its way, or waiting to be handled.
    pub under_way: u64,
}

/// A member at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// Its number in the topology.
    pub rank: Rank,
    /// Where it stands in the tree.
    pub path: Path,
    /// Whether it is up.
    pub is_up: bool,
    /// How many messages are queued in its mailbox.
    pub queued: usize,
}

impl<W: Message> Swarm<W> {
    /// Starts a swarm at a path, of as many members as are laid out, and waits until all are up. Supervisors that are missing
    /// on the way are started. `member` makes the spec of each from its seat.
    ///
    /// # Errors
    /// [`SwarmError`]; nothing has been started then, or it was stopped again.
    pub async fn start<S: Into<MemberSpec<W>>>(
        system: &System,
        path: &str,
        topology: Topology,
        members: usize,
        member: impl Fn(Seat<W>) -> S,
    ) -> Result<Self, SwarmError> {
        Self::start_where(system, path, topology, members, member, check).await
    }

    /// Starts a swarm where this says that its members cannot lock each other up.
    pub(crate) async fn start_where<S: Into<MemberSpec<W>>>(
        system: &System,
        path: &str,
        topology: Topology,
        members: usize,
        member: impl Fn(Seat<W>) -> S,
        verdict: impl FnOnce(&Layout, &BTreeMap<Rank, Arc<Place<Mail<W>>>>) -> Result<Liveness, Wedge>,
    ) -> Result<Self, SwarmError> {
        let path = Path::parse(path).map_err(SpawnError::from)?;
        let Some((above, name)) = path.split_last() else { return Err(SpawnError::from(NameError::Empty).into()) };
        let layout = topology.layout(members)?;
        let home =
            Home::new(Arc::clone(&system.hub), path.clone(), Membership::new(layout.clone()), layout.in_flight());
        let mut specs = BTreeMap::new();
        for planned in layout.members() {
            let place = home.join(|_| Ok::<_, SwarmError>(planned.rank))?;
            let spec = known(&place, member(Seat::new(Arc::clone(&home), Arc::clone(&place))));
            specs.insert(planned.rank, (place, spec));
        }
        let layout = named(layout, &specs)?;
        let liveness = verdict(&layout, &home.view().places)?;
        home.lay_out(layout.clone(), liveness.live_least);
        let tree = supervisor(&home, layout.tree(), name, &mut specs, &layout);
        let node = system.supervisor_or_new(&above).await?;
        node.start_child(&tree.into()).await?;
        Ok(Self { system: system.clone(), home })
    }

    /// Where its supervisor stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.home.path
    }

    /// Its shape, with the members' names.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.home.membership(|membership| membership.layout().clone())
    }

    /// The present epoch: each change of who is there, and of the shape, makes a new one.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.home.view().epoch
    }

    /// Waits for an epoch after this one, and gives the present one: `changed(swarm.epoch())` waits for the next change of who is
    /// there, or of the shape. Has no deadline.
    pub async fn changed(&self, after: u64) -> u64 {
        loop {
            let mut changed = pin!(self.home.changed.notified());
            changed.as_mut().enable();
            let epoch = self.epoch();
            if epoch > after {
                return epoch;
            }
            changed.await;
        }
    }

    /// All members, in their order.
    #[must_use]
    pub fn members(&self) -> Vec<MemberStatus> {
        let view = self.home.view();
        let places = view.places.values().filter_map(|place| {
            let post = place.post()?;
            let (path, queued) = (post.child().path(), post.depth());
            Some(MemberStatus { rank: place.rank, path, is_up: view.is_up(place.rank), queued })
        });
        places.collect()
    }

    /// The seat of a member, to send as it does. None if nobody has this rank.
    #[must_use]
    pub fn seat(&self, rank: Rank) -> Option<Seat<W>> {
        let place = Arc::clone(self.home.view().place(rank)?);
        Some(Seat::new(Arc::clone(&self.home), place))
    }

    /// To whom an edge leads from a member now.
    #[must_use]
    pub fn neighbours(&self, of: Rank) -> Vec<Rank> {
        self.home.view().graph.neighbours(of)
    }

    /// Sends to a member from outside of the swarm. Waits for a credit or for room.
    ///
    /// # Errors
    /// [`Undelivered`] with the message and the reason.
    pub async fn send(&self, to: Rank, message: W) -> Result<(), Undelivered<W>> {
        self.sending(Patience::Waits).to(to, message).await
    }

    /// Sends to a member from outside of the swarm without waiting.
    ///
    /// # Errors
    /// [`Undelivered`] with the message and the reason.
    pub async fn try_send(&self, to: Rank, message: W) -> Result<(), Undelivered<W>> {
        self.sending(Patience::Tries).to(to, message).await
    }

    /// Sends to all members: to the first one (root, hub, first stage, first command), and from there along the shape's tree.
    ///
    /// # Errors
    /// [`Undelivered`] with the message and the reason; then nobody got it.
    pub async fn broadcast(&self, message: W) -> Result<(), Undelivered<W>>
    where
        W: Clone,
    {
        self.sending(Patience::Waits).to_all(message).await
    }

    /// Sends a message made around a reply port to a member, and waits for the reply, at most for 5 s.
    ///
    /// # Errors
    /// [`SwarmAskError`]: the request did not go out, or no reply came in time.
    pub async fn ask<R>(&self, to: Rank, message: impl FnOnce(Reply<R>) -> W) -> Result<R, SwarmAskError> {
        ask(self.sending(Patience::Waits), to, Duration::from_secs(5), message).await
    }

    /// What became of all messages so far.
    #[must_use]
    pub fn ledger(&self) -> SwarmLedger {
        let counts = &self.home.counts;
        let waiting = self.home.outbox.lock().as_ref().map_or(0, |outbox| outbox.items.len());
        let under_way = self.home.view().term.under_way.load(Ordering::SeqCst) + waiting;
        SwarmLedger {
            delivered: counts.delivered.load(Ordering::Relaxed),
            shed: counts.shed.load(Ordering::Relaxed),
            lost: counts.lost.load(Ordering::Relaxed),
            fenced: counts.fenced.load(Ordering::Relaxed),
            under_way: under_way as u64,
        }
    }

    /// Adds a member, below the cap, and waits until it is up: wired before its first message.
    ///
    /// # Errors
    /// [`SwarmError`]; nothing of the member is left then.
    pub async fn spawn<S: Into<MemberSpec<W>>>(&self, member: impl FnOnce(Seat<W>) -> S) -> Result<Rank, SwarmError> {
        let place = self.home.join(|membership| {
            let taken = membership.members().keys().copied().collect();
            let layout = membership.layout();
            layout.place(&taken).ok_or(SwarmError::Crowded { max_agents: layout.max_agents() })
        })?;
        let rank = place.rank;
        let spec = known(&place, member(Seat::new(Arc::clone(&self.home), Arc::clone(&place))));
        let started = self.start_member(rank, place, spec).await;
        if started.is_err() {
            self.home.tell(rank, News::Removed);
        }
        started.map(|()| rank)
    }

    async fn start_member(
        &self,
        rank: Rank,
        place: Arc<Place<Mail<W>>>,
        spec: MemberSpec<W>,
    ) -> Result<(), SwarmError> {
        let layout = self.layout();
        let Some(seat) = layout.opening(rank) else {
            return Err(SwarmError::Crowded { max_agents: layout.max_agents() });
        };
        let liveness = check(&layout, &self.home.view().places)?;
        self.home.lay_out(layout.clone(), liveness.live_least);
        let mut specs = BTreeMap::from([(rank, (place, spec))]);
        let child = match &seat.node {
            Planned::Member(_) => member(&self.home, rank, &mut specs, &layout),
            Planned::Branch(branch) => Some(supervisor(&self.home, branch, &branch.name, &mut specs, &layout).into()),
        };
        let (node, child) = (self.supervisor_at(&seat.supervisor)?, child.ok_or(SwarmError::NoMember { rank })?);
        let started = node.adopt_child(&child).await;
        if matches!(started, Err(SpawnError::Failed { .. })) {
            // A supervisor that restarted meanwhile may have it.
            self.delete(&node.path.child(&child.name), None).await;
        }
        started?;
        Ok(())
    }

    /// Takes a member out for good: it gets no new messages, handles what it has, and stops. Waits for that. Dropped halfway,
    /// it goes on, and may be called again.
    ///
    /// # Errors
    /// [`SwarmError::HasSubordinates`] for one who supervises others, [`SwarmError::NoMember`], and [`SwarmError::Wedge`] where those that
    /// are left could lock up without it.
    pub async fn remove(&self, rank: Rank) -> Result<(), SwarmError> {
        let Some(place) = self.home.view().place(rank).map(Arc::clone) else {
            return Err(SwarmError::NoMember { rank });
        };
        let layout = self.layout();
        let below = self.subordinates(rank, &layout);
        if !below.is_empty() {
            return Err(SwarmError::HasSubordinates { rank, subordinates: below });
        }
        let mut left = (*self.home.view().places).clone();
        left.remove(&rank);
        let liveness = check(&layout, &left)?;
        self.home.tell(rank, News::Leaving);
        self.home.lay_out(layout.clone(), liveness.live_least);
        if let Some(post) = place.post() {
            post.drain();
            ended(post.child()).await;
            self.delete(&post.child().path(), layout.opening(rank).map(|seat| seat.node)).await;
        }
        self.home.tell(rank, News::Removed);
        Ok(())
    }

    /// Takes a member that has stopped out of the tree, with the supervisor that is its own.
    async fn delete(&self, path: &Path, planned: Option<Planned>) {
        let above = path.split_last().map_or_else(Path::root, |(above, _)| above);
        let stands = if matches!(planned, Some(Planned::Branch(_))) { &above } else { path };
        let (Some((over, name)), Ok(actor)) = (stands.split_last(), self.system.actor(stands.as_str())) else {
            return;
        };
        if let Some(node) = self.system.root.supervisor_at(&over) {
            node.give_up(name);
        }
        loop {
            actor.stop();
            actor.stopped().await;
            match actor.delete() {
                Ok(()) | Err(DeleteError::Gone) => return,
                // Its group restarted meanwhile, and it with that.
                Err(DeleteError::Running | DeleteError::Restarting) => tokio::task::yield_now().await,
            }
        }
    }

    /// Who is there right below a member.
    fn subordinates(&self, rank: Rank, layout: &Layout) -> Vec<Rank> {
        let there = |below: &Rank| {
            self.home.membership(|membership| membership.members().get(below).is_some_and(|at| *at != Standing::Gone))
        };
        layout.subordinates(rank).into_iter().filter(there).collect()
    }

    /// What a failure of a member would restart, and how near its supervisors are to giving up; see
    /// [`System::blast_radius`]. None if nobody has this rank.
    #[must_use]
    pub fn blast_radius(&self, member: Rank) -> Option<BlastRadius> {
        let path = self.home.view().post(member)?.child().path();
        self.system.blast_radius(path.as_str())
    }

    fn sending(&self, patience: Patience) -> Dispatch<W> {
        Dispatch { home: Arc::clone(&self.home), from: None, by: By::Routes, patience }
    }

    fn supervisor_at(&self, below: &str) -> Result<Arc<Node>, SwarmError> {
        let text = if below.is_empty() { self.path().as_str().to_owned() } else { format!("{}/{below}", self.path()) };
        let path = Path::parse(&text).map_err(SpawnError::from)?;
        let node = self.system.root.supervisor_at(&path);
        node.ok_or_else(|| SpawnError::NoSupervisor { path }.into())
    }
}

/// The spec of a member, whose type its place knows from now on.
fn known<W: Message>(place: &Place<Mail<W>>, spec: impl Into<MemberSpec<W>>) -> MemberSpec<W> {
    let mut spec = spec.into();
    // A place is made for one member.
    let _ = place.kind.set(std::mem::take(&mut spec.kind));
    spec
}

type Specs<W> = BTreeMap<Rank, (Arc<Place<Mail<W>>>, MemberSpec<W>)>;

/// The layout with the names that the specs give, if they give any.
fn named<W: Message>(layout: Layout, specs: &Specs<W>) -> Result<Layout, RenameError> {
    let given = |(rank, (_, spec)): (&Rank, &(_, MemberSpec<W>))| spec.name != rank.to_string();
    if !specs.iter().any(given) {
        return Ok(layout);
    }
    layout.renamed(specs.values().map(|(_, spec)| spec.name.clone()))
}

/// The supervisor of a branch, with all below it.
fn supervisor<W: Message>(
    home: &Arc<Home<Mail<W>>>,
    branch: &Branch,
    name: &str,
    specs: &mut Specs<W>,
    layout: &Layout,
) -> Supervisor {
    let policy =
        SupervisorPolicy { strategy: branch.strategy, intensity: branch.intensity, ..SupervisorPolicy::default() };
    branch.children.iter().fold(Supervisor::with_policy(name, policy), |above, child| match child {
        Planned::Branch(below) => above.child(supervisor(home, below, &below.name, specs, layout)),
        Planned::Member(rank) => match member(home, *rank, specs, layout) {
            Some(child) => above.child(child),
            None => above,
        },
    })
}

/// A member as a child, under the name that the layout has for it.
fn member<W: Message>(
    home: &Arc<Home<Mail<W>>>,
    rank: Rank,
    specs: &mut Specs<W>,
    layout: &Layout,
) -> Option<ChildSpec> {
    let (place, spec) = specs.remove(&rank)?;
    let planned = layout.member(rank)?;
    let name = match spec.name.as_str() {
        given if given != rank.to_string() => given,
        _ => planned.name.rsplit('/').next().unwrap_or_default(),
    };
    let name = name.to_owned();
    Some(spec.into_child(home, &place, planned.mailbox).named(name))
}

fn ranks(ranks: &[Rank]) -> String {
    let ranks: Vec<String> = ranks.iter().map(ToString::to_string).collect();
    ranks.join(", ")
}

impl SwarmLedger {
    /// All that was accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.delivered + self.shed + self.lost + self.fenced + self.under_way
    }
}

impl<W: Message> Clone for Swarm<W> {
    fn clone(&self) -> Self {
        Self { system: self.system.clone(), home: Arc::clone(&self.home) }
    }
}

impl<W: Message> fmt::Debug for Swarm<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Swarm({})", self.home.path)
    }
}
