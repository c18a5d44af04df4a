//! A board in tests, whose agents are told by name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::agents::agent::Agent;
use crate::agents::event::{Action, Event};
use crate::agents::outcome::{AttemptId, Ended};
use crate::agents::plan::Plan;
use crate::agents::state::{Board, BoardOptions};
use crate::agents::status::{Counts, TaskState};
use crate::agents::task::{Task, TaskId};

/// A board whose agents are told by name, and what it has said.
pub(crate) struct Story {
    pub(crate) board: Board<&'static str, u32>,
    pub(crate) now: Instant,
    /// What was assigned and not ended, by task and agent, in order.
    pub(crate) out: Vec<(String, String, AttemptId)>,
    pub(crate) cancelled: Vec<String>,
    pub(crate) inputs: Vec<Vec<u32>>,
}

impl Story {
    pub(crate) fn new(options: BoardOptions) -> Self {
        let (board, now) = (Board::new(options), Instant::now());
        Self { board, now, out: Vec::new(), cancelled: Vec::new(), inputs: Vec::new() }
    }

    /// With agents of this name and concurrency, which ask for as much as they can have.
    pub(crate) fn with(agents: &[(&'static str, u32)]) -> Self {
        let mut story = Self::new(BoardOptions::default());
        for (id, concurrency) in agents {
            story.join(Agent::new(*id, "worker").concurrency(*concurrency));
            story.ask(id, *concurrency);
        }
        story
    }

    pub(crate) fn carry_out(&mut self, actions: Vec<Action<&'static str, u32>>) {
        for action in actions {
            match action {
                Action::Assign(it) => {
                    self.out.push((it.task.to_string(), it.agent.to_string(), it.attempt));
                    self.inputs.push(it.inputs.iter().flat_map(|ended| &ended.results).map(|it| it.result).collect());
                }
                Action::Cancel { task, agent, .. } => self.cancelled.push(format!("{task} at {agent}")),
                Action::Ended(_) | Action::Log(_) => {}
            }
        }
    }

    pub(crate) fn on(&mut self, event: Event<u32>) {
        let actions = self.board.on(event, self.now);
        self.carry_out(actions);
    }

    pub(crate) fn join(&mut self, agent: Agent) {
        let actions = self.board.join(agent, self.now).unwrap();
        self.carry_out(actions);
    }

    #[track_caller]
    pub(crate) fn submit(&mut self, plan: impl Into<Plan<&'static str>>) {
        let actions = self.board.submit(plan, self.now).unwrap();
        self.carry_out(actions);
    }

    pub(crate) fn ask(&mut self, agent: &str, more: u32) {
        self.on(Event::Demanded { agent: agent.into(), more });
    }

    pub(crate) fn crash(&mut self, agent: &str) {
        self.out.retain(|(_, of, _)| of != agent);
        self.on(Event::Crashed { agent: agent.into(), why: "boom".into() });
    }

    pub(crate) fn cancel(&mut self, task: &str) {
        self.on(Event::Cancelled { task: task.into() });
    }

    pub(crate) fn pass(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.on(Event::Ticked);
    }

    /// The first attempt out of this task.
    #[track_caller]
    pub(crate) fn take(&mut self, task: &str) -> (String, AttemptId) {
        let at = self.out.iter().position(|(of, ..)| of == task).expect("it is out");
        let (_, agent, attempt) = self.out.remove(at);
        (agent, attempt)
    }

    /// That attempt ends, and its agent asks for one more.
    #[track_caller]
    pub(crate) fn finish(&mut self, task: &str, result: Result<u32, &str>) -> AttemptId {
        let (agent, attempt) = self.take(task);
        self.on(Event::Finished { attempt, result: result.map_err(str::to_owned) });
        self.ask(&agent, 1);
        attempt
    }

    pub(crate) fn start(&mut self, task: &str) {
        let attempt = self.out.iter().find(|(of, ..)| of == task).map(|(.., attempt)| *attempt).unwrap();
        self.on(Event::Started { attempt });
    }

    /// Who has what, as `task agent`.
    #[track_caller]
    pub(crate) fn check_out<const N: usize>(&self, expected: [&str; N]) {
        let out: Vec<String> = self.out.iter().map(|(task, agent, _)| format!("{task} {agent}")).collect();
        assert_eq!(out, expected);
    }

    #[track_caller]
    pub(crate) fn state(&self, task: &str) -> TaskState {
        self.board.task(&task.into()).expect("it is known").state
    }

    #[track_caller]
    pub(crate) fn ended(&self, task: &str) -> Arc<Ended<u32>> {
        self.board.ended(&task.into()).expect("it has ended")
    }

    pub(crate) fn counts(&self) -> Counts {
        self.board.counts()
    }
}

pub(crate) fn task(id: &str) -> Task<&'static str> {
    Task::new(id, "payload")
}

pub(crate) fn ids<const N: usize>(names: [&str; N]) -> Vec<TaskId> {
    names.map(TaskId::from).to_vec()
}
