//! Why a message did not go out into a swarm; it comes back.

use std::fmt;

use crate::actor::ask::AskError;
use crate::mailbox::refused::Refusal;
use crate::topology::rank::Rank;

/// A message that the swarm did not accept, and why. It comes back, so the caller decides: hold it, drop it, or send it
/// elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Undelivered<W> {
    /// The message as it was sent.
    pub message: W,
    /// Why it did not go out.
    pub reason: Undeliverable,
}

/// Why a message did not go out into a swarm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undeliverable {
    /// The swarm has no such member, or it is leaving.
    #[error("there is no member {to} in the swarm; `members` lists who there is")]
    NoMember {
        /// The member asked for.
        to: Rank,
    },
    /// It is down, and the edges of the shape close around it until it is back.
    #[error("member {to} is down, and no edge leads to it until it is back; send to another one, or later")]
    Down {
        /// The member asked for.
        to: Rank,
    },
    /// No edge of this kind leads there directly.
    #[error("no edge leads from member {from} to {to}; `send` goes along several edges, or declare one")]
    NotAdjacent {
        /// Who sends.
        from: Rank,
        /// The member asked for.
        to: Rank,
    },
    /// No edges lead there, not even over others.
    #[error("no edges lead from member {from} to {to} in this shape")]
    Unreachable {
        /// Who sends.
        from: Rank,
        /// The member asked for.
        to: Rank,
    },
    /// An edge on the way is none for asks.
    #[error("the way from member {from} to {to} is none for asks; declare ask edges, or ask from outside of the swarm")]
    NoAskEdge {
        /// Who asks.
        from: Rank,
        /// The member asked.
        to: Rank,
    },
    /// As many messages are under way as may be, and a handler does not wait for one of them to arrive.
    #[error(
        "{in_flight} messages are under way, and no more may be; a handler's first message goes on with the credit of the one \
         in hand, further ones need free credits: send fewer, try later, or raise `in_flight`"
    )]
    NoCredit {
        /// How many may be under way.
        in_flight: usize,
    },
    /// A broadcast of more copies than may be under way at once.
    #[error("a broadcast of {copies} copies where {in_flight} messages may be under way: raise `in_flight`")]
    TooMany {
        /// How many members it would reach.
        copies: usize,
        /// How many may be under way.
        in_flight: usize,
    },
    /// Tokens go round rings, and the shape is none; or what was to be passed on is no token.
    #[error(
        "a token goes round a ring: start one with `circulate` in a swarm of that shape, and pass on what comes with a fence"
    )]
    NoRing,
    /// Another token has taken the place of this one.
    #[error("the token with fence {fence} was taken for lost, and another one goes round")]
    Fenced {
        /// The fence of the earlier one.
        fence: u64,
    },
    /// The shape of the swarm is being changed, and as much as may wait for that waits.
    #[error("the shape is being changed, and {limit} messages wait for it already; try again later")]
    Morphing {
        /// How many messages of handlers wait for a change at most.
        limit: usize,
    },
    /// The next member on the way refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Why an ask over a swarm brought no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwarmAskError {
    /// The request did not go out.
    #[error(transparent)]
    Undeliverable(#[from] Undeliverable),
    /// No reply came.
    #[error(transparent)]
    Ask(#[from] AskError),
}

impl<W> fmt::Debug for Undelivered<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undelivered").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl<W> fmt::Display for Undelivered<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<W> std::error::Error for Undelivered<W> {}
