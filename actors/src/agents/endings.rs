//! How tasks come to an end, and what follows for others.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::agents::agent::AgentId;
use crate::agents::entry::{Entry, Progress, Standing, Unit};
use crate::agents::event::Action;
use crate::agents::note::Note;
use crate::agents::outcome::{AgentResult, AttemptError, AttemptId, Ended, FailedAttempt, Outcome};
use crate::agents::state::{Board, Turn};
use crate::agents::task::TaskId;

impl<P, R> Board<P, R> {
    /// An agent has done its replica.
    pub(crate) fn replica_done(
        &mut self,
        task: &TaskId,
        replica: usize,
        result: AgentResult<R>,
        turn: &mut Turn<P, R>,
    ) {
        let Some(entry) = self.tasks.get_mut(task) else { return };
        if let Some(replica) = entry.replicas.get_mut(replica) {
            replica.progress = Progress::Done(result);
        }
        self.settle(task, turn);
    }

    /// An attempt came to nothing: another one, in the old place of the queue, or the replica has failed.
    pub(crate) fn replica_failed(
        &mut self,
        task: &TaskId,
        replica: usize,
        failure: FailedAttempt,
        turn: &mut Turn<P, R>,
    ) {
        let Some(entry) = self.tasks.get_mut(task) else { return };
        entry.avoid.insert(failure.agent.clone());
        entry.failures.push(failure.clone());
        let unit = Unit { task: task.clone(), replica, needs: entry.needs.clone(), level: entry.level };
        let Some(replica) = entry.replicas.get_mut(replica) else { return };
        let Progress::Out { place, .. } = replica.progress else { return };
        let Some(left) = replica.retries.checked_sub(1) else {
            replica.progress = Progress::Failed;
            return self.settle(task, turn);
        };
        replica.retries = left;
        replica.progress = Progress::Queued(place);
        self.lanes.insert(entry.priority, place, unit);
        let FailedAttempt { attempt, agent, error } = failure;
        self.note(Note::Retry { attempt, task: task.clone(), agent, error, left }, turn);
    }

    fn settle(&mut self, task: &TaskId, turn: &mut Turn<P, R>) {
        if let Some(outcome) = self.tasks.get(task).and_then(Entry::verdict) {
            self.end(task.clone(), outcome, turn);
        }
    }

    /// An agent is gone: what it had in hand is tried elsewhere.
    pub(crate) fn agent_gone(&mut self, id: &AgentId, error: AttemptError, turn: &mut Turn<P, R>) {
        let Some(in_hand) = self.roster.leave(id, error.clone()) else { return };
        self.note(Note::Gone { agent: id.clone(), error: error.clone(), in_hand: in_hand.len() }, turn);
        // All at once are out of the books, so that none of them is told to cancel what went down with its agent.
        let closed: Vec<_> = in_hand.into_iter().filter_map(|id| Some((id, self.close_attempt(id)?))).collect();
        for (attempt, record) in closed.into_iter().filter(|(_, record)| record.standing == Standing::Wanted) {
            let failure = FailedAttempt { attempt, agent: record.agent, error: error.clone() };
            self.replica_failed(&record.task, record.replica, failure, turn);
        }
    }

    /// A task ends, and with it, unless it is done, all that depend on it.
    pub(crate) fn end(&mut self, task: TaskId, outcome: Outcome, turn: &mut Turn<P, R>) {
        let mut ending = VecDeque::from([(task, outcome)]);
        while let Some((task, outcome)) = ending.pop_front() {
            let Some(mut entry) = self.tasks.remove(&task) else { continue };
            let dependants = std::mem::take(&mut entry.dependants);
            let ended = Arc::new(self.close(task, outcome, entry, turn));
            self.remember(&ended);
            turn.actions.push(Action::Ended(Arc::clone(&ended)));
            let cause = match &ended.outcome {
                Outcome::Done => {
                    dependants.iter().for_each(|dependant| self.satisfy(dependant, &ended, turn));
                    continue;
                }
                Outcome::Skipped { cause } => cause,
                Outcome::Failed | Outcome::Expired | Outcome::Cancelled => &ended.task,
            };
            ending
                .extend(dependants.into_iter().map(|dependant| (dependant, Outcome::Skipped { cause: cause.clone() })));
        }
    }

    /// Takes all that a task has on the board away; what its agents have found is kept.
    fn close(&mut self, task: TaskId, outcome: Outcome, entry: Entry<P, R>, turn: &mut Turn<P, R>) -> Ended<R> {
        let mut results = Vec::new();
        for replica in entry.replicas {
            match replica.progress {
                Progress::Blocked | Progress::Failed => {}
                Progress::Queued(place) => self.lanes.remove(entry.priority, place),
                Progress::Out { attempt, agent, .. } => self.give_up(attempt, agent, &task, turn),
                Progress::Done(result) => results.push(result),
            }
        }
        if let Some(expires) = entry.expires {
            self.deadlines.remove(&(expires, task.clone()));
        }
        if let Some(live) = self.adaptive.get_mut(&entry.plan) {
            *live -= 1;
            if *live == 0 {
                self.adaptive.remove(&entry.plan);
                self.windows.close(entry.plan);
            }
        }
        self.counts.ended(&outcome);
        self.note(Note::Ended { task: task.clone(), outcome: outcome.clone() }, turn);
        Ended { task, outcome, results, failures: entry.failures }
    }

    /// Nobody wants an attempt any more. It holds its place until its agent says that it has ended.
    fn give_up(&mut self, attempt: AttemptId, agent: AgentId, task: &TaskId, turn: &mut Turn<P, R>) {
        if let Some(record) = self.attempts.get_mut(&attempt) {
            record.standing = Standing::GivenUp;
            turn.actions.push(Action::Cancel { attempt, task: task.clone(), agent });
        }
    }

    fn remember(&mut self, ended: &Arc<Ended<R>>) {
        self.ended.insert(ended.task.clone(), Arc::clone(ended));
        self.ended_order.push_back(ended.task.clone());
        while self.ended_order.len() > self.options.ended_limit {
            if let Some(oldest) = self.ended_order.pop_front() {
                self.ended.remove(&oldest);
            }
        }
    }

    /// A task that another one depends on is done. With the last of them it is queued.
    fn satisfy(&mut self, task: &TaskId, ended: &Arc<Ended<R>>, turn: &Turn<P, R>) {
        let Some(entry) = self.tasks.get_mut(task) else { return };
        entry.waits_for.remove(&ended.task);
        entry.inputs.insert(ended.task.clone(), Arc::clone(ended));
        self.queue_if_ready(task, turn);
    }

    /// Puts a new task into its lane if it waits for no other.
    pub(crate) fn queue_if_ready(&mut self, task: &TaskId, turn: &Turn<P, R>) {
        let Some(entry) = self.tasks.get(task).filter(|entry| entry.waits_for.is_empty()) else { return };
        let replicas = entry.replicas.len();
        for replica in 0..replicas {
            let place = self.new_place(turn.now);
            let Some(entry) = self.tasks.get_mut(task) else { return };
            let unit = Unit { task: task.clone(), replica, needs: entry.needs.clone(), level: entry.level };
            entry.replicas[replica].progress = Progress::Queued(place);
            self.lanes.insert(entry.priority, place, unit);
        }
    }
}
