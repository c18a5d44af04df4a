//! An actor that does what its messages carry, and how to start it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use swarmtree::testing::{Act, Record, Script, Scripted};
use swarmtree::{
    Actor, ActorSpec, Context, Exit, Fail, Handle, Handled, Message, Reply, StartError, Supervisor, System,
};
use tokio::sync::Semaphore;

pub(crate) type Work = Box<dyn FnOnce(&mut Hand, &mut Context<Hand>) -> Result<(), Fail> + Send>;
pub(crate) type Job<'a> = Pin<Box<dyn Future<Output = Result<(), Fail>> + Send + 'a>>;
pub(crate) type Wait = Box<dyn for<'a> FnOnce(&'a mut Hand, &'a mut Context<Hand>) -> Job<'a> + Send>;

/// What a [`Hand`] is told to do.
pub(crate) enum Do {
    Note(String),
    /// A note that weighs so many bytes.
    Weigh(usize, String),
    Panic(String),
    Now(Work),
    Later(Wait),
    Life(Reply<u32>),
    /// A message that goes to the stash until `Open` was handled.
    Guarded(String),
    Open,
}

impl Message for Do {
    const BYTES_LEAST: usize = 0;
    const KINDS: &'static [&'static str] = &["note", "weigh", "panic", "now", "later", "life", "guarded", "open"];

    fn break_off(&mut self) {
        if let Self::Life(reply) = self {
            reply.break_off();
        }
    }

    fn kind(&self) -> usize {
        match self {
            Self::Note(_) => 0,
            Self::Weigh(..) => 1,
            Self::Panic(_) => 2,
            Self::Now(_) => 3,
            Self::Later(_) => 4,
            Self::Life(_) => 5,
            Self::Guarded(_) => 6,
            Self::Open => 7,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Weigh(bytes, _) => *bytes,
            Self::Guarded(_) => 7,
            _ => 0,
        }
    }
}

/// Records what it handles; `start`, `stop` and `drop` with its own name before.
pub(crate) struct Hand {
    pub name: String,
    pub record: Record,
    pub open: bool,
}

#[derive(Clone)]
pub(crate) struct Args(pub String, pub Record);

impl Actor for Hand {
    const KEEPS: bool = true;
    type Msg = Do;
    type Args = Args;
    type Handle = Handle<Do>;

    async fn start(Args(name, record): Args, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self { name, record, open: false })
    }

    fn handle(&mut self, message: Do, cx: &mut Context<Self>) -> Handled<Do> {
        match message {
            Do::Weigh(_, line) if line == "panic" => panic!("heavy"),
            Do::Note(line) | Do::Weigh(_, line) => self.record.add(line),
            Do::Panic(text) => panic!("{text}"),
            Do::Now(work) => {
                if let Err(fail) = work(self, cx) {
                    return Handled::Fail(fail);
                }
            }
            Do::Later(wait) => return Handled::Async(Do::Later(wait)),
            Do::Life(reply) => drop(reply.send(cx.incarnation())),
            Do::Guarded(line) if self.open => self.record.add(line),
            Do::Guarded(line) => {
                if cx.stash(Do::Guarded(line.clone())).is_err() {
                    self.record.add(format!("refused {line}"));
                }
            }
            Do::Open => {
                self.open = true;
                self.record.add(format!("unstashed {}", cx.unstash_all()));
            }
        }
        Handled::Done
    }

    async fn handle_async(&mut self, message: Do, cx: &mut Context<Self>) -> Result<(), Fail> {
        let Do::Later(wait) = message else { return Ok(()) };
        wait(self, cx).await
    }

    async fn stop(&mut self, exit: &Exit, _: &mut Context<Self>) {
        self.record.add(format!("stop {} {exit}", self.name));
    }

    fn keep(message: &Do) -> Option<Do> {
        match message {
            Do::Note(line) => Some(Do::Note(line.clone())),
            Do::Weigh(bytes, line) => Some(Do::Weigh(*bytes, line.clone())),
            Do::Panic(text) => Some(Do::Panic(text.clone())),
            Do::Guarded(line) => Some(Do::Guarded(line.clone())),
            _ => None,
        }
    }
}

pub(crate) fn note(line: impl ToString) -> Do {
    Do::Note(line.to_string())
}

pub(crate) fn now(work: impl FnOnce(&mut Hand, &mut Context<Hand>) + Send + 'static) -> Do {
    Do::Now(Box::new(|hand, cx| {
        work(hand, cx);
        Ok(())
    }))
}

pub(crate) fn fail(reason: &'static str) -> Do {
    Do::Now(Box::new(move |_, _| Err(Fail::new(reason))))
}

pub(crate) fn later(wait: impl for<'a> FnOnce(&'a mut Hand, &'a mut Context<Hand>) -> Job<'a> + Send + 'static) -> Do {
    Do::Later(Box::new(wait))
}

/// Keeps an actor inside a handler until it is opened.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    pub(crate) fn open(&self) {
        self.0.add_permits(1);
    }

    pub(crate) async fn passed(&self) {
        self.0.acquire().await.unwrap().forget();
    }

    /// A message whose handler records `held` and waits for the gate.
    pub(crate) fn hold(&self) -> Do {
        let gate = self.clone();
        later(move |hand, _| {
            Box::pin(async move {
                hand.record.add("held");
                gate.passed().await;
                Ok(())
            })
        })
    }
}

pub(crate) fn spec(name: &str, record: &Record) -> ActorSpec<Hand> {
    ActorSpec::new(name, Args(name.to_owned(), record.clone()))
}

/// A system with a root that forgives, and one hand `a` in it.
pub(crate) async fn one(change: impl FnOnce(ActorSpec<Hand>) -> ActorSpec<Hand>) -> (System, Handle<Do>, Record) {
    let record = Record::new();
    let system = System::builder("test").intensity(1000, "1h").child(change(spec("a", &record))).start().await.unwrap();
    let a = system.find::<Hand>("a").unwrap();
    (system, a, record)
}

/// A forgiving system with several hands, in this order.
pub(crate) async fn several<const N: usize>(names: [&str; N]) -> (System, [Handle<Do>; N], Record) {
    let record = Record::new();
    let mut builder = System::builder("test").intensity(1000, "1h");
    for name in names {
        builder = builder.child(spec(name, &record));
    }
    let system = builder.start().await.unwrap();
    let handles = names.map(|name| system.find::<Hand>(name).unwrap());
    (system, handles, record)
}

/// What must not take longer than this is stuck.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(done) => done,
        Err(_) => panic!("stuck: {what}"),
    }
}

pub(crate) fn ledger(handle: &Handle<Do>) -> swarmtree::Ledger {
    handle.snapshot().mailbox.unwrap().ledger
}

pub(crate) fn weigh(bytes: usize, line: &str) -> Do {
    Do::Weigh(bytes, line.to_owned())
}

pub(crate) fn guarded(line: &str) -> Do {
    Do::Guarded(line.to_owned())
}

pub(crate) fn scripted(names: &[&str], record: &Record, supervisor: Supervisor) -> Supervisor {
    names.iter().fold(supervisor, |supervisor, name| supervisor.child(Script::new(name, record).spec()))
}

pub(crate) fn find(system: &System, path: &str) -> Handle<Act> {
    system.find::<Scripted>(path).unwrap()
}

pub(crate) async fn life_of(handle: &Handle<Act>) -> u32 {
    soon("an answer", handle.within(Duration::from_secs(60)).ask(Act::Life)).await.unwrap()
}

pub(crate) fn boom() -> Act {
    Act::Panic("boom".into())
}
