//! What the JSON shows.

use swarmtree::System;
use swarmtree::testing::{Act, Record, Script, Scripted};
use swarmtree_console::snapshot_json;

#[tokio::test(start_paused = true)]
async fn the_json_shows_every_actor_with_its_books() {
    let record = Record::new();
    let system = System::builder("test").seed(1).child(Script::new("a", &record).spec()).start().await.unwrap();
    system.find::<Scripted>("a").unwrap().send(Act::Note("x".into())).await.unwrap();
    system.quiescent().await;
    let json: serde_json::Value = serde_json::from_str(&snapshot_json(&system).unwrap()).unwrap();
    let a = &json["actors"][0];
    assert_eq!((a["path"].as_str(), a["status"].as_str()), (Some("a"), Some("idle")));
    assert_eq!(a["mailbox"]["ledger"]["handled"], 1);
    assert_eq!(json["id"], system.id().to_string());
    system.stop().await;
}
