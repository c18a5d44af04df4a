//! A simulated world: one thread, virtual time, and every choice its own.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::world::choices::{Choices, Deviation, WHOLE};
use crate::world::faults::{Arsenal, Faults};
use crate::world::log::Log;
use crate::world::{Part, Strike};

thread_local! {
    static CURRENT: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// How many times a poll is put off at most.
const DELAY_MOST: u32 = 8;
/// The odds that a poll is put off, of which each seed gets one: some bugs show when little is changed, some when much is.
const DELAY_ODDS: [u32; 4] = [0, WHOLE / 64, WHOLE / 8, WHOLE / 2];
/// The odds that an ask which could run in place is queued.
const DETOUR_ODDS: u32 = WHOLE / 4;

struct Inner {
    choices: Choices,
    delay_odds: u32,
    arsenal: Arsenal,
    log: Log,
    /// Where the seeds of systems and numbers for the story come from.
    rng: fastrand::Rng,
    /// Polls so far, and how many there may be.
    polls: u64,
    polls_limit: u64,
    begun: Option<Instant>,
    /// How long the story took.
    ended: Duration,
    parts: Vec<Part>,
    /// The paths of actors by their systems' addresses and their own numbers; only looked up, never walked through.
    paths: HashMap<(usize, u64), String>,
}

pub(crate) struct World {
    inner: Mutex<Inner>,
}

/// While it lives, this thread is in a world.
pub(crate) struct Entered(Option<Arc<World>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| *current.borrow_mut() = self.0.take());
    }
}

impl World {
    pub(crate) const IS_SIMULATED: bool = true;

    /// A world of a seed, with choices of its own or given ones.
    pub(crate) fn new(seed: u64, choices: Choices, polls_limit: u64) -> Arc<Self> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let delay_odds = DELAY_ODDS.get(rng.usize(0..DELAY_ODDS.len())).copied().unwrap_or(0);
        Arc::new(Self {
            inner: Mutex::new(Inner {
                choices,
                delay_odds,
                arsenal: Arsenal::default(),
                log: Log::new(),
                rng,
                polls: 0,
                polls_limit,
                begun: None,
                ended: Duration::ZERO,
                parts: Vec::new(),
                paths: HashMap::new(),
            }),
        })
    }

    /// The world that this thread is in.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.with(|current| current.borrow().clone())
    }

    /// Puts this thread into the world; its clock begins.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        Entered(CURRENT.with(|current| current.borrow_mut().replace(Arc::clone(self))))
    }

    /// Starts the clock of the log.
    pub(crate) fn begin(&self) {
        self.inner.lock().begun = Some(Instant::now());
    }

    /// Notes that the story is over.
    pub(crate) fn end(&self) {
        let mut inner = self.inner.lock();
        inner.ended = inner.elapsed();
    }

    /// How long the story took; up to the last event if it did not come to its end.
    pub(crate) fn ended(&self) -> Duration {
        let inner = self.inner.lock();
        inner.ended.max(inner.log.at())
    }

    /// How often the poll of a task that could go on is put off; none if it never goes on, because the simulation has made
    /// more polls than it may.
    pub(crate) fn delay(&self) -> Option<u32> {
        let mut inner = self.inner.lock();
        inner.polls += 1;
        if inner.polls > inner.polls_limit {
            return None;
        }
        let odds = inner.delay_odds;
        Some(inner.choices.choose(odds, DELAY_MOST, |times| format!("a task waits for {times} others")))
    }

    /// Whether the world ended because there was no end of polls.
    pub(crate) fn is_exhausted(&self) -> bool {
        let inner = self.inner.lock();
        inner.polls > inner.polls_limit
    }

    /// Whether an ask that could run in place is queued instead.
    pub(crate) fn detours(&self, path: &str) -> bool {
        let mut inner = self.inner.lock();
        inner.arsenal.is_armed(path)
            || inner.choices.choose(DETOUR_ODDS, 1, |_| format!("an ask of {path} is queued")) > 0
    }

    /// What strikes the next message of an actor, if anything.
    pub(crate) fn strike(&self, path: &str) -> Option<Strike> {
        let inner = &mut *self.inner.lock();
        let strike = inner.arsenal.strike(path, &mut inner.choices)?;
        inner.note(&format!("{path} is struck: {strike:?}"));
        Some(strike)
    }

    /// Notes where an actor stands, by its system's address and its own number.
    pub(crate) fn name(&self, actor: (usize, u64), path: &str) {
        self.inner.lock().paths.insert(actor, path.to_owned());
    }

    /// Whether the reply that an actor gives now gets lost.
    pub(crate) fn loses_reply(&self, actor: (usize, u64)) -> bool {
        let inner = &mut *self.inner.lock();
        let Some(path) = inner.paths.get(&actor) else { return false };
        let lost = inner.arsenal.loses_reply(path, &mut inner.choices);
        if lost {
            let line = format!("a reply of {path} gets lost");
            inner.note(&line);
        }
        lost
    }

    /// Changes what is armed, or the rates.
    pub(crate) fn arm(&self, change: impl FnOnce(&mut Arsenal)) {
        change(&mut self.inner.lock().arsenal);
    }

    pub(crate) fn set_rates(&self, rates: Faults) {
        self.arm(|arsenal| arsenal.set_rates(rates));
    }

    /// Writes down what happened.
    pub(crate) fn note(&self, line: &str) {
        self.inner.lock().note(line);
    }

    /// A number for a system or for the story; it is no choice.
    pub(crate) fn number(&self) -> u64 {
        self.inner.lock().rng.u64(..)
    }

    /// Adds a system that runs in this world.
    pub(crate) fn join(&self, part: Part) {
        self.inner.lock().parts.push(part);
    }

    pub(crate) fn parts(&self) -> Vec<Part> {
        self.inner.lock().parts.clone()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.inner.lock().elapsed()
    }

    /// The hash of all that happened, and how many lines it was.
    pub(crate) fn hash(&self) -> (u64, u64) {
        let inner = self.inner.lock();
        (inner.log.hash(), inner.log.count())
    }

    /// The last lines of what happened.
    pub(crate) fn last_lines(&self, most: usize) -> Vec<String> {
        let inner = self.inner.lock();
        let skipped = inner.log.last().count().saturating_sub(most);
        inner.log.last().skip(skipped).cloned().collect()
    }

    pub(crate) fn deviations(&self) -> Vec<Deviation> {
        self.inner.lock().choices.deviations().to_vec()
    }
}

impl World {
    /// A task of this world: each time it could go on, the world decides how many others go before.
    pub(crate) fn delayed<F>(world: Arc<Self>, task: F) -> impl Future<Output = F::Output> + Send
    where
        F: Future + Send,
    {
        let mut task = Box::pin(task);
        let mut delay = None;
        poll_fn(move |cx| {
            let left = match delay {
                Some(left) => left,
                None => match world.delay() {
                    Some(times) => times,
                    None => return Poll::Pending,
                },
            };
            if left > 0 {
                delay = Some(left - 1);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            delay = None;
            task.as_mut().poll(cx)
        })
    }
}

impl Inner {
    fn elapsed(&self) -> Duration {
        self.begun.map_or(Duration::ZERO, |begun| begun.elapsed())
    }

    fn note(&mut self, line: &str) {
        let at = self.elapsed();
        self.log.add(at, line);
    }
}
