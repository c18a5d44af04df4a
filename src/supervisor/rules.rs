//! The rules of supervision: a state machine with the semantics of OTP's `supervisor`, without a clock or a runtime.
//!
//! State, event and `now` go in, actions come out. The shell carries them out in order; none of them waits. What is
//! under way for several children at once (the first start, a group restart, an end) is one [`Plan`]: stop from the
//! right, pause, start from the left. After each event [`Rules::settle`] takes it as far as it goes. While a plan is
//! busy, other failures and requests to start something wait in a queue, as they wait in OTP's mailbox; stopping
//! a child, and ending, never wait.

pub(crate) mod action;
pub(crate) mod entry;
pub(crate) mod plan;
pub(crate) mod queue;
pub(crate) mod state;
pub(crate) mod table;
pub(crate) mod window;

#[cfg(test)]
mod attempts;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exit::{Cause, Exit, Failure};
use crate::spec::{AutoShutdown, Restart, Strategy};
use crate::supervisor::rules::action::{Action, Alarm, AlarmKind, Decision, Event};
use crate::supervisor::rules::entry::{ChildKey, Slot, Status, Then, Via};
use crate::supervisor::rules::plan::Plan;
use crate::supervisor::rules::queue::{Moment, Pending};
use crate::supervisor::rules::state::{Phase, Rules, Turn};

impl Rules {
    /// The rules: what must be done about an event.
    pub(crate) fn on(&mut self, event: Event, now: Instant, rng: &mut fastrand::Rng) -> Vec<Action> {
        let mut turn = Turn { now, rng, out: Vec::new() };
        match event {
            Event::Begin => self.begin(),
            Event::Started(key) => {
                if self.table.current(key) == Some(Status::Starting) {
                    self.table.started(key.slot, now);
                }
            }
            Event::StartFailed(key, exit) => self.gone(key, exit, &mut turn),
            Event::Exited(key, exit) => {
                // Its end may be faster than the news of its start.
                if self.table.current(key) == Some(Status::Starting) {
                    self.table.started(key.slot, now);
                    if self.plan.is_at_start_of(key.slot) {
                        self.plan.started();
                    }
                }
                self.gone(key, exit, &mut turn);
            }
            Event::Alarm(alarm) => self.rang(alarm, &mut turn),
            Event::StartAdded(slot) => self.start_added(slot, &mut turn),
            Event::Terminate(slot) => self.terminate(slot, &mut turn),
            Event::Restart(slot) => self.restart(slot, &mut turn),
            Event::Kill(slot) => {
                if self.table.status(slot).is_live() {
                    self.table.kill(slot, &mut turn.out);
                }
            }
            Event::End(exit) => self.end(exit, &mut turn),
            Event::EndNow(exit) => self.end_now(exit, &mut turn),
        }
        self.settle(&mut turn);
        turn.out
    }

    fn begin(&mut self) {
        if !matches!(self.phase, Phase::New | Phase::Ended) {
            return;
        }
        self.phase = Phase::Init;
        self.window.clear();
        let declared: Vec<Slot> = self.table.declared().collect();
        for slot in &declared {
            if let Some(entry) = self.table.entry_mut(*slot) {
                entry.failures_in_a_row = 0;
            }
        }
        self.plan = Plan::starting(declared);
    }

    // ---- What happened to a child.

    /// A child is not there any more, whether it had come up or not.
    fn gone(&mut self, key: ChildKey, exit: Exit, turn: &mut Turn<'_>) {
        let slot = key.slot;
        let Some(status) = self.table.current(key).filter(|status| status.is_live()) else { return };
        self.table.ended(slot, turn.now);
        if matches!(self.phase, Phase::Ending(_)) {
            return self.gone_in_the_end(slot, status, exit, turn);
        }
        match status {
            Status::Starting => self.start_failed(slot, exit, turn),
            Status::Running => self.judge_in_turn(slot, exit, Moment::Run, turn),
            Status::Stopping(Then::FailStart) => self.start_failed(slot, self.late(slot), turn),
            Status::Stopping(Then::Close) => self.retire(slot, exit, turn),
            Status::Stopping(Then::Reopen) => {
                self.retire(slot, exit.clone(), turn);
                self.start_again(slot, Via::Asked, exit, turn);
            }
            Status::Stopping(Then::Restart) => self.start_again(slot, Via::Kept, exit, turn),
            Status::Stopping(Then::Plan) => self.stopped_by_plan(slot, exit, turn),
            Status::Down | Status::Waiting => {}
        }
    }

    fn gone_in_the_end(&mut self, slot: Slot, status: Status, exit: Exit, turn: &mut Turn<'_>) {
        if self.table.leaves_at_the_end(slot) {
            self.remove(slot, exit, turn);
        } else if matches!(status, Status::Stopping(Then::Close | Then::Reopen)) {
            // Someone waits to hear of it.
            self.retire(slot, exit, turn);
        }
    }

    /// A requested restart goes on, unless a plan has taken it over meanwhile.
    fn start_again(&mut self, slot: Slot, via: Via, exit: Exit, turn: &mut Turn<'_>) {
        if self.plan.stops(slot) || self.plan.starts(slot) {
            self.stopped_by_plan(slot, exit, turn);
        } else if self.table.get(slot).is_some() {
            self.table.start(slot, via, &mut turn.out);
        }
    }

    /// The plan starts it again in its turn, but for a temporary one, which no plan starts.
    fn stopped_by_plan(&mut self, slot: Slot, exit: Exit, turn: &mut Turn<'_>) {
        if self.table.is_temporary(slot) {
            self.remove(slot, exit, turn);
        }
    }

    fn start_failed(&mut self, slot: Slot, exit: Exit, turn: &mut Turn<'_>) {
        if self.phase == Phase::Init {
            self.decide(slot, exit.clone(), Decision::Escalate, turn);
            return self.end(as_failure(exit), turn);
        }
        match self.table.get(slot).map(|entry| entry.via) {
            None => {}
            Some(Via::New | Via::First) => self.remove(slot, exit, turn),
            Some(Via::Asked) => {
                self.decide(slot, exit.clone(), Decision::Leave, turn);
                self.retire(slot, exit, turn);
            }
            Some(Via::Kept) => {
                if self.plan.is_at_start_of(slot) {
                    // Whoever is still to be started belongs to the next attempt, if there is one.
                    self.lacking.extend(std::mem::take(&mut self.plan).left_to_start().filter(|other| *other != slot));
                }
                self.judge_in_turn(slot, exit, Moment::Start, turn);
            }
        }
    }

    /// Judges a failure now, or after the plan under way and what waits for it (an attempt to start that failed stands
    /// behind them too, as in OTP); not at all if that plan was about to stop the child.
    fn judge_in_turn(&mut self, slot: Slot, exit: Exit, moment: Moment, turn: &mut Turn<'_>) {
        if !self.is_blocked() && self.queue.is_empty() {
            self.judge(slot, exit, moment, turn);
        } else if self.plan.stops(slot) {
            self.cover(slot, exit, turn);
        } else {
            self.table.set(slot, Status::Waiting);
            self.queue.push_end(self.table.key(slot), exit, moment);
        }
    }

    fn cover(&mut self, slot: Slot, exit: Exit, turn: &mut Turn<'_>) {
        let leaves = self.table.is_temporary(slot);
        if exit.is_abnormal() {
            let decision = if leaves { Decision::Leave } else { Decision::Covered };
            self.decide(slot, exit.clone(), decision, turn);
        }
        if leaves {
            self.remove(slot, exit, turn);
        }
    }

    fn judge(&mut self, slot: Slot, exit: Exit, moment: Moment, turn: &mut Turn<'_>) {
        let restarts = match self.table.restart(slot) {
            Some(Restart::Permanent) => true,
            Some(Restart::Transient) => moment == Moment::Start || exit.is_abnormal(),
            Some(Restart::Temporary) | None => false,
        };
        if restarts { self.fail(slot, exit, turn) } else { self.leave(slot, exit, turn) }
    }

    /// A child has ended by itself and is not restarted.
    fn leave(&mut self, slot: Slot, exit: Exit, turn: &mut Turn<'_>) {
        let significant = self.policy(slot).is_some_and(|policy| policy.significant);
        if exit.is_abnormal() {
            self.decide(slot, exit.clone(), Decision::Leave, turn);
        }
        self.retire(slot, exit, turn);
        let ends = match self.policy.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => significant,
            AutoShutdown::AllSignificant => significant && self.table.significant_up() == 0,
        };
        if ends {
            self.end(Exit::Escalated, turn);
        }
    }

    /// A child has failed and is restarted, if the intensity allows one more.
    fn fail(&mut self, slot: Slot, exit: Exit, turn: &mut Turn<'_>) {
        if !is_repeated(&exit) && self.window.add(turn.now, &self.policy.intensity) > self.policy.intensity.restarts {
            self.decide(slot, exit.clone(), Decision::Escalate, turn);
            if self.table.leaves_at_the_end(slot) {
                self.remove(slot, exit, turn);
            }
            return self.end(Exit::Escalated, turn);
        }
        self.restarts_total += 1;
        let after = self.table.entry_mut(slot).map_or(Duration::ZERO, |entry| {
            entry.failures_in_a_row = entry.failures_in_a_row.saturating_add(1);
            entry.pause(turn.rng)
        });
        let with = self.blast(slot);
        self.decide(slot, exit, Decision::Restart { with: with.clone(), after }, turn);
        match self.policy.strategy {
            Strategy::OneForAll | Strategy::RestForOne => {
                self.plan = Plan::group(self.caught_with(slot), slot, after, &with);
            }
            Strategy::OneForOne | Strategy::Dynamic if after.is_zero() => {
                self.table.start(slot, Via::Kept, &mut turn.out);
            }
            Strategy::OneForOne | Strategy::Dynamic => self.pause(slot, after, turn),
        }
    }

    fn rang(&mut self, alarm: Alarm, turn: &mut Turn<'_>) {
        if !self.awaits(alarm) {
            return;
        }
        let slot = alarm.key.slot;
        match alarm.kind {
            AlarmKind::StartTimeout => self.table.stop(slot, Then::FailStart, &mut turn.out),
            AlarmKind::StopTimeout => self.table.kill(slot, &mut turn.out),
            AlarmKind::KillGrace => {
                turn.out.push(Action::Abandon(alarm.key));
                self.gone(alarm.key, Exit::Killed, turn);
            }
            AlarmKind::Backoff => self.resume_from_pause(slot, turn),
        }
    }

    fn resume_from_pause(&mut self, slot: Slot, turn: &mut Turn<'_>) {
        if self.plan.pause().is_some_and(|pause| pause.slot == slot) {
            self.plan.end_pause();
            self.table.set(slot, Status::Down);
        } else {
            self.table.start(slot, Via::Kept, &mut turn.out);
        }
    }

    // ---- What someone asks for.

    fn start_added(&mut self, slot: Slot, turn: &mut Turn<'_>) {
        if self.table.get(slot).is_none_or(|entry| entry.via != Via::New) {
            return;
        }
        if matches!(self.phase, Phase::Ending(_) | Phase::Ended) {
            self.remove(slot, Exit::Shutdown, turn);
        } else if self.is_blocked() {
            self.queue.push_request(Pending::StartAdded(slot));
        } else {
            self.table.start(slot, Via::First, &mut turn.out);
        }
    }

    fn terminate(&mut self, slot: Slot, turn: &mut Turn<'_>) {
        if self.table.get(slot).is_none() || matches!(self.phase, Phase::Ending(_)) {
            return;
        }
        let queued = self.queue.take(slot);
        self.plan.leave_out(slot);
        self.lacking.retain(|other| *other != slot);
        match self.table.status(slot) {
            Status::Down | Status::Waiting => {
                self.table.set(slot, Status::Down);
                if let Some(exit) = queued.clone().filter(Exit::is_abnormal) {
                    self.decide(slot, exit, Decision::Leave, turn);
                }
                self.retire(slot, queued.unwrap_or(Exit::Shutdown), turn);
            }
            Status::Starting | Status::Running => self.table.stop(slot, Then::Close, &mut turn.out),
            Status::Stopping(_) => self.table.set(slot, Status::Stopping(Then::Close)),
        }
    }

    fn restart(&mut self, slot: Slot, turn: &mut Turn<'_>) {
        if self.table.get(slot).is_none() || matches!(self.phase, Phase::Ending(_) | Phase::Ended) {
            return;
        }
        if self.plan.is_pausing() && self.plan.starts(slot) {
            // It starts with its group; whoever is in a hurry ends the pause.
            if let Some(waiting) = self.plan.end_pause() {
                self.table.set(waiting, Status::Down);
            }
            return;
        }
        if self.is_blocked() {
            return self.queue.push_request(Pending::Restart(slot));
        }
        let via = self.table.get(slot).map(|entry| entry.via);
        match self.table.status(slot) {
            Status::Down if via == Some(Via::New) => self.start_added(slot, turn),
            Status::Down => self.table.start(slot, Via::Asked, &mut turn.out),
            Status::Waiting => self.table.start(slot, Via::Kept, &mut turn.out),
            Status::Running => self.table.stop(slot, Then::Restart, &mut turn.out),
            Status::Stopping(Then::Close) => self.table.set(slot, Status::Stopping(Then::Reopen)),
            Status::Starting | Status::Stopping(Then::Reopen | Then::Restart | Then::Plan | Then::FailStart) => {}
        }
    }

    fn end(&mut self, exit: Exit, turn: &mut Turn<'_>) {
        if matches!(self.phase, Phase::Ending(_) | Phase::Ended) {
            return;
        }
        self.phase = Phase::Ending(exit);
        self.plan = Plan::default();
        self.queue.clear();
        self.lacking.clear();
        let mut slots: Vec<Slot> = self.table.slots().collect();
        // From the right, where removing from an order costs least.
        for slot in slots.iter().rev().copied() {
            if !self.table.status(slot).is_live() {
                self.table.set(slot, Status::Down);
                if self.table.leaves_at_the_end(slot) {
                    self.remove(slot, Exit::Shutdown, turn);
                }
            }
        }
        slots.retain(|slot| self.table.status(*slot).is_live());
        if self.policy.strategy == Strategy::Dynamic {
            slots.into_iter().for_each(|slot| self.stop_for_plan(slot, turn));
        } else {
            self.plan = Plan::stopping(slots);
        }
    }

    fn end_now(&mut self, exit: Exit, turn: &mut Turn<'_>) {
        if self.phase == Phase::Ended {
            return;
        }
        self.end(exit.clone(), turn);
        self.phase = Phase::Ending(exit);
        self.plan = Plan::default();
        let slots: Vec<Slot> = self.table.slots().filter(|slot| self.table.status(*slot).is_live()).collect();
        for slot in slots.into_iter().rev() {
            if !matches!(self.table.status(slot), Status::Stopping(_)) {
                self.table.set(slot, Status::Stopping(Then::Plan));
            }
            self.table.kill(slot, &mut turn.out);
        }
    }

    // ---- What follows by itself.

    /// Takes the plan as far as it goes, and then what waited for it.
    fn settle(&mut self, turn: &mut Turn<'_>) {
        loop {
            let done = self.step_plan(turn);
            match &self.phase {
                Phase::Ending(exit) if done && self.table.live() == 0 => {
                    turn.out.push(Action::End(exit.clone()));
                    self.phase = Phase::Ended;
                    return;
                }
                Phase::Init if done => {
                    self.phase = Phase::Running;
                    turn.out.push(Action::Ready);
                }
                Phase::Running => {}
                Phase::New | Phase::Init | Phase::Ending(_) | Phase::Ended => return,
            }
            if self.is_blocked() {
                return;
            }
            match self.queue.pop() {
                None if self.start_lacking() => {}
                None => return,
                Some(Pending::StartAdded(slot)) => self.start_added(slot, turn),
                Some(Pending::Restart(slot)) => self.restart(slot, turn),
                Some(Pending::Ended(key, exit, moment)) => {
                    // A plan may have taken the child over since.
                    if self.table.current(key) == Some(Status::Waiting) {
                        self.table.set(key.slot, Status::Down);
                        self.judge(key.slot, exit, moment, turn);
                    }
                }
            }
        }
    }

    /// Starts those whom a failed attempt has left behind, where no other attempt took them along; says whether there are any.
    fn start_lacking(&mut self) -> bool {
        if !self.plan.is_idle() {
            return false;
        }
        let left = std::mem::take(&mut self.lacking);
        let is_left = |slot: &Slot| left.contains(slot) && self.table.status(*slot) == Status::Down;
        let lacking: Vec<Slot> = self.table.order().iter().copied().filter(is_left).collect();
        let any = !lacking.is_empty();
        self.plan = Plan::starting(lacking);
        any
    }

    /// Takes the plan as far as it goes without waiting, and says whether it is done.
    fn step_plan(&mut self, turn: &mut Turn<'_>) -> bool {
        while let Some(slot) = self.plan.next_stop() {
            if self.table.status(slot).is_live() {
                self.stop_for_plan(slot, turn);
                return false;
            }
            self.plan.stopped();
            if self.table.status(slot) == Status::Waiting {
                self.table.set(slot, Status::Down);
                if let Some(exit) = self.queue.take(slot) {
                    self.cover(slot, exit, turn);
                }
            }
        }
        if let Some(pause) = self.plan.pause() {
            if !pause.running {
                self.plan.begin_pause();
                self.pause(pause.slot, pause.after, turn);
            }
            return false;
        }
        while let Some(slot) = self.plan.next_start() {
            match self.table.status(slot) {
                Status::Running => self.plan.started(),
                Status::Starting | Status::Stopping(_) => return false,
                Status::Down | Status::Waiting => {
                    let first = self.table.get(slot).is_some_and(|entry| entry.via == Via::First);
                    self.table.start(slot, if first { Via::First } else { Via::Kept }, &mut turn.out);
                    return false;
                }
            }
        }
        true
    }

    fn stop_for_plan(&mut self, slot: Slot, turn: &mut Turn<'_>) {
        match self.table.status(slot) {
            Status::Starting | Status::Running => self.table.stop(slot, Then::Plan, &mut turn.out),
            // The plan starts it again in its turn, if at all.
            Status::Stopping(Then::Restart | Then::FailStart) => self.table.set(slot, Status::Stopping(Then::Plan)),
            Status::Stopping(Then::Reopen) => self.table.set(slot, Status::Stopping(Then::Close)),
            Status::Stopping(Then::Close | Then::Plan) | Status::Down | Status::Waiting => {}
        }
    }

    fn late(&self, slot: Slot) -> Exit {
        let limit = self.policy(slot).and_then(|policy| policy.start_timeout).unwrap_or_default();
        start_failure(format!("did not start within {}", humantime::format_duration(limit)))
    }
}

/// Whether a redelivered message has crashed one more incarnation: it was counted with the first one, so that no message
/// alone exhausts the intensity. How often it may do so, its actor's `retry` bounds.
fn is_repeated(exit: &Exit) -> bool {
    matches!(exit, Exit::Failed(failure) if failure.crashes > 1)
}

/// A first start that failed ends the supervisor as a failure, whatever the child called it.
fn as_failure(exit: Exit) -> Exit {
    match exit {
        Exit::Failed(failure) => Exit::Failed(failure),
        quiet @ (Exit::Normal | Exit::Shutdown | Exit::Escalated | Exit::Killed) => start_failure(quiet.to_string()),
    }
}

fn start_failure(text: String) -> Exit {
    Exit::Failed(Arc::new(Failure::new(Cause::Start, text)))
}
