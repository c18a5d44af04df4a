//! Cycles of actors that wait for each other, of every length, by asks and by full mailboxes.

use std::time::Duration;

use swarmtree::testing::Record;
use swarmtree::{AskError, Handle, Refusal, Reply, System};

use crate::kit::{Do, Gate, Hand, later, note, soon, spec};

/// So many hands with mailboxes of one.
async fn hands(count: usize) -> (System, Vec<Handle<Do>>, Record) {
    let record = Record::new();
    let mut builder = System::builder("test").intensity(1000, "1h");
    for n in 0..count {
        builder = builder.child(spec(&n.to_string(), &record).mailbox(1));
    }
    let system = builder.start().await.unwrap();
    let all = (0..count).map(|n| system.find::<Hand>(&n.to_string()).unwrap()).collect();
    (system, all, record)
}

/// Waits at the gate inside a handler, then asks the next one around, beside an ask that harms nobody.
fn ask_on(gate: Gate, next: Handle<Do>, beside: Handle<Do>) -> Do {
    later(move |hand, _| {
        Box::pin(async move {
            hand.record.add("inside");
            gate.passed().await;
            let (harmless, around) = tokio::join!(beside.ask(Do::Life), next.ask(Do::Life));
            assert_eq!(harmless, Ok(1));
            match around {
                Ok(_) => hand.record.add("answered"),
                Err(AskError::Deadlock { cycle }) => hand.record.add(format!("deadlock of {}", cycle.len())),
                Err(other) => hand.record.add(other.to_string()),
            }
            Ok(())
        })
    })
}

/// Waits at the gate inside a handler, then sends to the next one around, whose mailbox is full.
fn send_on(gate: Gate, next: Handle<Do>) -> Do {
    later(move |hand, _| {
        Box::pin(async move {
            hand.record.add("inside");
            gate.passed().await;
            match next.send(note("passed")).await {
                Ok(()) => hand.record.add("sent"),
                Err(refused) => match refused.reason {
                    Refusal::Deadlock { cycle } => hand.record.add(format!("deadlock of {}", cycle.len())),
                    other => hand.record.add(other.to_string()),
                },
            }
            Ok(())
        })
    })
}

fn count(lines: &[String], line: &str) -> usize {
    lines.iter().filter(|found| *found == line).count()
}

const LENGTHS: [usize; 9] = [1, 2, 3, 4, 7, 16, 31, 63, 64];

#[tokio::test(start_paused = true)]
async fn a_cycle_of_asks_of_any_length_is_broken_at_one_place_at_once() {
    for length in LENGTHS {
        let (system, all, record) = hands(length + 1).await;
        let begun = tokio::time::Instant::now();
        let gate = Gate::new();
        for n in 0..length {
            let (next, beside) = (all[(n + 1) % length].clone(), all[length].clone());
            all[n].send(ask_on(gate.clone(), next, beside)).await.unwrap();
        }
        record.until_count("inside", length).await;
        (0..length).for_each(|_| gate.open());
        soon("all end", system.quiescent()).await;
        let lines = record.lines();
        assert_eq!(count(&lines, &format!("deadlock of {length}")), 1, "{lines:?}");
        assert_eq!(count(&lines, "answered"), length - 1, "{lines:?}");
        assert!(begun.elapsed() < Duration::from_secs(1), "no deadline had to pass");
        system.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cycle_of_full_mailboxes_of_any_length_is_broken_at_one_place_at_once() {
    for length in LENGTHS {
        let (system, all, record) = hands(length).await;
        let gate = Gate::new();
        for n in 0..length {
            all[n].send(send_on(gate.clone(), all[(n + 1) % length].clone())).await.unwrap();
        }
        record.until_count("inside", length).await;
        for hand in &all {
            hand.try_send(note("full")).unwrap();
        }
        (0..length).for_each(|_| gate.open());
        soon("all end", system.quiescent()).await;
        let lines = record.lines();
        assert_eq!(count(&lines, &format!("deadlock of {length}")), 1, "{lines:?}");
        assert_eq!((count(&lines, "sent"), count(&lines, "passed")), (length - 1, length - 1), "{lines:?}");
        system.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asks_without_a_cycle_raise_no_alarm() {
    const ROUNDS: u32 = 2_000;
    let (system, all, _) = hands(6).await;
    for hand in &all {
        hand.set_capacity(64);
    }
    // Only ever to a later one, from many handlers at once.
    fn down(rest: Vec<Handle<Do>>, reply: Reply<Result<u32, AskError>>) -> Do {
        later(move |_, _| {
            Box::pin(async move {
                let Some((next, rest)) = rest.split_first() else {
                    let _ = reply.send(Ok(1));
                    return Ok(());
                };
                let rest = rest.to_vec();
                let answer = next.within(Duration::from_secs(60)).ask(|reply| down(rest, reply)).await;
                let _ = reply.send(answer.and_then(|answer| answer));
                Ok(())
            })
        })
    }
    let askers: Vec<_> = (0..8)
        .map(|asker: usize| {
            let all = all.clone();
            tokio::spawn(async move {
                for round in 0..ROUNDS as usize / 8 {
                    let from = (asker + round) % 3;
                    let path: Vec<_> = all[from + 1..].iter().step_by(1 + round % 2).cloned().collect();
                    let first = all[from].within(Duration::from_secs(60));
                    assert_eq!(first.ask(|reply| down(path, reply)).await, Ok(Ok(1)));
                }
            })
        })
        .collect();
    for asker in askers {
        asker.await.unwrap();
    }
    system.stop().await;
}
