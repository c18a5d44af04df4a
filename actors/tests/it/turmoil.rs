//! Crews in simulations in which anything is killed at any time.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmtree::testing::{Faults, Sim};
use swarmtree::{System, Topology};
use swarmtree_actors::agents::{
    Adaptive, Agent, Behaviour, Behaviours, BoardOptions, Crew, Fan, Job, Join, Outcome, Plan, Priority, Strategy,
    Submitted, Task, TaskState,
};

const STEPS: usize = 80;
/// What takes that long never ends.
const LIMIT: Duration = Duration::from_secs(20);

fn below(sim: &Sim, limit: u64) -> u64 {
    sim.random() % limit
}

fn shape(sim: &Sim) -> Topology {
    let shapes = [
        Topology::star(),
        Topology::star().hub_state(),
        Topology::mesh(),
        Topology::ring(),
        Topology::hierarchical(2),
        Topology::star().in_flight(8),
    ];
    let shape = shapes.into_iter().nth(usize::try_from(below(sim, 6)).unwrap()).unwrap();
    shape.max_agents(64).intensity(1_000_000, "1h")
}

/// Takes some time; mostly succeeds, sometimes fails, and sometimes takes its agent down.
async fn work(sim: Sim, job: Job<u64, u64>) -> Result<u64, String> {
    tokio::time::sleep(Duration::from_millis(below(&sim, 20))).await;
    match below(&sim, 12) {
        0 => Err("no".to_owned()),
        1 => panic!("boom"),
        _ => Ok(*job.payload + job.found().sum::<u64>()),
    }
}

fn agent(sim: &Sim, name: String) -> Agent {
    let concurrency = 1 + u32::try_from(below(sim, 3)).unwrap();
    let able = if below(sim, 2) == 0 { vec!["x"] } else { vec![] };
    Agent::new(name, "worker")
        .concurrency(concurrency)
        .capabilities(able.into_iter().collect::<swarmtree_actors::agents::Capabilities>())
}

/// A plan on itself and on what was submitted before.
fn plan(sim: &Sim, known: &mut u64) -> Plan<u64> {
    let strategies = [
        Strategy::Balanced,
        Strategy::Sequential,
        Strategy::Adaptive(Adaptive::default()),
        Strategy::Parallel(Fan { agents: 2, join: Join::First }),
    ];
    let tasks = (0..=below(sim, 4)).map(|_| {
        let name = *known;
        *known += 1;
        let after: Vec<String> =
            (0..below(sim, 3)).filter(|_| name > 0).map(|_| format!("t{}", below(sim, name))).collect();
        let task = Task::new(format!("t{name}"), name).after(after).retries(u8::try_from(below(sim, 4)).unwrap());
        let task = task.priority(Priority::ALL[usize::try_from(below(sim, 4)).unwrap()]);
        let task = if below(sim, 4) == 0 { task.needs(["x"]) } else { task };
        let task = if below(sim, 4) == 0 { task.parallel(2, Join::Quorum(1)) } else { task };
        if below(sim, 4) == 0 { task.within(Duration::from_millis(40)) } else { task }
    });
    let tasks = tasks.collect();
    Plan { strategy: strategies[usize::try_from(below(sim, 4)).unwrap()], tasks }
}

/// One more thing happens.
async fn happen(sim: &Sim, crew: &Crew<u64, u64>, known: &mut u64, submitted: &mut Vec<Submitted<u64>>) {
    let agents = crew.status().agents;
    let any = agents[usize::try_from(below(sim, agents.len() as u64)).unwrap()].agent.id.clone();
    let path = match below(sim, 4) {
        0 => crew.coordinator().path(),
        _ => crew.actor(any.clone()).map_or_else(|| crew.coordinator().path(), |actor| actor.path()),
    };
    match below(sim, 14) {
        0 => crew.coordinator().kill(),
        1 | 2 => crew.actor(any).into_iter().for_each(|actor| actor.kill()),
        3 => sim.crash(path.as_str()),
        4 => sim.poison(path.as_str()),
        5 if *known > 0 => crew.cancel(format!("t{}", below(sim, *known))),
        6 => drop(crew.spawn(agent(sim, format!("n{}", sim.random()))).await),
        // Whoever is removed while all are being restarted may take long to go.
        7 if !any.as_str().starts_with('s') => {
            drop(tokio::time::timeout(Duration::from_secs(1), crew.remove(any)).await);
        }
        8..=10 => tokio::time::sleep(Duration::from_millis(below(sim, 10))).await,
        _ => submitted.push(crew.submit(plan(sim, known)).unwrap()),
    }
}

/// Each accepted task ends exactly once, and what is said of it is the same everywhere.
fn check(crew: &Crew<u64, u64>, known: u64, told: &BTreeMap<String, Outcome>, plans: &BTreeMap<String, Outcome>) {
    assert_eq!(told, plans);
    assert_eq!(told.len() as u64, known);
    let counts = crew.status().counts;
    assert_eq!((counts.submitted, counts.live), (known, 0));
    let done = told.values().filter(|outcome| **outcome == Outcome::Done).count();
    assert_eq!(counts.done, done as u64);
}

fn state(crew: &Crew<u64, u64>) -> String {
    let status = crew.status();
    let tasks = status.tasks.iter().filter(|task| !matches!(task.state, TaskState::Ended(_)));
    let tasks = tasks.map(|task| format!("{task:?}"));
    let agents = status.agents.iter().map(|agent| format!("{agent:?}"));
    tasks.chain(agents).collect::<Vec<_>>().join("\n")
}

async fn story(sim: Sim) {
    let system = System::builder("turmoil").intensity(1000, "1h").start().await.unwrap();
    let inner = sim.clone();
    let behaviours = Behaviours::new().register("worker", Behaviour::future(move |job| work(inner.clone(), job)));
    // The first two stay and can do everything, so that no task waits for ever.
    let stay = ["s0", "s1"].map(|name| Agent::new(name, "worker").capabilities(["x"]));
    let agents: Vec<Agent> = stay.into_iter().chain((0..2).map(|n| agent(&sim, format!("a{n}")))).collect();
    let crew = Crew::start(&system, "crew", shape(&sim), BoardOptions::default(), behaviours, agents).await.unwrap();
    let mut ends = crew.ended(10_000);
    let (mut known, mut submitted) = (0, Vec::new());
    sim.faults(Faults { crash: 0.01, slow: 0.02, slow_most: Duration::from_millis(30), ..Faults::default() });
    for _ in 0..STEPS {
        happen(&sim, &crew, &mut known, &mut submitted).await;
    }
    sim.faults(Faults::default());
    let mut plans = BTreeMap::new();
    for submitted in &submitted {
        let Ok(all) = tokio::time::timeout(LIMIT, submitted.wait_all()).await else {
            panic!("not all have ended:\n{}\n{}", state(&crew), system.tree());
        };
        for ended in all.unwrap() {
            assert!(plans.insert(ended.task.to_string(), ended.outcome.clone()).is_none());
        }
    }
    let mut told = BTreeMap::new();
    while let Some(ended) = ends.try_recv() {
        assert!(told.insert(ended.task.to_string(), ended.outcome.clone()).is_none(), "{} ends twice", ended.task);
    }
    check(&crew, known, &told, &plans);
    system.stop().await;
}

/// How many seeds; a longer run sets `SWARMTREE_SEEDS`.
fn seeds() -> std::ops::Range<u64> {
    let seeds = std::env::var("SWARMTREE_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    0..seeds.unwrap_or(60)
}

#[test]
fn whatever_is_killed_each_task_ends_exactly_once() {
    System::simulate(seeds(), story);
}
