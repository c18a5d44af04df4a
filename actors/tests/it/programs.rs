//! Agents whose work other programs do.

use std::path::PathBuf;
use std::time::Duration;

use swarmtree::{System, Topology};
use swarmtree_actors::agents::{Agent, Behaviours, BoardOptions, Crew, Outcome, Plan, Subprocess, Task};

use crate::work::soon;

/// In real time, as programs know no other.
#[tokio::test]
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
async fn a_program_answers_fails_by_its_exit_and_is_killed_when_nobody_wants_it() {
    if std::process::Command::new("sh").arg("-c").arg("true").status().is_err() {
        eprintln!("SKIPPED: there is no sh here to run programs with");
        return;
    }
    let script =
        "read line; case $line in fail) exit 3;; pid) echo $$ >&3; exec sleep 1000;; *) echo \"$line!\";; esac";
    let file = std::env::temp_dir().join(format!("swarmtree-program-{}", std::process::id()));
    let script = format!("exec 3>{}; {script}", file.display());
    let system = System::start("programs").await.unwrap();
    let behaviours =
        Behaviours::<String, String>::new().register("sh", Subprocess::new("sh").arg("-c").arg(script).behaviour());
    let agents = [Agent::new("a", "sh")];
    let crew =
        Crew::start(&system, "crew", Topology::star(), BoardOptions::default(), behaviours, agents).await.unwrap();
    let tasks = ["hello", "fail"].map(|text| Task::new(text, format!("{text}\n")).retries(0));
    let submitted = crew.submit(Plan::balanced(tasks)).unwrap();
    let hello = soon("it ends", submitted.outcome("hello")).await.unwrap();
    assert_eq!(hello.results[0].result, "hello!\n");
    let failed = soon("it ends", submitted.outcome("fail")).await.unwrap();
    assert!(failed.failures[0].error.to_string().contains("exit status: 3"), "{:?}", failed.failures);

    let hung = crew.submit(Task::new("pid", "pid\n".to_owned())).unwrap();
    // Another process tells of nothing: its traces are looked at again and again.
    let pid = soon("it has begun", async {
        loop {
            if let Ok(pid) = std::fs::read_to_string(&file).unwrap_or_default().trim().parse::<u32>() {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let process = PathBuf::from(format!("/proc/{pid}"));
    assert!(process.exists() || !cfg!(target_os = "linux"));
    crew.cancel("pid");
    assert_eq!(soon("it ends", hung.outcome("pid")).await.unwrap().outcome, Outcome::Cancelled);
    soon("it is gone, and no zombie", async {
        while process.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    std::fs::remove_file(&file).unwrap();
    system.stop().await;
}
