//! What the dead letter log keeps.

use swarmtree::testing::{Act, Record, Script, Scripted};
use swarmtree::{DeadReason, Supervisor, System};
use swarmtree_actors::DeadLetterLog;

#[tokio::test(start_paused = true)]
async fn the_latest_dead_letters_are_kept_up_to_the_limit() {
    let record = Record::new();
    let crashing = Supervisor::one_for_one("crashing").intensity(10, "1h").child(Script::new("a", &record).spec());
    let system = System::builder("test").child(crashing).start().await.unwrap();
    let log = system.spawn::<DeadLetterLog>("log", (system.clone(), 2)).await.unwrap();
    let a = system.find::<Scripted>("crashing/a").unwrap();

    for number in 0..3 {
        a.send(Act::Panic(format!("boom {number}"))).await.unwrap();
    }
    system.quiescent().await;

    assert_eq!(log.seen().await, Ok(3));
    let latest = log.latest().await.unwrap();
    let reasons: Vec<String> = latest.iter().map(|letter| letter.reason.to_string()).collect();
    assert_eq!(latest.len(), 2);
    assert!(reasons[0].contains("boom 1") && reasons[1].contains("boom 2"), "{reasons:?}");
    assert!(matches!(latest[0].reason, DeadReason::Crashed(_)));
    system.stop().await;
}
