//! Handlers that block their thread, and what becomes of their actors and supervisors.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use swarmtree::testing::{Record, assert_balanced};
use swarmtree::{AskError, Context, Handle, Restart, Supervisor, System, actor, handlers};
use tokio::sync::Notify;

use crate::kit::{Args, Do, Hand, ledger, note, now, one, several, soon, spec};

fn block(gate: std::sync::mpsc::Receiver<()>, record: Record) -> Do {
    now(move |_, _| {
        record.add("blocking");
        let _ = gate.recv_timeout(Duration::from_secs(8));
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_was_handled_before_a_hang_is_no_dead_letter() {
    let (system, a, record) = one(|spec| spec).await;
    let mut letters = system.dead_letters(64);
    let (open, gate) = std::sync::mpsc::channel();
    a.suspend();
    for at in 0..5 {
        a.send(note(at)).await.unwrap();
    }
    a.send(block(gate, record.clone())).await.unwrap();
    a.resume();
    soon("hang", record.until("blocking")).await;
    a.kill();
    assert_eq!(soon("the next life", a.within(Duration::from_secs(60)).ask(Do::Life)).await, Ok(2));
    drop(open);
    system.quiescent().await;
    let books = ledger(&a);
    let mut count = 0;
    while letters.try_recv().is_some() {
        count += 1;
    }
    assert_eq!((books.handled, books.dead_lettered, count), (6, 1, 1), "with the question: {books:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_stash_before_a_hang_keeps_the_books() {
    let (_system, a, record) = one(|spec| spec).await;
    let (open, gate) = std::sync::mpsc::channel::<()>();
    let line = record.clone();
    a.send(now(move |_, cx| {
        cx.stash(note("kept")).unwrap();
        line.add("blocking");
        let _ = gate.recv_timeout(Duration::from_secs(8));
    }))
    .await
    .unwrap();
    soon("hang", record.until("blocking")).await;
    a.kill();
    assert_eq!(soon("the next life", a.within(Duration::from_secs(60)).ask(Do::Life)).await, Ok(2));
    drop(open);
    assert_balanced(&a);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_requested_restart_of_a_supervisor_with_a_limit_counts_nothing() {
    let record = Record::new();
    let sub = Supervisor::one_for_one("sub").shutdown("10ms").child(spec("a", &record));
    let system = System::builder("test").intensity(0, "1h").child(sub).start().await.unwrap();
    let a = system.find::<Hand>("sub/a").unwrap();
    let (open, gate) = std::sync::mpsc::channel();
    a.send(block(gate, record.clone())).await.unwrap();
    soon("hang", record.until("blocking")).await;
    let mut failures = system.failures(16);
    system.actor("sub").unwrap().restart();
    let back = soon("its next life", a.within(Duration::from_secs(60)).ask(Do::Life)).await;
    drop(open);
    let mut told = Vec::new();
    while let Some(report) = failures.try_recv() {
        told.push(report.to_string());
    }
    assert_eq!(back, Ok(2), "the system ended: {told:?}");
    assert_eq!(told, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_child_of_an_abandoned_supervisor_is_waited_for() {
    let record = Record::new();
    let sub = Supervisor::one_for_one("sub").shutdown("10ms");
    let system = System::builder("test").intensity(100, "1h").child(sub).start().await.unwrap();
    let a = system.spawn::<Hand>("sub/a", Args("a".into(), record.clone())).await.unwrap();
    let (open, gate) = std::sync::mpsc::channel();
    a.send(block(gate, record.clone())).await.unwrap();
    a.send(note("queued")).await.unwrap();
    soon("hang", record.until("blocking")).await;
    system.actor("sub").unwrap().restart();
    let ended = tokio::time::timeout(Duration::from_secs(5), a.stopped()).await;
    drop(open);
    let sent = a.try_send(note("late"));
    assert!(ended.is_ok(), "nobody was told of the end; {:?} {} {sent:?}", a.snapshot(), system.tree());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_books_of_an_abandoned_supervisor_count_once() {
    let record = Record::new();
    let system = System::builder("test").intensity(100, "1h").start().await.unwrap();
    let sub = Supervisor::one_for_one("sub").shutdown("10ms").restart(Restart::Temporary);
    let sub = system.start_child("", sub).await.unwrap();
    let a = system.spawn::<Hand>("sub/a", Args("a".into(), record.clone())).await.unwrap();
    for at in 0..7 {
        a.send(note(at)).await.unwrap();
    }
    system.quiescent().await;
    let (open, gate) = std::sync::mpsc::channel();
    a.send(block(gate, record.clone())).await.unwrap();
    soon("hang", record.until("blocking")).await;
    sub.stop();
    soon("the end of the supervisor", sub.stopped()).await;
    assert!(a.is_stopped());
    drop(open);
    let books = system.ledger();
    assert_eq!(books.accepted, 8, "{books:?} {}", system.tree());
}

/// What is longer than this was never answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until the other one has sent this, by means that no runtime knows of.
type Blocks = fn(Handle<Do>, mpsc::Receiver<u32>) -> Option<u32>;

/// A handler tells an idle actor, and blocks until that has done it.
async fn tells_and_blocks(blocks: Blocks, begun: bool) -> Option<u32> {
    let (system, [a, b], _) = several(["a", "b"]).await;
    if begun {
        // Its turn is parked by then.
        assert_eq!(b.ask(Do::Life).await, Ok(1));
        system.quiescent().await;
    }
    let (answer, answered) = tokio::sync::oneshot::channel();
    a.send(now(move |_, _| {
        let (done, receiver) = mpsc::channel();
        b.try_send(now(move |_, _| drop(done.send(7)))).unwrap();
        drop(answer.send(blocks(b, receiver)));
    }))
    .await
    .unwrap();
    soon("the blocking handler", answered).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_blocking_handler_has_told_is_not_stranded() {
    let ways: [(&str, Blocks); 4] = [
        ("a channel", |_, receiver| receiver.recv_timeout(PATIENCE).ok()),
        ("a channel, in place", |_, receiver| tokio::task::block_in_place(|| receiver.recv_timeout(PATIENCE).ok())),
        ("another runtime", |b, _| {
            tokio::task::block_in_place(|| {
                let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                other.block_on(b.within(PATIENCE).ask(Do::Life)).ok().map(|_| 7)
            })
        }),
        ("the runtime's own way", |_, receiver| swarmtree::block_in_place(|| receiver.recv_timeout(PATIENCE).ok())),
    ];
    for (way, blocks) in ways {
        for begun in [true, false] {
            assert_eq!(tells_and_blocks(blocks, begun).await, Some(7), "{way}, begun {begun}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_stop_reaches_whom_a_hung_handler_has_told() {
    let (system, [a, b], record) = several(["a", "b"]).await;
    assert_eq!(b.ask(Do::Life).await, Ok(1));
    system.quiescent().await;
    let (open, gate) = mpsc::channel::<()>();
    let told = b.clone();
    a.send(now(move |hand, _| {
        told.try_send(note("told")).unwrap();
        hand.record.add("hung");
        let _ = gate.recv_timeout(PATIENCE);
    }))
    .await
    .unwrap();
    soon("the hang", record.until("hung")).await;
    b.stop();
    soon("the stop", record.until("stop b stopped on request")).await;
    drop(open);
    assert_balanced(&b);
}

/// Hangs in every way that there is, and records when a life of it is really over.
#[actor(restart = permanent)]
struct Hanger {
    record: Record,
    life: u32,
}

impl Drop for Hanger {
    fn drop(&mut self) {
        self.record.add(format!("gone {}", self.life));
    }
}

impl Hanger {
    fn hang(&self, gate: &mpsc::Receiver<()>) {
        self.record.add("hung");
        // Whom the record wakes must not wait for this thread.
        let _ = tokio::task::block_in_place(|| gate.recv_timeout(PATIENCE));
    }
}

#[handlers]
impl Hanger {
    #[start]
    fn open(record: Record, cx: &mut Context<Self>) -> Self {
        Self { record, life: cx.incarnation() }
    }

    #[ask]
    fn life(&self) -> u32 {
        self.life
    }

    #[ask]
    fn at_once(&mut self, gate: mpsc::Receiver<()>) {
        self.hang(&gate);
    }

    #[ask]
    async fn before_it_waits(&mut self, gate: mpsc::Receiver<()>) {
        self.hang(&gate);
    }

    #[ask]
    async fn after_it_has_waited(&mut self, gate: mpsc::Receiver<()>) {
        tokio::task::yield_now().await;
        self.hang(&gate);
    }

    #[tell]
    async fn told(&mut self, gate: mpsc::Receiver<()>) {
        self.hang(&gate);
    }

    /// Asks the other one, which asks back once it may.
    #[ask]
    async fn ask_on(&mut self, own: HangerHandle, other: HangerHandle, may: Arc<Notify>) -> Result<u32, AskError> {
        other.ask_back(own, may).await?
    }

    #[ask]
    async fn ask_back(&mut self, back: HangerHandle, may: Arc<Notify>) -> Result<u32, AskError> {
        self.record.add("asked");
        may.notified().await;
        back.life().await
    }
}

/// A life hangs in this way and is given up; it returns while the next one waits for somebody who then asks back.
async fn return_late(hangs: impl AsyncFnOnce(HangerHandle, mpsc::Receiver<()>)) -> Result<u32, AskError> {
    let (record, rest) = (Record::new(), Record::new());
    let system = System::builder("late").intensity(100, "1h").start().await.unwrap();
    let a = system.spawn::<Hanger>("a", record.clone()).await.unwrap();
    let b = system.spawn::<Hanger>("b", rest.clone()).await.unwrap();
    let ((open, gate), may) = (mpsc::channel(), Arc::new(Notify::new()));
    let next_life = async {
        soon("the hang", record.until("hung")).await;
        a.kill();
        assert_eq!(soon("the next life", a.within(PATIENCE).life()).await, Ok(2));
        let late = async {
            soon("the question", rest.until("asked")).await;
            drop(open);
            soon("the end of the first life", record.until("gone 1")).await;
            may.notify_one();
        };
        tokio::join!(a.ask_on(a.clone(), b.clone(), Arc::clone(&may)), late).0.flatten()
    };
    tokio::join!(hangs(a.clone(), gate), next_life).1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
async fn the_late_end_of_a_hung_life_ends_no_wait_of_the_next_one() {
    // Each on a task of its own, as each blocks a thread.
    let late = [
        tokio::spawn(return_late(async |a, gate| drop(tokio::spawn(async move { a.at_once(gate).await })))),
        tokio::spawn(return_late(async |a, gate| drop(tokio::spawn(async move { a.before_it_waits(gate).await })))),
        tokio::spawn(return_late(async |a, gate| drop(tokio::spawn(async move { a.after_it_has_waited(gate).await })))),
        tokio::spawn(return_late(async |a, gate| a.told(gate).await.unwrap())),
    ];
    let mut found = Vec::new();
    for late in late {
        found.push(matches!(late.await.unwrap(), Err(AskError::Deadlock { .. })));
    }
    assert_eq!(found, [true; 4], "at once, before it waits, after it has waited, told");
}
