//! Going through a capsule again: the state as it was, and each message in turn.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};

use crate::actor::capsule::{CAPSULE_VERSION, Capsule, Crash, Recording};
use crate::actor::cell::{Cell, Class};
use crate::actor::child::{Incarnation, Nobody, Owner};
use crate::actor::definition::{Actor, Context, Handled};
use crate::actor::hub::Hub;
use crate::actor::options::Options;
use crate::actor::panics::{catch, drop_quietly};
use crate::actor::running::Running;
use crate::actor::scope::{Scope, Stage};
use crate::actor::turn::{Cut, guarded};
use crate::exit::{Cause, Fail, Failure};
use crate::mailbox::message::{Message, kind_name};
use crate::path::Path;
use crate::spec::Overflow;
use crate::sync::Executor;

/// How a capsule ended this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// As it did: the last message's handler failed, with the same text, at the same place.
    Same(Crash),
    /// Otherwise: an earlier message failed, or with another text, or at another place.
    Other(Crash),
    /// Nothing failed. The bug is mended, or what it takes is not in the capsule: an answer, a file, another thread.
    Survived,
}

/// Why a capsule cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It is the capsule of another actor.
    #[error("a capsule of `{recorded}`, not of `{asked}`: replay it as what it is")]
    OtherActor {
        /// Whose capsule it is.
        recorded: String,
        /// As whom it was to be replayed.
        asked: &'static str,
    },
    /// Actors of this type are not recorded any more.
    #[error("`{actor}` is not recorded: give it `#[actor(capsule = ..)]`, or a `CAPSULE` by hand")]
    NotRecorded {
        /// The type.
        actor: &'static str,
    },
    /// It was written by a newer version of this crate.
    #[error("a capsule of version {version}, and this program replays up to {CAPSULE_VERSION}: update swarmtree")]
    Newer {
        /// Its version.
        version: u32,
    },
    /// The state is not what its type reads.
    #[error("the view does not fit the state's type: {error}; edit the view, or give new fields `#[serde(default)]`")]
    View {
        /// What does not fit.
        error: String,
    },
    /// A message is not what its type reads.
    #[error("message {at} does not fit its type: {error}; edit the message, or give new arguments `#[serde(default)]`")]
    Message {
        /// Which one, counted from 0.
        at: usize,
        /// What does not fit.
        error: String,
    },
    /// The path is none.
    #[error("{path:?} is no path of an actor")]
    Path {
        /// The path.
        path: String,
    },
    /// There is no tokio runtime here.
    #[error("a replay runs on tokio; await it inside a runtime, for example under #[tokio::test]")]
    NoRuntime,
}

impl Capsule {
    /// Lives through it again: makes the state of the view, has it handle each message, and compares how it ends. A panic
    /// is printed by the panic hook as usual, with its backtrace where that is asked for.
    ///
    /// `cx.random()` and `cx.now()` say what they said. Nobody else is there: what is sent is accepted and dropped, asks end
    /// without a reply, and timers, pipes and watches bring nothing, for what they brought is among the messages. What a
    /// handler does to the outside world by itself it does again, and what it waits for it waits for again.
    ///
    /// # Errors
    /// [`ReplayError`] says what has to be mended first.
    pub async fn replay<A: Actor>(&self) -> Result<Replayed, ReplayError> {
        let recording = self.recording::<A>()?;
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| ReplayError::NoRuntime)?;
        let hub = Hub::new(self.system.clone(), self.seed, Executor::new(runtime));
        let cell = self.stand::<A>(&hub)?;
        let current = cell.current();
        let mut course = pin!(self.go_through(&recording, cell));
        poll_fn(|cx| current.enter(|| course.as_mut().poll(cx))).await
    }

    /// How an actor of this type is read, if the capsule is its.
    fn recording<A: Actor>(&self) -> Result<Recording<A, A::Msg>, ReplayError> {
        if self.version > CAPSULE_VERSION {
            return Err(ReplayError::Newer { version: self.version });
        }
        let asked = std::any::type_name::<A>();
        if self.actor != asked {
            return Err(ReplayError::OtherActor { recorded: self.actor.clone(), asked });
        }
        A::CAPSULE.ok_or(ReplayError::NotRecorded { actor: asked })
    }

    /// The actor's address, before the same life.
    fn stand<A: Actor>(&self, hub: &Arc<Hub>) -> Result<Arc<Cell<A::Msg>>, ReplayError> {
        let no_path = || ReplayError::Path { path: self.path.clone() };
        let path = Path::parse(&self.path).map_err(|_| no_path())?;
        let (parent, name) = path.split_last().ok_or_else(no_path)?;
        let class = Class {
            hub: Arc::clone(hub),
            owner: Weak::<Nobody>::new() as Weak<dyn Owner>,
            parent,
            // What it sends to itself is among the messages already, and must not fill the mailbox.
            options: Options { mailbox_bytes: 0, overflow: Overflow::DropOldest, ..A::OPTIONS },
            descriptor: A::DESCRIPTOR,
            attendance: None,
            actor: std::any::type_name::<A>(),
        };
        let cell = Cell::new(Arc::new(class), name.into());
        cell.inner.lock().lives = self.incarnation.saturating_sub(1);
        Ok(cell)
    }

    async fn go_through<A: Actor>(
        &self,
        recording: &Recording<A, A::Msg>,
        cell: Arc<Cell<A::Msg>>,
    ) -> Result<Replayed, ReplayError> {
        let (ticket, _) = cell.begin_start(Incarnation { slot: 0, number: self.incarnation });
        let began = cell.hub().now();
        let own: Arc<dyn Any + Send + Sync> = Arc::clone(&cell) as Arc<dyn Any + Send + Sync>;
        let scope = Scope { began, stage: Some(Stage { hub: Arc::clone(cell.hub()), own }) };
        let actor = read(&scope, || (recording.restore)(&self.view)).map_err(|error| ReplayError::View { error })?;
        let cx = Context::replayed(Arc::clone(&cell), self.incarnation, (began, self.seed));
        let mut running = Running { actor, cx };
        let mut ended = Replayed::Survived;
        for (at, step) in self.steps.iter().enumerate() {
            let message = read(&scope, || (recording.read)(&step.message));
            let message = message.map_err(|error| ReplayError::Message { at, error })?;
            running.cx.cue(step);
            if let Some(failure) = handle(&mut running, &cell, ticket, message).await {
                let crash = Crash::from(&failure);
                let is_same = at + 1 == self.steps.len() && crash == self.crash;
                ended = if is_same { Replayed::Same(crash) } else { Replayed::Other(crash) };
                break;
            }
        }
        drop_quietly(running);
        Ok(ended)
    }
}

/// Reads with the user's own code, whose panics are errors too.
fn read<T>(scope: &Scope, read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    scope.clone().during(|| catch(read)).unwrap_or_else(|failure| Err(failure.to_string()))
}

/// Handles one message as a turn does; says how that failed.
async fn handle<A: Actor>(
    running: &mut Running<A>,
    cell: &Arc<Cell<A::Msg>>,
    ticket: u32,
    message: A::Msg,
) -> Option<Failure> {
    let Running { actor, cx } = running;
    let kind = kind_name::<A::Msg>(message.kind());
    let blamed = |failure: Failure| Failure { message: Some(kind), ..failure };
    let on_purpose = |fail: &Fail| Failure::new(Cause::Fail, fail.reason());
    match catch(|| actor.handle(message, cx)) {
        Ok(Handled::Done) => None,
        Ok(Handled::Fail(fail)) => Some(blamed(on_purpose(&fail))),
        Ok(Handled::Async(message)) => match guarded(cell, ticket, actor.handle_async(message, cx)).await {
            Ok(Ok(())) | Err(Cut::Killed) => None,
            Ok(Err(fail)) => Some(blamed(on_purpose(&fail))),
            Err(Cut::Panicked(failure)) => Some(blamed(failure)),
        },
        Err(failure) => Some(blamed(failure)),
    }
}
