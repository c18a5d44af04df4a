//! What is wrong with a declared topology, found before anything starts.

use crate::path::NameError;
use crate::span::SpanError;
use crate::topology::builder::{MAILBOX_LIMIT, MEMBERS_LIMIT};

/// Why a topology cannot be laid out. The whole declaration is checked; nothing has been started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// No members.
    #[error("a topology of no members; lay it out for at least one")]
    Empty,
    /// More members than the cap.
    #[error("laid out for {members} members, with max_agents = {cap}; raise max_agents, or start fewer")]
    Cap {
        /// The members asked for, those of nested topologies among them.
        members: usize,
        /// The cap.
        cap: usize,
    },
    /// More members than any topology may have.
    #[error("{members} members; a topology has at most {MEMBERS_LIMIT}")]
    Limit {
        /// The members, or the cap, asked for.
        members: usize,
    },
    /// A hierarchy that does not branch.
    #[error("a hierarchy with a fan-out of {fan_out}; let it be at least 2, or take a pipeline")]
    FanOut {
        /// The fan-out asked for.
        fan_out: usize,
    },
    /// A ring whose members know one successor or none: the next failure would break it.
    #[error("a ring whose members know {successors} successors; let them know at least 2, so that one can be bypassed")]
    Successors {
        /// The successors asked for.
        successors: usize,
    },
    /// A dual mesh whose parts do not add up.
    #[error(
        "a dual mesh of {members} members with {commands} commands, {bridges} of them bridges; at least one command is a \
         bridge, and all commands are members"
    )]
    Parts {
        /// All members asked for.
        members: usize,
        /// The command members.
        commands: usize,
        /// Those of them that may send to queries.
        bridges: usize,
    },
    /// A mailbox without room, or too large.
    #[error("mailboxes of {capacity}; a mailbox holds between 1 and {MAILBOX_LIMIT} messages")]
    Mailbox {
        /// The capacity asked for.
        capacity: usize,
    },
    /// No message may be under way.
    #[error("in_flight = 0 lets no message into the swarm; allow at least 1, or leave it out")]
    InFlight,
    /// An intensity without a window.
    #[error("restarts are counted in a period of zero; give a period such as \"10s\"")]
    Period,
    /// The period of the intensity could not be read.
    #[error(transparent)]
    Span(#[from] SpanError),
    /// Tells were declared as asks.
    #[error("`Ask` is no kind to tell along; take Wait, Shed or Credit for `edges`")]
    Tells,
    /// An option that this shape does not have.
    #[error("a {shape} has no `{option}`; leave it out")]
    Option {
        /// The option.
        option: &'static str,
        /// The shape.
        shape: &'static str,
    },
    /// An edge from or to a rank that no member can have.
    #[error("the edge {from} -> {to}: ranks are below {cap}")]
    EdgeOutside {
        /// Who would send.
        from: usize,
        /// Who would receive.
        to: usize,
        /// The cap.
        cap: usize,
    },
    /// Two edges to tell along, or two to ask along, between the same members.
    #[error("two edges {from} -> {to} of one sort; a pair has one edge to tell along, and one to ask along")]
    EdgeTwice {
        /// Who sends.
        from: usize,
        /// Who receives.
        to: usize,
    },
    /// A topology was nested where no member is.
    #[error("a topology is nested as member {rank}; ranks are below {members}")]
    NestOutside {
        /// Where it was nested.
        rank: usize,
        /// The members of the outer topology.
        members: usize,
    },
    /// Two topologies were nested in one place.
    #[error("two topologies are nested as member {rank}")]
    NestTwice {
        /// Where they were nested.
        rank: usize,
    },
    /// Room to grow in a topology with nested ones: a new member would have no rank between theirs.
    #[error(
        "a topology with nested ones does not grow: max_agents = {cap}, laid out for {members}; leave max_agents out"
    )]
    NestGrowth {
        /// The members it is laid out for.
        members: usize,
        /// The cap asked for.
        cap: usize,
    },
    /// A nested topology with a bound of its own on what is under way.
    #[error(
        "the topology nested as member {rank} sets in_flight; it counts for the whole swarm, set it on the outermost"
    )]
    NestInFlight {
        /// Where it is nested.
        rank: usize,
    },
}

/// Why members cannot be named so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameError {
    /// Too few names, or too many.
    #[error("{names} names for {members} members; give each member one, in rank order")]
    Count {
        /// The names given.
        names: usize,
        /// The members.
        members: usize,
    },
    /// A text that cannot name an actor.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A name that another member or a supervisor of the swarm has, or that a later member would get.
    #[error("the name {name:?} is taken within the swarm; give each member a name of its own")]
    Taken {
        /// The name that stands twice.
        name: String,
    },
}
