//! What the check of liveness is told, and what it says.

use std::fmt;

use crate::topology::rank::{Edge, EdgeKind, Rank};

/// How many edges of a cycle are printed; the others of a longer one are counted.
const PRINTED: usize = 12;

/// What is known of a member beside its layout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether others than the swarm send to it: they may fill its mailbox, so that it counts for nothing.
    pub open: bool,
    /// Whom its handlers ask beside the edges of the layout. What may be under way does not bound those asks.
    pub asks: Vec<Rank>,
}

/// A cycle of edges along which handlers may wait. Prints as `a -wait-> b -ask-> a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// Its edges in order; the last leads back to the first.
    pub edges: Vec<Edge>,
    /// The names of those who send along them.
    pub names: Vec<String>,
    /// How many messages have to be under way for all of them to wait: with fewer they never do.
    pub needs: u64,
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (edge, name) in self.edges.iter().zip(&self.names).take(PRINTED) {
            write!(f, "{name} -{}-> ", edge.kind)?;
        }
        if self.edges.len() > PRINTED {
            write!(f, "... {} more ... -> ", self.edges.len() - PRINTED)?;
        }
        f.write_str(self.names.first().map_or("", String::as_str))
    }
}

/// Why a swarm cannot lock up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liveness {
    /// How many messages may be under way at once; none if that has no bound.
    pub in_flight: Option<usize>,
    /// The cycle of waiting edges that needs the fewest messages to lock up, more than may be under way; none if there is no
    /// cycle at all.
    pub least: Option<Cycle>,
    /// How many members have to be live for this to hold: a ring that closes up over those that fail has fewer
    /// mailboxes on it. None where it holds whoever fails. Before a member is removed, ask [`crate::Layout::check_among`].
    pub live_least: Option<usize>,
}

impl Liveness {
    /// By how many messages the least cycle needs more than may be under way; none if there is no cycle.
    #[must_use]
    pub fn margin(&self) -> Option<u64> {
        let in_flight = self.in_flight.unwrap_or(0) as u64;
        self.least.as_ref().map(|least| least.needs.saturating_sub(in_flight))
    }
}

impl fmt::Display for Liveness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.least, self.in_flight) {
            (Some(least), Some(in_flight)) => write!(
                f,
                "cannot lock up: the least cycle of waiting edges, {least}, needs {} messages under way, and there are at most \
                 {in_flight}",
                least.needs
            )?,
            _ => f.write_str("cannot lock up: no cycle of waiting edges")?,
        }
        match self.live_least {
            Some(live) => write!(f, " (while at least {live} members are live)"),
            None => Ok(()),
        }
    }
}

/// A swarm that can lock up: a cycle of members, each waiting for the next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Wedge {
    /// The cycle that needs the fewest messages to lock up.
    pub cycle: Cycle,
    /// How many messages may be under way at once; none if that has no bound.
    pub in_flight: Option<usize>,
    /// The cheapest edge to relax: without it the rest needs the most messages to lock up.
    pub relax: Option<Edge>,
    /// What the rest needs then; none if no cycle is left.
    pub relaxed: Option<u64>,
    pub(in crate::topology) library: bool,
}

impl Wedge {
    /// The most messages under way with which the swarm could not lock up as it is; none if not even one is safe.
    #[must_use]
    pub fn in_flight_limit(&self) -> Option<u64> {
        self.cycle.needs.checked_sub(1).filter(|limit| *limit > 0)
    }

    /// An edge of the cycle, by the names of its ends.
    fn named(&self, edge: Edge) -> String {
        let at = self.cycle.edges.iter().position(|own| *own == edge).unwrap_or(0);
        let names = &self.cycle.names;
        let name = |at: usize| names.get(at % names.len().max(1)).map_or("", String::as_str);
        format!("{} -{}-> {}", name(at), edge.kind, name(at + 1))
    }

    fn mend(&self, edge: Edge) -> String {
        let edge_named = self.named(edge);
        let then = match self.relaxed {
            Some(needs) => format!("the rest then needs {needs} messages"),
            None => "no cycle is left then".to_owned(),
        };
        let how = match edge.kind {
            EdgeKind::Ask => "tell instead of asking, and let the answer come as a message",
            EdgeKind::Wait | EdgeKind::Shed | EdgeKind::Credit if self.library => {
                "take `.edges(EdgeKind::Credit)`, or Shed where messages may be dropped: neither waits"
            }
            EdgeKind::Wait | EdgeKind::Shed | EdgeKind::Credit => {
                "make it Credit, or Shed where its messages may be dropped: neither waits"
            }
        };
        format!("the cheapest edge to relax is {edge_named} ({then}): {how}")
    }

    fn text(&self) -> String {
        let bound = match self.in_flight {
            Some(in_flight) => format!("there may be {in_flight}"),
            None => "there is no bound".to_owned(),
        };
        let mend = self.relax.map(|edge| self.mend(edge)).unwrap_or_default();
        let limit = match self.in_flight_limit() {
            Some(limit) => format!("; or let at most {limit} be under way with `in_flight({limit})`"),
            None => String::new(),
        };
        let (cycle, needs) = (&self.cycle, self.cycle.needs);
        let enough =
            if needs == 1 { "1 message under way is".to_owned() } else { format!("{needs} messages under way are") };
        format!("the swarm can lock up in {cycle}: {enough} enough, and {bound}; {mend}{limit}")
    }
}
