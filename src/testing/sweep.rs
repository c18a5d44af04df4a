//! Many seeds of one story; the first that fails is made short, and can be replayed by a line.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::future::Future;
use std::time::{Duration, Instant};

use crate::system::running::System;
use crate::testing::sim::Sim;
use crate::testing::simulation::{Outcome, Simulation};
use crate::world::choices::Deviation;

/// The variable that replays a single course: `SWARMTREE_SIM=17`, or `SWARMTREE_SIM=17:3=2,88=1` with only those choices.
const REPLAY: &str = "SWARMTREE_SIM";
/// Runs, and real time, that may be spent on making a failing course short.
const SHRINK_RUNS: usize = 400;
const SHRINK_TIME: Duration = Duration::from_secs(10);
/// Events that a failure shows.
const SHOWN: usize = 30;

impl System {
    /// Runs a story under each of these seeds, see [`Simulation`].
    ///
    /// # Panics
    /// At the first seed whose story fails, with the shortest course found that fails too, its last events, and a line that
    /// replays it.
    #[track_caller]
    pub fn simulate<F, S>(seeds: impl IntoIterator<Item = u64>, story: F)
    where
        F: Fn(Sim) -> S,
        S: Future<Output = ()>,
    {
        if let Some(replay) = std::env::var(REPLAY).ok().as_deref().and_then(replayed) {
            let outcome = replay.run(&story);
            let failed = outcome.failure.is_some();
            assert!(!failed, "{}\n{}", outcome, outcome.log.join("\n"));
            return;
        }
        for seed in seeds {
            let simulation = Self::simulated(seed);
            let outcome = simulation.run(&story);
            if outcome.failure.is_some() {
                let report = report(&simulation, &outcome, &story);
                #[expect(clippy::panic, reason = "it is a test that fails")]
                {
                    panic!("{report}");
                }
            }
        }
    }
}

/// The course that the variable asks for.
fn replayed(text: &str) -> Option<Simulation> {
    let (seed, given) = match text.split_once(':') {
        None => (text, None),
        Some((seed, given)) => (seed, Some(given)),
    };
    let simulation = System::simulated(seed.trim().parse().ok()?);
    let Some(given) = given else { return Some(simulation) };
    let pairs = given.split(',').filter(|pair| !pair.is_empty());
    let choices: Option<BTreeMap<u64, u32>> = pairs
        .map(|pair| {
            let (at, value) = pair.split_once('=')?;
            Some((at.trim().parse().ok()?, value.trim().parse().ok()?))
        })
        .collect();
    Some(simulation.given(choices?))
}

fn report<F, S>(simulation: &Simulation, first: &Outcome, story: &F) -> String
where
    F: Fn(Sim) -> S,
    S: Future<Output = ()>,
{
    let mut text = String::new();
    let again = simulation.run(story);
    if again.hash != first.hash {
        let _ = writeln!(
            text,
            "(a second run of the seed took another course: something in the story is not the simulation's, such as \
             tokio::select! without `biased`, the order of a HashMap, or a real clock)"
        );
    }
    let short = shorten(simulation, first, story);
    let failure = short.failure.as_deref().unwrap_or_default();
    let _ = writeln!(text, "seed {} fails: {failure}", short.seed);
    let (left, all) = (short.deviations.len(), first.deviations.len());
    let _ = writeln!(text, "shortest course found: {left} of {all} choices leave the usual course");
    for deviation in &short.deviations {
        let _ = writeln!(text, "  choice {}: {}", deviation.at, deviation.what);
    }
    let _ = writeln!(text, "last events:");
    for line in short.log.iter().skip(short.log.len().saturating_sub(SHOWN)) {
        let _ = writeln!(text, "  {line}");
    }
    let pairs: Vec<String> = short.deviations.iter().map(|one| format!("{}={}", one.at, one.value)).collect();
    let _ = write!(text, "replay: {REPLAY}={}:{} (whole: {REPLAY}={})", short.seed, pairs.join(","), short.seed);
    text
}

/// Fewer and fewer deviations, as long as the story fails (delta debugging, Zeller and Hildebrandt 2002).
fn shorten<F, S>(simulation: &Simulation, first: &Outcome, story: &F) -> Outcome
where
    F: Fn(Sim) -> S,
    S: Future<Output = ()>,
{
    let mut best = first.clone();
    let (mut runs, begun) = (0, Instant::now());
    let goes_on = |runs: usize| runs < SHRINK_RUNS && begun.elapsed() < SHRINK_TIME;
    let mut parts = 1;
    while parts <= best.deviations.len().max(1) && goes_on(runs) {
        let size = best.deviations.len().div_ceil(parts).max(1);
        let mut shrunk = false;
        let mut from = 0;
        while from < best.deviations.len().max(1) && goes_on(runs) {
            runs += 1;
            let rest = best.deviations.iter().enumerate().filter(|(at, _)| !(from..from + size).contains(at));
            let outcome = simulation.given(rest.map(|(_, one)| given(one)).collect()).run(story);
            if outcome.failure.is_some() && outcome.deviations.len() < best.deviations.len() {
                best = outcome;
                shrunk = true;
            } else {
                from += size;
            }
        }
        if best.deviations.is_empty() {
            break;
        }
        if !shrunk || parts == 1 {
            parts *= 2;
        }
    }
    best
}

fn given(deviation: &Deviation) -> (u64, u32) {
    (deviation.at, deviation.value)
}
