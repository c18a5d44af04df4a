//! The small examples check their own ending; here they run.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::process::Command;

/// Cargo builds the examples of the package before its tests, beside them.
fn run(example: &str) -> String {
    let tests = std::env::current_exe().unwrap();
    let profile: PathBuf = tests.parent().unwrap().parent().unwrap().to_owned();
    let binary = profile.join("examples").join(example);
    assert!(binary.exists(), "{binary:?} is missing; `cargo test --workspace` or `cargo build --examples` builds it");
    let output = Command::new(binary).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{example}: {}\n{text}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn hello_greets() {
    run("hello");
}

#[test]
fn chat_outlives_a_poisonous_line() {
    let text = run("chat");
    for part in ["room (Room) idle 0/64 quarantined 1 life 3", "restart 1/10 at once", "zero byte"] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn by_hand_is_all_that_the_macros_write() {
    run("by_hand");
}

#[test]
fn legacy_restarts_a_ractor_actor() {
    run("legacy");
}

#[test]
fn restart_shows_each_decision() {
    let text = run("restart");
    for part in ["restart 1/2 at once", "restart 2/2 of 2 children", "restart 3 of at most 2: escalated"] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn topologies_heal_and_change_their_shape_without_loss() {
    let text = run("topologies");
    let parts = ["a star of rings", "epoch 16: pipeline -> mesh", "the swarm can lock up in triage -wait-> rework"];
    for part in parts.into_iter().chain(["all 20000 words were heard, each once and in order"]) {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn agents_find_the_answer_though_one_of_them_crashes() {
    let text = run("agents");
    for part in ["the worst chain of knock-on delays", "crashes of the clumsy agent", "the same as computed plainly"] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}
