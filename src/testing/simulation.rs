//! Deterministic simulation: the same code on one thread, in virtual time, with every choice drawn from a seed.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::panics::{catch, install, quietly};
use crate::sync::start_spending;
use crate::system::running::System;
use crate::testing::parts::system_of;
use crate::testing::sim::Sim;
use crate::world::World;
use crate::world::choices::{Choices, Deviation};

/// How much virtual time a story may take by default.
const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// How many polls of tasks a story may take by default.
const POLLS_LIMIT: u64 = 20_000_000;

/// One course of a story, of a seed. Made by [`System::simulated`].
///
/// The story and all systems that it starts run on this thread, on tokio's paused clock: time passes when nobody has
/// anything to do, and as fast as that. Whenever a task of the runtime could go on, the seed decides how many others go
/// before; whether an ask runs in place; and, where the story asks for it, which handlers crash, hang or are slow. The same seed
/// takes the same course, on every machine.
///
/// What the seed does not know of it cannot repeat: other threads, the real clock, `tokio::select!` without `biased`, the
/// order of a `HashMap`, randomness that is not drawn from [`crate::Context::random`] or [`Sim::random`].
#[derive(Debug, Clone)]
#[must_use = "a simulation runs with `run`"]
pub struct Simulation {
    seed: u64,
    given: Option<BTreeMap<u64, u32>>,
    limit: Duration,
    polls_limit: u64,
}

/// What came of one course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// A hash of all that happened: starts, ends, decisions, each handled message, with their virtual times. The same on
    /// every machine.
    pub hash: u64,
    /// How many such events there were.
    pub events: u64,
    /// The virtual time it took.
    pub elapsed: Duration,
    /// Why the story failed, if it did: a panic of its own, books that do not balance, or no end.
    pub failure: Option<String>,
    /// The last events, up to 4,096.
    pub log: Vec<String>,
    pub(crate) deviations: Vec<Deviation>,
}

impl System {
    /// One course of a story, of a seed.
    pub fn simulated(seed: u64) -> Simulation {
        Simulation { seed, given: None, limit: LIMIT, polls_limit: POLLS_LIMIT }
    }
}

impl Simulation {
    /// How much virtual time the story may take before it counts as stuck. Default: a day.
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// How many polls of tasks the story may take before it counts as endless. Default: 20 million.
    pub fn polls_limit(self, polls_limit: u64) -> Self {
        Self { polls_limit, ..self }
    }

    /// The same course, of which only these choices leave the usual one.
    pub(crate) fn given(&self, deviations: BTreeMap<u64, u32>) -> Self {
        Self { given: Some(deviations), ..self.clone() }
    }

    /// Runs the story to its end. A panic in it is a failure in the outcome; one in an actor is its supervisor's business.
    ///
    /// # Panics
    /// Inside of an async runtime: a simulation brings its own.
    pub fn run<F, S>(&self, story: F) -> Outcome
    where
        F: FnOnce(Sim) -> S,
        S: Future<Output = ()>,
    {
        install();
        let choices = match &self.given {
            None => Choices::drawn(self.seed),
            Some(deviations) => Choices::given(deviations.clone()),
        };
        let world = World::new(self.seed, choices, self.polls_limit);
        start_spending();
        let _entered = world.enter();
        let _quiet = quietly();
        let ran = catch(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            let Ok(runtime) = runtime else { return Err("tokio did not start".to_owned()) };
            runtime.block_on(self.to_its_end(&world, story))
        });
        let failure = match ran {
            Ok(ran) => ran.err(),
            Err(panic) => Some(panic.to_string()),
        };
        let (hash, events) = world.hash();
        Outcome {
            seed: self.seed,
            hash,
            events,
            elapsed: world.ended(),
            failure,
            log: world.last_lines(usize::MAX),
            deviations: world.deviations(),
        }
    }

    async fn to_its_end<F, S>(&self, world: &Arc<World>, story: F) -> Result<(), String>
    where
        F: FnOnce(Sim) -> S,
        S: Future<Output = ()>,
    {
        world.begin();
        let told = tokio::time::timeout(self.limit, story(Sim::new(Arc::clone(world)))).await;
        world.end();
        if told.is_err() {
            return Err(if world.is_exhausted() {
                format!("no end after {} polls", self.polls_limit)
            } else {
                format!(
                    "stuck: nothing more happened, and the story had not ended after {:?} of virtual time",
                    self.limit
                )
            });
        }
        for system in world.parts().iter().filter_map(system_of) {
            let broken = system.snapshot().into_iter().find_map(|actor| {
                let ledger = actor.mailbox?.ledger;
                (!ledger.is_balanced()).then(|| format!("{} is out of balance: {ledger:?}", actor.path))
            });
            system.kill().await;
            broken.map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {} events in {:?}, hash {:016x}", self.seed, self.events, self.elapsed, self.hash)?;
        self.failure.iter().try_for_each(|failure| write!(f, "; failed: {failure}"))
    }
}
