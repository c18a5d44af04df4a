//! A system's snapshot as serialisable data: the runtime's own types know no format.

use serde::Serialize;
use swarmtree::{ActorKind, ActorSnapshot, Ledger, MailboxSnapshot, Overflow, System};

/// A whole system at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SystemView {
    /// Its name.
    pub name: String,
    /// Its number.
    pub id: String,
    /// The memory, in bytes, that queued messages can take at most.
    pub memory_bound: usize,
    /// Its actors, supervisors before their children.
    pub actors: Vec<ActorView>,
}

/// One actor at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActorView {
    /// Where it stands.
    pub path: String,
    /// `cell`, `supervisor` or `ractor`.
    pub kind: &'static str,
    /// The name of its type, or its strategy.
    pub actor: &'static str,
    /// What it does: `down`, `starting`, `idle`, `busy`, `suspended` or `stopped`.
    pub status: &'static str,
    /// Which of its lives this is, counted from 1; 0 before the first.
    pub incarnation: u32,
    /// Milliseconds until it is started again, while it waits for its backoff.
    pub back_in_ms: Option<u64>,
    /// How often it has restarted children; supervisors only.
    pub restarts: Option<u64>,
    /// Its mailbox; cells only.
    pub mailbox: Option<MailboxView>,
}

/// One mailbox at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailboxView {
    /// Messages that each lane may hold.
    pub capacity: usize,
    /// `wait`, `reject`, `drop_newest` or `drop_oldest`.
    pub overflow: &'static str,
    /// Messages in the urgent lane.
    pub urgent: usize,
    /// Messages in the normal lane.
    pub normal: usize,
    /// What became of all messages.
    pub ledger: LedgerView,
}

/// What became of all messages of one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LedgerView {
    /// Taken in.
    pub accepted: u64,
    /// Handled to the end.
    pub handled: u64,
    /// Dropped by policy.
    pub dropped: u64,
    /// Handed to the dead letters.
    pub dead_lettered: u64,
    /// In quarantine now.
    pub quarantined: u64,
    /// Queued now.
    pub queued: u64,
}

/// The system at this moment. Messages no actor and waits for none.
#[must_use]
pub fn snapshot(system: &System) -> SystemView {
    SystemView {
        name: system.name().to_owned(),
        id: system.id().to_string(),
        memory_bound: system.memory_bound(),
        actors: system.snapshot().iter().map(ActorView::from).collect(),
    }
}

/// The system at this moment, as one JSON object.
///
/// # Errors
/// None that the data can cause; serde's signature.
pub fn snapshot_json(system: &System) -> serde_json::Result<String> {
    serde_json::to_string(&snapshot(system))
}

impl From<&ActorSnapshot> for ActorView {
    fn from(seen: &ActorSnapshot) -> Self {
        Self {
            path: seen.path.to_string(),
            kind: match seen.kind {
                ActorKind::Cell => "cell",
                ActorKind::Supervisor => "supervisor",
                ActorKind::Ractor => "ractor",
            },
            actor: seen.actor,
            status: seen.status.as_str(),
            incarnation: seen.incarnation,
            back_in_ms: seen.back_in.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
            restarts: seen.restarts,
            mailbox: seen.mailbox.as_ref().map(MailboxView::from),
        }
    }
}

impl From<&MailboxSnapshot> for MailboxView {
    fn from(seen: &MailboxSnapshot) -> Self {
        Self {
            capacity: seen.capacity,
            overflow: match seen.overflow {
                Overflow::Wait => "wait",
                Overflow::Reject => "reject",
                Overflow::DropNewest => "drop_newest",
                Overflow::DropOldest => "drop_oldest",
            },
            urgent: seen.urgent,
            normal: seen.normal,
            ledger: LedgerView::from(seen.ledger),
        }
    }
}

impl From<Ledger> for LedgerView {
    fn from(ledger: Ledger) -> Self {
        let Ledger { accepted, handled, dropped, dead_lettered, quarantined, queued } = ledger;
        Self { accepted, handled, dropped, dead_lettered, quarantined, queued }
    }
}
