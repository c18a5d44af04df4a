//! Whole systems in worlds of their own.

use std::time::Duration;

use swarmtree::testing::{Faults, Record, Sim};
use swarmtree::{Supervisor, System};

use crate::kit::{Do, Hand, note, spec};

const SECOND: Duration = Duration::from_secs(1);

/// Some of everything, for ten virtual seconds.
async fn bustle(sim: Sim) {
    let record = Record::new();
    let inner = Supervisor::rest_for_one("inner")
        .intensity(1_000_000, "1s")
        .child(spec("a", &record).backoff("10ms..1s"))
        .child(spec("b", &record).retry(1))
        .child(spec("c", &record).mailbox(2));
    let system = System::builder("bustle").intensity(1000, "1h").child(inner).start().await.unwrap();
    sim.faults(Faults { crash: 0.05, slow: 0.1, slow_most: SECOND / 10, hang: 0.01, lose_reply: 0.01 });
    let names = ["inner/a", "inner/b", "inner/c"];
    let senders: Vec<_> = (0..3)
        .map(|number| {
            let to = names.map(|name| system.find::<Hand>(name).unwrap());
            let own = sim.clone();
            sim.spawn(async move {
                for n in 0..30 {
                    let target = &to[usize::try_from(own.random() % 3).unwrap()];
                    let _ = target.within(SECOND).ask(Do::Life).await;
                    let _ = tokio::time::timeout(SECOND, target.send(note(format!("{number}.{n}")))).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(5 * SECOND).await;
    // A hung handler needs somebody who kills it.
    sim.faults(Faults::default());
    for name in names {
        system.find::<Hand>(name).unwrap().kill();
    }
    for sender in senders {
        sender.await.unwrap();
    }
    system.quiescent().await;
}

#[test]
fn the_same_seed_takes_the_same_course() {
    let first = System::simulated(42).run(bustle);
    assert_eq!(first.failure, None);
    assert!(first.events > 100, "{first}");
    for _ in 0..20 {
        assert_eq!(System::simulated(42).run(bustle).hash, first.hash);
    }
    let others: std::collections::BTreeSet<u64> =
        (0..20).map(|seed| System::simulated(seed).run(bustle).hash).collect();
    assert_eq!(others.len(), 20);
}

#[test]
fn virtual_time_costs_nothing_when_nobody_has_anything_to_do() {
    let outcome = System::simulated(1).limit(Duration::MAX).run(|_| async {
        let record = Record::new();
        let system = System::builder("idle").child(spec("a", &record)).start().await.unwrap();
        tokio::time::sleep(1_000_000 * SECOND).await;
        system.stop().await;
    });
    assert_eq!(outcome.failure, None);
    assert!(outcome.elapsed >= 1_000_000 * SECOND);
}
