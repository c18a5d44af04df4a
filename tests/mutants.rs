//! Bugs planted into a copy of the runtime, each of which a law of `tests/sim` must find by simulation.
//!
//! `cargo test --test mutants` checks that every bug still has its place in the source; `-- --ignored` plants them, one after
//! the other, builds the copy and lets the law run until it fails, within 10,000 seeds.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Mutant {
    name: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// The law that finds it.
    law: &'static str,
}

const MUTANTS: [Mutant; 28] = [
    Mutant {
        name: "an order that wakes nobody",
        file: "src/actor/cell.rs",
        from: "let wake = inner.rouse();",
        to: "let wake = if inner.orders.suspend { inner.rouse() } else { Wake::Nobody };",
        law: "a_suspended_actor_handles_nothing",
    },
    Mutant {
        name: "admitted senders that are not woken",
        file: "src/actor/turn.rs",
        from: "self.wakers.drain(..).for_each(Waker::wake);",
        to: "self.wakers.clear();",
        law: "every_message_is_handled_once_and_in_its_senders_order",
    },
    Mutant {
        name: "a group restart that forgets its last child",
        file: "src/supervisor/rules.rs",
        from: "Plan::group(self.caught_with(slot), slot, after, &with)",
        to: "Plan::group(self.caught_with(slot), slot, after, with.get(..with.len().max(2) - 1).unwrap_or_default())",
        law: "rest_for_one_restarts_the_failed_one_and_those_after_it",
    },
    Mutant {
        name: "a shutdown from left to right",
        file: "src/supervisor/rules.rs",
        from: "self.plan = Plan::stopping(slots);",
        to: "slots.reverse();\n            self.plan = Plan::stopping(slots);",
        law: "one_for_one_restarts_the_failed_one",
    },
    Mutant {
        name: "a stash that loses its last message",
        file: "src/mailbox/aside.rs",
        from: "stash.append(&mut reserve.unstashed);",
        to: "stash.pop_back();\n        stash.append(&mut reserve.unstashed);",
        law: "stashed_messages_come_back_once_in_order_and_survive_crashes",
    },
    Mutant {
        name: "a batch that goes back in the wrong order",
        file: "src/mailbox/lane.rs",
        from: "while let Some(message) = messages.pop_back() {",
        to: "while let Some(message) = messages.pop_front() {",
        law: "every_message_is_handled_once_and_in_its_senders_order",
    },
    Mutant {
        name: "one retry too many",
        file: "src/mailbox/aside.rs",
        from: "if crashes <= retry {",
        to: "if crashes <= retry + 1 {",
        law: "a_poisonous_message_costs_its_retries_and_nothing_else",
    },
    Mutant {
        name: "a crashed message that is not booked",
        file: "src/mailbox/aside.rs",
        from: "self.dead_lettered += 1;\n            return Fate::Dead(None);",
        to: "return Fate::Dead(None);",
        law: "the_books_balance_whatever_strikes",
    },
    Mutant {
        name: "a mailbox with room for one more",
        file: "src/mailbox/lanes.rs",
        from: "LaneQueue::occupied) < self.capacity as usize;",
        to: "LaneQueue::occupied) <= self.capacity as usize;",
        law: "a_mailbox_holds_no_more_than_its_capacity",
    },
    Mutant {
        name: "a weight that is never given back",
        file: "src/mailbox/lanes.rs",
        from: "self.held = self.held.saturating_sub(released);",
        to: "self.held = self.held.saturating_sub(released / 2);",
        law: "a_mailbox_of_bytes_weighs_what_is_inside",
    },
    Mutant {
        name: "oldest and newest exchanged",
        file: "src/mailbox/lanes.rs",
        from: "let oldest = match self.lane_mut(lane).pop_oldest() {",
        to: "let last = self.lane_mut(lane).drain().pop_back();\n            let oldest = match last {",
        law: "overflow_drops_what_its_policy_says",
    },
    Mutant {
        name: "an urgent message that waits for a second one",
        file: "src/mailbox/lanes.rs",
        from: "let lane = if self.urgent.as_ref().is_some_and(|urgent| urgent.queued() > 0) {",
        to: "let lane = if self.urgent.as_ref().is_some_and(|urgent| urgent.queued() > usize::from(self.normal.queued() > 0)) {",
        law: "urgent_messages_pass_all_normal_ones",
    },
    Mutant {
        name: "a suspension that is forgotten after the message in hand",
        file: "src/actor/cell_turn.rs",
        from: "self.orders.leave |= settled.leave;",
        to: "self.orders.leave |= settled.leave;\n        self.orders.suspend = false;",
        law: "a_suspended_actor_handles_nothing",
    },
    Mutant {
        name: "a timer that comes too early",
        file: "src/actor/timer.rs",
        from: "tokio::time::sleep(pause).await;",
        to: "tokio::time::sleep(pause / 2).await;",
        law: "timers_come_at_their_time_and_die_with_their_incarnation",
    },
    Mutant {
        name: "a watch that overtakes messages",
        file: "src/actor/context.rs",
        from: "Ok(message) => drop(cell.tick(incarnation, &told, Place::Last, message)),",
        to: "Ok(message) => drop(cell.tick(incarnation, &told, Place::First, message)),",
        law: "a_watch_fires_once_behind_all_that_was_sent",
    },
    Mutant {
        name: "an intensity that gives up one failure early",
        file: "src/supervisor/rules.rs",
        from: "> self.policy.intensity.restarts {",
        to: ">= self.policy.intensity.restarts {",
        law: "the_failure_beyond_the_intensity_escalates_and_none_before",
    },
    Mutant {
        name: "a window that slides too slowly",
        file: "src/supervisor/rules/window.rs",
        from: "<= intensity.period\n",
        to: "<= intensity.period * 2\n",
        law: "the_failure_beyond_the_intensity_escalates_and_none_before",
    },
    Mutant {
        name: "a transient child that comes back after a normal end",
        file: "src/supervisor/rules.rs",
        from: "moment == Moment::Start || exit.is_abnormal()",
        to: "moment == Moment::Start || exit != Exit::Shutdown",
        law: "the_restart_kind_decides_who_comes_back",
    },
    Mutant {
        name: "a search for cycles that sees only the nearest",
        file: "src/actor/waits.rs",
        from: "if edge.to == goal {",
        to: "if edge.to == goal && stack.len() < 2 {",
        law: "a_cycle_of_asks_is_found_at_once_and_a_chain_is_none",
    },
    Mutant {
        name: "a wait that is never forgotten",
        file: "src/actor/waits.rs",
        from: "list.retain(|edge| edge.serial != serial);",
        to: "list.retain(|edge| edge.serial != u64::MAX);",
        law: "a_wait_that_is_over_is_no_part_of_a_cycle",
    },
    Mutant {
        name: "a reply that wakes nobody",
        file: "src/actor/ask.rs",
        from: "if let Some(waker) = waker {\n            waker.wake();\n        }\n        Ok(())",
        to: "drop(waker);\n        Ok(())",
        law: "every_ask_gets_its_own_answer_in_place_or_queued",
    },
    Mutant {
        name: "a stop that tells no waiting sender",
        file: "src/actor/cell_life.rs",
        from: "(remains, cut, dead, inner.lanes.wakers(), watchers)",
        to: "(remains, cut, dead, Vec::new(), watchers)",
        law: "whoever_waits_at_an_actor_that_stops_is_told",
    },
    Mutant {
        name: "a visit that forgets what came meanwhile",
        file: "src/actor/turn.rs",
        from: "cx.waker().wake_by_ref();\n                        Poll::Pending",
        to: "Poll::Pending",
        law: "what_a_handler_tells_itself_while_it_is_asked_is_handled",
    },
    Mutant {
        name: "a handler that began in place and waits, and nobody goes on with it",
        file: "src/actor/here.rs",
        from: "Some(ticket) => begun::go_on(Arc::clone(cell), ticket, kind, begun, reply),",
        to: "Some(_) => std::mem::forget((begun, reply)),",
        law: "an_ask_that_has_to_wait_in_place_is_answered_and_holds_up_what_comes_after",
    },
    Mutant {
        name: "a backoff that does not grow",
        file: "src/supervisor/rules/entry.rs",
        from: "backoff.pause(self.failures_in_a_row)",
        to: "backoff.pause(self.failures_in_a_row.min(1))",
        law: "a_restart_waits_for_its_backoff",
    },
    Mutant {
        name: "a stop without a limit",
        file: "src/supervisor/rules.rs",
        from: "AlarmKind::StopTimeout => self.table.kill(slot, &mut turn.out),",
        to: "AlarmKind::StopTimeout => {}",
        law: "a_child_that_hangs_is_killed_at_its_limit_and_the_rest_stop_in_order",
    },
    Mutant {
        name: "a forecast that forgets one failure of each round",
        file: "src/supervisor/forecast.rs",
        from: "u64::from(spent.restarts_limit) + 1",
        to: "u64::from(spent.restarts_limit).max(1)",
        law: "a_failure_does_what_its_blast_radius_said",
    },
    Mutant {
        name: "a forecast that takes for gone who comes back with a group further up",
        file: "src/supervisor/forecast/course.rs",
        from: "closed.for_each(|gone| gone.returns = true);",
        to: "drop(closed);",
        law: "a_failure_does_what_its_blast_radius_said",
    },
];

/// Seeds within which a planted bug must be found.
const SEEDS: &str = "10000";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_planted_bug_has_its_place_in_the_source() {
    let laws: String = ["blast", "messages", "lives", "waits"]
        .iter()
        .map(|file| fs::read_to_string(root().join(format!("tests/sim/{file}.rs"))).unwrap())
        .collect();
    for mutant in &MUTANTS {
        let text = fs::read_to_string(root().join(mutant.file)).unwrap();
        assert_eq!(text.matches(mutant.from).count(), 1, "{}: {:?} in {}", mutant.name, mutant.from, mutant.file);
        assert!(laws.contains(&format!("fn {}()", mutant.law)), "{}: no law {}", mutant.name, mutant.law);
    }
}

/// Copies what the simulation needs to build.
fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if fs::read(from).ok() != fs::read(to).ok() {
        // What has not changed keeps its time, so that it is not built again.
        fs::copy(from, to).unwrap();
    }
}

/// Runs one law in the copy; its output, and whether it held.
fn run(copied: &Path, law: &str) -> (String, bool) {
    let output = Command::new(env!("CARGO"))
        .args(["test", "--test", "sim", "--", "--exact", "--nocapture"])
        .args(["blast", "lives", "messages", "waits"].map(|module| format!("{module}::{law}")))
        .current_dir(copied)
        .env("CARGO_TARGET_DIR", copied.join("target"))
        .env("SWARMTREE_SEEDS", SEEDS)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (text, output.status.success())
}

#[test]
#[ignore = "builds the runtime once for each planted bug: about ten seconds each"]
fn each_planted_bug_is_found_within_ten_thousand_seeds() {
    let copied = root().join("target/mutants");
    fs::create_dir_all(&copied).unwrap();
    let parts = ["Cargo.toml", "Cargo.lock", "README.md", "src", "actors", "examples", "tests"];
    for part in parts {
        copy(&root().join(part), &copied.join(part));
    }
    let mut missed = Vec::new();
    for mutant in &MUTANTS {
        let (file, clean) = (copied.join(mutant.file), fs::read_to_string(root().join(mutant.file)).unwrap());
        fs::write(&file, clean.replace(mutant.from, mutant.to)).unwrap();
        let (text, held) = run(&copied, mutant.law);
        fs::write(&file, clean).unwrap();
        assert!(text.contains("running 1 test"), "{} does not build:\n{text}", mutant.name);
        let seed = text.lines().find(|line| line.starts_with("seed ")).unwrap_or("never");
        println!("{}: {seed}", mutant.name);
        if held || seed == "never" {
            missed.push(mutant.name);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
