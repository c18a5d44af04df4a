//! Who gets what: the queued against the demand of the agents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::agents::aimd::Windows;
use crate::agents::capabilities::Capabilities;
use crate::agents::entry::{Attempt, Entry, Progress, Standing, Unit};
use crate::agents::event::{Action, Assignment};
use crate::agents::lanes::Pick;
use crate::agents::note::Note;
use crate::agents::outcome::AttemptId;
use crate::agents::roster::{Choice, Roster};
use crate::agents::state::{Board, Turn};
use crate::agents::task::TaskId;

/// What a queued replica is held against.
struct Fitting<'a, P, R> {
    tasks: &'a BTreeMap<TaskId, Entry<P, R>>,
    roster: &'a Roster,
    windows: &'a Windows,
}

impl<P, R> Fitting<'_, P, R> {
    /// The agent for it, if its level may have one more at agents and somebody asks for work who can do it. `barren` is
    /// what nobody who asks can do; as demand only shrinks while work is given out, it is found once.
    fn fit(&self, unit: &Unit, barren: &mut BTreeSet<Capabilities>) -> Option<Choice> {
        if unit.level.is_some_and(|level| !self.windows.has_room(level)) || barren.contains(&unit.needs) {
            return None;
        }
        if !self.roster.has_room_for(&unit.needs) {
            barren.insert(unit.needs.clone());
            return None;
        }
        let entry = self.tasks.get(&unit.task)?;
        self.roster.choose(&unit.needs, |agent| entry.is_taken(agent), &entry.avoid)
    }
}

impl<P, R> Board<P, R> {
    /// Gives out work as long as somebody asks for it who can do some of it.
    pub(crate) fn dispatch(&mut self, turn: &mut Turn<P, R>) {
        let mut barren = BTreeSet::new();
        while self.roster.has_room() {
            let Self { lanes, tasks, roster, windows, .. } = self;
            let fitting = Fitting { tasks, roster, windows };
            let Some(pick) = lanes.pick(turn.now, |unit| fitting.fit(unit, &mut barren)) else { return };
            self.assign(pick, turn);
        }
    }

    fn assign(&mut self, pick: Pick<Unit, Choice>, turn: &mut Turn<P, R>) {
        let Pick { unit, fit: Choice { agent, in_hand, mean, among }, place, share } = pick;
        let Some(entry) = self.tasks.get_mut(&unit.task) else { return };
        let attempt = self.attempt_next;
        self.attempt_next = AttemptId(attempt.0 + 1);
        let inputs = entry.after.iter().filter_map(|id| entry.inputs.get(id).cloned()).collect();
        let payload = Arc::clone(&entry.payload);
        if let Some(replica) = entry.replicas.get_mut(unit.replica) {
            replica.progress = Progress::Out { attempt, agent: agent.clone(), place };
        }
        self.roster.assign(&agent, attempt);
        if let Some(level) = unit.level {
            self.windows.assigned(level);
        }
        let Unit { task, replica, level, .. } = unit;
        let (assigned, standing) = (turn.now, Standing::Wanted);
        let record =
            Attempt { task: task.clone(), replica, agent: agent.clone(), level, assigned, started: None, standing };
        self.attempts.insert(attempt, record);
        let waited = turn.now.saturating_duration_since(place.since);
        let (to, of) = (agent.clone(), task.clone());
        self.note(Note::Assigned { attempt, task: of, share, waited, agent: to, in_hand, mean, among }, turn);
        turn.actions.push(Action::Assign(Assignment { attempt, task, agent, payload, inputs }));
    }
}
