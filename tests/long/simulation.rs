//! The same seed takes the same course, however often and wherever; and virtual time is cheap.

use std::time::{Duration, Instant};

use swarmtree::testing::{Act, Faults, Record, Script, Scripted, Sim};
use swarmtree::{Actor, ActorSpec, Context, Handle, Handled, Message, StartError, Supervisor, System};

use crate::figures::{afresh, alone};

const SECOND: Duration = Duration::from_secs(1);
const NAMES: [&str; 4] = ["inner/a", "inner/b", "inner/c", "inner/d"];

/// Some of everything, for some virtual seconds.
async fn bustle(sim: Sim) {
    let record = Record::new();
    let inner = Supervisor::rest_for_one("inner")
        .intensity(1_000_000, "1s")
        .child(Script::new("a", &record).spec().backoff("10ms..1s"))
        .child(Script::new("b", &record).spec().mailbox(2))
        .child(Script::new("c", &record).spec())
        .child(Script::new("d", &record).spec().mailbox(1));
    let system = System::builder("bustle").intensity(1000, "1h").child(inner).start().await.unwrap();
    sim.faults(Faults { crash: 0.05, slow: 0.1, slow_most: SECOND / 10, hang: 0.01, lose_reply: 0.01 });
    let senders: Vec<_> = (0..4)
        .map(|number| {
            let (own, to) = (sim.clone(), NAMES.map(|name| system.find::<Scripted>(name).unwrap()));
            sim.spawn(async move {
                for n in 0..30 {
                    let target = &to[usize::try_from(own.random() % 4).unwrap()];
                    match own.random() % 8 {
                        0 => drop(target.try_send(Act::Panic("boom".into()))),
                        1 => drop(target.try_send(Act::Fail("on purpose".into()))),
                        2 => target.kill(),
                        3..6 => drop(target.within(SECOND).ask(Act::Life).await),
                        _ => drop(tokio::time::timeout(SECOND, target.send(Act::Note(format!("{number}.{n}")))).await),
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(5 * SECOND).await;
    // A hung handler needs somebody who kills it.
    sim.faults(Faults::default());
    for name in NAMES {
        system.find::<Scripted>(name).unwrap().kill();
    }
    for sender in senders {
        sender.await.unwrap();
    }
    system.quiescent().await;
    for line in record.lines() {
        sim.note(line);
    }
}

fn course(seed: u64) -> String {
    let outcome = System::simulated(seed).run(bustle);
    assert_eq!(outcome.failure, None, "{outcome}");
    format!("course of seed {seed}: {:016x} after {} events", outcome.hash, outcome.events)
}

/// Runs in processes of their own below.
#[test]
fn the_courses_of_a_few_seeds() {
    let _alone = alone();
    for seed in 0..50 {
        println!("{}", course(seed));
    }
}

fn repeat(times: u32) {
    let _alone = alone();
    let begun = Instant::now();
    let first = course(42);
    for _ in 1..times {
        assert_eq!(course(42), first);
    }
    println!("{first}, the same {times} times in {:.1?}", begun.elapsed());
    let here: Vec<String> = (0..50).map(course).collect();
    for _ in 0..2 {
        let (out, _) = afresh("simulation::the_courses_of_a_few_seeds", &[], &[]);
        let there: Vec<&str> = out.lines().filter_map(|line| line.find("course of").map(|at| &line[at..])).collect();
        assert_eq!(there, here);
    }
    println!("50 seeds, the same courses in two fresh processes");
}

#[test]
fn the_same_seed_takes_the_same_course_in_other_processes_too() {
    repeat(20);
}

#[test]
#[ignore = "takes a minute"]
fn the_same_seed_takes_the_same_course_a_thousand_times() {
    repeat(1_000);
}

/// Has nothing to do, or a tick every second.
struct Idler;

struct Beat;

impl Message for Beat {}

impl Actor for Idler {
    type Msg = Beat;
    type Args = bool;
    type Handle = Handle<Beat>;

    async fn start(beats: bool, cx: &mut Context<Self>) -> Result<Self, StartError> {
        if beats {
            cx.every(SECOND, || Beat)?;
        }
        Ok(Self)
    }

    fn handle(&mut self, _: Beat, _: &mut Context<Self>) -> Handled<Beat> {
        Handled::Done
    }
}

/// Virtual seconds in a second, with a hundred actors of which so many have a heartbeat.
fn pace(seconds: u32, beating: usize) -> f64 {
    let begun = Instant::now();
    let outcome = System::simulated(1).limit(Duration::MAX).polls_limit(u64::MAX).run(|_| async move {
        let mut builder = System::builder("idle");
        for n in 0..100 {
            builder = builder.child(ActorSpec::<Idler>::new(&n.to_string(), n < beating));
        }
        let system = builder.start().await.unwrap();
        tokio::time::sleep(seconds * SECOND).await;
        system.stop().await;
    });
    assert_eq!(outcome.failure, None);
    assert!(outcome.elapsed >= seconds * SECOND);
    let pace = f64::from(seconds) / begun.elapsed().as_secs_f64();
    println!("{seconds} virtual s of 100 actors, {beating} with a heartbeat a second: {pace:.0} a second");
    pace
}

#[test]
fn virtual_time_is_cheap() {
    let _alone = alone();
    pace(1_000_000, 0);
    pace(1_000, 1);
}

#[test]
#[ignore = "takes seconds"]
fn an_idle_tree_lives_a_hundred_thousand_seconds_in_one() {
    let _alone = alone();
    assert!(pace(50_000_000, 0) > 1e5);
    pace(1_000_000, 1);
    pace(10_000, 100);
}
