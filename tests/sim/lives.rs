//! How actors start, end and start again.

use std::time::Duration;

use swarmtree::testing::{Act, Record, Script, Scripted, Sim};
use swarmtree::{Exit, Handle, Restart, Status, Supervised, Supervisor, System};

use crate::kit::{Do, boom, find, note, now, one, scripted, several};
use crate::seeds;

const SECOND: Duration = Duration::from_secs(1);
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

async fn group(supervisor: Supervisor) -> (System, Vec<Handle<Act>>, Record) {
    let record = Record::new();
    let group = scripted(&NAMES, &record, supervisor.intensity(100, "1h"));
    let system = System::builder("test").child(group).start().await.unwrap();
    let children = NAMES.iter().map(|name| find(&system, &format!("group/{name}"))).collect();
    record.take();
    (system, children, record)
}

fn lines(words: &str, names: &[&str]) -> Vec<String> {
    names.iter().flat_map(|name| words.split('+').map(move |word| format!("{word} {name}"))).collect()
}

fn reversed<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().rev().copied().collect()
}

/// Which of the four restart with the one that failed.
async fn check_restart(
    sim: &Sim,
    supervisor: Supervisor,
    first: impl Fn(usize) -> usize,
    last: impl Fn(usize) -> usize,
) {
    let (system, children, record) = group(supervisor).await;
    let failed = usize::try_from(sim.random() % 4).unwrap();
    let (first, last) = (first(failed), last(failed));
    if sim.random().is_multiple_of(2) {
        sim.crash(&format!("group/{}", NAMES[failed]));
    } else {
        children[failed].send(boom()).await.unwrap();
    }
    system.quiescent().await;
    let others: Vec<&str> = NAMES[first..last].iter().copied().filter(|name| *name != NAMES[failed]).collect();
    let expected: Vec<String> = [format!("drop {}", NAMES[failed])]
        .into_iter()
        .chain(lines("stop+drop", &reversed(&others)))
        .chain(lines("start", &NAMES[first..last]))
        .collect();
    assert_eq!(record.take(), expected);
    for (at, child) in children.iter().enumerate() {
        let lives = if (first..last).contains(&at) { 2 } else { 1 };
        assert_eq!(child.snapshot().incarnation, lives, "{}", NAMES[at]);
    }
    assert_eq!(system.stop().await, Exit::Shutdown);
    assert_eq!(record.take(), lines("stop+drop", &reversed(&NAMES)));
}

#[test]
fn one_for_one_restarts_the_failed_one() {
    System::simulate(seeds(), |sim| async move {
        check_restart(&sim, Supervisor::one_for_one("group"), |failed| failed, |failed| failed + 1).await;
    });
}

#[test]
fn one_for_all_restarts_all_in_order() {
    System::simulate(seeds(), |sim| async move {
        check_restart(&sim, Supervisor::one_for_all("group"), |_| 0, |_| 4).await;
    });
}

#[test]
fn rest_for_one_restarts_the_failed_one_and_those_after_it() {
    System::simulate(seeds(), |sim| async move {
        check_restart(&sim, Supervisor::rest_for_one("group"), |failed| failed, |_| 4).await;
    });
}

#[test]
fn the_failure_beyond_the_intensity_escalates_and_none_before() {
    System::simulate(seeds(), |sim| async move {
        let record = Record::new();
        let allowed = u32::try_from(sim.random() % 4).unwrap();
        let inner = scripted(&NAMES, &record, Supervisor::one_for_one("inner").intensity(allowed, "10s"));
        let system = System::builder("test").intensity(1, "1h").child(inner).start().await.unwrap();
        let crash = async |n: u32| {
            find(&system, &format!("inner/{}", NAMES[n as usize % 4])).send(boom()).await.unwrap();
            system.quiescent().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        for n in 0..allowed {
            crash(n).await;
        }
        assert_eq!(system.actor("inner").unwrap().snapshot().incarnation, 1);
        // The window slides: what is older than the period no longer counts.
        tokio::time::sleep(11 * SECOND).await;
        for n in 0..=allowed {
            assert_eq!(system.actor("inner").unwrap().snapshot().incarnation, 1);
            crash(n).await;
        }
        assert_eq!(system.actor("inner").unwrap().snapshot().incarnation, 2);
        assert_eq!(system.stop().await, Exit::Shutdown);
    });
}

#[test]
fn the_restart_kind_decides_who_comes_back() {
    System::simulate(seeds(), |sim| async move {
        let record = Record::new();
        let kinds =
            [("permanent", Restart::Permanent), ("transient", Restart::Transient), ("temporary", Restart::Temporary)];
        let group = kinds.iter().fold(Supervisor::one_for_one("group").intensity(100, "1h"), |group, (name, kind)| {
            group.child(Script::new(name, &record).spec().restart(*kind))
        });
        let system = System::builder("test").child(group).start().await.unwrap();
        let crash = sim.random().is_multiple_of(2);
        let children: Vec<Handle<Act>> =
            kinds.iter().map(|(name, _)| find(&system, &format!("group/{name}"))).collect();
        for child in &children {
            child.send(if crash { boom() } else { Act::Leave }).await.unwrap();
        }
        system.quiescent().await;
        let back: Vec<bool> = children.iter().map(|child| !child.is_stopped()).collect();
        assert_eq!(back, [true, crash, false]);
        system.stop().await;
    });
}

#[test]
fn a_child_that_hangs_is_killed_at_its_limit_and_the_rest_stop_in_order() {
    System::simulate(seeds(), |sim| async move {
        let (system, children, record) = group(Supervisor::one_for_one("group")).await;
        children[2].send(Act::Hang).await.unwrap();
        record.until("hang c").await;
        record.take();
        let begun = sim.elapsed();
        assert_eq!(system.stop().await, Exit::Shutdown);
        assert_eq!(sim.elapsed() - begun, 5 * SECOND);
        assert_eq!(record.take(), ["stop d", "drop d", "drop c", "stop b", "drop b", "stop a", "drop a"]);
    });
}

#[test]
fn a_restart_waits_for_its_backoff() {
    System::simulate(seeds(), |sim| async move {
        let record = Record::new();
        let system = System::builder("test")
            .intensity(100, "1h")
            .child(Script::new("a", &record).spec().backoff("1s..8s"))
            .start()
            .await
            .unwrap();
        let a = find(&system, "a");
        for (n, whole) in [1.0, 2.0, 4.0, 8.0, 8.0].into_iter().enumerate() {
            let begun = sim.elapsed();
            a.send(boom()).await.unwrap();
            record.until_count("start a", n + 2).await;
            let waited = (sim.elapsed() - begun).as_secs_f64();
            assert!((whole / 2.0..=whole + 0.01).contains(&waited), "{waited} s of {whole}");
        }
        system.stop().await;
    });
}

#[test]
fn timers_come_at_their_time_and_die_with_their_incarnation() {
    System::simulate(seeds(), |sim| async move {
        let (system, a, record) = one(|spec| spec).await;
        let crash = sim.random().is_multiple_of(2);
        a.send(now(|_, cx| {
            cx.after(3 * SECOND, note("after")).unwrap();
            let gone = cx.after(2 * SECOND, note("cancelled")).unwrap();
            cx.every(SECOND, || note("every")).unwrap();
            cx.cancel(gone);
        }))
        .await
        .unwrap();
        if crash {
            tokio::time::sleep(2500 * SECOND / 1000).await;
            a.send(Do::Panic("boom".into())).await.unwrap();
            tokio::time::sleep(10 * SECOND).await;
            assert_eq!(record.lines(), ["every", "every"]);
        } else {
            tokio::time::sleep(3500 * SECOND / 1000).await;
            let mut lines = record.lines();
            lines.sort();
            assert_eq!(lines, ["after", "every", "every", "every"]);
        }
        system.stop().await;
    });
}

#[test]
fn a_watch_fires_once_behind_all_that_was_sent() {
    System::simulate(seeds(), |sim| async move {
        let (system, [a, b], record) = several(["a", "b"]).await;
        let watched = b.clone();
        a.send(now(move |_, cx| drop(cx.watch(&watched, |_| note("gone")).unwrap()))).await.unwrap();
        system.quiescent().await;
        a.suspend();
        let to = a.clone();
        b.send(now(move |_, cx| {
            (0..5).for_each(|n| to.try_send(note(n)).unwrap());
            drop(cx.after(Duration::from_nanos(1), now(|_, _| {})));
        }))
        .await
        .unwrap();
        if sim.random().is_multiple_of(2) {
            b.send(Do::Panic("boom".into())).await.unwrap();
        }
        b.ask(Do::Life).await.unwrap();
        b.stop();
        b.stopped().await;
        a.resume();
        system.quiescent().await;
        let seen: Vec<String> = record.lines().into_iter().filter(|line| !line.starts_with("stop")).collect();
        assert_eq!(seen, ["0", "1", "2", "3", "4", "gone"]);
    });
}

#[test]
fn drain_handles_what_is_queued_and_stop_buries_it() {
    System::simulate(seeds(), |sim| async move {
        let (system, [a, b], record) = several(["a", "b"]).await;
        for n in 0..10 {
            a.try_send(note(format!("a{n}"))).unwrap();
        }
        a.drain();
        assert!(a.try_send(note("late")).is_err());
        assert_eq!(a.stopped().await, Exit::Shutdown);
        assert_eq!(record.lines().iter().filter(|line| line.starts_with('a')).count(), 10);
        b.suspend();
        b.try_send(note("buried")).unwrap();
        b.stop();
        b.stopped().await;
        let books = b.snapshot().mailbox.unwrap().ledger;
        assert_eq!((books.dead_lettered, books.queued), (1, 0));
        assert_eq!(b.snapshot().status, Status::Stopped);
        sim.note("both ended");
        system.stop().await;
    });
}

#[test]
fn dynamic_children_come_and_go_and_leave_nothing() {
    System::simulate(seeds(), |sim| async move {
        let record = Record::new();
        let all = Supervisor::dynamic("all", Scripted::template()).intensity(1000, "1h");
        let system = System::builder("test").child(all).start().await.unwrap();
        let all = system.dynamic::<Scripted>("all").unwrap();
        let tasks: Vec<_> = (0..6)
            .map(|n| {
                let (all, record, own) = (all.clone(), record.clone(), sim.clone());
                sim.spawn(async move {
                    let name = format!("x{}", n % 3);
                    for _ in 0..5 {
                        let Ok(child) = all.get_or_start(&name, Script::new(&name, &record)).await else { continue };
                        match own.random() % 4 {
                            0 => child.stop(),
                            1 => drop(child.send(boom()).await),
                            2 => child.kill(),
                            _ => drop(child.send(Act::Note(format!("note {name}"))).await),
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        system.quiescent().await;
        for child in all.children() {
            child.stop();
            child.stopped().await;
        }
        system.quiescent().await;
        assert!(all.is_empty());
        let lines = record.lines();
        let count = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
        assert_eq!(count("start"), count("drop"), "{lines:?}");
        let books = system.ledger();
        assert!(books.is_balanced() && books.queued == 0, "{books:?}");
    });
}
