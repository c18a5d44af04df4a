//! In equals out, whatever happens on however many threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use swarmtree::testing::{Act, Record, Script, Scripted, assert_system_balanced};
use swarmtree::{ActorSpec, Overflow, Supervised, Supervisor, System};

use crate::kit::{Args, Do, Hand, later, ledger, now};

const ACTORS: usize = 8;
const SENDERS: u64 = 4;
const EACH: u64 = 5_000;

/// Some of everything: notes, crashes, failures, asynchronous handlers, timers, stashes.
fn message(rng: &mut fastrand::Rng) -> Do {
    match rng.u32(0..100) {
        0 => Do::Panic("at random".into()),
        1 => crate::kit::fail("at random"),
        2..5 => later(|_, _| {
            Box::pin(async {
                tokio::task::yield_now().await;
                Ok(())
            })
        }),
        5 => now(|_, cx| drop(cx.after(std::time::Duration::ZERO, now(|_, _| {})))),
        6 => Do::Guarded("kept aside".into()),
        7 => Do::Open,
        n => Do::Weigh(n as usize % 32, String::new()),
    }
}

#[expect(clippy::too_many_lines, reason = "one storm")]
async fn torment(seed: u64, retry: u32, bytes: usize) {
    let mut builder = System::builder("test").seed(seed).intensity(u32::MAX, "1h");
    for n in 0..ACTORS {
        let policy = match n % 4 {
            0 | 1 => Overflow::Wait,
            2 => Overflow::Reject,
            _ => [Overflow::DropNewest, Overflow::DropOldest][n / 4],
        };
        let spec = ActorSpec::<Hand>::new(&n.to_string(), Args(String::new(), Record::new()));
        builder = builder.child(spec.mailbox(16).mailbox_bytes(bytes).overflow(policy).retry(retry));
    }
    let system = builder.start().await.unwrap();
    let handles: Vec<_> = (0..ACTORS).map(|n| system.find::<Hand>(&n.to_string()).unwrap()).collect();
    let accepted = Arc::new(AtomicU64::new(0));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (handles, accepted, mut rng) =
                (handles.clone(), Arc::clone(&accepted), fastrand::Rng::with_seed(seed ^ sender));
            tokio::spawn(async move {
                for _ in 0..EACH {
                    let to = &handles[rng.usize(..ACTORS)];
                    let to = if rng.u32(0..8) == 0 { to.urgent() } else { to.clone() };
                    let sent =
                        if rng.bool() { to.send(message(&mut rng)).await } else { to.try_send(message(&mut rng)) };
                    accepted.fetch_add(u64::from(sent.is_ok()), Ordering::Relaxed);
                }
            })
        })
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let tormentor = tokio::spawn({
        let (handles, done, mut rng) = (handles.clone(), Arc::clone(&done), fastrand::Rng::with_seed(!seed));
        async move {
            while !done.load(Ordering::Relaxed) {
                let at = &handles[rng.usize(..ACTORS)];
                match rng.u32(0..8) {
                    0 | 1 => at.kill(),
                    2 => at.restart(),
                    3 => at.suspend(),
                    4 => at.set_capacity(rng.usize(1..64)),
                    5 => drop(at.inspect::<Hand, usize>(|hand| hand.name.len()).await),
                    _ => at.resume(),
                }
                // Nobody is suspended for long.
                handles[rng.usize(..ACTORS)].resume();
                tokio::task::yield_now().await;
            }
        }
    });
    for sender in senders {
        tokio::time::timeout(std::time::Duration::from_secs(20), sender)
            .await
            .unwrap_or_else(|_| panic!("a sender is stranded:\n{}", system.tree()))
            .unwrap();
    }
    done.store(true, Ordering::Relaxed);
    tormentor.await.unwrap();
    handles.iter().for_each(|handle| {
        handle.resume();
        handle.set_capacity(16);
    });
    // What is stashed is let out, so that everything can come to rest; again where a late kill put it back.
    let begun = std::time::Instant::now();
    loop {
        for handle in handles.iter().filter(|handle| ledger(handle).queued > 0) {
            accepted.fetch_add(u64::from(handle.try_send(Do::Open).is_ok()), Ordering::Relaxed);
        }
        if tokio::time::timeout(std::time::Duration::from_millis(100), system.quiescent()).await.is_ok() {
            break;
        }
        let stuck = begun.elapsed() > std::time::Duration::from_secs(20);
        assert!(!stuck, "no rest:\n{}\n{:?}", system.tree(), handles.iter().map(ledger).collect::<Vec<_>>());
    }
    assert_system_balanced(&system);
    let ticks = system.ledger().accepted - accepted.load(Ordering::Relaxed);
    // A timer's tick counts as accepted when it is handled.
    assert!(ticks < SENDERS * EACH / 50, "{ticks} more were accepted than were sent");
    for handle in &handles {
        let seen = handle.snapshot().mailbox.unwrap();
        assert_eq!((seen.normal, seen.urgent), (0, 0));
    }
    tokio::time::timeout(std::time::Duration::from_secs(20), system.stop()).await.expect("the system stops");
    assert_system_balanced(&system);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_accepted_message_meets_one_fate_under_random_kills() {
    for seed in 0..3 {
        torment(seed, 0, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_accepted_message_meets_one_fate_with_redelivery() {
    torment(10, 2, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_accepted_message_meets_one_fate_with_a_bound_in_bytes() {
    torment(20, 2, 256).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_sent_is_what_was_accepted() {
    let record = Record::new();
    let mut builder = System::builder("test").intensity(u32::MAX, "1h");
    for n in 0..ACTORS {
        builder = builder.child(crate::kit::spec(&n.to_string(), &record).mailbox(8));
    }
    let system = builder.start().await.unwrap();
    let handles: Vec<_> = (0..ACTORS).map(|n| system.find::<Hand>(&n.to_string()).unwrap()).collect();
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (handles, mut rng) = (handles.clone(), fastrand::Rng::with_seed(sender));
            tokio::spawn(async move {
                for n in 0..EACH {
                    let to = &handles[rng.usize(..ACTORS)];
                    if n % 50 == 0 {
                        to.kill();
                    }
                    let crash = n % 97 == 0;
                    to.send(if crash { Do::Panic("boom".into()) } else { Do::Weigh(1, String::new()) }).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    system.quiescent().await;
    assert_system_balanced(&system);
    assert_eq!(system.ledger().accepted, SENDERS * EACH);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_books_of_a_system_remember_those_who_have_left() {
    let record = Record::new();
    let all = Supervisor::dynamic("all", Scripted::template());
    let system = System::builder("test").child(all).start().await.unwrap();
    let all = system.dynamic::<Scripted>("all").unwrap();
    for name in ["a", "b"] {
        let child = all.start(name, Script::new(name, &record)).await.unwrap();
        child.send(Act::Note("x".into())).await.unwrap();
        system.quiescent().await;
        child.suspend();
        child.try_send(Act::Note("buried".into())).unwrap();
        child.stop();
        child.stopped().await;
    }
    system.quiescent().await;
    assert!(all.is_empty());
    let books = system.ledger();
    assert!(books.is_balanced());
    assert_eq!((books.accepted, books.handled, books.dead_lettered), (4, 2, 2));
    system.stop().await;
    assert_eq!(system.ledger(), books);
}
