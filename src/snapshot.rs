//! What a look at a running system shows: plain data.

use std::time::Duration;

use crate::descriptor::HandlerDescriptor;
use crate::mailbox::histogram::Histogram;
use crate::mailbox::ledger::Ledger;
use crate::path::Path;
use crate::spec::Overflow;

/// What kind of child an actor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// An actor with a mailbox of ours.
    Cell,
    /// A supervisor.
    Supervisor,
    /// Somebody's ractor actor.
    Ractor,
}

/// What an actor does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Between two incarnations, or not started yet.
    Down,
    /// Its start is running.
    Starting,
    /// Alive, with nothing to do.
    Idle,
    /// Alive, with a handler running or about to.
    Busy,
    /// Alive, and handling no messages until resumed.
    Suspended,
    /// Stopped for good.
    Stopped,
}

impl Status {
    /// The status in one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Suspended => "suspended",
            Self::Stopped => "stopped",
        }
    }
}

/// One actor at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorSnapshot {
    /// Where it stands.
    pub path: Path,
    /// What it is.
    pub kind: ActorKind,
    /// The name of its type.
    pub actor: &'static str,
    /// What it does.
    pub status: Status,
    /// Which of its lives this is, counted from 1; 0 before the first.
    pub incarnation: u32,
    /// How long until it is started again, while it waits for its backoff or for that of its group.
    pub back_in: Option<Duration>,
    /// Its handlers; empty where no macro or hand described them.
    pub handlers: &'static [HandlerDescriptor],
    /// How often it has restarted children so far; supervisors only.
    pub restarts: Option<u64>,
    /// Its mailbox; none for supervisors and ractor actors.
    pub mailbox: Option<MailboxSnapshot>,
}

/// One mailbox at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxSnapshot {
    /// Messages that each lane may hold.
    pub capacity: usize,
    /// Bytes that it may hold; none is no bound.
    pub bytes_limit: Option<usize>,
    /// What it does when full.
    pub overflow: Overflow,
    /// Messages in the urgent lane, the one being handled included.
    pub urgent: usize,
    /// Messages in the normal lane, the one being handled included.
    pub normal: usize,
    /// How long the oldest queued message has waited; measured only while somebody meters the system.
    pub oldest: Option<Duration>,
    /// What became of all messages.
    pub ledger: Ledger,
    /// The memory its queued messages can take at most, in bytes: both lanes and the stash full, by the messages' own size.
    pub memory_bound: usize,
    /// Times in the queue and in handlers; none unless somebody meters the system.
    pub times: Option<Times>,
}

/// Measured times of one actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// From being queued to being taken out by a turn.
    pub queued: Histogram,
    /// From the begin of a handler to its end.
    pub handled: Histogram,
}
