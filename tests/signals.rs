//! Ctrl-C and SIGTERM, in a process of their own.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;
use std::time::Duration;

use swarmtree::testing::{Act, Record, Script, Scripted};
use swarmtree::{Exit, System, shutdown_signal};

/// Sends this process a signal; whoever calls it listens already, so that it ends nothing.
fn signal(name: &str) {
    let sent = Command::new("kill").arg(name).arg(std::process::id().to_string()).status().unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn a_signal_drains_the_system_and_a_second_one_kills_it() {
    let record = Record::new();
    let system = System::builder("test").child(Script::new("a", &record).spec()).start().await.unwrap();
    let a = system.find::<Scripted>("a").unwrap();
    // Listening begins with the first poll.
    let mut heard = Box::pin(shutdown_signal());
    let not_yet = std::future::poll_fn(|cx| std::task::Poll::Ready(heard.as_mut().poll(cx).is_pending())).await;
    assert!(not_yet);

    let running = tokio::spawn({
        let system = system.clone();
        async move { system.run_until_signal().await.unwrap() }
    });
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    a.send(Act::Hang).await.unwrap();
    record.until("hang a").await;
    signal("-TERM");
    heard.await.unwrap();
    // It drains, and waits for the hanging handler; the second signal does not.
    tokio::time::timeout(Duration::from_millis(50), system.stopped()).await.unwrap_err();
    signal("-INT");
    assert_eq!(running.await.unwrap(), Exit::Killed);
}
