//! Agents that solve a graph of tasks on real flights, though one of them crashes at random: which aircraft had the worst chain of
//! knock-on delays?
//!
//! ```text
//! read ──┬── chains UA ──┐
//!        ├── chains B6 ──┤
//!        ├── ...         ├── worst     (by three agents, of which two must have done it)
//!        └── chains YV ──┘
//! ```
//!
//! `read` is a plan of its own, as only then the carriers are known; the others form an adaptive plan, and wait for what they need. The
//! crew is a star: the coordinator is its hub. The clumsy agent crashes at its first task and at every other one by chance, and the
//! coordinator is killed on the way. The answer is the one of a plain sequential computation all the same.
//!
//! `cargo run --release --example agents`

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

mod chains;
mod crew;
mod flights;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use swarmtree::System;
use swarmtree_actors::agents::{Adaptive, Join, Plan, Priority, Task};

use crate::chains::{Chain, worst_of};
use crate::crew::{Found, Work};
use crate::flights::Flight;

/// How often a task is tried again: more often than the clumsy agent gets it, as it goes elsewhere.
const RETRIES: u8 = 5;
/// No task takes that long.
const TASK_LIMIT: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/flights-2013-01.csv.gz");
    let system = System::builder("agents").seed(7).start().await?;
    let mut failures = system.failures(64);
    let crew = crew::start(&system).await?;

    let read = Task::new("read", Work::Read(data.clone())).priority(Priority::Critical).needs(["disk"]);
    let read = crew.submit(read.within(TASK_LIMIT))?;
    let Found::Flights(all) = crew::one(&*read.outcome("read").await?)? else {
        return Err("the reader found something else".into());
    };

    let carriers = flights::carriers(&all);
    let names: Vec<String> = carriers.iter().map(|carrier| format!("chains {carrier}")).collect();
    let maps = carriers.iter().zip(&names).map(|(carrier, name)| {
        let task = Task::new(name.as_str(), Work::Chains(carrier.clone())).after(["read"]);
        task.needs(["chains"]).retries(RETRIES).within(TASK_LIMIT)
    });
    let worst = Task::new("worst", Work::Worst).after(names.iter().map(String::as_str)).needs(["chains"]);
    let worst = worst.priority(Priority::High).parallel(3, Join::Quorum(2)).retries(RETRIES).within(TASK_LIMIT);
    let submitted = crew.submit(Plan::adaptive(Adaptive::default(), maps.chain([worst])))?;
    crew.coordinator().kill();

    let ended = submitted.outcome("worst").await?;
    let answers = crew::all(&ended)?;
    crew.drain(TASK_LIMIT).await?;
    let plain = plainly(&all, &carriers).ok_or("no aircraft was ever late twice")?;
    for answer in &answers {
        assert!(matches!(answer, Found::Chain(Some(chain)) if **chain == plain), "{answer:?} is not {plain}");
    }

    println!("{} flights of {} carriers; the worst chain of knock-on delays:\n\n{plain}\n", all.len(), carriers.len());
    let status = crew.status();
    for agent in &status.agents {
        let mean = agent.mean.map_or("-".to_owned(), |mean| format!("{mean:.1?}"));
        println!("{:<8} {:<7} {mean:>8} a task", agent.agent.name, agent.agent.kind);
    }
    let crashes = std::iter::from_fn(|| failures.try_recv()).filter(|report| report.path.as_str() == "crew/clumsy");
    let crashes = crashes.count();
    println!("{} tasks done, {crashes} crashes of the clumsy agent; the same as computed plainly", status.counts.done);
    assert_eq!(status.counts.done, names.len() as u64 + 2);
    assert!(crashes > 0, "it crashes at its first task");
    system.stop().await;
    Ok(())
}

/// The same without agents.
fn plainly(all: &[Flight], carriers: &[String]) -> Option<Chain> {
    worst_of(carriers.iter().filter_map(|carrier| chains::worst(all, carrier)))
}
