//! Asks, replies and waits for each other.

use std::time::Duration;

use swarmtree::testing::{Sim, assert_balanced};
use swarmtree::{AskError, Call, Handle, Here, Lane, Lent, System};

use crate::kit::{Do, Gate, Hand, later, note, now, one, several};
use crate::seeds;

const SECOND: Duration = Duration::from_secs(1);

/// An ask as the macro writes it, that may run in place.
fn doubled() -> Call<Hand, u64, u64> {
    Call {
        kind: "double",
        lane: Lane::Normal,
        timeout: None,
        here: Some(Here::Sync(|hand: &mut Hand, number, _| {
            hand.record.add(format!("double {number}"));
            Ok(2 * number)
        })),
        message: |number, reply| {
            now(move |hand, _| {
                hand.record.add(format!("double {number}"));
                let _ = reply.send(2 * number);
            })
        },
    }
}

#[test]
fn every_ask_gets_its_own_answer_in_place_or_queued() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.mailbox(2)).await;
        let askers: Vec<_> = (0..4)
            .map(|asker| {
                let a = a.clone();
                sim.spawn(async move {
                    for n in 0..10 {
                        let number = asker * 100 + n;
                        assert_eq!(a.call(doubled(), number).await, Ok(2 * number));
                        a.send(note(format!("told {number}"))).await.unwrap();
                    }
                })
            })
            .collect();
        for asker in askers {
            asker.await.unwrap();
        }
        system.quiescent().await;
        let lines = record.lines();
        assert_eq!(lines.len(), 80);
        for asker in 0..4 {
            for n in 0..10 {
                let number = asker * 100 + n;
                let at = |line: String| lines.iter().position(|found| *found == line).unwrap();
                assert!(at(format!("double {number}")) < at(format!("told {number}")));
            }
        }
    });
}

/// The same, by a handler that may have to wait.
fn doubled_later() -> Call<Hand, u64, u64> {
    async fn double(hand: &mut Hand, number: u64) -> u64 {
        if number.is_multiple_of(2) {
            tokio::time::sleep(Duration::from_millis(number % 3)).await;
        }
        hand.record.add(format!("double {number}"));
        2 * number
    }
    Call {
        here: Some(Here::Async(|mut lent: Lent<Hand>, number| {
            Box::pin(async move {
                let doubled = Lent::<Hand>::caught(double(lent.parts().0, number)).await;
                (lent, doubled.map(Ok))
            })
        })),
        message: |number, reply| {
            later(move |hand, _| {
                Box::pin(async move {
                    let _ = reply.send(double(hand, number).await);
                    Ok(())
                })
            })
        },
        ..doubled()
    }
}

#[test]
fn an_ask_that_has_to_wait_in_place_is_answered_and_holds_up_what_comes_after() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec).await;
        let askers: Vec<_> = (0..3)
            .map(|asker| {
                let a = a.clone();
                sim.spawn(async move {
                    for n in 0..5 {
                        let number = asker * 10 + n;
                        assert_eq!(a.call(doubled_later(), number).await, Ok(2 * number));
                    }
                })
            })
            .collect();
        for asker in askers {
            asker.await.unwrap();
        }
        system.quiescent().await;
        assert_eq!(record.lines().len(), 15);
        assert_balanced(&a);
        system.stop().await;
    });
}

#[test]
fn what_a_handler_tells_itself_while_it_is_asked_is_handled() {
    System::simulate(seeds(), |_| async move {
        let (system, a, record) = one(|spec| spec).await;
        for n in 0..5 {
            let asked = a.ask(|reply: swarmtree::Reply<()>| {
                now(move |_, cx| {
                    cx.handle().try_send(note(n)).unwrap();
                    let _ = reply.send(());
                })
            });
            assert_eq!(asked.await, Ok(()));
            record.until(&n.to_string()).await;
        }
        system.stop().await;
    });
}

#[test]
fn a_lost_reply_ends_at_the_deadline_and_not_before() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, _) = one(|spec| spec).await;
        sim.lose_reply("a");
        let begun = sim.elapsed();
        assert_eq!(a.within(3 * SECOND).ask(Do::Life).await, Err(AskError::Timeout { deadline: 3 * SECOND }));
        assert_eq!(sim.elapsed() - begun, 3 * SECOND);
        assert_eq!(a.ask(Do::Life).await, Ok(1));
        system.stop().await;
    });
}

#[test]
fn whoever_waits_at_an_actor_that_stops_is_told() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec.mailbox(1)).await;
        let gate = Gate::new();
        a.send(gate.hold()).await.unwrap();
        record.until("held").await;
        let mut waiting: Vec<_> = (0..4)
            .map(|n| {
                let a = a.clone();
                sim.spawn(async move { a.send(note(n)).await.is_ok() })
            })
            .collect();
        waiting.extend((0..4).map(|_| {
            let a = a.clone();
            sim.spawn(async move { a.ask(Do::Life).await.is_ok() })
        }));
        tokio::time::sleep(Duration::from_millis(1)).await;
        a.stop();
        gate.open();
        a.stopped().await;
        let begun = sim.elapsed();
        for task in waiting {
            task.await.unwrap();
        }
        assert!(sim.elapsed() - begun < SECOND, "they were told at once");
        system.stop().await;
    });
}

/// A chain of asks through these actors, each from inside a handler of the one before; the last one's outcome.
fn chain(path: Vec<Handle<Do>>, reply: swarmtree::Reply<Result<u32, AskError>>) -> Do {
    later(move |_, _| {
        Box::pin(async move {
            let mut rest = path.into_iter();
            let Some(next) = rest.next() else {
                let _ = reply.send(Ok(0));
                return Ok(());
            };
            let rest: Vec<_> = rest.collect();
            let answer = next.ask(|reply| chain(rest, reply)).await;
            let _ = reply.send(answer.and_then(|answer| answer).map(|hops| hops + 1));
            Ok(())
        })
    })
}

#[test]
fn a_cycle_of_asks_is_found_at_once_and_a_chain_is_none() {
    System::simulate(seeds(), |sim: Sim| async move {
        let (system, all, _) = several(["a", "b", "c", "d"]).await;
        let begun = sim.elapsed();
        let path = |order: &[usize]| order.iter().map(|at| all[*at].clone()).collect::<Vec<_>>();
        let straight = all[0].ask(|reply| chain(path(&[1, 2, 3]), reply)).await.unwrap();
        assert_eq!(straight, Ok(3));
        let cycle = all[0].ask(|reply| chain(path(&[1, 2, 0]), reply)).await.unwrap();
        let Err(AskError::Deadlock { cycle }) = cycle else { panic!("{cycle:?}") };
        assert_eq!(cycle.len(), 3, "{cycle:?}");
        assert!(sim.elapsed() - begun < SECOND, "no deadline had to pass");
        let again = all[0].ask(|reply| chain(path(&[1, 2, 3]), reply)).await.unwrap();
        assert_eq!(again, Ok(3), "ended waits are forgotten");
        system.stop().await;
    });
}

#[test]
fn a_wait_that_is_over_is_no_part_of_a_cycle() {
    System::simulate(seeds(), |sim: Sim| async move {
        let (system, [a, b], record) = several(["a", "b"]).await;
        let (from, to) = (a.clone(), b.clone());
        // Asks b, is answered, and goes on; meanwhile b asks a, and has to wait for that.
        a.send(later(move |hand, _| {
            Box::pin(async move {
                assert_eq!(to.ask(Do::Life).await, Ok(1));
                let asks = later(move |hand, _| {
                    Box::pin(async move {
                        hand.record.add(format!("{:?}", from.ask(Do::Life).await));
                        Ok(())
                    })
                });
                to.send(asks).await.map_err(|_| "b has stopped")?;
                tokio::time::sleep(SECOND).await;
                hand.record.add("done");
                Ok(())
            })
        }))
        .await
        .unwrap();
        system.quiescent().await;
        assert_eq!(record.lines(), ["done", "Ok(1)"]);
        sim.note("no alarm");
        system.stop().await;
    });
}

#[test]
fn actors_that_fill_each_others_mailboxes_do_not_hang() {
    System::simulate(seeds(), |sim: Sim| async move {
        let (system, [a, b], record) = several(["a", "b"]).await;
        a.set_capacity(1);
        b.set_capacity(1);
        let flood = |to: Handle<Do>| {
            later(move |hand, _| {
                Box::pin(async move {
                    for n in 0..4 {
                        if to.send(note(n)).await.is_err() {
                            hand.record.add("refused");
                        }
                    }
                    hand.record.add("flooded");
                    Ok(())
                })
            })
        };
        a.send(flood(b.clone())).await.unwrap();
        b.send(flood(a.clone())).await.unwrap();
        system.quiescent().await;
        assert!(sim.elapsed() < SECOND);
        assert_eq!(record.lines().iter().filter(|line| *line == "flooded").count(), 2);
    });
}
