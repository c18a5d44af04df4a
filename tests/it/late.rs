//! User code in odd places, orders of earlier lives, and runtimes that go.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use swarmtree::testing::{Record, Script, assert_balanced};
use swarmtree::{
    Actor, ActorSpec, Handle, Handled, Message, Overflow, Restart, StartError, Supervisor, System, Template, outlet,
};

use crate::kit::{Args, Do, Gate, Hand, later, ledger, note, now, one, several, soon, spec, weigh};

const SECOND: Duration = Duration::from_secs(1);

struct Bomb(bool);
impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 {
            self.0 = false;
            if !std::thread::panicking() {
                panic!("bomb")
            }
        }
    }
}
impl Message for Bomb {}
struct Keeper;
impl Actor for Keeper {
    type Msg = Bomb;
    type Args = ();
    type Handle = Handle<Bomb>;
    const KEEPS: bool = true;
    async fn start((): (), _: &mut swarmtree::Context<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
    fn handle(&mut self, mut m: Bomb, _: &mut swarmtree::Context<Self>) -> Handled<Bomb> {
        m.0 = false;
        Handled::Done
    }
    fn keep(_: &Bomb) -> Option<Bomb> {
        Some(Bomb(true))
    }
}
#[tokio::test(start_paused = true)]
async fn a_kept_copy_whose_destructor_panics_keeps_the_books() {
    let system = System::builder("test")
        .intensity(1000, "1h")
        .child(ActorSpec::<Keeper>::new("k", ()).retry(1))
        .start()
        .await
        .unwrap();
    let k = system.find::<Keeper>("k").unwrap();
    k.send(Bomb(false)).await.unwrap();
    system.quiescent().await;
    assert_balanced(&k);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_books_never_count_a_leaver_twice() {
    let record = Record::new();
    let pool = Supervisor::dynamic("pool", Template::<Hand>::new().restart(Restart::Temporary));
    let system = System::builder("test").intensity(1000, "1h").child(pool).start().await.unwrap();
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let sent = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let reader = {
        let (system, done, sent) = (system.clone(), done.clone(), sent.clone());
        std::thread::spawn(move || {
            let (mut last, mut bad) = (0, Vec::new());
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                let seen = system.ledger().accepted;
                let most = sent.load(std::sync::atomic::Ordering::SeqCst);
                if seen > most {
                    bad.push(format!("counted {seen} of {most}"));
                }
                if seen < last {
                    bad.push(format!("fell from {last} to {seen}"));
                }
                last = seen;
                if bad.len() > 5 {
                    break;
                }
            }
            bad
        })
    };
    for at in 0..3000 {
        let a = system.spawn::<Hand>(&format!("pool/{at}"), Args("a".into(), record.clone())).await.unwrap();
        for _ in 0..10 {
            sent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            a.send(note("x")).await.unwrap();
        }
        a.stop();
        a.stopped().await;
        if reader.is_finished() {
            break;
        }
    }
    done.store(true, std::sync::atomic::Ordering::SeqCst);
    let bad = reader.join().unwrap();
    assert!(bad.is_empty(), "{bad:?}");
}

#[tokio::test(start_paused = true)]
async fn an_edit_to_more_than_the_mailbox_holds_is_not_released() {
    let (system, a, _) = one(|spec| spec.mailbox_bytes(100).retry(1)).await;
    a.send(weigh(1, "panic")).await.unwrap();
    system.quiescent().await;
    let id = a.quarantined()[0].id;
    assert!(!a.release(id, |message| *message = weigh(usize::MAX, "edited")));
    assert_eq!(a.quarantined().len(), 1);
    assert!(a.release(id, |message| *message = weigh(1, "mended")));
    system.quiescent().await;
    assert_balanced(&a);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn two_great_weights() {
    let (_system, a, _record) = one(|spec| spec.mailbox_bytes(usize::MAX)).await;
    a.suspend();
    a.try_send(weigh(usize::MAX, "one")).unwrap();
    assert!(a.try_send(weigh(usize::MAX, "two")).is_err());
}

#[tokio::test]
async fn an_outlet_of_any_capacity() {
    let _ = outlet::<u8>(usize::MAX);
}

#[test]
fn the_end_of_the_runtime_drops_idle_states() {
    let record = Record::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let script = Script::new("x", &record);
    let system = runtime.block_on(System::builder("test").child(script.spec()).start()).unwrap();
    drop(runtime);
    drop(system);
    assert_eq!(record.lines(), ["start x", "drop x"]);
}

#[test]
fn dropping_the_runtime_with_a_busy_actor() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let restarts = 1000;
    runtime.block_on(async {
        let record = Record::new();
        let system = System::builder("test").intensity(restarts, "1h").child(spec("a", &record)).start().await.unwrap();
        let a = system.find::<Hand>("a").unwrap();
        a.send(Gate::new().hold()).await.unwrap();
        record.until("held").await;
    });
    drop(runtime);
}

#[tokio::test(start_paused = true)]
async fn a_send_kept_in_the_state_is_no_wait() {
    use futures_sink::Sink;
    let record = Record::new();
    let system = System::builder("test")
        .intensity(1000, "1h")
        .child(spec("a", &record))
        .child(spec("b", &record).mailbox(1))
        .start()
        .await
        .unwrap();
    let a = system.find::<Hand>("a").unwrap();
    let b = system.find::<Hand>("b").unwrap();
    let gate = Gate::new();
    let (b2, a2) = (b.clone(), a.clone());
    let gate2 = gate.clone();
    let r2 = record.clone();
    b.send(later(move |_, _| {
        Box::pin(async move {
            r2.add("b in");
            gate2.passed().await;
            let got = a2.ask(Do::Life).await;
            r2.add(format!("{got:?}"));
            Ok(())
        })
    }))
    .await
    .unwrap();
    record.until("b in").await;
    b.send(note("fills b")).await.unwrap();
    // a begins to forward something to b, and goes on with its work.
    let sink = Arc::new(parking(b2.sink()));
    let s2 = sink.clone();
    a.send(now(move |_, _| {
        let mut sink = s2.lock().unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let mut sink = std::pin::Pin::new(&mut *sink);
        assert!(sink.as_mut().poll_ready(&mut cx).is_ready());
        sink.as_mut().start_send(note("from a")).unwrap();
        assert!(sink.as_mut().poll_flush(&mut cx).is_pending());
    }))
    .await
    .unwrap();
    assert_eq!(a.ask(Do::Life).await, Ok(1), "a is free");
    gate.open();
    record.until("fills b").await;
    assert!(record.lines().contains(&"Ok(1)".to_owned()), "{:?}", record.lines());
}
fn parking<T>(t: T) -> std::sync::Mutex<T> {
    std::sync::Mutex::new(t)
}

#[tokio::test(start_paused = true)]
async fn a_watch_whose_message_panics_is_treated_alike() {
    let (system, [a, b, _c], _record) = several(["a", "b", "c"]).await;
    let b2 = b.clone();
    a.send(now(move |_, cx| drop(cx.watch(&b2, |_| panic!("late"))))).await.unwrap();
    system.quiescent().await;
    b.stop();
    b.stopped().await;
    system.quiescent().await;
    let late = a.snapshot().incarnation;
    let b2 = b.clone();
    a.send(now(move |_, cx| drop(cx.watch(&b2, |_| panic!("at once"))))).await.unwrap();
    system.quiescent().await;
    let at_once = a.snapshot().incarnation - late + 1;
    assert_eq!(late, at_once, "lives after the first, after the second");
}

static SEEN: std::sync::Mutex<Vec<bool>> = std::sync::Mutex::new(Vec::new());
static WHO: std::sync::OnceLock<Handle<Kinded>> = std::sync::OnceLock::new();
#[derive(Clone)]
struct Kinded;
impl Message for Kinded {
    fn kind(&self) -> usize {
        let (told, heard) = std::sync::mpsc::channel();
        let who = WHO.get().unwrap().clone();
        std::thread::spawn(move || {
            drop(who.quarantined());
            drop(told.send(()));
        });
        SEEN.lock().unwrap().push(heard.recv_timeout(Duration::from_secs(1)).is_ok());
        0
    }
}
struct K;
impl Actor for K {
    type Msg = Kinded;
    type Args = ();
    type Handle = Handle<Kinded>;
    const KEEPS: bool = true;
    async fn start((): (), _: &mut swarmtree::Context<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
    fn handle(&mut self, _: Kinded, _: &mut swarmtree::Context<Self>) -> Handled<Kinded> {
        panic!("x")
    }
    fn keep(m: &Kinded) -> Option<Kinded> {
        Some(m.clone())
    }
}
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_kind_is_asked_under_the_lock() {
    let system = System::builder("test")
        .intensity(1000, "1h")
        .child(ActorSpec::<K>::new("k", ()).retry(1))
        .start()
        .await
        .unwrap();
    let k = system.find::<K>("k").unwrap();
    let _ = WHO.set(k.clone());
    k.send(Kinded).await.unwrap();
    soon("rest", system.quiescent()).await;
    assert_eq!(k.quarantined().len(), 1);
    assert!(SEEN.lock().unwrap().iter().all(|free| *free), "{:?}", SEEN.lock().unwrap());
}

#[tokio::test(start_paused = true)]
async fn an_order_of_an_earlier_life_takes_nothing_back() {
    let (_system, a, record) = one(|spec| spec).await;
    let kept = Arc::new(std::sync::Mutex::new(None));
    let k = kept.clone();
    a.send(now(move |_, cx| *k.lock().unwrap() = cx.after(SECOND, note("first life")).ok())).await.unwrap();
    a.send(Do::Panic("boom".into())).await.unwrap();
    a.send(now(move |_, cx| {
        cx.after(SECOND, note("second life")).unwrap();
        cx.cancel(kept.lock().unwrap().take().unwrap());
    }))
    .await
    .unwrap();
    tokio::time::sleep(5 * SECOND).await;
    assert_eq!(record.lines(), ["second life"]);
}

#[tokio::test(start_paused = true)]
async fn drop_newest_keeps_what_there_is_room_for() {
    let (system, a, record) = one(|spec| spec.mailbox(16).overflow(Overflow::DropNewest)).await;
    let gate = Gate::new();
    a.suspend();
    for at in 0..7 {
        a.send(note(at)).await.unwrap();
    }
    a.send(gate.hold()).await.unwrap();
    a.resume();
    record.until("held").await;
    for at in 0..16 {
        a.try_send(note(format!("more {at}"))).unwrap();
    }
    gate.open();
    system.quiescent().await;
    assert_eq!(ledger(&a).dropped, 0, "{:?}", ledger(&a));
}

#[tokio::test(start_paused = true)]
async fn runtime_gone_stop_returns() {
    let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (tx, rx) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let record = Record::new();
        let sub = Supervisor::one_for_one("sub").child(spec("a", &record));
        let system = rt.block_on(System::builder("t").child(sub).start()).unwrap();
        drop(rt);
        tx.send(system).unwrap();
    });
    let system = rx.recv().unwrap();
    assert!(tokio::time::timeout(60 * SECOND, system.stop()).await.is_ok(), "{}", system.tree());
}

#[derive(Clone)]
struct Parent(Record);
struct Kid;
impl ractor::Actor for Kid {
    type Msg = ();
    type State = ();
    type Arguments = ();
    async fn pre_start(&self, _: ractor::ActorRef<()>, (): ()) -> Result<(), ractor::ActorProcessingErr> {
        Ok(())
    }
    async fn post_stop(&self, _: ractor::ActorRef<()>, (): &mut ()) -> Result<(), ractor::ActorProcessingErr> {
        tokio::time::sleep(3 * SECOND).await;
        Ok(())
    }
}
impl ractor::Actor for Parent {
    type Msg = ();
    type State = ();
    type Arguments = ();
    async fn pre_start(&self, me: ractor::ActorRef<()>, (): ()) -> Result<(), ractor::ActorProcessingErr> {
        self.0.add("start");
        ractor::Actor::spawn_linked(Some("rev-kid".into()), Kid, (), me.get_cell()).await?;
        self.0.add("up");
        Ok(())
    }
}
#[tokio::test(start_paused = true)]
async fn a_killed_ractor_child_is_waited_for_with_its_own_children() {
    let record = Record::new();
    let system = System::builder("test")
        .intensity(3, "1h")
        .child(swarmtree::ChildSpec::ractor("p", Parent(record.clone()), ()))
        .start()
        .await
        .unwrap();
    let mut failures = system.failures(16);
    record.until("up").await;
    system.actor("p").unwrap().kill();
    tokio::time::sleep(20 * SECOND).await;
    let mut told = Vec::new();
    while let Some(report) = failures.try_recv() {
        told.push(report.to_string());
    }
    assert_eq!(told.len(), 1, "{told:#?} {:?} {}", record.lines(), system.tree());
}
