//! A board's state, and the small steps that all its rules share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agents::aimd::Windows;
use crate::agents::entry::{Attempt, Entry, Unit};
use crate::agents::event::Action;
use crate::agents::lanes::{Lanes, Place};
use crate::agents::note::{Log, Note};
use crate::agents::outcome::{AttemptId, Ended};
use crate::agents::roster::Roster;
use crate::agents::status::Counts;
use crate::agents::task::TaskId;

/// The bounds of a board. All are counts, but for `ageing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardOptions {
    /// How many tasks it holds that have not ended; default 10,000. What goes beyond is refused and given back.
    pub tasks_limit: usize,
    /// How many agents it knows, those that are gone included; default 1,024. One that is gone makes room.
    pub agents_limit: usize,
    /// How many others a task may depend on; default 1,024.
    pub dependencies_limit: usize,
    /// How many ends it remembers, for status and for what is submitted later; default 10,000, the oldest go first.
    pub ended_limit: usize,
    /// How many lines of log it remembers; default 1,024, the oldest go first.
    pub log_limit: usize,
    /// After which time in the queue a task counts as aged, and is served on the share of the aged too; default 10 s.
    pub ageing: Duration,
}

impl Default for BoardOptions {
    fn default() -> Self {
        Self {
            tasks_limit: 10_000,
            agents_limit: 1_024,
            dependencies_limit: 1_024,
            ended_limit: 10_000,
            log_limit: 1_024,
            ageing: Duration::from_secs(10),
        }
    }
}

/// The one authoritative state of a working swarm: its tasks, its agents, and who has what.
///
/// It decides, and does nothing: events and the time go in, actions come out, to be carried out in the order given. It never
/// waits, takes no clock and panics at nothing it is told. See the [module](crate::agents) for its rules.
#[derive(Debug)]
pub struct Board<P, R> {
    pub(crate) options: BoardOptions,
    /// What has not ended.
    pub(crate) tasks: BTreeMap<TaskId, Entry<P, R>>,
    /// What has, as long as it is remembered, and in which order.
    pub(crate) ended: BTreeMap<TaskId, Arc<Ended<R>>>,
    pub(crate) ended_order: VecDeque<TaskId>,
    pub(crate) lanes: Lanes<Unit>,
    pub(crate) roster: Roster,
    pub(crate) attempts: BTreeMap<AttemptId, Attempt>,
    pub(crate) attempt_next: AttemptId,
    pub(crate) deadlines: BTreeSet<(Instant, TaskId)>,
    /// How many tasks of each adaptive plan have not ended.
    pub(crate) adaptive: BTreeMap<u64, usize>,
    pub(crate) windows: Windows,
    pub(crate) plan_next: u64,
    pub(crate) place_next: u64,
    pub(crate) counts: Counts,
    pub(crate) log: Log,
}

/// One event: when it is, and what is to be done by now.
#[derive(Debug)]
pub(crate) struct Turn<P, R> {
    pub(crate) now: Instant,
    pub(crate) actions: Vec<Action<P, R>>,
}

impl<P, R> Turn<P, R> {
    pub(crate) fn new(now: Instant) -> Self {
        Self { now, actions: Vec::new() }
    }
}

impl<P, R> Board<P, R> {
    /// An empty board.
    #[must_use]
    pub fn new(options: BoardOptions) -> Self {
        Self {
            tasks: BTreeMap::new(),
            ended: BTreeMap::new(),
            ended_order: VecDeque::new(),
            lanes: Lanes::new(options.ageing),
            roster: Roster::default(),
            attempts: BTreeMap::new(),
            attempt_next: AttemptId(0),
            deadlines: BTreeSet::new(),
            adaptive: BTreeMap::new(),
            windows: Windows::default(),
            plan_next: 0,
            place_next: 0,
            counts: Counts::default(),
            log: Log::new(options.log_limit),
            options,
        }
    }

    /// Writes down what was decided.
    pub(crate) fn note(&mut self, note: Note, turn: &mut Turn<P, R>) {
        self.log.push(note.clone());
        turn.actions.push(Action::Log(note));
    }

    /// The last place in any lane.
    pub(crate) fn new_place(&mut self, now: Instant) -> Place {
        self.place_next += 1;
        Place { since: now, number: self.place_next }
    }

    /// Takes an attempt out of the books: its agent's place is free, and its level's.
    pub(crate) fn close_attempt(&mut self, id: AttemptId) -> Option<Attempt> {
        let attempt = self.attempts.remove(&id)?;
        self.roster.release(&attempt.agent, id);
        if let Some(level) = attempt.level {
            self.windows.returned(level);
        }
        Some(attempt)
    }
}
