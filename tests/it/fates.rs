//! What becomes of messages whose handlers crash, that are stashed, or that are never handled.

use std::sync::Arc;
use std::time::Duration;

use swarmtree::testing::{assert_balanced, assert_system_balanced};
use swarmtree::{DeadReason, QUARANTINE_LIMIT, Refusal};

use crate::kit::{Do, Gate, guarded, ledger, note, now, one, soon, weigh};

#[tokio::test(start_paused = true)]
async fn stashed_messages_count_towards_the_bytes_and_come_back_out() {
    let (system, a, record) = one(|spec| spec.mailbox_bytes(100)).await;
    a.send(now(|_, cx| drop(cx.stash(weigh(60, "later"))))).await.unwrap();
    a.send(now(|_, cx| assert_eq!(cx.unstash_all(), 1))).await.unwrap();
    soon("the stash is handled", record.until("later")).await;
    soon("rest", system.quiescent()).await;
    assert_balanced(&a);
    a.try_send(weigh(100, "full")).unwrap();
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn queued_messages_survive_a_crash_in_their_order() {
    let (system, a, record) = one(|spec| spec).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    a.try_send(Do::Panic("boom".into())).unwrap();
    a.try_send(note(2)).unwrap();
    a.try_send(note(3)).unwrap();
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["1", "2", "3"]);
    assert_eq!(a.snapshot().incarnation, 2);
    assert_eq!((ledger(&a).accepted, ledger(&a).handled, ledger(&a).dead_lettered), (4, 3, 1));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crashed_message_is_a_dead_letter_with_its_kind_and_reason() {
    let (system, a, _) = one(|spec| spec).await;
    let mut letters = system.dead_letters(8);
    a.send(Do::Panic("boom".into())).await.unwrap();
    let letter = soon("a letter", letters.recv()).await.unwrap();
    assert_eq!((letter.path.as_str(), letter.kind), ("a", "panic"));
    let DeadReason::Crashed(failure) = &letter.reason else { panic!("{letter:?}") };
    assert_eq!((failure.text.as_str(), failure.message), ("boom", Some("panic")));
    assert!(failure.location.as_ref().unwrap().contains("kit.rs"));
    assert!(letter.take::<Do>().is_none());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_queued_at_the_stop_can_be_taken_from_its_dead_letter_once() {
    let (system, a, _) = one(|spec| spec).await;
    let mut letters = system.dead_letters(8);
    let mut others = system.dead_letters(1);
    a.suspend();
    a.try_send(note("left")).unwrap();
    a.try_send(note("over")).unwrap();
    a.stop();
    let letter = soon("a letter", letters.recv()).await.unwrap();
    assert_eq!((letter.kind, &letter.reason), ("note", &DeadReason::Stopped));
    assert!(letter.take::<String>().is_none());
    assert!(matches!(letter.take::<Do>(), Some(Do::Note(line)) if line == "left"));
    assert!(letter.take::<Do>().is_none());
    let second = soon("the other", others.recv()).await.unwrap();
    assert!(matches!(second.take::<Do>(), Some(Do::Note(line)) if line == "over"));
    assert_eq!(others.missed(), 1);
    assert_eq!(ledger(&a).dead_lettered, 2);
    assert_balanced(&a);
    system.stop().await;
    assert!(soon("the end", others.recv()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn retry_redelivers_first_and_then_quarantines() {
    let (system, a, record) = one(|spec| spec.retry(2)).await;
    a.suspend();
    a.try_send(Do::Panic("poison".into())).unwrap();
    a.try_send(note("next")).unwrap();
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["next"]);
    assert_eq!(a.snapshot().incarnation, 4, "three crashes");
    let kept = a.quarantined();
    assert_eq!((kept.len(), kept[0].kind, kept[0].crashes, kept[0].failure.text.as_str()), (1, "panic", 3, "poison"));
    assert_eq!((ledger(&a).handled, ledger(&a).quarantined), (1, 1));
    assert_balanced(&a);
    system.stop().await;
    assert_system_balanced(&system);
}

#[tokio::test(start_paused = true)]
async fn a_quarantined_message_is_edited_and_released_or_discarded() {
    let (system, a, record) = one(|spec| spec.retry(1)).await;
    a.send(Do::Panic("one".into())).await.unwrap();
    a.send(Do::Panic("two".into())).await.unwrap();
    system.quiescent().await;
    let kept = a.quarantined();
    assert_eq!(kept.len(), 2);
    let seen = a.peek(kept[0].id, |message| {
        assert!(!a.discard(kept[0].id), "it is in other hands");
        assert_balanced(&a);
        matches!(message, Do::Panic(text) if text == "one")
    });
    assert_eq!(seen, Some(true));
    assert_eq!(a.quarantined(), kept);
    assert!(system.tree().contains("quarantined 2"), "{}", system.tree());
    assert!(a.release(kept[0].id, |message| *message = note("mended")));
    assert!(!a.release(kept[0].id, |_| {}));
    assert!(a.discard(kept[1].id));
    assert!(!a.discard(kept[1].id));
    system.quiescent().await;
    assert_eq!(record.lines(), ["mended"]);
    assert_eq!((ledger(&a).accepted, ledger(&a).handled, ledger(&a).dropped, ledger(&a).quarantined), (2, 1, 1, 0));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_panics_loses_nothing() {
    let (system, a, _) = one(|spec| spec.retry(1)).await;
    a.send(Do::Panic("one".into())).await.unwrap();
    system.quiescent().await;
    let id = a.quarantined()[0].id;
    let edited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| a.release(id, |_| panic!("edit"))));
    assert!(edited.is_err());
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_full_quarantine_sends_the_next_one_to_the_dead_letters() {
    let (system, a, _) = one(|spec| spec.retry(1)).await;
    let mut letters = system.dead_letters(8);
    for n in 0..=QUARANTINE_LIMIT {
        a.send(Do::Panic(n.to_string())).await.unwrap();
    }
    system.quiescent().await;
    assert_eq!(a.quarantined().len(), QUARANTINE_LIMIT);
    let letter = soon("a letter", letters.recv()).await.unwrap();
    assert!(matches!(letter.take::<Do>(), Some(Do::Panic(text)) if text == QUARANTINE_LIMIT.to_string()));
    assert_eq!(ledger(&a).dead_lettered, 1);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_redelivered_to_a_killed_actor_is_not_lost() {
    let (system, a, record) = one(|spec| spec.retry(5).backoff("10ms..20ms")).await;
    a.send(Do::Panic("again".into())).await.unwrap();
    tokio::task::yield_now().await;
    a.kill();
    system.quiescent().await;
    assert_eq!(a.quarantined().len(), 1);
    assert!(record.lines().is_empty());
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stashed_messages_come_before_the_normal_lane_in_their_order() {
    let (system, a, record) = one(|spec| spec).await;
    a.suspend();
    for message in [guarded("g1"), guarded("g2"), Do::Open, note("later")] {
        a.try_send(message).unwrap();
    }
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["unstashed 2", "g1", "g2", "later"]);
    assert_eq!((ledger(&a).accepted, ledger(&a).handled), (4, 4));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_stash_is_bounded_as_a_lane_is() {
    let (system, a, record) = one(|spec| spec.mailbox(2)).await;
    for line in ["g1", "g2", "g3"] {
        a.send(guarded(line)).await.unwrap();
    }
    soon("the third is refused", record.until("refused g3")).await;
    assert_eq!((ledger(&a).accepted, ledger(&a).handled, ledger(&a).queued), (3, 1, 2));
    a.send(Do::Open).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["refused g3", "unstashed 2", "g1", "g2"]);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_keeps_the_stash() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(guarded("g1")).await.unwrap();
    a.send(Do::Panic("boom".into())).await.unwrap();
    a.send(Do::Open).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["unstashed 1", "g1"]);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_stashes_its_message_and_then_crashes_keeps_the_books() {
    let (system, a, _) = one(|spec| spec).await;
    a.send(now(|_, cx| {
        cx.stash(note("later")).unwrap();
        panic!("after the stash");
    }))
    .await
    .unwrap();
    soon("the second life", async {
        while a.snapshot().incarnation < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_timers_handler_that_stashes_and_then_crashes_keeps_the_books() {
    let (system, a, _) = one(|spec| spec).await;
    a.send(now(|_, cx| {
        let tick = now(|_, cx| {
            cx.stash(note("later")).unwrap();
            panic!("after the stash");
        });
        cx.after(Duration::from_secs(1), tick).unwrap();
    }))
    .await
    .unwrap();
    soon("the second life", async {
        while a.snapshot().incarnation < 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_draining_actor_with_a_stash_still_ends() {
    let (system, a, _) = one(|spec| spec).await;
    a.send(guarded("never opened")).await.unwrap();
    a.drain();
    soon("the drained actor stops", a.stopped()).await;
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_draining_actor_handles_what_is_queued_and_refuses_the_rest() {
    let (system, a, record) = one(|spec| spec).await;
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    a.send(note(1)).await.unwrap();
    record.until("held").await;
    a.drain();
    assert_eq!(a.try_send(note(2)).unwrap_err().reason, Refusal::Stopped);
    gate.open();
    soon("drained", a.stopped()).await;
    assert_eq!(record.lines(), ["held", "1", "stop a stopped on request"]);
    assert_eq!((ledger(&a).accepted, ledger(&a).handled), (2, 2));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_of_an_async_handler_makes_its_message_a_dead_letter() {
    let (system, a, record) = one(|spec| spec).await;
    let mut letters = system.dead_letters(8);
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    a.send(note("kept")).await.unwrap();
    record.until("held").await;
    a.kill();
    record.until("kept").await;
    let letter = letters.recv().await.unwrap();
    assert_eq!((letter.kind, &letter.reason), ("later", &DeadReason::Killed));
    system.quiescent().await;
    assert_eq!((ledger(&a).accepted, ledger(&a).handled, ledger(&a).dead_lettered), (2, 1, 1));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redelivery_that_is_put_off_takes_no_room_for_ever() {
    let (system, a, _) = one(|spec| spec.mailbox_bytes(100).retry(20)).await;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let hammer = std::thread::spawn({
        let (a, done) = (a.clone(), Arc::clone(&done));
        move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                a.suspend();
                a.resume();
            }
        }
    });
    for _ in 0..40 {
        let sent = tokio::time::timeout(Duration::from_secs(2), a.send(weigh(60, "panic"))).await;
        if sent.is_err() {
            break;
        }
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    hammer.join().unwrap();
    system.quiescent().await;
    assert_balanced(&a);
    let sent = a.try_send(weigh(100, "all the room"));
    assert!(sent.is_ok(), "an empty mailbox of 100 bytes refuses 100: {:?}", sent.map_err(|refused| refused.reason));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_actor_stops_during_its_edit_stays_in_quarantine() {
    let (system, a, _) = one(|spec| spec.retry(1)).await;
    a.send(Do::Panic("one".into())).await.unwrap();
    system.quiescent().await;
    let (id, me) = (a.quarantined()[0].id, a.clone());
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (begun, began) = std::sync::mpsc::channel::<()>();
    let edit = std::thread::spawn(move || {
        me.release(id, |_| {
            begun.send(()).unwrap();
            wait.recv().unwrap();
        })
    });
    began.recv().unwrap();
    assert_eq!(a.peek(id, |_| ()), None, "it is in other hands");
    a.stop();
    soon("stop", a.stopped()).await;
    go.send(()).unwrap();
    assert!(!edit.join().unwrap());
    assert_eq!((ledger(&a).queued, ledger(&a).quarantined), (0, 1));
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_released_while_its_actor_stops_is_a_dead_letter() {
    let (system, a, _) = one(|spec| spec.retry(1)).await;
    a.send(Do::Panic("one".into())).await.unwrap();
    system.quiescent().await;
    let (id, me) = (a.quarantined()[0].id, a.clone());
    a.suspend();
    a.release(id, |_| {
        // The actor is idle: a kill of the whole system is done before the edit is.
        me.stop();
    });
    soon("stop", a.stopped()).await;
    system.quiescent().await;
    let books = ledger(&a);
    assert_eq!(books.queued, 0, "nobody will ever handle it: {books:?}");
    system.stop().await;
}
