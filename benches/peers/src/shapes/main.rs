//! What a swarm adds to plain sends: unicast and broadcast over each shape, beside the same hops between plain actors; see
//! `README.md`.

mod cases;
mod plain;
mod report;
mod swarm;
mod tally;

use std::error::Error;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::cases::{Case, Kind, Plan};
use crate::plain::Plain;
use crate::report::Row;
use crate::swarm::Members;

/// Messages that are under way at once, at most; broadcasts count their copies, and at least one goes.
const BATCH: usize = 256;

/// Hops of one measurement at scale 1.
const HOPS: f64 = 200_000.0;

/// What the command line says.
#[derive(Debug, Parser)]
struct Options {
    /// Print JSON lines instead of a table.
    #[arg(long)]
    json: bool,

    /// Run only these shapes, as in `ring,star`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,

    /// Run only swarms of so many members.
    #[arg(long, value_delimiter = ',', default_value = "8,64,1000")]
    members: Vec<usize>,

    /// Rounds that count, after one that does not.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,

    /// Multiplies the number of hops.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
}

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(options))
}

async fn run(options: Options) -> Outcome<()> {
    let mut rows = Vec::new();
    for members in &options.members {
        for case in cases::all(*members) {
            if options.only.is_empty() || options.only.iter().any(|name| name == case.name) {
                rows.extend(compare(&case, &options).await?);
            }
        }
    }
    if options.json {
        report::print_json(&rows)?
    } else {
        report::print_table(&rows)
    }
    Ok(())
}

/// One shape of one size: both ways to send, in a swarm and plainly, in rounds that take turns.
async fn compare(case: &Case, options: &Options) -> Outcome<Vec<Row>> {
    let hops = (HOPS * options.scale) as usize;
    let plans = [case.plan(Kind::Unicast, hops, BATCH)?, case.plan(Kind::Broadcast, hops, BATCH)?];
    let (swarm, plain) = (Members::start(case).await?, Plain::start(case.members).await?);
    let mut rows = plans.each_ref().map(|plan| Row::new(case, plan));
    for round in 0..=options.rounds {
        for (plan, row) in plans.iter().zip(&mut rows) {
            let took = if round.is_multiple_of(2) {
                let swarm = timed(swarm.run(plan)).await?;
                [swarm, timed(plain.run(plan)).await?]
            } else {
                let plain = timed(plain.run(plan)).await?;
                [timed(swarm.run(plan)).await?, plain]
            };
            // The first round warms up.
            if round > 0 {
                row.add(took);
            }
        }
    }
    swarm.stop().await;
    plain.stop().await;
    Ok(rows.into())
}

async fn timed(work: impl Future<Output = Outcome<()>>) -> Outcome<Duration> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed())
}

/// The batches of a plan: where each begins and ends.
fn batches(plan: &Plan) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
    let (all, batch) = (plan.messages, plan.batch);
    (0..all).step_by(batch).map(move |begin| begin..(begin + batch).min(all))
}
