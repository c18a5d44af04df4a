//! A board's events, and what it shows.

use std::sync::Arc;
use std::time::Instant;

use crate::agents::agent::{Agent, AgentId};
use crate::agents::entry::{Entry, Progress, Standing};
use crate::agents::event::{Action, Event};
use crate::agents::note::Note;
use crate::agents::outcome::{AgentResult, AttemptError, AttemptId, Ended, FailedAttempt, Outcome};
use crate::agents::roster::Seat;
use crate::agents::state::{Board, Turn};
use crate::agents::status::{AgentStatus, Counts, TaskState, TaskStatus};
use crate::agents::task::TaskId;

/// Why an agent cannot join. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// There are as many agents as there may be, and none of them is gone.
    #[error("{agent} cannot join: the board has all of its {limit} agents (`agents_limit`)")]
    Full {
        /// Who.
        agent: AgentId,
        /// How many there may be.
        limit: usize,
    },
    /// Its concurrency is 0.
    #[error("{agent} cannot join: with a concurrency of 0 it could never be given a task")]
    NoConcurrency {
        /// Who.
        agent: AgentId,
    },
}

impl<P, R> Board<P, R> {
    /// The rules: what must be done about an event. Time must not run backwards from one to the next. A task whose time is
    /// over has expired before the event is looked at.
    #[must_use]
    pub fn on(&mut self, event: Event<R>, now: Instant) -> Vec<Action<P, R>> {
        let mut turn = Turn::new(now);
        self.expire(&mut turn);
        match event {
            Event::Demanded { agent, more } => self.roster.demanded(&agent, more),
            Event::Started { attempt } => self.started(attempt, &mut turn),
            Event::Finished { attempt, result } => self.finished(attempt, result, &mut turn),
            Event::Left { agent } => self.agent_gone(&agent, AttemptError::Left, &mut turn),
            Event::Crashed { agent, why } => self.agent_gone(&agent, AttemptError::Crashed(why), &mut turn),
            Event::Cancelled { task } => self.end(task, Outcome::Cancelled, &mut turn),
            Event::Ticked => {}
        }
        self.dispatch(&mut turn);
        turn.actions
    }

    /// An agent is there. It gets nothing before it asks for it. One that was there already has been started anew: what
    /// it had in hand is lost, and tried again.
    ///
    /// # Errors
    /// [`JoinError`]: too many agents, or one without concurrency.
    pub fn join(&mut self, agent: Agent, now: Instant) -> Result<Vec<Action<P, R>>, JoinError> {
        let limit = self.options.agents_limit;
        if agent.concurrency == 0 {
            return Err(JoinError::NoConcurrency { agent: agent.id });
        }
        if !self.roster.admits(&agent.id, limit) {
            return Err(JoinError::Full { agent: agent.id, limit });
        }
        let mut turn = Turn::new(now);
        self.expire(&mut turn);
        // None of this changes who has a seat.
        self.agent_gone(&agent.id, AttemptError::Left, &mut turn);
        self.note(Note::Joined { agent: agent.id.clone() }, &mut turn);
        self.roster.join(agent, limit);
        self.dispatch(&mut turn);
        Ok(turn.actions)
    }

    /// When the next task expires: [`Event::Ticked`] is due by then.
    #[must_use]
    pub fn wakes_at(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    pub(crate) fn expire(&mut self, turn: &mut Turn<P, R>) {
        while let Some((_, task)) = self.deadlines.first().filter(|(at, _)| *at <= turn.now).cloned() {
            self.end(task, Outcome::Expired, turn);
        }
    }

    fn started(&mut self, id: AttemptId, turn: &mut Turn<P, R>) {
        let attempt = self.attempts.get_mut(&id);
        let Some(attempt) = attempt.filter(|it| it.started.is_none() && it.standing == Standing::Wanted) else {
            return;
        };
        attempt.started = Some(turn.now);
        let delay = turn.now.saturating_duration_since(attempt.assigned);
        let Some(level) = attempt.level else { return };
        if let Some(decision) = self.windows.started(level, id, delay, self.attempt_next) {
            self.note(Note::Width(decision), turn);
        }
    }

    fn finished(&mut self, id: AttemptId, result: Result<R, String>, turn: &mut Turn<P, R>) {
        let Some(attempt) = self.close_attempt(id).filter(|attempt| attempt.standing == Standing::Wanted) else {
            self.counts.stale += 1;
            return self.note(Note::Stale { attempt: id }, turn);
        };
        let agent = attempt.agent;
        match result {
            Ok(result) => {
                let begun = attempt.started.unwrap_or(attempt.assigned);
                self.roster.served(&agent, turn.now.saturating_duration_since(begun));
                self.replica_done(&attempt.task, attempt.replica, AgentResult { agent, result }, turn);
            }
            Err(why) => {
                let failure = FailedAttempt { attempt: id, agent, error: AttemptError::Reported(why) };
                self.replica_failed(&attempt.task, attempt.replica, failure, turn);
            }
        }
    }

    // ---- What it shows.

    /// One task; none if it was never submitted, or ended too long ago.
    #[must_use]
    pub fn task(&self, id: &TaskId) -> Option<TaskStatus> {
        let live = self.tasks.get(id).map(|entry| self.status_of(id, entry));
        live.or_else(|| self.ended.get(id).map(|ended| status_of_ended(ended)))
    }

    /// All tasks that have not ended, then those remembered that have, each by name.
    pub fn tasks(&self) -> impl Iterator<Item = TaskStatus> {
        let live = self.tasks.iter().map(|(id, entry)| self.status_of(id, entry));
        live.chain(self.ended.values().map(|ended| status_of_ended(ended)))
    }

    /// How a task has ended, as long as it is remembered.
    #[must_use]
    pub fn ended(&self, id: &TaskId) -> Option<Arc<Ended<R>>> {
        self.ended.get(id).cloned()
    }

    /// One agent; none if it never joined, or has been gone so long that another one has its place.
    #[must_use]
    pub fn agent(&self, id: &AgentId) -> Option<AgentStatus> {
        self.roster.get(id).map(|seat| self.status_of_agent(seat))
    }

    /// All agents by id, those remembered that are gone included.
    pub fn agents(&self) -> impl Iterator<Item = AgentStatus> {
        self.roster.seats().map(|seat| self.status_of_agent(seat))
    }

    /// How many tasks met which fate.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What was decided lately, the oldest first.
    pub fn log(&self) -> impl Iterator<Item = &Note> {
        self.log.iter()
    }

    fn status_of(&self, id: &TaskId, entry: &Entry<P, R>) -> TaskStatus {
        let agents = entry.agents();
        let state = if !entry.waits_for.is_empty() {
            TaskState::Blocked { on: entry.waits_for.iter().cloned().collect() }
        } else if !agents.is_empty() {
            TaskState::Running { agents }
        } else if self.roster.able(&entry.needs, |agent| entry.is_taken(agent)) > 0 {
            TaskState::Queued
        } else {
            TaskState::Waiting { missing: self.roster.missing(&entry.needs) }
        };
        let results = entry.replicas.iter().filter(|it| matches!(it.progress, Progress::Done(_))).count();
        TaskStatus { id: id.clone(), priority: Some(entry.priority), state, failures: entry.failures.len(), results }
    }

    fn status_of_agent(&self, seat: &Seat) -> AgentStatus {
        let in_hand = seat.in_hand.iter().filter_map(|id| self.attempts.get(id));
        let tasks: Vec<TaskId> =
            in_hand.filter(|it| it.standing == Standing::Wanted).map(|it| it.task.clone()).collect();
        AgentStatus {
            agent: seat.agent.clone(),
            state: seat.state.clone(),
            given_up: seat.in_hand.len() - tasks.len(),
            tasks,
            demand: seat.demand,
            mean: seat.mean,
        }
    }
}

fn status_of_ended<R>(ended: &Ended<R>) -> TaskStatus {
    let state = TaskState::Ended(ended.outcome.clone());
    let (id, failures, results) = (ended.task.clone(), ended.failures.len(), ended.results.len());
    TaskStatus { id, priority: None, state, failures, results }
}
