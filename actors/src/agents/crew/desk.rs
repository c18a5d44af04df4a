//! What a crew shares: its board, behind one lock, and what is to be said about it.
//!
//! Presence comes from the tree: an agent's state holds a [`Presence`], made with its life and dropped with it, however that ends, so that
//! the board knows of a loss before the agent's supervisor does. Work comes by mail. What is decided is kept until it is
//! acknowledged, so that neither a loss of the coordinator nor one on the way loses it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use swarmtree::{Rank, Subscription, Topic};
use tokio::sync::{Notify, watch};

use crate::agents::admission::{Refusal, Refused};
use crate::agents::agent::{Agent, AgentId};
use crate::agents::board::JoinError;
use crate::agents::crew::word::{Stay, What, Word};
use crate::agents::event::{Action, Assignment, Event};
use crate::agents::outcome::{AttemptError, AttemptId, Ended};
use crate::agents::plan::Plan;
use crate::agents::state::{Board, BoardOptions};
use crate::agents::task::TaskId;

/// How a task will have ended, for whoever waits for it.
pub(crate) type End<R> = watch::Receiver<Option<Arc<Ended<R>>>>;

/// What all of a crew share.
pub(crate) struct Desk<P, R> {
    books: Mutex<Books<P, R>>,
    /// Told when the coordinator has something to say, or another time to wake at.
    pub(crate) changed: Notify,
    /// Told when no task is live any more.
    pub(crate) idle: Notify,
}

/// An assignment that an agent has not reported the end of.
struct Out<P, R> {
    assignment: Arc<Assignment<P, R>>,
    is_cancelled: bool,
}

/// The state of a crew.
pub(crate) struct Books<P, R> {
    pub(crate) board: Board<P, R>,
    /// Where each agent stands, whether it is there or not.
    places: BTreeMap<AgentId, Rank>,
    /// Who is there.
    present: BTreeMap<AgentId, Stay>,
    stays: u64,
    out: BTreeMap<AttemptId, Out<P, R>>,
    /// What the coordinator is to say. Rebuilt when it restarts.
    outbox: VecDeque<Word<P, R>>,
    waiting: BTreeMap<TaskId, watch::Sender<Option<Arc<Ended<R>>>>>,
    ended: Topic<Arc<Ended<R>>>,
    /// Words may be in the hands of other members than the two they are between.
    is_relayed: bool,
    is_draining: bool,
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl<P, R> Desk<P, R> {
    pub(crate) fn new(options: BoardOptions) -> Arc<Self> {
        let books = Books {
            board: Board::new(options),
            places: BTreeMap::new(),
            present: BTreeMap::new(),
            stays: 0,
            out: BTreeMap::new(),
            outbox: VecDeque::new(),
            waiting: BTreeMap::new(),
            ended: Topic::new(),
            is_relayed: false,
            is_draining: false,
        };
        Arc::new(Self { books: Mutex::new(books), changed: Notify::new(), idle: Notify::new() })
    }

    /// Looks.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Books<P, R>) -> T) -> T {
        look(&self.books.lock())
    }

    /// Does something about it. Time is read under the lock, so that it does not run backwards for the board.
    fn act<T>(&self, act: impl FnOnce(&mut Books<P, R>, Instant) -> T) -> T {
        let mut books = self.books.lock();
        let done = act(&mut books, now());
        let is_idle = books.board.counts().live == 0;
        drop(books);
        self.changed.notify_one();
        if is_idle {
            self.idle.notify_waiters();
        }
        done
    }

    // ---- For the crew's handle.

    /// Takes a plan; says how to wait for the end of each task.
    pub(crate) fn submit(&self, plan: Plan<P>) -> Result<Vec<(TaskId, End<R>)>, Refused<P>> {
        let ids: Vec<TaskId> = plan.tasks.iter().map(|task| task.id.clone()).collect();
        self.act(|books, now| {
            if books.is_draining {
                return Err(Refused { plan, refusal: Refusal::Draining });
            }
            let actions = books.board.submit(plan, now)?;
            let ends = ids.into_iter().map(|id| {
                let (told, end) = watch::channel(None);
                books.waiting.insert(id.clone(), told);
                (id, end)
            });
            let ends = ends.collect();
            books.carry_out(actions);
            Ok(ends)
        })
    }

    /// Nobody wants a task any more.
    pub(crate) fn cancel(&self, task: TaskId) {
        self.act(|books, now| books.on(Event::Cancelled { task }, now));
    }

    /// No further plans are taken.
    pub(crate) fn drain(&self) {
        self.act(|books, _| books.is_draining = true);
    }

    pub(crate) fn place(&self, agent: &AgentId) -> Option<Rank> {
        self.look(|books| books.places.get(agent).copied())
    }

    pub(crate) fn forget(&self, agent: &AgentId) {
        self.act(|books, _| books.places.remove(agent));
    }

    pub(crate) fn set_relayed(&self, is_relayed: bool) {
        self.act(|books, _| books.is_relayed |= is_relayed);
    }

    pub(crate) fn is_present(&self, agent: &AgentId) -> bool {
        self.look(|books| books.present.contains_key(agent))
    }

    /// How many agents are there.
    pub(crate) fn present(&self) -> usize {
        self.look(|books| books.present.len())
    }

    pub(crate) fn subscribe(&self, capacity: usize) -> Subscription<Arc<Ended<R>>> {
        self.look(|books| books.ended.subscribe(capacity))
    }

    // ---- For the coordinator.

    /// A coordinator has started: all is said again that is not acknowledged.
    pub(crate) fn repeat(&self) {
        self.act(|books, now| {
            books.repeat();
            books.on(Event::Ticked, now);
        });
    }

    /// Time has passed.
    pub(crate) fn tick(&self) {
        self.act(|books, now| books.on(Event::Ticked, now));
    }

    /// An agent has said something.
    pub(crate) fn hear(&self, word: Word<P, R>) {
        self.act(|books, now| books.hear(word, now));
    }

    /// What is to be said, in this order.
    pub(crate) fn take_outbox(&self) -> VecDeque<Word<P, R>> {
        std::mem::take(&mut self.books.lock().outbox)
    }

    /// Where to say something; none if whom it was for is gone.
    pub(crate) fn address(&self, agent: &AgentId, stay: Stay) -> Option<Rank> {
        self.look(|books| {
            let is_current = books.present.get(agent) == Some(&stay);
            books.places.get(agent).copied().filter(|_| is_current)
        })
    }
}

impl<P, R> Books<P, R> {
    fn on(&mut self, event: Event<R>, now: Instant) {
        let actions = self.board.on(event, now);
        self.carry_out(actions);
    }

    fn carry_out(&mut self, actions: Vec<Action<P, R>>) {
        for action in actions {
            match action {
                Action::Assign(assignment) => {
                    let assignment = Arc::new(assignment);
                    let (attempt, agent) = (assignment.attempt, assignment.agent.clone());
                    self.out.insert(attempt, Out { assignment: Arc::clone(&assignment), is_cancelled: false });
                    self.say(&agent, What::Assign(assignment));
                }
                Action::Cancel { attempt, agent, .. } => {
                    if let Some(out) = self.out.get_mut(&attempt) {
                        out.is_cancelled = true;
                    }
                    self.say(&agent, What::Cancel(attempt));
                }
                Action::Ended(ended) => {
                    if let Some(told) = self.waiting.remove(&ended.task) {
                        told.send_replace(Some(Arc::clone(&ended)));
                    }
                    self.ended.publish(&ended);
                }
                Action::Log(_) => {}
            }
        }
    }

    fn say(&mut self, agent: &AgentId, what: What<P, R>) {
        if let Some(stay) = self.present.get(agent).copied() {
            self.outbox.push_back(Word { agent: agent.clone(), stay, what });
        }
    }

    fn hear(&mut self, word: Word<P, R>, now: Instant) {
        let Word { agent, stay, what } = word;
        if self.present.get(&agent) != Some(&stay) {
            return;
        }
        match what {
            What::Demand(more) => self.on(Event::Demanded { agent, more }, now),
            What::Started(attempt) => self.on(Event::Started { attempt }, now),
            What::Finished(attempt, parcel) => {
                if let Some(result) = parcel.take() {
                    self.out.remove(&attempt);
                    self.on(Event::Finished { attempt, result }, now);
                    self.on(Event::Demanded { agent: agent.clone(), more: 1 }, now);
                }
                self.say(&agent, What::Noted(attempt));
            }
            What::Assign(_) | What::Cancel(_) | What::Noted(_) | What::Repeat => {}
        }
    }

    /// Says all again that agents have not acknowledged, and asks them for the same.
    fn repeat(&mut self) {
        self.outbox.clear();
        let present: Vec<AgentId> = self.present.keys().cloned().collect();
        present.iter().for_each(|agent| self.say(agent, What::Repeat));
        let out = self.out.values().map(|out| (Arc::clone(&out.assignment), out.is_cancelled));
        for (assignment, is_cancelled) in out.collect::<Vec<_>>() {
            let (agent, attempt) = (assignment.agent.clone(), assignment.attempt);
            self.say(&agent, What::Assign(assignment));
            if is_cancelled {
                self.say(&agent, What::Cancel(attempt));
            }
        }
    }

    /// Somebody came or went. Where words are passed on by others, some may have been lost with it.
    fn repeat_if_relayed(&mut self) {
        if self.is_relayed {
            self.repeat();
        }
    }

    fn gone(&mut self, agent: &AgentId, stay: Stay, error: AttemptError, now: Instant) {
        if self.present.get(agent) != Some(&stay) {
            return;
        }
        self.present.remove(agent);
        self.out.retain(|_, out| out.assignment.agent != *agent);
        let agent = agent.clone();
        let event = match error {
            AttemptError::Crashed(why) | AttemptError::Reported(why) => Event::Crashed { agent, why },
            AttemptError::Left => Event::Left { agent },
        };
        self.on(event, now);
        self.repeat_if_relayed();
    }
}

/// That an agent is there. Dropped, it is gone, and the board knows.
pub(crate) struct Presence<P, R> {
    desk: Arc<Desk<P, R>>,
    agent: AgentId,
    pub(crate) stay: Stay,
    /// Whether it goes on purpose.
    pub(crate) leaves: bool,
    /// What it is known to die of.
    pub(crate) why: Arc<Mutex<Option<String>>>,
}

impl<P, R> Presence<P, R> {
    /// An agent is there, from now on.
    pub(crate) fn begin(desk: &Arc<Desk<P, R>>, agent: &Agent, rank: Rank) -> Result<Self, JoinError> {
        let stay = desk.act(|books, now| {
            let id = &agent.id;
            let actions = books.board.join(agent.clone(), now)?;
            books.stays += 1;
            let stay = Stay(books.stays);
            // If an earlier life of it was not seen to end, what that had is lost with it.
            books.out.retain(|_, out| out.assignment.agent != *id);
            books.places.insert(id.clone(), rank);
            books.present.insert(id.clone(), stay);
            books.carry_out(actions);
            books.repeat_if_relayed();
            Ok(stay)
        })?;
        let (desk, agent) = (Arc::clone(desk), agent.id.clone());
        Ok(Self { desk, agent, stay, leaves: false, why: Arc::default() })
    }
}

impl<P, R> Drop for Presence<P, R> {
    fn drop(&mut self) {
        let error = if self.leaves {
            AttemptError::Left
        } else {
            let why = self.why.lock().take();
            AttemptError::Crashed(why.unwrap_or_else(|| "killed, or failed outside of its tasks".to_owned()))
        };
        self.desk.act(|books, now| books.gone(&self.agent, self.stay, error, now));
    }
}
