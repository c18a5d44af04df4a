//! Runs a schedule on a peer, on a runtime of its own with paused time.

use std::time::Duration;

use crate::cast::Cast;
use crate::schedule::{Child, Id, Op, Schedule, Start, Worker};
use crate::trace::Trace;

/// A tree of a peer.
pub(crate) trait Troupe {
    /// Adds a child to the root.
    fn add(&self, child: Child);
    /// The root takes a child down for good.
    fn terminate(&self, id: Id);
    fn stop(&self);
    fn is_over(&self) -> bool;
}

/// Longer than anything takes by itself.
const REST: Duration = Duration::from_millis(50);
const LOOKS_LIMIT: usize = 1_000;

/// Raises the tree, does what the schedule says, and writes down what came of it.
pub(crate) fn run(schedule: &Schedule, raise: impl AsyncFnOnce(&Cast) -> Box<dyn Troupe>) -> Trace {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let steps = runtime.block_on(async {
        let cast = Cast::default();
        for id in &schedule.refuses {
            cast.stage.set_starts(*id, &[Start::Fail]);
        }
        let troupe = raise(&cast).await;
        Play { cast, troupe, steps: Vec::new() }.run(schedule).await
    });
    Trace::canonical(schedule, &steps.join(";"))
}

struct Play {
    cast: Cast,
    troupe: Box<dyn Troupe>,
    steps: Vec<String>,
}

impl Play {
    async fn run(mut self, schedule: &Schedule) -> Vec<String> {
        let mut over = self.step("up").await;
        for op in &schedule.ops {
            if over {
                return self.steps;
            }
            self.act(op, schedule);
            over = self.step("done").await;
        }
        while !over && !self.cast.stage.release().is_empty() {
            over = self.step("released").await;
        }
        if !over {
            self.troupe.stop();
            self.step("stop").await;
        }
        self.steps
    }

    fn act(&self, op: &Op, schedule: &Schedule) {
        match op {
            Op::Starts(id, starts) => self.cast.stage.set_starts(*id, starts),
            Op::Release => drop(self.cast.stage.release()),
            Op::Finish(id, how) => self.cast.end(*id, *how),
            Op::Add(_, child) => self.troupe.add(child.clone()),
            Op::Spawn(_, id) => self.troupe.add(Child::Worker(Worker { id: *id, policy: schedule.root.template })),
            Op::Terminate(id) => self.troupe.terminate(*id),
            Op::Restart(_) | Op::Delete(_) | Op::Pass(_) => unreachable!("no peer offers it"),
        }
    }

    /// Waits for rest, writes down the step, and says whether it was the last.
    async fn step(&mut self, result: &str) -> bool {
        let mut before = usize::MAX;
        for _ in 0..LOOKS_LIMIT {
            let now = self.cast.stage.count();
            if now == before {
                break;
            }
            before = now;
            tokio::time::sleep(REST).await;
        }
        let over = self.troupe.is_over();
        let end = if over { "ended " } else { "" };
        self.steps.push(format!("{result}|{}|{end}{}", self.cast.stage.take(), self.cast.up()));
        over
    }
}
