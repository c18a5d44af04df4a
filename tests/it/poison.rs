//! Messages that crash whoever handles them, among very many that do not.

use std::time::Duration;

use swarmtree::testing::{Record, assert_balanced};
use swarmtree::{Decision, Overflow, Supervisor, System};

use crate::kit::{Do, Gate, Hand, note, soon, spec};

#[tokio::test(start_paused = true)]
async fn no_message_alone_exhausts_the_intensity() {
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").intensity(1, "1h").child(spec("a", &record).retry(5));
    let system = System::builder("test").child(inner).start().await.unwrap();
    let mut failures = system.failures(16);
    let a = system.find::<Hand>("inner/a").unwrap();
    a.send(Do::Panic("poison".into())).await.unwrap();
    system.quiescent().await;
    assert_eq!((a.snapshot().incarnation, a.quarantined().len()), (7, 1));
    let counted = std::iter::from_fn(|| failures.try_recv()).map(|report| report.failures_in_window);
    assert_eq!(counted.collect::<Vec<_>>(), [1; 6]);
    // A second one is one too many.
    a.send(Do::Panic("poison".into())).await.unwrap();
    let report = soon("a report", failures.recv()).await.unwrap();
    assert_eq!((report.failures_in_window, report.decision), (2, Decision::Escalate));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn ten_poisonous_messages_among_many_cost_their_retries_and_nothing_else() {
    const MESSAGES: u64 = 20_000;
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").intensity(10, "1h").child(spec("a", &record).retry(2));
    let system = System::builder("test").child(inner).start().await.unwrap();
    let a = system.find::<Hand>("inner/a").unwrap();
    for n in 0..MESSAGES {
        let poison = n % (MESSAGES / 10) == 7;
        a.send(if poison { Do::Panic("poison".into()) } else { note(n) }).await.unwrap();
    }
    system.quiescent().await;
    assert_eq!(a.snapshot().incarnation, 31, "ten times three crashes");
    assert_eq!(a.quarantined().len(), 10);
    let lines = record.lines();
    let expected: Vec<String> = (0..MESSAGES).filter(|n| n % (MESSAGES / 10) != 7).map(|n| n.to_string()).collect();
    assert!(lines == expected, "each once, in order");
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_reject_mailbox_stays_full_through_the_retries_of_a_poisonous_message() {
    let record = Record::new();
    let spec = spec("a", &record).retry(3).mailbox(2).overflow(Overflow::Reject).backoff("1s..1s");
    let system = System::builder("test").intensity(10, "1h").child(spec).start().await.unwrap();
    let a = system.find::<Hand>("a").unwrap();
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    record.until("held").await;
    a.try_send(Do::Panic("poison".into())).unwrap();
    a.try_send(note("behind")).unwrap();
    assert!(a.try_send(note("no room")).is_err());
    gate.open();
    tokio::time::sleep(Duration::from_secs(10)).await;
    system.quiescent().await;
    assert_eq!(record.lines(), ["held", "behind"]);
    assert_eq!(a.quarantined().len(), 1);
    assert_balanced(&a);
    system.stop().await;
}
