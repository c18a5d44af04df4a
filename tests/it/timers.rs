//! What an incarnation orders for later: timers, pipes, watches, streams.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use swarmtree::testing::{Act, Record, Script, Scripted, assert_balanced};
use swarmtree::{
    Call, Exit, Handle, Here, Lane, OWNED_LIMIT, OrderId, OutletError, Restart, Supervisor, System, Template, outlet,
};

use crate::kit::{Args, Do, Gate, Hand, note, now, one, several, soon, spec};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn after_comes_once_at_its_time_before_the_normal_lane() {
    let (system, a, record) = one(|spec| spec).await;
    let begun = tokio::time::Instant::now();
    a.send(now(|_, cx| drop(cx.after(3 * SECOND, note("due")).unwrap()))).await.unwrap();
    record.until("due").await;
    assert_eq!(begun.elapsed(), 3 * SECOND);
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(record.lines(), ["due"]);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn every_comes_in_each_period_and_skips_while_the_last_one_waits() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(now(|_, cx| drop(cx.every(SECOND, || note("tick")).unwrap()))).await.unwrap();
    tokio::time::sleep(SECOND / 2 + 3 * SECOND).await;
    assert_eq!(record.take().len(), 3);
    a.suspend();
    tokio::time::sleep(10 * SECOND).await;
    a.resume();
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(record.take().len(), 1, "ten ticks came while one waited");
    tokio::time::sleep(2 * SECOND).await;
    assert_eq!(record.take().len(), 2);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_timer_does_not_come_even_if_it_is_due() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(now(|_, cx| {
        let early = cx.after(SECOND, note("early")).unwrap();
        cx.cancel(early);
        let due = cx.after(2 * SECOND, note("due")).unwrap();
        let cancel = crate::kit::later(move |_, cx| {
            Box::pin(async move {
                tokio::time::sleep(SECOND).await;
                cx.cancel(due);
                Ok(())
            })
        });
        cx.after(3 * SECOND / 2, cancel).unwrap();
    }))
    .await
    .unwrap();
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(record.lines(), [""; 0]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn timers_are_gone_after_a_restart() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(now(|_, cx| {
        cx.after(SECOND, note("after")).unwrap();
        cx.every(SECOND, || note("every")).unwrap();
        cx.pipe(tokio::time::sleep(SECOND), |()| note("pipe")).unwrap();
    }))
    .await
    .unwrap();
    a.send(Do::Panic("boom".into())).await.unwrap();
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(record.lines(), [""; 0]);
    assert_eq!(a.snapshot().incarnation, 2);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_due_timer_reaches_an_actor_whose_mailbox_is_full() {
    let (system, a, record) = one(|spec| spec.mailbox(1)).await;
    let gate = Gate::new();
    a.send(now(|_, cx| drop(cx.after(SECOND, note("due")).unwrap()))).await.unwrap();
    a.send(gate.hold()).await.unwrap();
    a.send(note("full")).await.unwrap();
    tokio::time::sleep(2 * SECOND).await;
    gate.open();
    system.quiescent().await;
    assert_eq!(record.lines(), ["held", "due", "full"]);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pipe_brings_its_outcome_as_a_message() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(now(|_, cx| {
        let slow = async {
            tokio::time::sleep(SECOND).await;
            "done"
        };
        cx.pipe(slow, note).unwrap();
    }))
    .await
    .unwrap();
    a.send(note("meanwhile")).await.unwrap();
    soon("the outcome", record.until("done")).await;
    assert_eq!(record.lines(), ["meanwhile", "done"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_timers_handler_that_crashes_fails_its_actor_and_keeps_the_books() {
    let (system, a, _) = one(|spec| spec).await;
    let mut letters = system.dead_letters(4);
    a.send(now(|_, cx| drop(cx.after(SECOND, Do::Panic("tick".into())).unwrap()))).await.unwrap();
    assert_eq!(soon("a letter", letters.recv()).await.unwrap().kind, "panic");
    system.quiescent().await;
    assert_eq!(a.snapshot().incarnation, 2);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_fires_at_the_final_stop_and_not_at_a_restart() {
    let (system, [a, b], record) = several(["a", "b"]).await;
    let watched = b.clone();
    a.send(now(move |_, cx| drop(cx.watch(&watched, |exit| note(format!("b {exit}"))).unwrap()))).await.unwrap();
    b.send(Do::Panic("boom".into())).await.unwrap();
    assert_eq!(b.ask(Do::Life).await, Ok(2));
    b.restart();
    system.quiescent().await;
    assert_eq!(record.take(), ["stop b stopped on request"]);
    b.stop();
    soon("the news", record.until("b stopped on request")).await;
    let watched = b.clone();
    a.send(now(move |_, cx| drop(cx.watch(&watched, |_| note("at once")).unwrap()))).await.unwrap();
    soon("at once", record.until("at once")).await;
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_says_how_it_ended() {
    let record = Record::new();
    let system = System::builder("test")
        .child(spec("watcher", &record))
        .child(spec("normal", &record).restart(Restart::Transient))
        .child(spec("failed", &record).restart(Restart::Temporary))
        .child(spec("killed", &record).restart(Restart::Temporary))
        .start()
        .await
        .unwrap();
    let find = |name| system.find::<Hand>(name).unwrap();
    for name in ["normal", "failed", "killed"] {
        let watched = find(name);
        find("watcher")
            .send(now(move |_, cx| drop(cx.watch(&watched, move |exit| note(format!("{name} {exit}"))).unwrap())))
            .await
            .unwrap();
    }
    system.quiescent().await;
    find("normal").send(now(|_, cx| cx.stop())).await.unwrap();
    soon("normal", record.until("normal stopped by itself")).await;
    find("failed").send(crate::kit::fail("on purpose")).await.unwrap();
    soon("failed", record.until("failed failed: on purpose, on now")).await;
    find("killed").kill();
    soon("killed", record.until("killed was killed")).await;
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_was_taken_back_does_not_fire() {
    let (system, [a, b], record) = several(["a", "b"]).await;
    let watched = b.clone();
    a.send(now(move |_, cx| {
        let watch = cx.watch(&watched, |_| note("told")).unwrap();
        cx.unwatch(watch);
    }))
    .await
    .unwrap();
    system.quiescent().await;
    b.stop();
    b.stopped().await;
    system.quiescent().await;
    assert_eq!(record.lines(), ["stop b stopped on request"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_supervisor_can_be_watched() {
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").child(spec("x", &record));
    let system = System::builder("test").child(spec("a", &record)).child(inner).start().await.unwrap();
    let inner = system.actor("inner").unwrap();
    let watched = inner.clone();
    let a = system.find::<Hand>("a").unwrap();
    a.send(now(move |_, cx| drop(cx.watch(&watched, |exit| note(format!("inner {exit}"))).unwrap()))).await.unwrap();
    system.quiescent().await;
    inner.stop();
    soon("the news", record.until("inner stopped on request")).await;
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn orders_are_bounded_and_finished_ones_make_room() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(now(|hand, cx| {
        for _ in 0..OWNED_LIMIT {
            cx.after(SECOND, note("due")).unwrap();
        }
        hand.record.add(format!("{}", cx.after(SECOND, note("one more")).is_err()));
    }))
    .await
    .unwrap();
    soon("all of them", record.until_count("due", OWNED_LIMIT)).await;
    a.send(now(|_, cx| drop(cx.after(SECOND, note("again")).unwrap()))).await.unwrap();
    soon("again", record.until("again")).await;
    assert!(record.lines().contains(&"true".to_owned()));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_fired_makes_room_for_another() {
    let pool = Supervisor::dynamic("pool", Template::<Hand>::new());
    let record = Record::new();
    let system = System::builder("test").child(spec("a", &record)).child(pool).start().await.unwrap();
    let (a, pool) = (system.find::<Hand>("a").unwrap(), system.dynamic::<Hand>("pool").unwrap());
    for n in 0..=OWNED_LIMIT {
        let child = pool.start("x", Args("x".into(), Record::new())).await.unwrap();
        let watched = child.clone();
        a.send(now(move |hand, cx| {
            if cx.watch(&watched, move |_| note(format!("end {n}"))).is_err() {
                hand.record.add(format!("refused {n}"));
            }
        }))
        .await
        .unwrap();
        system.quiescent().await;
        child.stop();
        child.stopped().await;
        system.quiescent().await;
    }
    assert_eq!(record.lines().pop().unwrap(), format!("end {OWNED_LIMIT}"));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn orders_that_are_due_and_wait_count_towards_the_limit() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(crate::kit::later(|hand, cx| {
        Box::pin(async move {
            for n in 0..3 * OWNED_LIMIT {
                if cx.pipe(std::future::ready(()), |()| note("piped")).is_err() {
                    hand.record.add(format!("refused {n}"));
                    break;
                }
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
            Ok(())
        })
    }))
    .await
    .unwrap();
    system.quiescent().await;
    let piped = record.lines().iter().filter(|line| *line == "piped").count();
    assert!(piped <= OWNED_LIMIT, "{piped} outcomes were queued, {OWNED_LIMIT} is the bound");
    system.stop().await;
}

/// A stream of numbers, each one ready at once.
struct Numbers(std::vec::IntoIter<u32>);

impl futures_core::Stream for Numbers {
    type Item = u32;
    fn poll_next(mut self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<u32>> {
        std::task::Poll::Ready(self.0.next())
    }
}

async fn next<S: futures_core::Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| std::pin::Pin::new(&mut *stream).poll_next(cx)).await
}

#[tokio::test(start_paused = true)]
async fn an_attached_stream_is_handled_in_order_with_backpressure() {
    let (system, a, record) = one(|spec| spec.mailbox(2)).await;
    a.send(now(|_, cx| {
        let numbers = Numbers((0..100).collect::<Vec<_>>().into_iter());
        cx.attach(numbers, note).unwrap();
    }))
    .await
    .unwrap();
    soon("the last", record.until("99")).await;
    assert_eq!(record.lines(), (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_sink_forwards_with_backpressure_and_gives_back_what_is_refused() {
    use futures_sink::Sink;
    use std::pin::Pin;
    let (system, a, record) = one(|spec| spec.mailbox(1)).await;
    let mut sink = a.sink();
    for n in 0..10 {
        std::future::poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.unwrap();
        Pin::new(&mut sink).start_send(note(n)).unwrap();
    }
    std::future::poll_fn(|cx| Pin::new(&mut sink).poll_close(cx)).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines().len(), 10);
    a.stop();
    a.stopped().await;
    Pin::new(&mut sink).start_send(note("late")).unwrap();
    let refused = std::future::poll_fn(|cx| Pin::new(&mut sink).poll_flush(cx)).await.unwrap_err();
    assert!(matches!(refused.message, Do::Note(line) if line == "late"));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outlet_is_bounded_and_ends_with_its_actor() {
    let (system, a, record) = one(|spec| spec).await;
    let (out, mut stream) = outlet::<u32>(2);
    a.send(now(move |hand, cx| {
        out.try_send(1).unwrap();
        out.try_send(2).unwrap();
        hand.record.add(format!("{:?}", out.try_send(3) == Err(OutletError::Full(3))));
        cx.after(SECOND, now(move |_, _| drop(out))).unwrap();
    }))
    .await
    .unwrap();
    record.until("true").await;
    assert_eq!((next(&mut stream).await, next(&mut stream).await), (Some(1), Some(2)));
    a.stop();
    assert_eq!(soon("the end of the stream", next(&mut stream)).await, None);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stopped_tells_all_who_wait_and_at_once_afterwards() {
    let record = Record::new();
    let child = Script::new("a", &record).spec().restart(Restart::Transient);
    let system = System::builder("test").child(child).start().await.unwrap();
    let a = system.find::<Scripted>("a").unwrap();
    let (first, second) = (a.stopped(), a.stopped());
    a.send(Act::Leave).await.unwrap();
    assert_eq!(soon("both", async { tokio::join!(first, second) }).await, (Exit::Normal, Exit::Normal));
    assert_eq!(soon("afterwards", a.stopped()).await, Exit::Normal);
    system.stop().await;
}

/// A message whose handler orders a pipe that is cancelled, from inside its actor, while its message is being made.
fn cancelled_halfway(at: Handle<Do>, rest: fn() -> Do) -> Do {
    now(move |_, cx| {
        let number = Arc::new(Mutex::new(None));
        let told = Arc::clone(&number);
        let order = cx.pipe(std::future::ready(()), move |()| {
            let cancel: Call<Hand, OrderId, ()> = Call {
                kind: "cancel",
                lane: Lane::Normal,
                timeout: None,
                here: Some(Here::Sync(|hand, order, cx| {
                    cx.cancel(order);
                    hand.record.add("cancelled");
                    Ok(())
                })),
                message: |_, _| note("not in place"),
            };
            let order = told.lock().unwrap().take().unwrap();
            let mut asked = std::pin::pin!(at.call(cancel, order));
            assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            rest()
        });
        *number.lock().unwrap() = Some(order.unwrap());
    })
}

#[tokio::test(start_paused = true)]
async fn an_order_cancelled_while_its_message_is_being_made_does_not_come() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(cancelled_halfway(a.clone(), || note("came all the same"))).await.unwrap();
    soon("the cancel", record.until("cancelled")).await;
    system.quiescent().await;
    assert_eq!(record.lines(), ["cancelled"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_that_panics_harms_nobody() {
    let (system, a, record) = one(|spec| spec).await;
    a.send(cancelled_halfway(a.clone(), || panic!("after its cancel"))).await.unwrap();
    soon("the cancel", record.until("cancelled")).await;
    system.quiescent().await;
    assert_eq!(a.snapshot().incarnation, 1);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_comes_behind_all_that_the_watched_one_has_sent() {
    let (system, [a, b], record) = several(["a", "b"]).await;
    let watched = b.clone();
    a.send(now(move |_, cx| drop(cx.watch(&watched, |exit| note(format!("b {exit}"))).unwrap()))).await.unwrap();
    system.quiescent().await;
    a.suspend();
    let to = a.clone();
    b.send(now(move |_, _| (0..3).for_each(|n| to.try_send(note(n)).unwrap()))).await.unwrap();
    system.quiescent().await;
    b.stop();
    b.stopped().await;
    a.try_send(note("later")).unwrap();
    a.resume();
    soon("the last", record.until("later")).await;
    assert_eq!(record.lines(), ["stop b stopped on request", "0", "1", "2", "b stopped on request", "later"]);
    assert_balanced(&a);
    system.stop().await;
}
