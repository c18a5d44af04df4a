//! Mailboxes: bounds, lanes, order, and the books.

use std::future::Future;
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use swarmtree::testing::{Record, assert_balanced};
use swarmtree::{Lane, Overflow, Refusal, System};

use crate::kit::{Do, Gate, Hand, ledger, note, now, one, soon, spec, weigh};

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
