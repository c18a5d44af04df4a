//! What happens to messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use swarmtree::testing::{Faults, Record, Sim};
use swarmtree::{ActorSpec, Handle, Lane, Overflow, System};

use crate::kit::{Do, Gate, Hand, guarded, ledger, note, now, weigh};
use crate::seeds;

const SECOND: Duration = Duration::from_secs(1);

async fn one(change: impl FnOnce(ActorSpec<Hand>) -> ActorSpec<Hand>) -> (System, Handle<Do>, Record) {
    crate::kit::one(change).await
}

/// Sends so many numbered notes from each of several senders, each at its own pace.
fn senders(sim: &Sim, to: &Handle<Do>, count: u64, each: u64) -> Vec<tokio::task::JoinHandle<()>> {
    let all = (0..count).map(|sender| {
        let (own, to) = (sim.clone(), to.clone());
        sim.spawn(async move {
            for n in 0..each {
                if own.random().is_multiple_of(4) {
                    tokio::time::sleep(Duration::from_micros(own.random() % 500)).await;
                }
                let _ = to.send(note(format!("{sender}.{n:04}"))).await;
            }
        })
    });
    all.collect()
}

/// Notes of each sender stand in the order they were sent, each once.
fn assert_in_order(lines: &[String], sender: u64) -> usize {
    let own: Vec<&String> = lines.iter().filter(|line| line.starts_with(&format!("{sender}."))).collect();
    assert!(own.is_sorted() && own.windows(2).all(|two| two[0] != two[1]), "sender {sender}: {own:?}");
    own.len()
}

#[test]
fn every_message_is_handled_once_and_in_its_senders_order() {
    System::simulate(seeds(), |sim| async move {
        let capacity = 1 << (sim.random() % 6);
        let (system, a, record) = one(|spec| spec.mailbox(capacity)).await;
        for sender in senders(&sim, &a, 4, 25) {
            sender.await.unwrap();
        }
        system.quiescent().await;
        for sender in 0..4 {
            assert_eq!(assert_in_order(&record.lines(), sender), 25);
        }
        assert_eq!((ledger(&a).accepted, ledger(&a).handled), (100, 100));
    });
}

#[test]
fn the_books_balance_whatever_strikes() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.mailbox(4)).await;
        let mut letters = system.dead_letters(1000);
        sim.faults(Faults { crash: 0.1, slow: 0.2, slow_most: SECOND / 100, ..Faults::default() });
        let senders = senders(&sim, &a, 3, 25);
        for capacity in [1, 8, 2, 4] {
            tokio::time::sleep(Duration::from_millis(sim.random() % 20)).await;
            a.set_capacity(capacity);
            if sim.random().is_multiple_of(3) {
                a.kill();
            }
        }
        for sender in senders {
            sender.await.unwrap();
        }
        system.quiescent().await;
        let books = ledger(&a);
        assert!(books.is_balanced() && books.queued == 0, "{books:?}");
        assert_eq!(books.accepted, 75, "whoever waits for room gets it");
        assert_eq!(books.handled, record.lines().iter().filter(|line| line.contains('.')).count() as u64);
        let mut dead = 0;
        while letters.try_recv().is_some() {
            dead += 1;
        }
        assert_eq!(books.dead_lettered, dead);
        (0..3).for_each(|sender| drop(assert_in_order(&record.lines(), sender)));
    });
}

#[test]
fn a_mailbox_holds_no_more_than_its_capacity() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, _) = one(|spec| spec.mailbox(3)).await;
        sim.slow("a", Duration::from_micros(300));
        let senders = senders(&sim, &a, 5, 10);
        for _ in 0..40 {
            let seen = a.snapshot().mailbox.unwrap();
            assert!(seen.normal <= seen.capacity + 1, "{} in a mailbox of {}", seen.normal, seen.capacity);
            tokio::time::sleep(Duration::from_micros(sim.random() % 400)).await;
        }
        for sender in senders {
            sender.await.unwrap();
        }
        system.quiescent().await;
        assert_eq!(ledger(&a).handled, 50);
    });
}

#[test]
fn overflow_drops_what_its_policy_says() {
    System::simulate(seeds(), |sim| async move {
        for (overflow, expected) in [(Overflow::DropOldest, ["3", "4"]), (Overflow::DropNewest, ["1", "2"])] {
            let (system, a, record) = one(|spec| spec.mailbox(2).overflow(overflow)).await;
            a.suspend();
            for n in 1..=4 {
                a.send(note(n)).await.unwrap();
            }
            assert_eq!(ledger(&a).dropped, 2);
            a.resume();
            system.quiescent().await;
            assert_eq!(record.lines(), expected);
            sim.note("one policy done");
            system.stop().await;
        }
    });
}

#[test]
fn a_mailbox_of_bytes_weighs_what_is_inside() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.mailbox_bytes(100)).await;
        let sent: Vec<_> = (0..12)
            .map(|n| {
                let (a, bytes) = (a.clone(), 10 + usize::try_from(sim.random() % 80).unwrap());
                sim.spawn(async move { a.send(weigh(bytes, &format!("{n}"))).await.is_ok() })
            })
            .collect();
        for sent in sent {
            assert!(sent.await.unwrap());
        }
        system.quiescent().await;
        assert_eq!(record.lines().len(), 12);
        assert!(a.try_send(weigh(100, "all of it")).is_ok(), "an empty mailbox has all its room");
        system.quiescent().await;
    });
}

#[test]
fn urgent_messages_pass_all_normal_ones() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.mailbox(64)).await;
        a.suspend();
        let mut normal = 0;
        for n in 0..20 {
            let lane = if sim.random().is_multiple_of(2) { Lane::Urgent } else { Lane::Normal };
            normal += usize::from(lane == Lane::Normal);
            a.send_in(lane, note(format!("{lane:?} {n:02}"))).await.unwrap();
        }
        a.resume();
        system.quiescent().await;
        let lines = record.lines();
        assert!(lines[20 - normal..].iter().all(|line| line.starts_with("Normal")), "{lines:?}");
        assert!(lines[..20 - normal].is_sorted() && lines[20 - normal..].is_sorted(), "{lines:?}");
    });
}

#[test]
fn a_suspended_actor_handles_nothing() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec).await;
        sim.slow("a", Duration::from_micros(200));
        let senders = senders(&sim, &a, 2, 10);
        tokio::time::sleep(Duration::from_micros(sim.random() % 3000)).await;
        a.suspend();
        tokio::time::sleep(SECOND).await;
        let before = record.lines().len();
        for n in 0..10 {
            a.send(note(format!("more {n}"))).await.unwrap();
        }
        tokio::time::sleep(SECOND).await;
        assert_eq!(record.lines().len(), before);
        a.resume();
        for sender in senders {
            sender.await.unwrap();
        }
        system.quiescent().await;
        assert_eq!(record.lines().len(), 30);
    });
}

#[test]
fn stashed_messages_come_back_once_in_order_and_survive_crashes() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.mailbox(64)).await;
        for n in 0..8 {
            a.send(guarded(&format!("g{n}"))).await.unwrap();
            if sim.random().is_multiple_of(4) {
                a.send(now(|_, cx| cx.stop())).await.unwrap();
            }
        }
        a.send(Do::Open).await.unwrap();
        a.send(note("later")).await.unwrap();
        system.quiescent().await;
        let lines: Vec<String> = record.lines().into_iter().filter(|line| !line.starts_with("stop")).collect();
        let expected: Vec<String> = ["unstashed 8".to_owned()]
            .into_iter()
            .chain((0..8).map(|n| format!("g{n}")))
            .chain(["later".to_owned()])
            .collect();
        assert_eq!(lines, expected);
        let books = ledger(&a);
        assert!(books.is_balanced() && books.queued == 0, "{books:?}");
    });
}

#[test]
fn a_poisonous_message_costs_its_retries_and_nothing_else() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.retry(2).mailbox(64)).await;
        let poison = usize::try_from(sim.random() % 10).unwrap();
        for n in 0..10 {
            let message = if n == poison { Do::Panic("poison".into()) } else { note(n) };
            a.send(message).await.unwrap();
        }
        system.quiescent().await;
        let expected: Vec<String> = (0..10).filter(|n| *n != poison).map(|n| n.to_string()).collect();
        assert_eq!(record.lines(), expected);
        assert_eq!((a.snapshot().incarnation, a.quarantined()[0].crashes), (4, 3));
        assert_eq!((ledger(&a).handled, ledger(&a).quarantined), (9, 1));
    });
}

#[test]
fn a_send_that_is_given_up_leaves_no_trace() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.mailbox(1)).await;
        let gate = Gate::new();
        a.send(gate.hold()).await.unwrap();
        record.until("held").await;
        let sent = Arc::new(AtomicU64::new(0));
        let waiting: Vec<_> = (0..6)
            .map(|n| {
                let (a, sent) = (a.clone(), Arc::clone(&sent));
                sim.spawn(async move {
                    if a.send(note(n)).await.is_ok() {
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        tokio::time::sleep(SECOND).await;
        for task in waiting.iter().filter(|_| sim.random().is_multiple_of(2)) {
            task.abort();
        }
        gate.open();
        for task in waiting {
            let _ = task.await;
        }
        system.quiescent().await;
        let lines = record.lines();
        assert_eq!(lines.len() as u64, sent.load(Ordering::Relaxed) + 1, "{lines:?}");
        assert_eq!(ledger(&a).accepted, lines.len() as u64);
    });
}

#[test]
fn a_filled_mailbox_makes_its_senders_wait_and_lets_them_in_afterwards() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec).await;
        let filled = sim.fill(&a);
        assert!(a.try_send(note("now")).is_err());
        let waiting = senders(&sim, &a, 2, 5);
        tokio::time::sleep(SECOND).await;
        assert_eq!(record.lines(), [""; 0]);
        drop(filled);
        for sender in waiting {
            sender.await.unwrap();
        }
        system.quiescent().await;
        assert_eq!(record.lines().len(), 10);
    });
}
