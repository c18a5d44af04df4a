//! Crews under each shape, and what is refused.

use std::time::Duration;

use swarmtree::{EdgeKind, Rank, SwarmError, System, Topology};
use swarmtree_actors::agents::{Agent, BoardOptions, Crew, CrewError, JoinError, Outcome, Plan, Task};

use crate::work::{Do, Story, behaviours, say, soon};

fn agents(count: usize) -> Vec<Agent> {
    (0..count).map(|n| Agent::new(format!("a{n}"), "worker").concurrency(2)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_crew_works_under_each_shape_that_leads_both_ways() {
    let shapes = [
        ("star", Topology::star()),
        ("mesh", Topology::mesh()),
        ("ring", Topology::ring()),
        ("hierarchy", Topology::hierarchical(2)),
        ("star of rings", Topology::star().nest(1, Topology::ring(), 3)),
    ];
    for (name, shape) in shapes {
        let story = Story::of(shape, agents(5)).await;
        let tasks = (0..60).map(|n| Task::new(format!("t{n}"), Do::Take(Duration::from_millis(n), n)));
        let sum = Task::new("sum", Do::Sum).after((0..60).map(|n| format!("t{n}")));
        let submitted = story.crew.submit(Plan::balanced(tasks.chain([sum]))).unwrap();
        assert_eq!(story.results(&submitted, "sum").await, [1770], "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_killed_among_those_that_relay_each_task_is_done_once() {
    for shape in [Topology::hierarchical(2), Topology::ring()] {
        let story = Story::of(shape, agents(6)).await;
        let tasks = (0..200).map(|n| Task::new(format!("t{n}"), Do::Take(Duration::from_millis(n % 7), 1)).retries(99));
        let submitted = story.crew.submit(Plan::balanced(tasks)).unwrap();
        for round in 0..20 {
            story.kill(["a0", "a1", "a5"][round % 3]);
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let all = soon("all end", submitted.wait_all()).await.unwrap();
        assert!(all.iter().all(|ended| ended.outcome == Outcome::Done && ended.results.len() == 1));
    }
}

async fn refused(topology: Topology, agents: Vec<Agent>) -> CrewError {
    let system = System::start("crews").await.unwrap();
    let options = BoardOptions { agents_limit: 3, ..BoardOptions::default() };
    let error = Crew::start(&system, "crew", topology, options, behaviours(), agents).await.unwrap_err();
    assert!(system.actor("crew").is_err(), "nothing of it is left");
    error
}

#[tokio::test(start_paused = true)]
async fn what_cannot_work_is_refused_with_the_reason() {
    let one_way = refused(Topology::pipeline(), agents(2)).await;
    assert_eq!(one_way, CrewError::OneWay { from: Rank(1), to: Rank(0) });
    let one_way = refused(Topology::dual_mesh(2, 1), agents(3)).await;
    assert_eq!(one_way, CrewError::OneWay { from: Rank(2), to: Rank(0) });
    let sheds = refused(Topology::star().edges(EdgeKind::Shed), agents(1)).await;
    assert_eq!(sheds, CrewError::Sheds { from: Rank(0), to: Rank(1) });
    let stranger = refused(Topology::star(), vec![Agent::new("s", "stranger")]).await;
    assert_eq!(stranger, CrewError::NoBehaviour { agent: "s".into(), kind: "stranger".into() });
    let twice = refused(Topology::star(), vec![Agent::new("s", "worker"), Agent::new("s", "worker")]).await;
    assert_eq!(twice, CrewError::Duplicate { agent: "s".into() });
    let idle = refused(Topology::star(), vec![Agent::new("s", "worker").concurrency(0)]).await;
    assert_eq!(idle, JoinError::NoConcurrency { agent: "s".into() }.into());
    let full = refused(Topology::star(), agents(4)).await;
    assert_eq!(full, JoinError::Full { agent: "a3".into(), limit: 3 }.into());
    let taken = refused(Topology::star(), vec![Agent::new("coordinator", "worker")]).await;
    assert!(matches!(taken, CrewError::Swarm(SwarmError::Name(_))), "{taken}");
}

#[tokio::test(start_paused = true)]
async fn agents_join_under_the_cap() {
    let story = Story::of(Topology::star().max_agents(3), agents(1)).await;
    story.crew.spawn(Agent::new("b", "worker")).await.unwrap();
    let crowded = story.crew.spawn(Agent::new("c", "worker")).await.unwrap_err();
    assert_eq!(crowded, CrewError::Swarm(SwarmError::Crowded { max_agents: 3 }));
    assert_eq!(story.crew.spawn(Agent::new("b", "worker")).await, Err(CrewError::Duplicate { agent: "b".into() }));
    let submitted = story.crew.submit(say("t", 1).parallel(2, swarmtree_actors::agents::Join::All)).unwrap();
    assert_eq!(story.results(&submitted, "t").await, [1, 1]);
}
