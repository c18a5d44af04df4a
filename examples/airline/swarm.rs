//! The tree, and one run through it.
//!
//! ```text
//! airline                 one for one
//! ├── rejects             rows that are no flights
//! ├── airports            dynamic: JFK, EWR, LGA, ... on first sight
//! ├── carriers            dynamic: UA, B6, EV, ... on first sight
//! └── parsers             a pool: 0, 1, 2, 3
//! ```
//!
//! Rows flow from the bottom up: reader → parsers → airports, carriers, rejects. All mailboxes hold 64 messages and
//! make their senders wait, so the reader is as fast as the slowest of them. No message flows back, so nothing can
//! lock up: `shape.rs` declares that, and it is checked before the start.

use std::num::NonZeroU64;
use std::sync::Arc;

use swarmtree::{
    ActorSpec, AskError, DeadLetter, Dynamic, FailureReport, FindError, Pool, SpawnError, Subscription, Supervisor,
    System, SystemError, Template,
};
use tokio::task::JoinHandle;

use crate::airport::Airport;
use crate::carrier::Carrier;
use crate::columns::Columns;
use crate::parser::{Desk, Parser};
use crate::rejects::{Rejects, RejectsHandle};
use crate::shape::{self, Misshapen};

/// Rows that are read side by side.
const PARSERS: usize = 4;
/// Dead letters and failure reports that may wait to be heard.
const HEARD_LIMIT: usize = 1024;
/// Of these, how many are told one by one.
const TOLD_LIMIT: usize = 10;

/// What a run is about to do to itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trouble {
    /// Every n-th row crashes its parser.
    pub(crate) poison: Option<NonZeroU64>,
    /// Crashes of parsers that this makes. The pool allows so many and not one more.
    pub(crate) crashes_expected: u32,
}

/// The running tree.
pub(crate) struct Swarm {
    pub(crate) system: System,
    pub(crate) airports: Dynamic<Airport>,
    pub(crate) carriers: Dynamic<Carrier>,
    pub(crate) parsers: Pool<Parser>,
    pub(crate) rejects: RejectsHandle,
    pub(crate) dead_letters: JoinHandle<First>,
    pub(crate) failures: JoinHandle<First>,
}

/// The first lines of something, and how many there were.
#[derive(Debug, Default)]
pub(crate) struct First {
    pub(crate) lines: Vec<String>,
    pub(crate) count: u64,
}

impl First {
    /// Listens until the system has ended.
    async fn of<T: Clone>(mut news: Subscription<T>, line: fn(&T) -> String) -> Self {
        let mut first = Self::default();
        while let Some(item) = news.recv().await {
            first.count += 1;
            if first.lines.len() < TOLD_LIMIT {
                first.lines.push(line(&item));
            }
        }
        first.count += news.missed();
        first
    }
}

/// Why the tree did not start, or did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// Its actors could lock each other up.
    #[error(transparent)]
    Shape(#[from] Misshapen),
    /// The tree did not start.
    #[error(transparent)]
    System(#[from] SystemError),
    /// A part of it did not.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// An actor that was started is not there.
    #[error(transparent)]
    Find(#[from] FindError),
    /// An actor did not report.
    #[error("an actor did not report: {0}")]
    Ask(#[from] AskError),
}

impl Swarm {
    /// Starts the tree, the parsers last: what they send to is there before them, and outlives them in a shutdown.
    pub(crate) async fn start(columns: Columns, trouble: Trouble) -> Result<Self, Broken> {
        shape::checked()?;
        let system = System::builder("airline")
            .child(ActorSpec::<Rejects>::new("rejects", ()))
            .child(Supervisor::dynamic("airports", Template::<Airport>::new()))
            .child(Supervisor::dynamic("carriers", Template::<Carrier>::new()))
            .start()
            .await?;
        // Whoever subscribes to failures is told of each panic, so that the runtime does not print them.
        let failures = tokio::spawn(First::of(system.failures(HEARD_LIMIT), FailureReport::to_string));
        let dead_letters = tokio::spawn(First::of(system.dead_letters(HEARD_LIMIT), |dead: &DeadLetter| {
            format!("dead letter, {} to {}: {}", dead.kind, dead.path, dead.reason)
        }));
        let (airports, carriers) = (system.dynamic::<Airport>("airports")?, system.dynamic::<Carrier>("carriers")?);
        let rejects = system.find::<Rejects>("rejects")?;
        let desk = Desk {
            columns: Arc::new(columns),
            poison: trouble.poison,
            airports: airports.clone(),
            carriers: carriers.clone(),
            rejects: rejects.clone(),
        };
        let pool = Pool::<Parser>::spec("parsers", PARSERS, |name| ActorSpec::new(name, desk.clone()))
            .intensity(trouble.crashes_expected, "1h");
        system.start_child("", pool).await?;
        let parsers = system.pool::<Parser>("parsers")?;
        Ok(Self { system, airports, carriers, parsers, rejects, dead_letters, failures })
    }
}
