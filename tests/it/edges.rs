//! Full mailboxes, heavy messages, ticks among many messages.

use std::future::Future;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use swarmtree::Overflow;

use crate::kit::{Do, Gate, guarded, ledger, note, now, one, soon, weigh};

const SECOND: Duration = Duration::from_secs(1);

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test(start_paused = true)]
async fn a_stopped_mailbox_admits_a_waiting_sender() {
    let (_system, a, _record) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.send(note("full")).await.unwrap();
    let mut first = Box::pin(a.send(note("first")));
    let mut second = Box::pin(a.send(note("second")));
    assert!(poll_once(first.as_mut()).is_pending());
    assert!(poll_once(second.as_mut()).is_pending());
    a.stop();
    soon("stop", a.stopped()).await;
    drop(first);
    let got = second.await;
    assert!(got.is_err(), "a stopped actor accepted a message: {got:?}, {:?}", ledger(&a));
}

#[tokio::test(start_paused = true)]
async fn set_capacity_on_a_stopped_mailbox() {
    let (_system, a, _record) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.send(note("full")).await.unwrap();
    let mut first = Box::pin(a.send(note("first")));
    assert!(poll_once(first.as_mut()).is_pending());
    a.stop();
    soon("stop", a.stopped()).await;
    a.set_capacity(5);
    let got = first.await;
    assert!(got.is_err(), "a stopped actor accepted a message: {got:?}, {:?}", ledger(&a));
}

#[tokio::test(start_paused = true)]
async fn a_due_timer_goes_before_the_rest_of_the_normal_lane() {
    let (system, a, record) = one(|spec| spec).await;
    let gate = Gate::new();
    a.send(now(|_, cx| drop(cx.after(SECOND, note("due")).unwrap()))).await.unwrap();
    a.suspend();
    a.send(gate.hold()).await.unwrap();
    for at in 0..100 {
        a.send(note(at)).await.unwrap();
    }
    a.resume();
    record.until("held").await;
    tokio::time::sleep(2 * SECOND).await;
    gate.open();
    system.quiescent().await;
    let at = record.lines().iter().position(|line| line == "due").unwrap();
    assert_eq!(at, 1, "the timer came behind {} normal messages", at - 1);
}

#[tokio::test(start_paused = true)]
async fn two_due_timers_go_before_the_normal_lane() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(now(|_, cx| {
        cx.after(SECOND, note("due 1")).unwrap();
        cx.after(SECOND, note("due 2")).unwrap();
    }))
    .await
    .unwrap();
    system.quiescent().await;
    a.suspend();
    for at in 0..100 {
        a.send(note(at)).await.unwrap();
    }
    tokio::time::sleep(2 * SECOND).await;
    a.resume();
    system.quiescent().await;
    let at = record.lines().iter().position(|line| line == "due 2").unwrap();
    assert!(at <= 2, "one normal message may come between two ticks, not {at}");
}

#[tokio::test(start_paused = true)]
async fn quiescent_waits_for_the_handler_of_a_suspended_actor() {
    let (system, a, record) = one(|spec| spec).await;
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    record.until("held").await;
    a.suspend();
    let rest = tokio::time::timeout(SECOND, system.quiescent()).await;
    assert!(rest.is_err(), "at rest with a handler running: {:?}", a.snapshot().status);
}

#[tokio::test(start_paused = true)]
async fn stashed_messages_weigh_what_they_weigh() {
    let (system, a, _) = one(|spec| spec.mailbox(64).mailbox_bytes(20)).await;
    for _ in 0..2 {
        a.send(guarded("x")).await.unwrap();
        while ledger(&a).queued != ledger(&a).accepted || a.snapshot().mailbox.unwrap().normal > 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(a.try_send(guarded("of 7 bytes")).is_err(), "14 of 20 bytes are in the stash");
    assert_eq!(system.memory_bound(), 20);
    a.send(Do::Open).await.unwrap();
    system.quiescent().await;
    assert!(a.try_send(weigh(20, "all the room")).is_ok());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_queue_without_a_bound() {
    let (_system, a, _) = one(|spec| spec.mailbox(4)).await;
    a.send(now(|_, cx| {
        for _ in 0..1000 {
            while cx.stash(note("new")).is_ok() {}
            cx.unstash_all();
        }
        cx.handle().suspend();
    }))
    .await
    .unwrap();
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let queued = ledger(&a).queued;
    assert!(queued <= 12, "a mailbox of 4 holds {queued}");
}

#[tokio::test(start_paused = true)]
async fn drop_oldest_does_not_drop_in_vain() {
    let (system, a, record) = one(|spec| spec.mailbox_bytes(10).overflow(Overflow::DropOldest)).await;
    a.suspend();
    a.urgent().send(weigh(8, "urgent")).await.unwrap();
    a.send(weigh(1, "one")).await.unwrap();
    a.send(weigh(1, "two")).await.unwrap();
    a.send(weigh(5, "new")).await.unwrap();
    a.resume();
    system.quiescent().await;
    assert!(
        record.lines().len() > 1,
        "all normal ones are gone, the new one too: {:?} {:?}",
        record.lines(),
        ledger(&a)
    );
}

#[tokio::test(start_paused = true)]
async fn handled_messages_take_no_room() {
    let (_system, a, record) = one(|spec| spec.mailbox(16)).await;
    let gate = Gate::new();
    a.suspend();
    for at in 0..7 {
        a.send(note(at)).await.unwrap();
    }
    a.send(gate.hold()).await.unwrap();
    a.resume();
    record.until("held").await;
    let mut sent = 0;
    while a.try_send(note("more")).is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 16, "only the held one is inside");
}
#[tokio::test(start_paused = true)]
async fn handled_messages_weigh_nothing() {
    let (_system, a, record) = one(|spec| spec.mailbox_bytes(10)).await;
    let gate = Gate::new();
    a.suspend();
    a.send(weigh(7, "heavy")).await.unwrap();
    a.send(gate.hold()).await.unwrap();
    a.resume();
    record.until("held").await;
    let sent = a.try_send(weigh(7, "more"));
    assert!(sent.is_ok(), "{sent:?}");
}
