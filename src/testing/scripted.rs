//! A child that does as it is told: starts, fails, hangs and stops by a script, and records it.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::actor::ask::Reply;
use crate::actor::definition::{Actor, Context, Handled, StartError};
use crate::actor::handle::Handle;
use crate::exit::{Exit, Fail};
use crate::mailbox::message::Message;
use crate::supervisor::spec::ActorSpec;
use crate::testing::record::Record;

/// How one start goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStart {
    /// It succeeds.
    Succeed,
    /// It returns an error.
    Refuse,
    /// It panics.
    Panic,
    /// It never ends by itself.
    Hang,
}

/// How a stop goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnStop {
    /// It succeeds.
    Succeed,
    /// It panics.
    Panic,
    /// It never ends by itself.
    Hang,
}

/// What a [`Scripted`] child is told to do.
#[derive(Debug)]
pub enum Act {
    /// Record a line.
    Note(String),
    /// Panic with this text.
    Panic(String),
    /// Fail on purpose.
    Fail(String),
    /// Stop by itself.
    Leave,
    /// Wait for ever in an asynchronous handler.
    Hang,
    /// Say which of its lives this is.
    Life(Reply<u32>),
}

/// A script: the child's name in the record, and how its starts and stops go.
#[derive(Debug, Clone)]
pub struct Script {
    name: String,
    record: Record,
    starts: Arc<Mutex<VecDeque<OnStart>>>,
    stop: OnStop,
}

impl Script {
    /// A child that starts and stops as it should.
    #[must_use]
    pub fn new(name: &str, record: &Record) -> Self {
        let starts = Arc::new(Mutex::new(VecDeque::new()));
        Self { name: name.to_owned(), record: record.clone(), starts, stop: OnStop::Succeed }
    }

    /// How its first starts go, one after the other, over all its incarnations; later ones succeed.
    #[must_use]
    pub fn starts(self, starts: impl IntoIterator<Item = OnStart>) -> Self {
        self.starts.lock().extend(starts);
        self
    }

    /// How its stops go.
    #[must_use]
    pub fn stop(mut self, stop: OnStop) -> Self {
        self.stop = stop;
        self
    }

    /// Its spec, under its own name.
    #[must_use]
    pub fn spec(self) -> ActorSpec<Scripted> {
        ActorSpec::new(&self.name.clone(), self)
    }
}

/// A child that does as it is told. It records `start NAME`, `stop NAME`, and `drop NAME` for each incarnation.
#[derive(Debug)]
pub struct Scripted {
    script: Script,
}

impl Message for Act {
    const KINDS: &'static [&'static str] = &["note", "panic", "fail", "leave", "hang", "life"];

    fn break_off(&mut self) {
        if let Self::Life(reply) = self {
            reply.break_off();
        }
    }

    fn kind(&self) -> usize {
        match self {
            Self::Note(_) => 0,
            Self::Panic(_) => 1,
            Self::Fail(_) => 2,
            Self::Leave => 3,
            Self::Hang => 4,
            Self::Life(_) => 5,
        }
    }
}

impl Actor for Scripted {
    type Msg = Act;
    type Args = Script;
    type Handle = Handle<Act>;

    async fn start(script: Script, _: &mut Context<Self>) -> Result<Self, StartError> {
        let how = script.starts.lock().pop_front().unwrap_or(OnStart::Succeed);
        script.record.add(format!("start {}", script.name));
        match how {
            OnStart::Succeed => Ok(Self { script }),
            OnStart::Refuse => Err(StartError::new("the script refuses this start")),
            #[expect(clippy::panic, reason = "the script says so")]
            OnStart::Panic => panic!("the script panics in this start"),
            OnStart::Hang => pending().await,
        }
    }

    fn handle(&mut self, act: Act, cx: &mut Context<Self>) -> Handled<Act> {
        match act {
            Act::Note(line) => self.script.record.add(line),
            #[expect(clippy::panic, reason = "the script says so")]
            Act::Panic(text) => panic!("{text}"),
            Act::Fail(reason) => return Handled::Fail(Fail::new(reason)),
            Act::Leave => cx.stop(),
            Act::Hang => return Handled::Async(Act::Hang),
            Act::Life(reply) => {
                let _ = reply.send(cx.incarnation());
            }
        }
        Handled::Done
    }

    async fn handle_async(&mut self, _: Act, _: &mut Context<Self>) -> Result<(), Fail> {
        self.script.record.add(format!("hang {}", self.script.name));
        pending().await
    }

    async fn stop(&mut self, _: &Exit, _: &mut Context<Self>) {
        self.script.record.add(format!("stop {}", self.script.name));
        match self.script.stop {
            OnStop::Succeed => {}
            #[expect(clippy::panic, reason = "the script says so")]
            OnStop::Panic => panic!("the script panics in this stop"),
            OnStop::Hang => pending().await,
        }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.script.record.add(format!("drop {}", self.script.name));
    }
}
