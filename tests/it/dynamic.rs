//! Children that come and go while the tree runs.

use std::future::pending;
use std::time::Duration;

use swarmtree::testing::{Act, OnStart, Record, Script, Scripted, assert_system_balanced};
use swarmtree::{
    Actor, ActorSpec, ChildSpec, Context, DeleteError, Exit, FindError, Handle, Handled, Message, Restart, SpawnError,
    SpecError, StartError, Supervisor, System, Template,
};

use crate::kit::{Args, Do, Hand, note, soon, spec};

async fn hands() -> (System, swarmtree::Dynamic<Hand>, Record) {
    let pool = Supervisor::dynamic("pool", Template::<Hand>::new()).intensity(100_000, "1h");
    let system = System::builder("test").child(pool).start().await.unwrap();
    let pool = system.dynamic::<Hand>("pool").unwrap();
    (system, pool, Record::new())
}

fn args(name: &str, record: &Record) -> Args {
    Args(name.to_owned(), record.clone())
}

async fn life(handle: &Handle<Do>) -> u32 {
    soon("an answer", handle.ask(Do::Life)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_children_start_some_crash_and_all_stop() {
    let (system, pool, record) = hands().await;
    let mut handles = Vec::new();
    for n in 0..10_000 {
        handles.push(pool.start(&n.to_string(), args("x", &record)).await.unwrap());
    }
    assert_eq!(pool.len(), 10_000);
    for handle in handles.iter().step_by(10) {
        handle.send(Do::Panic("one of many".into())).await.unwrap();
    }
    system.quiescent().await;
    assert_eq!(handles.iter().filter(|handle| handle.snapshot().incarnation == 2).count(), 1_000);
    assert_eq!(system.ledger().dead_lettered, 1_000);
    assert_system_balanced(&system);
    assert_eq!(soon("the end", system.stop()).await, Exit::Shutdown);
    assert!(handles.iter().all(Handle::is_stopped));
    assert_eq!(record.lines().len(), 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_name_can_be_used_again_after_its_stop() {
    let (system, pool, record) = hands().await;
    let first = pool.start("x", args("x", &record)).await.unwrap();
    let taken = pool.start("x", args("x", &record)).await.unwrap_err();
    assert!(matches!(taken, SpawnError::Exists { path } if path.as_str() == "pool/x"));
    first.stop();
    soon("stop", first.stopped()).await;
    let second = pool.start("x", args("x", &record)).await.unwrap();
    assert!(first != second && first.is_stopped() && !second.is_stopped());
    assert!(pool.find("x").unwrap() == second);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_child_begins_its_first_life_whoever_was_there_before() {
    let (system, pool, record) = hands().await;
    let first = pool.start("x", args("x", &record)).await.unwrap();
    assert_eq!(life(&first).await, 1);
    first.stop();
    soon("stop", first.stopped()).await;
    let second = pool.start("y", args("y", &record)).await.unwrap();
    assert_eq!(life(&second).await, 1);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_handle_of_a_stopped_actor_stops_nobody_else() {
    let (system, pool, record) = hands().await;
    let first = pool.start("x", args("x", &record)).await.unwrap();
    first.stop();
    soon("stop", first.stopped()).await;
    let second = pool.start("y", args("y", &record)).await.unwrap();
    first.stop();
    first.restart();
    first.kill();
    system.quiescent().await;
    assert!(!second.is_stopped(), "a stale handle stopped another actor");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_reference_to_a_stopped_actor_stops_nobody_else() {
    let (system, pool, record) = hands().await;
    let first = pool.start("x", args("x", &record)).await.unwrap();
    let reference = system.actor("pool/x").unwrap();
    first.stop();
    soon("stop", first.stopped()).await;
    let second = pool.start("x", args("x", &record)).await.unwrap();
    reference.stop();
    system.quiescent().await;
    assert!(!second.is_stopped(), "a stale reference stopped the next actor of that name");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_leaves_nothing() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    for how in [OnStart::Refuse, OnStart::Panic] {
        let script = Script::new("x", &record).starts([how]);
        let failed = system.start_child("", script.spec()).await.unwrap_err();
        assert!(
            matches!(&failed, SpawnError::Failed { path, exit: Exit::Failed(_) } if path.as_str() == "x"),
            "{failed}"
        );
        assert!(matches!(system.find::<Scripted>("x"), Err(FindError::Nobody { .. })));
    }
    system.start_child("", Script::new("x", &record).spec()).await.unwrap();
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn only_a_child_that_is_down_can_be_deleted() {
    let record = Record::new();
    let group = Supervisor::one_for_all("group").intensity(9, "1h").restart(Restart::Permanent);
    let group = group.child(Script::new("a", &record).spec()).child(Script::new("b", &record).spec());
    let system = System::builder("test").child(group).start().await.unwrap();
    let b = system.actor("group/b").unwrap();
    assert_eq!(b.delete(), Err(DeleteError::Running));
    b.stop();
    soon("stop", b.stopped()).await;
    assert_eq!(b.delete(), Ok(()));
    assert_eq!(b.delete(), Err(DeleteError::Gone));
    assert!(system.actor("group/b").is_err());
    system.start_child("group", Script::new("b", &record).spec()).await.unwrap();
    assert_eq!(b.delete(), Err(DeleteError::Gone), "another one of that name");
    system.actor("group").unwrap().restart();
    soon("the declared ones are back", record.until_count("start b", 3)).await;
    system.stop().await;
    assert_system_balanced(&system);
}

#[tokio::test(start_paused = true)]
async fn a_started_child_is_given_as_what_its_spec_knows() {
    let (system, _, record) = hands().await;
    let added: Handle<Do> = system.start_child("", spec("added", &record).mailbox(7)).await.unwrap();
    assert_eq!(life(&added).await, 1);
    let untyped = system.start_child("", ChildSpec::from(spec("untyped", &record))).await.unwrap();
    assert_eq!(life(&untyped.handle::<Hand>().unwrap()).await, 1);
    assert!(untyped.handle::<Scripted>().is_none(), "it takes other messages");
    assert!(system.actor("pool").unwrap().handle::<Hand>().is_none(), "a supervisor takes none");
    let refused = system.start_child("pool", spec("x", &record)).await.unwrap_err().to_string();
    assert!(refused.contains("System::dynamic"), "{refused}");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_that_takes_too_long_fails_and_leaves_nothing() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let script = Script::new("x", &record).starts([OnStart::Hang]).spec().start_timeout("3s");
    let failed = soon("the start", system.start_child("", script)).await.unwrap_err();
    assert!(failed.to_string().contains("3s"), "{failed}");
    assert!(system.actor("x").is_err());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn missing_supervisors_are_started_on_the_way() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let x = system.spawn::<Hand>("deep/er/x", args("x", &record)).await.unwrap();
    let y = system.spawn::<Hand>("deep/er/y", args("y", &record)).await.unwrap();
    assert_eq!((x.path().as_str(), y.path().as_str()), ("deep/er/x", "deep/er/y"));
    x.send(Do::Panic("boom".into())).await.unwrap();
    assert_eq!(life(&x).await, 2);
    assert_eq!(life(&y).await, 1);
    let below = system.spawn::<Hand>("deep/er/x/z", args("z", &record)).await.unwrap_err();
    assert!(matches!(below, SpawnError::NoSupervisor { .. }), "{below}");
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn many_spawns_side_by_side_share_the_supervisors_they_start() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let spawns: Vec<_> = (0..50)
        .map(|n| {
            let (system, args) = (system.clone(), args("x", &record));
            tokio::spawn(async move { system.spawn::<Hand>(&format!("deep/er/{n}"), args).await })
        })
        .collect();
    for spawn in spawns {
        soon("a spawn", spawn).await.unwrap().unwrap();
    }
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn each_wrong_spawn_says_what_is_wrong() {
    let (system, _, record) = hands().await;
    let spawned = system.spawn::<Hand>("", args("x", &record)).await;
    assert!(matches!(spawned, Err(SpawnError::Spec(SpecError::Name(_)))));
    let spawned = system.spawn::<Hand>("a//b", args("x", &record)).await;
    assert!(matches!(spawned, Err(SpawnError::Spec(SpecError::Name(_)))));
    let wrong = system.dynamic::<Scripted>("pool").unwrap_err();
    assert!(matches!(&wrong, SpawnError::WrongTemplate { path, .. } if path.as_str() == "pool"), "{wrong}");
    let spawned = system.spawn::<Scripted>("pool/x", Script::new("x", &record)).await;
    assert!(matches!(spawned, Err(SpawnError::WrongTemplate { .. })));
    assert!(matches!(system.dynamic::<Hand>("nobody"), Err(SpawnError::NoSupervisor { .. })));
    assert!(matches!(system.start_child("nobody", spec("x", &record)).await, Err(SpawnError::NoSupervisor { .. })));
    let spawned = system.start_child("", spec("x", &record).mailbox(0)).await;
    assert!(matches!(spawned, Err(SpawnError::Spec(SpecError::Capacity { .. }))));
    let x = system.start_child("", spec("x", &record)).await.unwrap();
    assert!(matches!(system.find::<Scripted>("x"), Err(FindError::OtherType { .. })));
    x.stop();
    x.stopped().await;
    system.stop().await;
    let spawned = system.spawn::<Hand>("x", args("x", &record)).await;
    assert!(matches!(spawned, Err(SpawnError::Stopping { .. })), "{spawned:?}");
}

/// Records when its start is over, one way or the other.
struct Slow;

struct Over(Record);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.add("start over");
    }
}

struct Never;
impl Message for Never {}

impl Actor for Slow {
    type Msg = Never;
    type Args = Record;
    type Handle = Handle<Never>;

    async fn start(record: Record, _: &mut Context<Self>) -> Result<Self, StartError> {
        record.add("start slow");
        let _over = Over(record);
        pending().await
    }

    fn handle(&mut self, _: Never, _: &mut Context<Self>) -> Handled<Never> {
        Handled::Done
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_spawn_leaves_nothing() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let spawn = system.spawn::<Slow>("x", record.clone());
    assert!(tokio::time::timeout(Duration::from_secs(1), spawn).await.is_err());
    assert_eq!(record.lines(), ["start slow", "start over"]);
    assert!(system.actor("x").is_err());
    system.start_child("", spec("x", &record)).await.unwrap();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_start_of_a_supervisor_leaves_nothing() {
    let record = Record::new();
    let system = System::start("test").await.unwrap();
    let tree = Supervisor::one_for_one("tree")
        .child(Script::new("a", &record).spec())
        .child(ActorSpec::<Slow>::new("slow", record.clone()));
    let start = system.start_child("", tree);
    assert!(tokio::time::timeout(Duration::from_secs(1), start).await.is_err());
    assert!(system.actor("tree").is_err());
    let _ = tokio::time::timeout(Duration::from_secs(10), record.until("drop a")).await;
    let _ = tokio::time::timeout(Duration::from_secs(10), record.until("start over")).await;
    let lines = record.lines();
    assert!(lines.contains(&"drop a".to_owned()) && lines.contains(&"start over".to_owned()), "{lines:?}");
    assert!(lines.contains(&"stop a".to_owned()), "a was up, and must be stopped in good order: {lines:?}");
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_spawn_that_waits_for_a_group_restart_leaves_nothing() {
    let record = Record::new();
    let group = Supervisor::one_for_all("group")
        .intensity(10, "1h")
        .child(Script::new("a", &record).starts([OnStart::Succeed, OnStart::Hang]).spec().start_timeout("5s"));
    let system = System::builder("test").child(group).start().await.unwrap();
    let a = system.find::<Scripted>("group/a").unwrap();
    a.send(Act::Panic("boom".into())).await.unwrap();
    soon("the restart hangs", record.until_count("start a", 2)).await;
    let spawn = system.spawn::<Hand>("group/x", args("x", &record));
    assert!(tokio::time::timeout(Duration::from_secs(1), spawn).await.is_err());
    soon("the restart goes on", record.until_count("start a", 3)).await;
    system.quiescent().await;
    assert!(system.actor("group/x").is_err(), "{}", system.tree());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_spawn_into_a_group_restart_waits_for_it() {
    let record = Record::new();
    let group = Supervisor::one_for_all("group")
        .intensity(10, "1h")
        .child(Script::new("a", &record).starts([OnStart::Succeed, OnStart::Hang]).spec().start_timeout("5s"));
    let system = System::builder("test").child(group).start().await.unwrap();
    system.find::<Scripted>("group/a").unwrap().send(Act::Panic("boom".into())).await.unwrap();
    soon("the restart hangs", record.until_count("start a", 2)).await;
    let x = soon("the spawn", system.spawn::<Hand>("group/x", args("x", &record))).await.unwrap();
    x.send(note("up")).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["start a", "drop a", "start a", "start a", "up"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_start_does_not_hold_up_its_siblings() {
    let pool = Supervisor::dynamic("pool", Template::<Scripted>::new());
    let system = System::builder("test").child(pool).start().await.unwrap();
    let (pool, record) = (system.dynamic::<Scripted>("pool").unwrap(), Record::new());
    let slow = tokio::spawn({
        let (pool, script) = (pool.clone(), Script::new("slow", &record).starts([OnStart::Hang]));
        async move { pool.start("slow", script).await }
    });
    record.until("start slow").await;
    pool.start("fast", Script::new("fast", &record)).await.unwrap();
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    assert!(soon("the slow one", slow).await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn dynamic_children_that_end_for_good_leave() {
    let template = Template::<Scripted>::new().restart(Restart::Transient);
    let system =
        System::builder("test").child(Supervisor::dynamic("pool", template).intensity(9, "1h")).start().await.unwrap();
    let (pool, record) = (system.dynamic::<Scripted>("pool").unwrap(), Record::new());
    let a = pool.start("a", Script::new("a", &record)).await.unwrap();
    let b = pool.start("b", Script::new("b", &record)).await.unwrap();
    a.send(Act::Leave).await.unwrap();
    assert_eq!(soon("a leaves", a.stopped()).await, Exit::Normal);
    b.send(Act::Fail("once".into())).await.unwrap();
    assert_eq!(soon("b is back", b.ask(Act::Life)).await, Ok(2));
    assert_eq!(pool.len(), 1);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_systems_of_one_name_live_side_by_side() {
    let record = Record::new();
    let first = System::start("twin").await.unwrap();
    let second = System::start("twin").await.unwrap();
    let a = first.spawn::<Hand>("deep/a", args("a", &record)).await.unwrap();
    let b = second.spawn::<Hand>("deep/a", args("b", &record)).await.unwrap();
    assert_ne!(first.id(), second.id());
    first.stop().await;
    assert!(a.is_stopped() && !b.is_stopped());
    assert_eq!(life(&b).await, 1);
    second.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_start_of_a_system_leaves_nothing() {
    let record = Record::new();
    let start = System::builder("test")
        .child(Script::new("a", &record).spec())
        .child(ActorSpec::<Slow>::new("slow", record.clone()))
        .start();
    assert!(tokio::time::timeout(Duration::from_secs(1), start).await.is_err());
    let _ = tokio::time::timeout(Duration::from_secs(10), record.until("drop a")).await;
    let lines = record.lines();
    assert!(lines.contains(&"drop a".to_owned()) && lines.contains(&"start over".to_owned()), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_restart_of_nothing_disturbs_nobody() {
    let (system, pool, record) = hands().await;
    let x = pool.start("x", args("x", &record)).await.unwrap();
    drop(x.ask(Do::Life));
    drop(pool.start("y", args("y", &record)));
    drop(system.spawn::<Hand>("pool/z", args("z", &record)));
    assert_eq!(pool.len(), 1);
    assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
}

#[test]
fn spawns_race_with_group_restarts_and_none_is_orphaned() {
    // Whoever was refused must not be there; whoever was started must.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async {
        let record = Record::new();
        let group = Supervisor::one_for_all("group").intensity(u32::MAX, "1h").child(spec("a", &record));
        let system = System::builder("test").child(group).start().await.unwrap();
        let a = system.find::<Hand>("group/a").unwrap();
        let storm = tokio::spawn(async move {
            for _ in 0..300 {
                a.kill();
                let _ = a.ask(Do::Life).await;
            }
        });
        let spawns: Vec<_> = (0..4)
            .map(|task| {
                let (system, record) = (system.clone(), Record::new());
                tokio::spawn(async move {
                    let mut refused = Vec::new();
                    for n in 0..50 {
                        let name = format!("x{task}-{n}");
                        let spawned =
                            system.start_child("group", spec(&name, &record).restart(Restart::Transient)).await;
                        match spawned {
                            // A group restart brings it back, as OTP's does; nobody waits for its end here.
                            Ok(x) => x.stop(),
                            Err(error) => refused.push((name, error)),
                        }
                    }
                    refused
                })
            })
            .collect();
        let mut refused = Vec::new();
        for spawn in spawns {
            let spawned = tokio::time::timeout(Duration::from_secs(5), spawn).await;
            refused.extend(spawned.unwrap_or_else(|_| panic!("the spawns are stuck:\n{}", system.tree())).unwrap());
        }
        let storm = tokio::time::timeout(Duration::from_secs(5), storm).await;
        storm.unwrap_or_else(|_| panic!("the storm is stuck:\n{}", system.tree())).unwrap();
        soon("rest", system.quiescent()).await;
        for (name, error) in refused {
            assert!(system.actor(&format!("group/{name}")).is_err(), "{name} was refused ({error}) and is there");
        }
        assert_eq!(soon("stop", system.stop()).await, Exit::Shutdown);
    });
}
