//! Who may send to whom: ranks, and edges between them.

use std::fmt;

/// A member's number in its topology: its place in the order of all, from 0, kept for life. (MPI's word.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank(pub u32);

impl Rank {
    /// The rank as an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What a sender does where the receiver has no room. Two members may have one edge to tell along, and one to ask along.
///
/// An answer is sent along no edge: it comes through a port of its own and takes no room in a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// A handler that sends waits for room in the receiver's mailbox: backpressure. For edges that close no cycle.
    Wait,
    /// Never waits; the message is dropped and counted if the mailbox is full. For samples of which any will do.
    Shed,
    /// The sender's handler waits for the answer. A request; it needs room like a message of [`EdgeKind::Wait`].
    Ask,
    /// Never waits in a handler. Each message under way holds one of the swarm's credits from sending until it is
    /// handled, and the credit is its room: it is admitted beyond the mailbox's capacity. Who finds no credit is refused, or
    /// waits if it stands outside of the swarm. For edges on cycles.
    Credit,
}

impl EdgeKind {
    /// Whether a handler that uses the edge may have to wait for the receiver.
    #[must_use]
    pub fn waits(self) -> bool {
        matches!(self, Self::Wait | Self::Ask)
    }
}

impl fmt::Display for EdgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wait => "wait",
            Self::Shed => "shed",
            Self::Ask => "ask",
            Self::Credit => "credit",
        })
    }
}

/// One member may send to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Who sends.
    pub from: Rank,
    /// Who receives.
    pub to: Rank,
    /// What happens where there is no room.
    pub kind: EdgeKind,
}
