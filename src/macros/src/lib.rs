//! The attribute macros of swarmtree: [`macro@actor`] on the type of an actor's state, [`macro@handlers`] on its impl
//! block. They write only what a person could have written by hand; `cargo expand` shows it.

mod actor;
mod actor_impl;
mod attribute;
mod block;
mod capsule;
mod descriptor;
mod docs;
mod errors;
mod handle;
mod handler;
mod handlers;
mod keep;
mod literal;
mod message;
mod naming;
mod options;
mod owned;
mod signature;

use proc_macro::TokenStream;

/// Makes a struct or an enum the state of an actor, and declares its limits and policies.
///
/// ```text
/// #[actor(mailbox = 256, overflow = wait, restart = transient)]
/// pub struct Airport { code: String, departures: u64 }
/// ```
///
/// Every option may be left out, and every value is checked while compiling:
///
/// | option | values | default | meaning |
/// |---|---|---|---|
/// | `mailbox` | 1 to 2^24 | `256` | messages that each lane may hold |
/// | `mailbox_bytes` | `65536`, `"64KiB"`, `"1MiB"` | no bound | bytes that the mailbox may hold |
/// | `overflow` | `wait`, `reject`, `drop_newest`, `drop_oldest` | `wait` | what a full mailbox does with the next message |
/// | `restart` | `permanent`, `transient`, `temporary` | `permanent` | when an ended actor is started again |
/// | `retry` | a number | `0` | how often a message that crashed its handler is delivered again before quarantine |
/// | `in_place` | `true`, `false` | `true` | whether an ask of an idle actor may run on the caller's core |
/// | `turn` | 1 to 2^32-1 | `256` | messages handled in a turn before other tasks get the core |
/// | `ask_timeout` | `"5s"`, `"250ms"`, `"1m 30s"` | `"5s"` | the deadline of asks that name none |
/// | `capsule` | 0 to 2^16 | `0` | how many of the last messages a crash leaves in its capsule (feature `capsule`) |
///
/// With `retry` above 0 the actor keeps a copy of each message while it is handled, so what its messages carry must be
/// `Clone`. With `capsule` above 0 its messages are derived for serde, and what they carry and the state itself must be
/// `Serialize` and `Deserialize`; handles and replies are. `#[serde(..)]` on a parameter goes to the field of its message.
///
/// The type stays as it is. Its options and its visibility reach `#[handlers]` through a hidden macro of the same scope,
/// therefore the type stands **above its handlers, in the same module** (or in the same function). The actor owns its
/// state: the type has no lifetimes. It may be generic.
#[proc_macro_attribute]
pub fn actor(arguments: TokenStream, item: TokenStream) -> TokenStream {
    actor::expand(arguments.into(), item.into()).into()
}

/// Generates an actor's messages and its handle from one impl block, and implements `Actor`.
///
/// ```text
/// #[handlers]
/// impl Airport {
///     #[start] async fn open(cx: &mut Context<Self>, code: String) -> Result<Self, StartError> { .. }
///     #[stop] async fn close(&mut self, exit: &Exit, cx: &mut Context<Self>) { .. }
///     #[tell] fn departed(&mut self, flight: Departure) { .. }
///     #[tell(urgent)] async fn closed(&mut self, reason: String) -> Result<(), Fail> { .. }
///     #[ask(timeout = "1s")] fn report(&self) -> AirportReport { .. }
///     #[ask] fn next_landing(&mut self, reply: Reply<Flight>) { .. }
///     #[mail] async fn word(&mut self, mail: Delivery<Word>) { .. }
///     #[every("30s")] async fn publish(&mut self, cx: &mut Context<Self>) { .. }
///     #[inspect] fn view(&self) -> AirportView { .. }
/// }
/// ```
///
/// # What is generated
///
/// As visible as the actor's type, and documented with what stands above the methods:
///
/// - `AirportMsg`, an enum with one variant for each tell, ask and timer: `Departed { flight }`, `Report { reply }`;
/// - `AirportHandle`, which dereferences to `Handle<AirportMsg>` and has a method for each handler;
/// - `impl Actor for Airport`, with its options and its descriptor.
///
/// # Roles
///
/// A method has one role. Those without a role stay what they are.
///
/// **`#[start]`**, exactly one: makes the state of each incarnation. Returns `Self`, or `Result<Self, E>` where `E` is
/// `StartError`, a `String`, `Box<dyn Error + Send + Sync>` or any error. Its parameters are the actor's arguments: none is
/// `()`, one is its type, several are a tuple.
///
/// **`#[stop]`**, at most one: runs before the state is dropped, unless the actor failed or was killed. May take
/// `exit: &Exit`. Returns nothing.
///
/// **`#[tell]`**: a message without an answer. Returns nothing, or `Result<(), Fail>` whose error fails the actor. On the
/// handle, `departed(flight)` is a future that does as the overflow policy says, and `try_departed(flight)` never waits.
/// `#[tell(urgent)]` travels in the urgent lane.
///
/// **`#[ask]`**: a request with an answer and a deadline. What it returns is the answer; so is any `Result`, but for
/// `Result<T, Fail>`, which answers with `T` and whose error fails the actor. A method that takes a `Reply<T>` answers
/// through it, then or later, and itself returns as a tell does. `#[ask(timeout = "1s")]` declares the deadline, and
/// `#[ask(urgent)]` the lane. A handler that is not `async` runs at once on the caller's core where the actor is idle.
///
/// **`#[every("30s")]`**: a timer, from one period after the start until the incarnation ends. Returns as a tell does.
///
/// **`#[mail]`**: a message of the swarm that the actor is a member of; its one value is `mail: Delivery<Word>`. Returns as a
/// tell does. It is reached through the swarm, and has no method on the handle. Mail for others is passed on before the
/// method sees it.
///
/// **`#[inspect]`**: a look at the state ahead of all messages. Takes `&self` alone, and returns what it sees.
///
/// # Parameters
///
/// Each but the inspections may take `cx: &mut Context<Self>`, at any place after `self`. All others become fields of the
/// message: they are owned, and have one name each. `Context`, `Exit`, `Reply` and `Fail` are known by these names; an
/// alias is not looked through, but in what `#[start]` returns. An `async` handler with `&self` holds it while it waits, so
/// the state must be `Sync` there; `&mut self` asks nothing of it.
///
/// # Asks
///
/// `#[handlers(asks(Hub, Desk))]` declares the types of actors that the handlers ask. A swarm whose members' asks could lock up is
/// refused before it starts, with the cycle.
///
/// # Weight
///
/// Under `mailbox_bytes` a message weighs its own size. `#[handlers(bytes = AirportMsg::weigh)]` names a function from
/// `&AirportMsg` to `usize` that counts what it owns on the heap as well.
#[proc_macro_attribute]
pub fn handlers(arguments: TokenStream, block: TokenStream) -> TokenStream {
    handlers::expand(arguments.into(), block.into()).into()
}
