#![doc = include_str!("../README.md")]
#![cfg_attr(loom, allow(dead_code, unused_imports, reason = "loom models the protocol; what runs it is left out"))]

mod actor;
#[cfg(all(feature = "capsule", not(loom)))]
pub mod capsule;
mod descriptor;
mod exit;
pub mod guide;
#[cfg(not(loom))]
mod inspect;
mod mailbox;
mod path;
#[cfg(not(loom))]
mod router;
mod snapshot;
mod span;
mod spec;
#[cfg(not(loom))]
mod supervisor;
#[cfg(not(loom))]
mod swarm;
mod sync;
#[cfg(not(loom))]
mod system;
#[cfg(all(feature = "testing", not(loom)))]
pub mod testing;
mod topology;
mod world;

pub use crate::actor::ask::{AskError, Reply};
pub use crate::actor::call::Call;
pub use crate::actor::dead_letter::{DeadLetter, DeadReason};
pub use crate::actor::definition::{Actor, Context, Handled, StartError, Started};
#[cfg(not(loom))]
pub use crate::actor::drive::block_in_place;
pub use crate::actor::failure::{Decision, FailureReport};
pub use crate::actor::handle::Handle;
pub use crate::actor::lent::{Begun, Here, Lent};
pub use crate::actor::options::Options;
pub use crate::actor::owned::{OWNED_LIMIT, OrderId, TooManyOrders};
pub use crate::actor::send::Sending;
#[cfg(not(loom))]
pub use crate::actor::sink::{HandleSink, Outlet, OutletError, OutletStream, outlet};
pub use crate::actor::topic::{Subscription, Topic};
pub use crate::actor::watch::Watched;
pub use crate::descriptor::{Descriptor, HandlerDescriptor, HandlerKind};
pub use crate::exit::{Cause, Exit, Fail, Failure};
#[cfg(not(loom))]
pub use crate::inspect::blast::{AtRisk, BlastRadius, Escalation};
pub use crate::mailbox::aside::QUARANTINE_LIMIT;
pub use crate::mailbox::histogram::Histogram;
pub use crate::mailbox::lanes::CAPACITY_LIMIT;
pub use crate::mailbox::ledger::Ledger;
pub use crate::mailbox::message::{Lane, Message};
pub use crate::mailbox::refused::{Refusal, Refused};
pub use crate::mailbox::reserve::QuarantineEntry;
pub use crate::path::{NAME_BYTES_LIMIT, NameError, Path};
#[cfg(not(loom))]
pub use crate::router::Pool;
pub use crate::snapshot::{ActorKind, ActorSnapshot, MailboxSnapshot, Status, Times};
pub use crate::span::{Span, SpanError, SpanRange};
pub use crate::spec::{
    AutoShutdown, Backoff, ChildKind, ChildPolicy, Intensity, Overflow, Restart, Shutdown, SpecError, Strategy,
    SupervisorPolicy,
};
#[cfg(not(loom))]
pub use crate::supervisor::{
    child_spec::ChildSpec,
    delete::DeleteError,
    dynamic::{Dynamic, SpawnError},
    reference::ActorRef,
    rules::table::KILL_GRACE,
    spec::{ActorSpec, Supervised, Supervisor, Template},
    startable::Startable,
};
#[cfg(not(loom))]
pub use crate::swarm::{
    choice::Choice,
    mail::{Carries, Delivery, Mail},
    member::MemberSpec,
    morph::{MORPH_LIMIT, MorphError},
    running::{MemberStatus, Swarm, SwarmError, SwarmLedger},
    seat::Seat,
    undelivered::{SwarmAskError, Undeliverable, Undelivered},
};
#[cfg(not(loom))]
pub use crate::system::{
    builder::{SystemBuilder, SystemError},
    running::{FindError, Meter, System},
    signals::{DRAIN_LIMIT, shutdown_signal},
};
pub use crate::topology::{
    builder::{MEMBERS_LIMIT, Topology},
    error::{RenameError, TopologyError},
    graph::Graph,
    layout::{Layout, Member},
    liveness::verdict::{Cycle, Facts, Liveness, Wedge},
    rank::{Edge, EdgeKind, Rank},
    tree::{Branch, Node, Opening},
};
pub use swarmtree_macros::{actor, handlers};
