//! What the agents of the stories do, and how to start them.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use swarmtree::{System, Topology};
use swarmtree_actors::agents::{
    Agent, AgentState, Behaviour, Behaviours, BoardOptions, Crew, Job, Outcome, Submitted, Task, TaskState,
};
use tokio::sync::Semaphore;

/// What an agent is to do.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    /// Say this.
    Say(u64),
    /// Say it after so long.
    Take(Duration, u64),
    /// Say it once the gate is open. Closed gates are told of who comes.
    Wait(Arc<Gate>, u64),
    /// Say the sum of what was found before.
    Sum,
    /// Fail.
    Fail,
    /// Panic while the gate is closed; then say this.
    PanicUntil(Arc<Gate>, u64),
}

/// Something to wait at.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) came: Semaphore,
    open: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { came: Semaphore::new(0), open: Semaphore::new(0) })
    }

    /// Lets one through.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }

    /// Waits until one more has come.
    pub(crate) async fn came(&self) {
        soon("somebody comes", self.came.acquire()).await.unwrap().forget();
    }
}

async fn work(job: Job<Do, u64>) -> Result<u64, String> {
    match &*job.payload {
        Do::Say(word) => Ok(*word),
        Do::Take(time, word) => {
            tokio::time::sleep(*time).await;
            Ok(*word)
        }
        Do::Wait(gate, word) => {
            gate.came.add_permits(1);
            gate.open.acquire().await.unwrap().forget();
            Ok(*word)
        }
        Do::Sum => Ok(job.found().sum()),
        Do::Fail => Err("no".to_owned()),
        Do::PanicUntil(gate, word) => match gate.open.try_acquire() {
            Ok(_) => Ok(*word),
            Err(_) => panic!("boom"),
        },
    }
}

/// "worker" works, "slow" takes ten times as long as "worker" would to begin with, "deaf" never ends.
pub(crate) fn behaviours() -> Behaviours<Do, u64> {
    Behaviours::new()
        .register("worker", Behaviour::future(work))
        .register(
            "slow",
            Behaviour::future(|job: Job<Do, u64>| async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                work(job).await
            }),
        )
        .register("deaf", Behaviour::future(|_: Job<Do, u64>| pending::<Result<u64, String>>()))
}

pub(crate) struct Story {
    pub(crate) system: System,
    pub(crate) crew: Crew<Do, u64>,
}

impl Story {
    /// Workers of these names under a star.
    pub(crate) async fn with<const N: usize>(names: [&str; N]) -> Self {
        Self::of(Topology::star().max_agents(16), names.map(|name| Agent::new(name, "worker"))).await
    }

    pub(crate) async fn of(topology: Topology, agents: impl IntoIterator<Item = Agent>) -> Self {
        let system = System::builder("crews").intensity(1000, "1h").start().await.unwrap();
        let topology = topology.intensity(1000, "1h");
        let crew = Crew::start(&system, "crew", topology, BoardOptions::default(), behaviours(), agents).await.unwrap();
        Self { system, crew }
    }

    pub(crate) fn kill(&self, agent: &str) {
        self.crew.actor(agent).unwrap().kill();
    }

    /// All results of one task, in order.
    pub(crate) async fn results(&self, submitted: &Submitted<u64>, task: &str) -> Vec<u64> {
        let ended = soon("it ends", submitted.outcome(task)).await.unwrap();
        assert_eq!(ended.outcome, Outcome::Done, "{task}: {:?}", ended.failures);
        let mut found: Vec<u64> = ended.results.iter().map(|found| found.result).collect();
        found.sort_unstable();
        found
    }

    /// Who has a task.
    pub(crate) fn running(&self, task: &str) -> BTreeSet<String> {
        match self.crew.task(task).unwrap().state {
            TaskState::Running { agents } => agents.iter().map(ToString::to_string).collect(),
            TaskState::Blocked { .. } | TaskState::Queued | TaskState::Waiting { .. } | TaskState::Ended(_) => {
                BTreeSet::new()
            }
        }
    }

    pub(crate) fn is_up(&self, agent: &str) -> bool {
        self.crew.agent(agent).is_some_and(|agent| agent.state == AgentState::Up)
    }

    /// Waits until something holds, that whatever runs brings about.
    pub(crate) async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        soon(what, async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

pub(crate) fn say(name: &str, word: u64) -> Task<Do> {
    Task::new(name, Do::Say(word))
}

/// Fails the test if it takes an hour.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(Duration::from_secs(3600), future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: not within an hour"),
    }
}
