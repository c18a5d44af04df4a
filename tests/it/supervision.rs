//! What supervisors do.

use swarmtree::testing::{Act, Record, Script, Scripted};
use swarmtree::{Exit, Supervisor, System};

#[tokio::test(start_paused = true)]
async fn a_tree_starts_left_to_right_and_stops_right_to_left() {
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").child(Script::new("b", &record).spec());
    let system = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(inner)
        .child(Script::new("c", &record).spec())
        .start()
        .await
        .unwrap();
    assert_eq!(record.take(), ["start a", "start b", "start c"]);
    println!("{}", system.tree());
    assert_eq!(system.stop().await, Exit::Shutdown);
    assert_eq!(record.take(), ["stop c", "drop c", "stop b", "drop b", "stop a", "drop a"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_restarts_the_child_and_its_handle_stays_valid() {
    let record = Record::new();
    let system = System::builder("test").child(Script::new("a", &record).spec()).start().await.unwrap();
    let a = system.find::<Scripted>("a").unwrap();
    let mut failures = system.failures(16);
    a.send(Act::Panic("boom".into())).await.unwrap();
    assert_eq!(a.ask(Act::Life).await, Ok(2));
    let report = failures.recv().await.unwrap().to_string();
    assert!(report.contains("boom") && report.contains("scripted.rs") && report.contains("on panic"), "{report}");
    assert_eq!(record.take(), ["start a", "drop a", "start a"]);
    system.stop().await;
}
