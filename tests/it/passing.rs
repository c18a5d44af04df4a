//! Dynamic children that come on demand and pass away.

use std::time::Duration;

use swarmtree::testing::{Act, OnStart, Record, Script, Scripted};
use swarmtree::{Restart, Supervised, Supervisor, System, Template, actor, handlers};

use crate::kit::{Args, Do, Hand, note, soon, spec};

/// Arguments that cannot be cloned.
struct Socket(u32);

#[actor(restart = temporary)]
struct Connection {
    socket: Socket,
}

#[handlers]
impl Connection {
    #[start]
    fn open(socket: Socket) -> Self {
        Self { socket }
    }

    #[ask]
    fn number(&self) -> u32 {
        self.socket.0
    }
}

#[tokio::test(start_paused = true)]
async fn a_temporary_child_may_be_given_what_cannot_be_cloned() {
    let all = Supervisor::dynamic("all", Connection::template());
    let permanent = Supervisor::dynamic("permanent", Connection::template().restart(Restart::Permanent));
    let system = System::builder("test").child(all).child(permanent).start().await.unwrap();
    let all = system.dynamic::<Connection>("all").unwrap();
    let connection = all.start_once("a", Socket(7)).await.unwrap();
    assert_eq!(connection.number().await, Ok(7));
    connection.restart();
    let exit = soon("its end", connection.stopped()).await;
    assert!(exit.to_string().contains("for one life only"), "{exit}");
    assert!(all.is_empty());
    let refused = system.dynamic::<Connection>("permanent").unwrap().start_once("b", Socket(8)).await.unwrap_err();
    assert!(refused.to_string().contains("make its template temporary"), "{refused}");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_gets_a_child_gets_it_up_or_starts_it() {
    let record = Record::new();
    let all = Supervisor::dynamic("all", Scripted::template()).intensity(100, "1h");
    let system = System::builder("test").child(all).start().await.unwrap();
    let all = system.dynamic::<Scripted>("all").unwrap();
    // The first caller's start hangs and is given up on; the second one then starts a child of its own.
    let hanging = Script::new("x", &record).starts([OnStart::Hang]);
    let first = tokio::time::timeout(Duration::from_secs(1), all.get_or_start("x", hanging));
    let second = async {
        record.until("start x").await;
        all.get_or_start("x", Script::new("x", &record)).await
    };
    let (first, second) = soon("both", async { tokio::join!(first, second) }).await;
    assert!(first.is_err());
    let child = second.unwrap();
    assert_eq!(soon("it is up", child.ask(Act::Life)).await, Ok(1));
    assert_eq!(record.lines(), ["start x", "start x"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_child_that_passivates_is_waited_out_and_loses_nothing() {
    let pool = Supervisor::dynamic("pool", Template::<Hand>::new()).intensity(100_000, "1h");
    let record = Record::new();
    let system = System::builder("test").child(pool).start().await.unwrap();
    let pool = system.dynamic::<Hand>("pool").unwrap();
    let args = || Args("x".into(), record.clone());
    let first = pool.get_or_start("x", args()).await.unwrap();
    first.send(crate::kit::now(|_, cx| cx.drain())).await.unwrap();
    (0..3).for_each(|n| first.try_send(note(n)).unwrap());
    system.quiescent().await;
    assert_eq!(record.take(), ["0", "1", "2", "stop x stopped on request"]);
    let second = pool.get_or_start("x", args()).await.unwrap();
    assert!(first != second && first.is_stopped());
    second.drain();
    let third = soon("the next one", pool.get_or_start("x", args())).await.unwrap();
    assert!(third != second);
    third.send(note("here")).await.unwrap();
    system.quiescent().await;
    assert_eq!(record.lines(), ["stop x stopped on request", "here"]);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_added_child_has_its_supervisors_backoff() {
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").intensity(10, "1h").backoff("8s..8s");
    let system = System::builder("test").child(inner).start().await.unwrap();
    let a = system.spawn::<Hand>("inner/a", Args("a".into(), record.clone())).await.unwrap();
    a.send(Do::Panic("boom".into())).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(a.snapshot().back_in.is_some());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_template_has_no_place_below_a_dynamic_supervisor() {
    let record = Record::new();
    let declared = Supervisor::dynamic("all", Scripted::template()).child(spec("a", &record));
    let refused = System::builder("test").child(declared).start().await.unwrap_err();
    assert!(refused.to_string().contains("of its template"), "{refused}");
    let refused = System::builder("test").strategy(swarmtree::Strategy::Dynamic).start().await.unwrap_err();
    assert!(refused.to_string().contains("cannot be dynamic"), "{refused}");
    let all = Supervisor::dynamic("all", Scripted::template());
    let system = System::builder("test").child(all).start().await.unwrap();
    let refused = system.start_child("all", spec("a", &record)).await.unwrap_err();
    assert!(refused.to_string().contains("of its template"), "{refused}");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_quarantine_when_its_child_leaves_is_a_dead_letter() {
    let pool = Supervisor::dynamic("pool", Template::<Hand>::new().retry(1)).intensity(100, "1h");
    let record = Record::new();
    let system = System::builder("test").child(pool).start().await.unwrap();
    let pool = system.dynamic::<Hand>("pool").unwrap();
    let a = pool.start("a", Args("a".into(), record)).await.unwrap();
    let mut letters = system.dead_letters(4);
    a.send(Do::Panic("poison".into())).await.unwrap();
    system.quiescent().await;
    assert_eq!(a.quarantined().len(), 1);
    a.drain();
    a.stopped().await;
    let letter = soon("the letter", letters.recv()).await.unwrap();
    assert!(matches!(letter.take::<Do>(), Some(Do::Panic(text)) if text == "poison"));
    let books = system.ledger();
    assert_eq!((books.quarantined, books.dead_lettered), (0, 1));
    system.stop().await;
}
