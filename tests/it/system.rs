//! Systems as wholes: very many actors, pools, probes.

use std::task::{Context, Waker};
use std::time::Duration;

use swarmtree::testing::{Act, OnStart, Probe, Record, Script, Scripted, assert_system_balanced};
use swarmtree::{Pool, Supervised, Supervisor, System, Template, actor, handlers};

use crate::kit::{Args, Do, Hand, one, soon, spec};

/// Counts what it is told.
#[actor(mailbox = 8)]
struct Counter {
    count: u64,
}

#[handlers]
impl Counter {
    #[start]
    fn open() -> Self {
        Self { count: 0 }
    }

    #[tell]
    async fn add(&mut self) {
        tokio::task::yield_now().await;
        self.count += 1;
    }

    #[ask]
    fn count(&self) -> u64 {
        self.count
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_actors_than_parked_turns_lose_no_message() {
    const ACTORS: usize = 3_000;
    const ROUNDS: usize = 5;
    let system =
        System::builder("many").child(Supervisor::dynamic("all", Template::<Counter>::new())).start().await.unwrap();
    let all = system.dynamic::<Counter>("all").unwrap();
    let mut counters = Vec::new();
    for number in 0..ACTORS {
        counters.push(all.start(&number.to_string(), ()).await.unwrap());
    }
    // Twice at once, in opposite directions, so that turns are evicted while others wake them.
    let there = {
        let counters = counters.clone();
        tokio::spawn(async move {
            for _ in 0..ROUNDS {
                for counter in &counters {
                    counter.add().await.unwrap();
                }
            }
        })
    };
    for _ in 0..ROUNDS {
        for counter in counters.iter().rev() {
            counter.add().await.unwrap();
        }
    }
    there.await.unwrap();
    for counter in &counters {
        assert_eq!(counter.count().await, Ok(2 * ROUNDS as u64));
    }
    assert_eq!(all.children().len(), ACTORS);
    assert_system_balanced(&system);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn of_many_who_want_one_child_one_starts_it() {
    let system = System::builder("test").child(Supervisor::dynamic("all", Counter::template())).start().await.unwrap();
    let all = system.dynamic::<Counter>("all").unwrap();
    let (first, again) = tokio::join!(all.get_or_start("one", ()), all.get_or_start("one", ()));
    assert_eq!(first.unwrap(), again.unwrap());
    assert_eq!(all.get_or_start("one", ()).await.unwrap().count().await, Ok(0));
    assert_eq!(all.len(), 1);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pool_chooses_its_workers_in_turn() {
    let pool = Pool::<Counter>::spec("pool", 3, |name| Counter::spec(name, ()));
    let system = System::builder("test").child(pool).start().await.unwrap();
    let pool = system.pool::<Counter>("pool").unwrap();
    for _ in 0..7 {
        pool.next().unwrap().add().await.unwrap();
    }
    let mut counts = Vec::new();
    for worker in pool.workers() {
        counts.push(worker.count().await.unwrap());
    }
    assert_eq!(counts, [3, 2, 2]);
    assert!(system.pool::<Counter>("nobody").is_err());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_keeps_what_it_is_sent() {
    let system = System::start("test").await.unwrap();
    let mut probe = Probe::<Act>::start(&system, "probe").await.unwrap();
    assert!(probe.try_next().is_none());
    probe.handle().send(Act::Leave).await.unwrap();
    probe.handle().send(Act::Hang).await.unwrap();
    assert!(matches!(soon("the first", probe.next()).await, Some(Act::Leave)));
    assert!(matches!(soon("the second", probe.next()).await, Some(Act::Hang)));
    system.stop().await;
    assert!(soon("the end", probe.next()).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_ask_through_a_handle_over_another_type_is_sent_as_a_message() {
    let system = System::start("test").await.unwrap();
    let mut probe = Probe::<CounterMsg>::start(&system, "probe").await.unwrap();
    let typed = CounterHandle::from(probe.handle().clone());
    let asked = tokio::spawn(async move { typed.count().await });
    let Some(CounterMsg::Count { reply }) = soon("the request", probe.next()).await else { panic!("no request") };
    reply.send(7).unwrap();
    assert_eq!(soon("the answer", asked).await.unwrap(), Ok(7));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_crashes_at_once_is_restarted_not_removed() {
    let record = Record::new();
    let all = Supervisor::dynamic("all", Scripted::template()).intensity(1_000_000, "1h");
    let system = System::builder("test").child(all).start().await.unwrap();
    let _failures = system.failures(1);
    let all = system.dynamic::<Scripted>("all").unwrap();
    for number in 0..500 {
        let name = number.to_string();
        let starting = all.start(&name, Script::new(&name, &record));
        let sender = async {
            loop {
                if let Some(child) = all.find(&name) {
                    return child.send(Act::Fail("at once".into())).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        };
        let (child, ()) = tokio::join!(starting, sender);
        assert_eq!(soon("its next life", child.unwrap().ask(Act::Life)).await, Ok(2));
    }
    system.kill().await;
}

#[test]
fn a_runtime_that_is_dropped_under_a_busy_system_ends() {
    for _ in 0..20 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let record = Record::new();
        let system = runtime.block_on(async {
            let child = Script::new("a", &record).spec();
            let system = System::builder("test").intensity(100, "1h").child(child).start().await.unwrap();
            system.find::<Scripted>("a").unwrap().send(Act::Hang).await.unwrap();
            record.until("hang a").await;
            system
        });
        drop(runtime);
        drop(system);
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_is_opened_again_lets_waiting_senders_in() {
    let record = Record::new();
    let child = Script::new("a", &record).spec().mailbox(1);
    let system = System::builder("test").child(child).start().await.unwrap();
    let (a, control) = (system.find::<Scripted>("a").unwrap(), system.actor("a").unwrap());
    a.send(Act::Hang).await.unwrap();
    record.until("hang a").await;
    a.send(Act::Note("queued".into())).await.unwrap();
    let waiting = tokio::spawn({
        let a = a.clone();
        async move { a.send(Act::Note("waited".into())).await.is_ok() }
    });
    tokio::task::yield_now().await;
    a.stop();
    control.restart();
    let sent = soon("the waiting sender", waiting).await.unwrap();
    assert_eq!(soon("it answers", a.ask(Act::Life)).await, Ok(2));
    assert_eq!(record.lines().contains(&"waited".to_owned()), sent);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_system_that_did_not_start_names_the_child_and_stops_the_rest() {
    use swarmtree::testing::OnStart;
    let record = Record::new();
    let started = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(Script::new("b", &record).starts([OnStart::Refuse]).spec())
        .start()
        .await;
    let error = started.unwrap_err().to_string();
    assert!(error.contains("b: the script refuses"), "{error}");
    assert_eq!(record.lines(), ["start a", "start b", "stop a", "drop a"]);
}

#[tokio::test(start_paused = true)]
async fn two_spawns_below_one_missing_supervisor_both_succeed() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let args = |name: &str| Args(name.to_owned(), record.clone());
    let both =
        async { tokio::join!(system.spawn::<Hand>("s/t/a", args("a")), system.spawn::<Hand>("s/t/b", args("b"))) };
    let (a, b) = soon("both", both).await;
    assert_eq!(a.unwrap().ask(Do::Life).await, Ok(1));
    assert_eq!(b.unwrap().ask(Do::Life).await, Ok(1));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_adds_to_a_supervisor_that_never_begins_is_told() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let args = Args("b".to_owned(), record.clone());
    // The first one is given up on while it starts the supervisor: with it goes what it has begun.
    let hanging = Script::new("a", &record).starts([OnStart::Hang]).spec();
    let mut first = Box::pin(system.start_child("", Supervisor::one_for_one("s").child(hanging)));
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let mut second = Box::pin(system.spawn::<Hand>("s/b", args));
    assert!(second.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(first);
    assert!(soon("the second", second).await.is_err());
    assert!(system.snapshot().is_empty());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_in_its_backoff_says_when_it_is_back() {
    let (system, a, _) = one(|spec| spec.backoff("8s..8s")).await;
    a.send(Do::Panic("boom".into())).await.unwrap();
    a.send(Do::Note("later".into())).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let back_in = a.snapshot().back_in.unwrap();
    assert!(back_in > Duration::from_secs(2) && back_in < Duration::from_secs(7), "{back_in:?}");
    assert_eq!(system.actor("a").unwrap().snapshot().back_in, Some(back_in));
    assert!(system.tree().contains("a (Hand) down, back in "), "{}", system.tree());
    system.quiescent().await;
    assert_eq!(a.snapshot().back_in, None);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_group_in_its_backoff_is_back_together() {
    let record = Record::new();
    let all = Supervisor::one_for_all("all").child(spec("a", &record).backoff("8s..8s")).child(spec("b", &record));
    let system = System::builder("test").child(all).start().await.unwrap();
    system.find::<Hand>("all/a").unwrap().send(Do::Panic("boom".into())).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let back_in = |path: &str| system.actor(path).unwrap().snapshot().back_in;
    assert!(back_in("all/a").is_some());
    assert_eq!(back_in("all/a"), back_in("all/b"));
    system.stop().await;
}
