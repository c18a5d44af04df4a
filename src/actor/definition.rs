//! The trait behind `#[actor]` and `#[handlers]`.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

#[cfg(all(feature = "capsule", not(loom)))]
use crate::actor::capsule::Recording;
use crate::actor::cell::Cell;
use crate::actor::handle::Handle;
use crate::actor::options::Options;
use crate::actor::owned::Owned;
use crate::descriptor::Descriptor;
use crate::exit::{Exit, Fail};
use crate::mailbox::message::Message;

/// An actor: state that handles one message at a time.
///
/// `#[actor]` and `#[handlers]` write this implementation; `examples/by_hand.rs` shows one without them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no actor",
    label = "no actor",
    note = "name the type of the state that stands under `#[actor]`, not its handle or its message; `#[handlers]` on its impl \
            block makes it an actor"
)]
pub trait Actor: Sized + Send + 'static {
    /// What it can be sent.
    type Msg: Message;
    /// What it is started from. A supervisor clones it for each restart.
    type Args: Send + 'static;
    /// What its senders hold: [`Handle<Self::Msg>`], or a type around it with methods of its own.
    type Handle: From<Handle<Self::Msg>> + Clone + Send + Sync + 'static;

    /// Limits and policies of this type.
    const OPTIONS: Options = Options::DEFAULT;
    /// Whether [`Actor::keep`] makes copies; `retry` above 0 is refused without.
    const KEEPS: bool = false;
    /// Whether its crashes leave capsules, and of how many messages: `Some(Recording::last(16))`. None by default. An actor
    /// that is recorded runs no ask in place.
    #[cfg(all(feature = "capsule", not(loom)))]
    const CAPSULE: Option<Recording<Self, Self::Msg>> = None;
    /// What introspection shows of this type.
    const DESCRIPTOR: Descriptor = Descriptor { actor: "", handlers: &[], asks: &[] };

    /// Makes the state of a new incarnation. Runs again for each restart.
    ///
    /// # Errors
    /// A [`StartError`] is a failure for the supervisor: it counts, and the start is tried again inside a restart.
    fn start(args: Self::Args, cx: &mut Context<Self>) -> impl Future<Output = Result<Self, StartError>> + Send;

    /// Handles a message to its end, or says that it takes [`Actor::handle_async`].
    fn handle(&mut self, message: Self::Msg, cx: &mut Context<Self>) -> Handled<Self::Msg>;

    /// Handles the messages that [`Actor::handle`] left; only `kill` cuts it short.
    fn handle_async(
        &mut self,
        message: Self::Msg,
        _cx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), Fail>> + Send {
        drop(message);
        async { Ok(()) }
    }

    /// Runs before the state is dropped, unless the actor failed or was killed.
    fn stop(&mut self, _exit: &Exit, _cx: &mut Context<Self>) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// A copy of a message to deliver again should its handler crash. Needed, with [`Actor::KEEPS`], where `retry` is above
    /// 0. A message of which there is no copy goes to the dead letters.
    fn keep(_message: &Self::Msg) -> Option<Self::Msg> {
        None
    }
}

/// The actor's own side of its address: timers, stash, watches, pipes, and its end. Everything ordered here belongs to
/// the incarnation and is gone with it, but the stash: its messages belong to the address.
pub struct Context<A: Actor> {
    pub(crate) cell: Arc<Cell<A::Msg>>,
    pub(crate) incarnation: u32,
    pub(crate) leave: bool,
    /// The order of what comes next has changed.
    pub(crate) pause: bool,
    pub(crate) stashed: bool,
    pub(crate) owned: Option<Box<Owned>>,
}

/// How a synchronous handler ended.
#[derive(Debug)]
pub enum Handled<M> {
    /// The message is handled.
    Done,
    /// The message takes an asynchronous handler.
    Async(M),
    /// The actor fails on purpose, and is restarted as after a panic.
    Fail(Fail),
}

/// Why an actor could not start.
pub struct StartError(Box<dyn std::error::Error + Send + Sync>);

impl StartError {
    /// A refusal with its reason.
    #[must_use]
    pub fn new(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// What `#[start]` may return: the actor itself, or a `Result` with it whose error is a [`StartError`], a text, or any error.
/// By its type, so that an alias is as good as what it stands for.
#[diagnostic::on_unimplemented(
    message = "`#[start]` returns `{Self}`, which makes no `{A}`",
    label = "what `#[start]` returns",
    note = "return `Self`, or `Result<Self, E>` where `E` is `StartError`, `String`, `Box<dyn Error + Send + Sync>` or any \
            error that is `Send + Sync + 'static`; of others `.map_err(|error| StartError::new(error.to_string()))` makes one"
)]
pub trait Started<A> {
    /// The actor, or why there is none.
    ///
    /// # Errors
    /// The [`StartError`] that was returned, or one around the error.
    fn started(self) -> Result<A, StartError>;
}

impl<A: Actor> Started<A> for A {
    fn started(self) -> Result<A, StartError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<A: Actor, E: Into<Box<dyn std::error::Error + Send + Sync>>> Started<A> for Result<A, E> {
    fn started(self) -> Result<A, StartError> {
        self.map_err(StartError::new)
    }
}

impl From<StartError> for Box<dyn std::error::Error + Send + Sync> {
    fn from(error: StartError) -> Self {
        error.0
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for StartError {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
