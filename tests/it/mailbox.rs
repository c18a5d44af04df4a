//! Mailboxes: bounds, lanes, order, and the books.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use swarmtree::testing::{Record, assert_balanced, assert_system_balanced};
use swarmtree::{DeadReason, Lane, Overflow, QUARANTINE_LIMIT, Refusal, System};

use crate::kit::{Do, Gate, Hand, ledger, note, now, one, soon, spec};

fn weigh(bytes: usize, line: &str) -> Do {
    Do::Weigh(bytes, line.to_owned())
}

fn guarded(line: &str) -> Do {
    Do::Guarded(line.to_owned())
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut TaskContext::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn under_wait_the_sender_waits_for_room_and_is_let_in_first_come_first_served() {
    let (system, a, record) = one(|spec| spec.mailbox(2)).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    a.try_send(note(2)).unwrap();
    assert_eq!(a.try_send(note(3)).unwrap_err().reason, Refusal::Full { capacity: 2 });
    let (mut third, mut fourth) = (Box::pin(a.send(note(3))), Box::pin(a.send(note(4))));
    assert!(poll_once(third.as_mut()).is_pending() && poll_once(fourth.as_mut()).is_pending());
    assert_eq!(ledger(&a).accepted, 2);
    a.resume();
    fourth.await.unwrap();
    third.await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["1", "2", "3", "4"]);
    assert_eq!((ledger(&a).accepted, ledger(&a).handled), (4, 4));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn under_reject_the_message_comes_back() {
    let (system, a, record) = one(|spec| spec.mailbox(1).overflow(Overflow::Reject)).await;
    a.suspend();
    a.send(note("in")).await.unwrap();
    let refused = a.send(note("back")).await.unwrap_err();
    assert_eq!(refused.reason, Refusal::Full { capacity: 1 });
    assert!(matches!(refused.message, Do::Note(line) if line == "back"));
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["in"]);
    assert_eq!(ledger(&a).accepted, 1);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn drop_newest_drops_the_new_one_and_counts_it() {
    let (system, a, record) = one(|spec| spec.mailbox(2).overflow(Overflow::DropNewest)).await;
    a.suspend();
    for n in 1..=5 {
        a.send(note(n)).await.unwrap();
    }
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["1", "2"]);
    assert_eq!((ledger(&a).accepted, ledger(&a).handled, ledger(&a).dropped), (5, 2, 3));
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_drops_the_oldest_and_its_destructor_runs() {
    struct Dropped(Record);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.add("displaced");
        }
    }
    let (system, a, record) = one(|spec| spec.mailbox(2).overflow(Overflow::DropOldest)).await;
    a.suspend();
    let first = Dropped(record.clone());
    a.send(now(move |_, _| drop(first))).await.unwrap();
    for n in 2..=4 {
        a.send(note(n)).await.unwrap();
    }
    assert_eq!(record.take(), ["displaced"]);
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["3", "4"]);
    assert_eq!((ledger(&a).accepted, ledger(&a).handled, ledger(&a).dropped), (4, 2, 2));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_displaced_message_whose_destructor_panics_harms_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("bomb");
        }
    }
    let (system, a, record) = one(|spec| spec.mailbox(1).overflow(Overflow::DropOldest)).await;
    a.suspend();
    let bomb = Bomb;
    a.send(now(move |_, _| std::mem::forget(bomb))).await.unwrap();
    a.send(note("after")).await.unwrap();
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["after"]);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn urgent_goes_before_normal_and_each_lane_keeps_its_order() {
    let (system, a, record) = one(|spec| spec).await;
    a.suspend();
    for n in 1..=3 {
        a.try_send(note(format!("n{n}"))).unwrap();
        a.urgent().try_send(note(format!("u{n}"))).unwrap();
    }
    a.try_send_in(Lane::Urgent, note("u4")).unwrap();
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["u1", "u2", "u3", "u4", "n1", "n2", "n3"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_urgent_message_goes_before_the_rest_of_a_batch_that_is_under_way() {
    let (system, a, record) = one(|spec| spec).await;
    a.suspend();
    let urgent = a.urgent();
    a.try_send(now(move |_, _| urgent.try_send(note("urgent")).unwrap())).unwrap();
    a.try_send(note(1)).unwrap();
    a.try_send(note(2)).unwrap();
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["urgent", "1", "2"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_lanes_are_bounded_apart() {
    let (system, a, _) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    assert!(a.try_send(note(2)).is_err());
    a.urgent().try_send(note(3)).unwrap();
    assert!(a.urgent().try_send(note(4)).is_err());
    a.resume();
    system.quiescent().await;
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_bound_in_bytes_makes_senders_wait_and_refuses_what_never_fits() {
    let (system, a, record) = one(|spec| spec.mailbox_bytes(100)).await;
    a.suspend();
    let refused = a.send(weigh(101, "heavy")).await.unwrap_err();
    assert_eq!(refused.reason, Refusal::TooLarge { bytes: 101, limit: 100 });
    assert!(matches!(refused.message, Do::Weigh(101, _)));
    a.try_send(weigh(60, "60")).unwrap();
    assert!(a.try_send(weigh(41, "41")).is_err());
    a.try_send(weigh(40, "40")).unwrap();
    let mut waiting = Box::pin(a.send(weigh(100, "100")));
    assert!(poll_once(waiting.as_mut()).is_pending());
    a.resume();
    soon("the room comes free", waiting).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["60", "40", "100"]);
    a.try_send(weigh(100, "again")).unwrap();
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lighter_message_passes_once_the_heavy_one_before_it_is_withdrawn() {
    let (system, a, record) = one(|spec| spec.mailbox_bytes(100)).await;
    a.suspend();
    a.try_send(weigh(60, "60")).unwrap();
    let mut heavy = Box::pin(a.send(weigh(90, "90")));
    let mut light = Box::pin(a.send(weigh(30, "30")));
    assert!(poll_once(heavy.as_mut()).is_pending() && poll_once(light.as_mut()).is_pending());
    drop(heavy);
    soon("the light one is in", light).await.unwrap();
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["60", "30"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_keeps_the_bound_in_bytes() {
    let (system, a, _) = one(|spec| spec.mailbox_bytes(100).overflow(Overflow::DropOldest)).await;
    a.suspend();
    a.urgent().try_send(weigh(60, "urgent")).unwrap();
    let _ = a.try_send(weigh(60, "normal"));
    let seen = a.snapshot().mailbox.unwrap();
    assert!(seen.normal + seen.urgent <= 1, "120 bytes are queued in a mailbox of 100: {seen:?}");
    system.stop().await;
}

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
async fn a_greater_capacity_lets_waiting_senders_in() {
    let (system, a, record) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    let mut waiting: Vec<_> = (2..=4).map(|n| Box::pin(a.send(note(n)))).collect();
    waiting.iter_mut().for_each(|sending| assert!(poll_once(sending.as_mut()).is_pending()));
    a.set_capacity(3);
    assert_eq!(ledger(&a).accepted, 3);
    assert!(poll_once(waiting[0].as_mut()).is_ready());
    assert!(poll_once(waiting[1].as_mut()).is_ready());
    assert!(poll_once(waiting[2].as_mut()).is_pending());
    a.resume();
    soon("the last one is in", waiting.pop().unwrap()).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["1", "2", "3", "4"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_smaller_capacity_keeps_what_is_queued_and_refuses_more() {
    let (system, a, record) = one(|spec| spec.mailbox(4)).await;
    a.suspend();
    for n in 1..=4 {
        a.try_send(note(n)).unwrap();
    }
    a.set_capacity(1);
    assert_eq!(a.try_send(note(5)).unwrap_err().reason, Refusal::Full { capacity: 1 });
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["1", "2", "3", "4"]);
    a.try_send(note(6)).unwrap();
    system.quiescent().await;
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_actor_gives_waiting_senders_their_messages_back() {
    let (system, a, _) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    let waiting = tokio::spawn({
        let a = a.clone();
        async move { a.send(note("mine")).await }
    });
    tokio::task::yield_now().await;
    a.stop();
    let refused = soon("the sender hears", waiting).await.unwrap().unwrap_err();
    assert_eq!(refused.reason, Refusal::Stopped);
    assert!(matches!(refused.message, Do::Note(line) if line == "mine"));
    assert_eq!(a.try_send(note(2)).unwrap_err().reason, Refusal::Stopped);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_send_frees_its_place_and_loses_nothing_accepted() {
    let (system, a, record) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    let mut sends: Vec<_> = (2..=6).map(|n| Box::pin(a.send(note(n)))).collect();
    sends.iter_mut().for_each(|sending| assert!(poll_once(sending.as_mut()).is_pending()));
    drop(sends.remove(1));
    drop(sends.remove(2));
    a.set_capacity(2);
    // Message 2 was admitted; dropping its future must not take it back.
    drop(sends.remove(0));
    a.resume();
    for sending in sends {
        soon("the others are let in", sending).await.unwrap();
    }
    system.quiescent().await;
    assert_eq!(record.lines(), ["1", "2", "4", "6"]);
    assert_eq!(ledger(&a).accepted, 4);
    assert_balanced(&a);
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
async fn suspended_actors_handle_nothing_and_go_on_when_resumed() {
    let (system, a, record) = one(|spec| spec).await;
    a.suspend();
    a.send(note(1)).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), [""; 0]);
    assert_eq!(a.snapshot().status, swarmtree::Status::Suspended);
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["1"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_suspended_actor_stays_so_through_a_restart() {
    let (system, a, record) = one(|spec| spec).await;
    a.suspend();
    a.kill();
    a.send(note(1)).await.unwrap();
    system.quiescent().await;
    assert_eq!((a.snapshot().incarnation, record.lines().len()), (2, 0));
    a.resume();
    system.quiescent().await;
    assert_eq!(record.lines(), ["1"]);
    system.stop().await;
}

/// Senders that keep a small mailbox full for ever.
fn push(a: &swarmtree::Handle<Do>, senders: usize) {
    for _ in 0..senders {
        let a = a.clone();
        tokio::spawn(async move { while a.send(note("push")).await.is_ok() {} });
    }
}

#[tokio::test(start_paused = true)]
async fn control_reaches_an_actor_whose_senders_keep_pushing() {
    let (system, a, record) = one(|spec| spec.mailbox(4)).await;
    push(&a, 8);
    record.until_count("push", 100).await;
    let inspected = a.inspect::<Hand, usize>(|hand| hand.record.lines().len());
    let seen = soon("inspect", inspected).await.unwrap();
    assert!(seen >= 100);
    a.suspend();
    let before = record.lines().len();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(record.lines().len() <= before + 1);
    a.resume();
    record.until_count("push", before + 100).await;
    a.kill();
    record.until_count("push", record.lines().len() + 100).await;
    assert_eq!(a.snapshot().incarnation, 2);
    a.stop();
    soon("stop", a.stopped()).await;
    assert_eq!(record.lines().pop().unwrap(), "stop a stopped on request");
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn control_goes_before_the_next_message_of_a_batch() {
    let (system, a, record) = one(|spec| spec).await;
    a.suspend();
    let me = a.clone();
    a.try_send(now(move |_, _| me.stop())).unwrap();
    a.try_send(note("too late")).unwrap();
    a.resume();
    soon("stop", a.stopped()).await;
    assert_eq!(record.lines(), ["stop a stopped on request"]);
    assert_eq!(ledger(&a).dead_lettered, 1);
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

#[tokio::test(start_paused = true)]
async fn each_sender_keeps_its_order_through_a_mailbox_of_one() {
    let (system, a, record) = one(|spec| spec.mailbox(1)).await;
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let a = a.clone();
            tokio::spawn(async move {
                for n in 0..100 {
                    a.send(note(format!("{sender} {n:03}"))).await.unwrap();
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    system.quiescent().await;
    let lines = record.lines();
    assert_eq!(lines.len(), 400);
    for sender in 0..4 {
        let own: Vec<_> = lines.iter().filter(|line| line.starts_with(&format!("{sender} "))).collect();
        assert!(own.is_sorted() && own.len() == 100);
    }
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_waiting_sender_is_woken_when_its_actor_restarts_and_makes_room() {
    let (system, a, record) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.try_send(Do::Panic("boom".into())).unwrap();
    let mut waiting = pin!(a.send(note("after")));
    assert!(poll_once(waiting.as_mut()).is_pending());
    a.resume();
    soon("room", waiting).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["after"]);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_books_of_the_whole_tree_are_the_sum_of_its_actors() {
    let record = Record::new();
    let system = System::builder("test").child(spec("a", &record)).child(spec("b", &record)).start().await.unwrap();
    for name in ["a", "b"] {
        system.find::<Hand>(name).unwrap().send(note(name)).await.unwrap();
    }
    system.quiescent().await;
    assert_eq!((system.ledger().accepted, system.ledger().handled), (2, 2));
    let shared = Arc::new(());
    drop(shared);
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
async fn a_capacity_below_what_is_under_way_keeps_drop_oldest_bounded() {
    let (system, a, _) = one(|spec| spec.mailbox(64).overflow(Overflow::DropOldest)).await;
    let (gate, me) = (Gate::new(), a.clone());
    a.suspend();
    a.try_send(gate.hold()).unwrap();
    for n in 0..31 {
        a.try_send(note(n)).unwrap();
    }
    a.resume();
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    me.set_capacity(1);
    for n in 0..100 {
        let _ = me.try_send(note(n));
    }
    let seen = me.snapshot().mailbox.unwrap();
    assert!(seen.normal <= 33, "{seen:?}");
    gate.open();
    system.quiescent().await;
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
