//! A crew that runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use swarmtree::{
    ActorRef, ActorSpec, EdgeKind, Graph, Layout, MemberSpec, Path, Rank, Seat, Subscription, Swarm, SwarmError,
    System, Topology,
};

use crate::agents::admission::Refused;
use crate::agents::agent::{Agent, AgentId};
use crate::agents::board::JoinError;
use crate::agents::crew::behaviour::{Behaviour, Behaviours};
use crate::agents::crew::coordinator::Coordinator;
use crate::agents::crew::desk::Desk;
use crate::agents::crew::submitted::Submitted;
use crate::agents::crew::word::Word;
use crate::agents::crew::worker::{COORDINATOR, Worker, WorkerArgs};
use crate::agents::note::Note;
use crate::agents::outcome::Ended;
use crate::agents::plan::Plan;
use crate::agents::state::BoardOptions;
use crate::agents::status::{AgentStatus, Counts, TaskStatus};
use crate::agents::task::TaskId;

/// Agents that work under a topology, and the coordinator, of rank 0, that gives them tasks. Cheap to clone; dropping the last
/// clone does not stop it.
pub struct Crew<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    system: System,
    swarm: Swarm<Word<P, R>>,
    desk: Arc<Desk<P, R>>,
    behaviours: Arc<Behaviours<P, R>>,
    coordinator: ActorRef,
    agents_limit: usize,
}

/// Why a crew did not start or change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrewError {
    /// Its swarm did not.
    #[error(transparent)]
    Swarm(#[from] SwarmError),
    /// An agent may not join.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The members do not fill the nested topologies.
    #[error("the crew has {members} members, and the topology has {places} places however it is laid out for them")]
    Misfit {
        /// How many members there are, the coordinator among them.
        members: usize,
        /// How many places.
        places: usize,
    },
    /// No behaviour is registered for an agent's type.
    #[error("{agent} is a {kind}, and no behaviour is registered for that type")]
    NoBehaviour {
        /// Who.
        agent: AgentId,
        /// Its type.
        kind: String,
    },
    /// An agent of that name is there already.
    #[error("there is an agent {agent} already")]
    Duplicate {
        /// The name.
        agent: AgentId,
    },
    /// There is no agent of that name.
    #[error("there is no agent {agent}")]
    NoAgent {
        /// The name.
        agent: AgentId,
    },
    /// In this shape a member cannot be told, or cannot report: nothing leads from one end to the other.
    #[error(
        "no edges lead from member {from} to {to}: agents are told and report, so edges must lead from member 0 to each other one \
         and back, as in a star, a mesh, a ring or a hierarchy"
    )]
    OneWay {
        /// Who could not say anything.
        from: Rank,
        /// To whom.
        to: Rank,
    },
    /// An edge drops what its receiver has no room for, and what crews say must arrive.
    #[error(
        "the edge from member {from} to {to} sheds, and what crews say must arrive: declare it to wait, or with credits"
    )]
    Sheds {
        /// Where it begins.
        from: Rank,
        /// Where it leads.
        to: Rank,
    },
}

/// A crew was not done when its time to drain was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{live} tasks had not ended after {limit:?}; no new ones are taken")]
pub struct Undrained {
    /// How many had not ended.
    pub live: u64,
    /// After which time.
    pub limit: Duration,
}

/// A crew at one moment: all of it is true at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrewStatus {
    /// All tasks that have not ended, then those remembered that have, each by name.
    pub tasks: Vec<TaskStatus>,
    /// All agents by name, those remembered that are gone included.
    pub agents: Vec<AgentStatus>,
    /// How many tasks met which fate.
    pub counts: Counts,
}

impl<P, R> Crew<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    /// Starts a crew at a path, under a topology of one member more than there are agents, and waits until all are up. Rank 0, the hub
    /// of a star and the root of a hierarchy, is the coordinator; it is called so. The agents follow in this order, and stand in the
    /// tree under their ids. More may [join](Crew::spawn) up to the topology's `max_agents`, the coordinator among them.
    ///
    /// # Errors
    /// [`CrewError`]; nothing of it is left then.
    pub async fn start(
        system: &System,
        path: &str,
        topology: Topology,
        options: BoardOptions,
        behaviours: Behaviours<P, R>,
        agents: impl IntoIterator<Item = Agent>,
    ) -> Result<Self, CrewError> {
        let agents: Vec<Agent> = agents.into_iter().collect();
        let agents_limit = options.agents_limit;
        let mut members = Vec::with_capacity(agents.len());
        for (at, agent) in agents.iter().enumerate() {
            if agents.iter().take(at).any(|other| other.id == agent.id) {
                return Err(CrewError::Duplicate { agent: agent.id.clone() });
            }
            members.push((agent.clone(), behaviour(&behaviours, agent, at, agents_limit)?));
        }
        let desk = Desk::new(options);
        let (laid_out, layout) = laid_out(&topology, members.len() + 1)?;
        desk.set_relayed(is_relayed(&graph_of(&layout))?);
        let member = |seat: Seat<Word<P, R>>| match seat.rank().index().checked_sub(1).and_then(|at| members.get(at)) {
            Some((agent, behaviour)) => spec(agent, behaviour, seat, &desk),
            None => ActorSpec::<Coordinator<P, R>>::new("coordinator", (seat, Arc::clone(&desk))).into(),
        };
        let swarm = Swarm::start(system, path, topology, laid_out, member).await?;
        let coordinator = swarm.members().into_iter().find(|member| member.rank == COORDINATOR);
        let coordinator = coordinator.and_then(|member| system.actor(member.path.as_str()).ok());
        let Some(coordinator) = coordinator else {
            return Err(SwarmError::NoMember { rank: COORDINATOR }.into());
        };
        Ok(Self { system: system.clone(), swarm, desk, behaviours: Arc::new(behaviours), coordinator, agents_limit })
    }

    /// Where its supervisor stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.swarm.path()
    }

    /// Its shape, with its members' names.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.swarm.layout()
    }

    /// Takes a plan, or a single task, as a whole, now: it does not wait for the coordinator.
    ///
    /// # Errors
    /// [`Refused`] with the plan, and with why.
    pub fn submit(&self, plan: impl Into<Plan<P>>) -> Result<Submitted<R>, Refused<P>> {
        let ends = self.desk.submit(plan.into())?;
        Ok(Submitted::new(ends, self.coordinator.clone()))
    }

    /// Ends a task as cancelled, unless it has ended; those that depend on it are skipped.
    pub fn cancel(&self, task: impl Into<TaskId>) {
        self.desk.cancel(task.into());
    }

    /// Tasks and agents at this moment, from the state by which all is decided: an agent that was killed shows at once.
    #[must_use]
    pub fn status(&self) -> CrewStatus {
        self.desk.look(|books| CrewStatus {
            tasks: books.board.tasks().collect(),
            agents: books.board.agents().collect(),
            counts: books.board.counts(),
        })
    }

    /// One task; none if it was never submitted, or ended too long ago.
    #[must_use]
    pub fn task(&self, task: impl Into<TaskId>) -> Option<TaskStatus> {
        self.desk.look(|books| books.board.task(&task.into()))
    }

    /// One agent; none if it never joined, or has been gone for so long that another one has its place.
    #[must_use]
    pub fn agent(&self, agent: impl Into<AgentId>) -> Option<AgentStatus> {
        self.desk.look(|books| books.board.agent(&agent.into()))
    }

    /// An agent's actor, to be controlled; none if it never joined, or was removed.
    #[must_use]
    pub fn actor(&self, agent: impl Into<AgentId>) -> Option<ActorRef> {
        let rank = self.desk.place(&agent.into())?;
        let member = self.swarm.members().into_iter().find(|member| member.rank == rank)?;
        self.system.actor(member.path.as_str()).ok()
    }

    /// The coordinator's actor, to be controlled. It holds nothing that a crash of it could lose.
    #[must_use]
    pub fn coordinator(&self) -> &ActorRef {
        &self.coordinator
    }

    /// What was decided lately and why, the oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<Note> {
        self.desk.look(|books| books.board.log().cloned().collect())
    }

    /// Each task that ends from now on, once. Holds at most `capacity`; a reader that lags loses the oldest and is told how
    /// many.
    #[must_use]
    pub fn ended(&self, capacity: usize) -> Subscription<Arc<Ended<R>>> {
        self.desk.subscribe(capacity)
    }

    /// Starts one more agent, below the topology's cap, and waits until it is up.
    ///
    /// # Errors
    /// [`CrewError`]; nothing of it is left then.
    pub async fn spawn(&self, agent: Agent) -> Result<(), CrewError> {
        if self.desk.is_present(&agent.id) {
            return Err(CrewError::Duplicate { agent: agent.id });
        }
        let behaviour = behaviour(&self.behaviours, &agent, self.desk.present(), self.agents_limit)?;
        let rank = self.swarm.spawn(|seat| spec(&agent, &behaviour, seat, &self.desk)).await?;
        match is_relayed(&self.graph()) {
            Ok(is_relayed) => self.desk.set_relayed(is_relayed),
            Err(error) => {
                self.swarm.remove(rank).await?;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes an agent out for good; what it has in hand is tried elsewhere, as after a crash.
    ///
    /// # Errors
    /// [`CrewError::NoAgent`], and [`SwarmError::HasSubordinates`] for one who supervises others.
    pub async fn remove(&self, agent: impl Into<AgentId>) -> Result<(), CrewError> {
        let agent = agent.into();
        let Some(rank) = self.desk.place(&agent) else { return Err(CrewError::NoAgent { agent }) };
        self.swarm.remove(rank).await?;
        self.desk.forget(&agent);
        Ok(())
    }

    /// Takes no new plans, and waits until all tasks have ended, at most for the limit. The agents stay.
    ///
    /// # Errors
    /// [`Undrained`]: some tasks have not ended.
    pub async fn drain(&self, limit: Duration) -> Result<(), Undrained> {
        self.desk.drain();
        let live = || self.desk.look(|books| books.board.counts().live);
        let idle = async {
            loop {
                let idle = self.desk.idle.notified();
                if live() == 0 {
                    return;
                }
                idle.await;
            }
        };
        tokio::time::timeout(limit, idle).await.map_err(|_| Undrained { live: live(), limit })
    }

    /// Stops all of it, and waits for that. What has not ended never will.
    pub async fn stop(&self) {
        if let Ok(supervisor) = self.system.actor(self.path().as_str()) {
            supervisor.stop();
            supervisor.stopped().await;
        }
    }

    fn graph(&self) -> Graph {
        let members: Vec<Rank> = self.swarm.members().iter().map(|member| member.rank).collect();
        self.swarm.layout().graph(&members)
    }
}

/// What an agent does, if it may join so many others.
fn behaviour<P, R>(
    behaviours: &Behaviours<P, R>,
    agent: &Agent,
    others: usize,
    limit: usize,
) -> Result<Behaviour<P, R>, CrewError> {
    let id = agent.id.clone();
    if agent.concurrency == 0 {
        return Err(JoinError::NoConcurrency { agent: id }.into());
    }
    if others >= limit {
        return Err(JoinError::Full { agent: id, limit }.into());
    }
    let found = behaviours.of(&agent.kind).cloned();
    found.ok_or_else(|| CrewError::NoBehaviour { agent: id, kind: agent.kind.clone() })
}

fn spec<P, R>(
    agent: &Agent,
    behaviour: &Behaviour<P, R>,
    seat: Seat<Word<P, R>>,
    desk: &Arc<Desk<P, R>>,
) -> MemberSpec<Word<P, R>>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    let (agent, behaviour, desk) = (agent.clone(), behaviour.clone(), Arc::clone(desk));
    let name = agent.id.clone();
    ActorSpec::<Worker<P, R>>::new(name.as_str(), WorkerArgs { agent, behaviour, seat, desk }).into()
}

/// The layout that has places for so many, and for how many it is one: a nested topology stands for one member.
fn laid_out(topology: &Topology, members: usize) -> Result<(usize, Layout), CrewError> {
    let fitting = (1..=members).rev().find_map(|count| {
        let layout = topology.layout(count).ok()?;
        (layout.members().len() == members).then_some((count, layout))
    });
    if let Some(found) = fitting {
        return Ok(found);
    }
    let layout = topology.layout(members).map_err(SwarmError::from)?;
    Err(CrewError::Misfit { members, places: layout.members().len() })
}

/// The edges where all are there.
fn graph_of(layout: &Layout) -> Graph {
    let members: Vec<Rank> = layout.members().iter().map(|member| member.rank).collect();
    layout.graph(&members)
}

/// Whether what the coordinator and agents say passes through others.
fn is_relayed(graph: &Graph) -> Result<bool, CrewError> {
    let mut is_relayed = false;
    for rank in graph.live().iter().copied().filter(|rank| *rank != COORDINATOR) {
        for (from, to) in [(COORDINATOR, rank), (rank, COORDINATOR)] {
            let route = graph.route(from, to).ok_or(CrewError::OneWay { from, to })?;
            for edge in route.windows(2) {
                if let [from, to] = *edge
                    && graph.edge(from, to) == Some(EdgeKind::Shed)
                {
                    return Err(CrewError::Sheds { from, to });
                }
            }
            is_relayed |= route.len() > 2;
        }
    }
    Ok(is_relayed)
}

impl<P, R> Clone for Crew<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    fn clone(&self) -> Self {
        Self {
            system: self.system.clone(),
            swarm: self.swarm.clone(),
            desk: Arc::clone(&self.desk),
            behaviours: Arc::clone(&self.behaviours),
            coordinator: self.coordinator.clone(),
            agents_limit: self.agents_limit,
        }
    }
}

impl<P, R> fmt::Debug for Crew<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crew({})", self.swarm.path())
    }
}
