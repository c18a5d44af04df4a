//! Asks: replies, deadlines, and waits that would never end.

use std::time::Duration;

use swarmtree::testing::{Record, assert_balanced};
use swarmtree::{AskError, Call, Handle, Here, Overflow, Path, Refusal, Reply, Restart, System};

use crate::kit::{Do, Gate, Hand, later, ledger, note, now, one, several, soon, spec};

/// An ask of which the handler is given as a closure.
async fn ask<R: Send + 'static>(
    handle: &Handle<Do>,
    work: impl FnOnce(Reply<R>) + Send + 'static,
) -> Result<R, AskError> {
    soon("an ask", handle.ask(|reply| now(move |_, _| work(reply)))).await
}

fn paths(names: &[&str]) -> Vec<Path> {
    names.iter().map(|name| Path::parse(name).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_is_a_timeout_at_the_deadline_and_the_request_is_still_handled() {
    let (system, a, record) = one(|spec| spec).await;
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(a.ask(Do::Life).await, Err(AskError::Timeout { deadline: Duration::from_secs(5) }));
    assert_eq!(begun.elapsed().as_secs(), 5);
    let hurried = a.within(Duration::from_millis(10)).ask(Do::Life).await;
    assert_eq!(hurried, Err(AskError::Timeout { deadline: Duration::from_millis(10) }));
    gate.open();
    system.quiescent().await;
    assert_eq!(ledger(&a).handled, 3);
    assert_eq!(record.lines(), ["held"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_room_counts_towards_the_deadline() {
    let (system, a, _) = one(|spec| spec.mailbox(1)).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    assert!(matches!(a.within(Duration::from_secs(1)).ask(Do::Life).await, Err(AskError::Timeout { .. })));
    a.resume();
    system.quiescent().await;
    assert_eq!(ledger(&a).accepted, 1, "the request was taken back with its ask");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_ask_of_a_stopped_actor_says_so() {
    let (system, a, _) = one(|spec| spec).await;
    a.stop();
    a.stopped().await;
    assert_eq!(a.ask(Do::Life).await, Err(AskError::Stopped));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_ask_of_a_full_rejecting_mailbox_is_full() {
    let (system, a, _) = one(|spec| spec.mailbox(1).overflow(Overflow::Reject)).await;
    a.suspend();
    a.try_send(note(1)).unwrap();
    assert_eq!(a.ask(Do::Life).await, Err(AskError::Full { capacity: 1 }));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_the_overflow_policy_drops_ends_at_once() {
    for policy in [Overflow::DropNewest, Overflow::DropOldest] {
        let (system, a, _) = one(|spec| spec.mailbox(1).overflow(policy)).await;
        a.suspend();
        let begun = tokio::time::Instant::now();
        let (first, second) = tokio::join!(a.ask(Do::Life), async {
            let asked = a.ask(Do::Life);
            a.resume();
            asked.await
        });
        assert!(first.is_ok() && second.is_ok() || begun.elapsed().is_zero());
        a.suspend();
        let asked = async { a.ask(Do::Life).await };
        let (dropped, ()) = tokio::join!(asked, async {
            let _ = a.send(note("the other")).await;
            a.resume();
        });
        if policy == Overflow::DropOldest {
            assert_eq!(dropped, Err(AskError::NoReply));
        }
        assert!(begun.elapsed() < Duration::from_secs(1));
        system.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_ends_the_ask_at_once_without_a_reply() {
    let (system, a, _) = one(|spec| spec).await;
    let begun = tokio::time::Instant::now();
    let asked = a.ask(|_reply: Reply<u32>| Do::Panic("boom".into())).await;
    assert_eq!(asked, Err(AskError::NoReply));
    let asked = ask::<u32>(&a, |_reply| panic!("with the port in hand")).await;
    assert_eq!(asked, Err(AskError::NoReply));
    assert!(begun.elapsed().is_zero());
    system.quiescent().await;
    assert_eq!(a.ask(Do::Life).await, Ok(3));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_still_queued_at_the_stop_ends_at_once() {
    let (system, a, _) = one(|spec| spec).await;
    a.suspend();
    let asked = tokio::spawn({
        let a = a.clone();
        async move { a.ask(Do::Life).await }
    });
    tokio::task::yield_now().await;
    a.stop();
    assert_eq!(soon("the ask", asked).await.unwrap(), Err(AskError::NoReply));
    system.stop().await;
}

/// An ask as the macro writes it.
fn counted(panics: bool) -> Call<Hand, bool, usize> {
    let _ = panics;
    Call {
        kind: "count",
        lane: swarmtree::Lane::Normal,
        timeout: None,
        here: Some(Here::Sync(|hand: &mut Hand, panics: bool, _| {
            assert!(!panics, "in place");
            hand.record.add("counted");
            Ok(hand.record.lines().len())
        })),
        message: |_, reply| now(move |hand, _| drop(reply.send(hand.record.lines().len() + 1000))),
    }
}

#[tokio::test(start_paused = true)]
async fn an_ask_of_an_idle_actor_runs_in_place_and_of_a_busy_one_is_queued() {
    let (system, a, record) = one(|spec| spec).await;
    assert_eq!(a.call(counted(false), false).await, Ok(1));
    assert_eq!((ledger(&a).accepted, ledger(&a).handled), (1, 1));
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    record.until("held").await;
    let busy = tokio::spawn({
        let a = a.clone();
        async move { a.call(counted(false), false).await }
    });
    tokio::task::yield_now().await;
    gate.open();
    assert_eq!(soon("the queued one", busy).await.unwrap(), Ok(1002));
    system.quiescent().await;
    assert_eq!(ledger(&a).handled, 3);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_place_fails_the_actor_and_not_the_caller() {
    let (system, a, _) = one(|spec| spec).await;
    let (mut letters, mut failures) = (system.dead_letters(4), system.failures(4));
    assert_eq!(a.call(counted(true), true).await, Err(AskError::NoReply));
    assert_eq!(letters.recv().await.unwrap().kind, "count");
    let report = failures.recv().await.unwrap().to_string();
    assert!(report.contains("in place") && report.contains("asking.rs") && report.contains("on count"), "{report}");
    system.quiescent().await;
    assert_eq!(a.ask(Do::Life).await, Ok(2));
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_may_be_moved_into_a_task_or_passed_on() {
    let (system, [a, b], _) = several(["a", "b"]).await;
    let asked = ask(&a, |reply: Reply<&str>| {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            reply.send("from a task").unwrap();
        });
    });
    assert_eq!(asked.await, Ok("from a task"));
    let asked = ask(&a, move |reply: Reply<&str>| {
        b.try_send(now(move |_, _| reply.send("from b").unwrap())).unwrap();
    });
    assert_eq!(asked.await, Ok("from b"));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_nobody_waits_for_comes_back() {
    let (system, a, record) = one(|spec| spec).await;
    let gate = Gate::new();
    a.send(gate.hold()).await.unwrap();
    let kept = record.clone();
    let hurried = a.within(Duration::from_secs(1));
    let asked = hurried
        .ask(|reply: Reply<u32>| now(move |_, _| kept.add(format!("{} {:?}", reply.is_closed(), reply.send(1)))));
    assert!(asked.await.is_err());
    gate.open();
    system.quiescent().await;
    assert_eq!(record.lines(), ["held", "true Err(1)"]);
    system.stop().await;
}

/// Has the first ask the second one from inside its handler, and so on; the last one does the rest.
fn chain(mut rest: Vec<Handle<Do>>, reply: Reply<Result<u32, AskError>>) -> Do {
    later(move |_, cx| {
        Box::pin(async move {
            if rest.is_empty() {
                let _ = reply.send(Ok(cx.incarnation()));
                return Ok(());
            }
            let next = rest.remove(0);
            let answer = next.ask(|reply| chain(rest, reply)).await;
            let _ = reply.send(answer.unwrap_or_else(Err));
            Ok(())
        })
    })
}

#[tokio::test(start_paused = true)]
async fn a_cycle_of_asks_is_a_deadlock_at_once_with_its_actors() {
    let (system, [a, b, c], _) = several(["a", "b", "c"]).await;
    let begun = tokio::time::Instant::now();
    let own = a.ask(|reply| chain(vec![a.clone()], reply)).await.unwrap();
    assert_eq!(own, Err(AskError::Deadlock { cycle: paths(&["a"]) }));
    let two = a.ask(|reply| chain(vec![b.clone(), a.clone()], reply)).await.unwrap();
    let Err(AskError::Deadlock { mut cycle }) = two else { panic!("{two:?}") };
    cycle.sort();
    assert_eq!(cycle, paths(&["a", "b"]));
    let three = a.ask(|reply| chain(vec![b.clone(), c.clone(), a.clone()], reply)).await.unwrap();
    assert_eq!(three.as_ref().unwrap_err().to_string().matches("->").count(), 3, "{three:?}");
    let Err(AskError::Deadlock { mut cycle }) = three else { panic!() };
    cycle.sort();
    assert_eq!(cycle, paths(&["a", "b", "c"]));
    assert!(begun.elapsed().is_zero());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_diamond_is_no_deadlock() {
    let (system, [a, b, c, d], _) = several(["a", "b", "c", "d"]).await;
    let asked = a.ask(|reply: Reply<bool>| {
        later(move |_, _| {
            Box::pin(async move {
                let left = b.ask(|reply| chain(vec![d.clone()], reply));
                let right = c.ask(|reply| chain(vec![d.clone()], reply));
                let (left, right) = tokio::join!(left, right);
                let _ = reply.send(left == Ok(Ok(1)) && right == Ok(Ok(1)));
                Ok(())
            })
        })
    });
    assert_eq!(soon("the diamond", asked).await, Ok(true));
    let again = ask(&a, |reply: Reply<u32>| reply.send(1).unwrap()).await;
    assert_eq!(again, Ok(1));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_wait_is_left_behind_after_timeouts_kills_and_dropped_asks() {
    let (system, [a, b], record) = several(["a", "b"]).await;
    let gate = Gate::new();
    b.send(gate.hold()).await.unwrap();
    record.until("held").await;
    // a waits for b: until its deadline, dropped halfway, and until it is killed.
    let (b1, b2, b3) = (b.clone(), b.clone(), b.clone());
    a.send(later(move |hand, _| {
        Box::pin(async move {
            assert!(b1.within(Duration::from_secs(1)).ask(Do::Life).await.is_err());
            assert!(tokio::time::timeout(Duration::from_secs(1), b2.ask(Do::Life)).await.is_err());
            hand.record.add("twice");
            let _ = b3.ask(Do::Life).await;
            Ok(())
        })
    }))
    .await
    .unwrap();
    record.until("twice").await;
    tokio::task::yield_now().await;
    a.kill();
    gate.open();
    system.quiescent().await;
    let back = b.ask(|reply| chain(vec![a.clone()], reply)).await.unwrap();
    assert_eq!(back, Ok(2));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_room_in_a_cycle_is_a_deadlock_at_once() {
    let record = Record::new();
    let system = System::builder("test")
        .child(spec("a", &record).mailbox(1))
        .child(spec("b", &record).mailbox(1))
        .start()
        .await
        .unwrap();
    let (a, b) = (system.find::<Hand>("a").unwrap(), system.find::<Hand>("b").unwrap());
    let send = |to: Handle<Do>, gate: Gate| {
        later(move |hand, _| {
            Box::pin(async move {
                hand.record.add("inside");
                gate.passed().await;
                match to.send(note("through")).await {
                    Ok(()) => hand.record.add("sent"),
                    Err(refused) => hand.record.add(format!("{:?}", refused.reason)),
                }
                Ok(())
            })
        })
    };
    let (ga, gb) = (Gate::new(), Gate::new());
    a.send(send(b.clone(), ga.clone())).await.unwrap();
    b.send(send(a.clone(), gb.clone())).await.unwrap();
    record.until_count("inside", 2).await;
    a.send(note("fill")).await.unwrap();
    b.send(note("fill")).await.unwrap();
    ga.open();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    gb.open();
    soon("both end", record.until("through")).await;
    system.quiescent().await;
    let lines = record.lines();
    let refused = lines.iter().find(|line| line.starts_with("Deadlock")).expect("a deadlock");
    assert!(refused.contains('a') && refused.contains('b'));
    assert_eq!(lines.iter().filter(|line| *line == "sent").count(), 1);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_room_at_oneself_is_a_deadlock_by_count_and_by_bytes() {
    for by_bytes in [false, true] {
        let (system, a, record) = one(|spec| if by_bytes { spec.mailbox_bytes(10) } else { spec.mailbox(1) }).await;
        let me = a.clone();
        a.send(later(move |hand, _| {
            Box::pin(async move {
                me.try_send(Do::Weigh(8, "in".into())).unwrap();
                let sent = me.send(Do::Weigh(8, "waits".into())).await;
                hand.record.add(format!("{:?}", sent.map_err(|refused| refused.reason)));
                Ok(())
            })
        }))
        .await
        .unwrap();
        soon(&format!("by_bytes: {by_bytes}"), record.until("in")).await;
        let expected: Result<(), _> = Err(Refusal::Deadlock { cycle: paths(&["a"]) });
        assert_eq!(record.lines()[0], format!("{expected:?}"));
        system.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_ask_by_way_of_a_full_mailbox_in_a_cycle_is_a_deadlock() {
    let (system, [a, b], record) = several(["a", "b"]).await;
    b.set_capacity(1);
    let (gate, me) = (Gate::new(), a.clone());
    let inside = gate.clone();
    b.send(later(move |hand, _| {
        Box::pin(async move {
            hand.record.add("inside");
            inside.passed().await;
            hand.record.add(format!("{:?}", me.ask(Do::Life).await.is_err()));
            Ok(())
        })
    }))
    .await
    .unwrap();
    record.until("inside").await;
    b.send(note("fill")).await.unwrap();
    let to = b.clone();
    a.send(later(move |hand, _| {
        Box::pin(async move {
            let sent = to.send(note("through")).await;
            hand.record.add(format!("sent {}", sent.is_ok()));
            Ok(())
        })
    }))
    .await
    .unwrap();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let begun = tokio::time::Instant::now();
    gate.open();
    soon("through", record.until("through")).await;
    system.quiescent().await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    let lines = record.lines();
    assert_eq!(&lines[..3], ["inside", "true", "fill"], "the one whose wait would close the cycle hears of it");
    assert!(lines.contains(&"sent true".to_owned()));
    system.stop().await;
}

#[test]
fn callers_outside_of_async_code_may_block() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (system, a, record) = runtime.block_on(one(|spec| spec.mailbox(1)));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let a = a.clone();
            std::thread::spawn(move || {
                for n in 0..50 {
                    a.blocking_send(note(n)).unwrap();
                }
                assert_eq!(a.blocking_ask(Do::Life), Ok(1));
                assert_eq!(a.block_on(a.call(counted(false), false)).map(|n| n > 0), Ok(true));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    runtime.block_on(async {
        system.quiescent().await;
        assert_balanced(&a);
        system.stop().await;
    });
    assert_eq!(a.blocking_ask(Do::Life), Err(AskError::Stopped));
    assert!(record.lines().len() >= 200);
}

#[tokio::test(start_paused = true)]
async fn an_inspection_that_panics_fails_the_actor_only() {
    let (system, a, _) = one(|spec| spec).await;
    let seen = a.inspect::<Hand, u32>(|_| panic!("look")).await;
    assert_eq!(seen, Err(AskError::NoReply));
    system.quiescent().await;
    assert_eq!(a.inspect::<Hand, String>(|hand| hand.name.clone()).await, Ok("a".to_owned()));
    assert_eq!(a.snapshot().incarnation, 2);
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_ask_of_a_temporary_actor_that_crashes_on_it_ends_at_once() {
    let (system, a, _) = one(|spec| spec.restart(Restart::Temporary)).await;
    assert_eq!(a.ask(|_reply: Reply<u32>| Do::Panic("boom".into())).await, Err(AskError::NoReply));
    soon("its end", a.stopped()).await;
    assert_eq!(a.ask(Do::Life).await, Err(AskError::Stopped));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_buried_at_the_stop_ends_at_once_though_its_dead_letter_is_kept() {
    let (system, a, _) = one(|spec| spec).await;
    let letters = system.dead_letters(8);
    a.suspend();
    let asked = tokio::spawn({
        let a = a.clone();
        async move { a.ask(Do::Life).await }
    });
    tokio::task::yield_now().await;
    a.stop();
    assert_eq!(soon("the ask", asked).await.unwrap(), Err(AskError::NoReply));
    drop(letters);
    system.stop().await;
}
