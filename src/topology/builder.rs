//! A topology as it is declared.

use crate::span::{Span, SpanError};
use crate::spec::Intensity;
use crate::topology::rank::EdgeKind;

/// The largest mailbox of a member, in messages.
pub(crate) const MAILBOX_LIMIT: usize = 1 << 24;

/// The most members of a topology, those of nested ones among them.
pub const MEMBERS_LIMIT: usize = 1 << 20;

/// What was declared as the shape.
#[derive(Debug, Clone)]
pub(in crate::topology) enum Declared {
    Hierarchical { fan_out: usize },
    Mesh,
    Ring,
    Star,
    Pipeline,
    DualMesh { commands: usize, bridges: usize },
    Custom { edges: Vec<(usize, usize, EdgeKind)> },
}

/// A topology that stands for one member of an outer one.
#[derive(Debug, Clone)]
pub(in crate::topology) struct Nest {
    pub(in crate::topology) rank: usize,
    pub(in crate::topology) topology: Topology,
    pub(in crate::topology) members: usize,
}

/// The declared shape of a swarm: who is supervised by whom, who may send to whom, and what bounds it.
///
/// It is data. [`Topology::layout`] checks the whole of it and compiles it; nothing is started.
///
/// ```
/// use swarmtree::Topology;
///
/// let ring = Topology::ring().successors(2).mailbox(64).layout(8)?;
/// assert_eq!(ring.members().len(), 8);
/// # Ok::<(), swarmtree::TopologyError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a topology does nothing before it is laid out"]
pub struct Topology {
    pub(in crate::topology) declared: Declared,
    pub(in crate::topology) successors: Option<usize>,
    pub(in crate::topology) max_agents: Option<usize>,
    pub(in crate::topology) mailbox: usize,
    pub(in crate::topology) tells: Option<EdgeKind>,
    pub(in crate::topology) in_flight: Option<usize>,
    pub(in crate::topology) hub_state: bool,
    pub(in crate::topology) durable: bool,
    pub(in crate::topology) intensity: Result<Intensity, SpanError>,
    pub(in crate::topology) nests: Vec<Nest>,
}

impl Topology {
    fn new(declared: Declared) -> Self {
        Self {
            declared,
            successors: None,
            max_agents: None,
            mailbox: 256,
            tells: None,
            in_flight: None,
            hub_state: false,
            durable: false,
            intensity: Intensity::new(10, "10s"),
            nests: Vec::new(),
        }
    }

    /// A tree in heap order: member i has the subordinates i·k+1 to i·k+k, for a fan-out k of at least 2. Parent and
    /// subordinate tell each other; a parent may ask its subordinates. For work that is divided and gathered.
    pub fn hierarchical(fan_out: usize) -> Self {
        Self::new(Declared::Hierarchical { fan_out })
    }

    /// Everybody sends to everybody. For up to some 50 equals; beyond, the links cost too much.
    pub fn mesh() -> Self {
        Self::new(Declared::Mesh)
    }

    /// Each member sends to the next, the last to the first. For tokens and turns.
    pub fn ring() -> Self {
        Self::new(Declared::Ring)
    }

    /// Member 0 is the hub; it and the leaves send to each other, and leaves may ask it. For one that coordinates.
    pub fn star() -> Self {
        Self::new(Declared::Star)
    }

    /// Each member, a stage, sends to the next one, and may ask it. For streams of work.
    pub fn pipeline() -> Self {
        Self::new(Declared::Pipeline)
    }

    /// A mesh of commands (the first members) and a mesh of queries (the others). The last of the commands are
    /// bridges: they also send to every query. Nothing leads back from queries to commands. For reads kept apart from writes.
    pub fn dual_mesh(commands: usize, bridges: usize) -> Self {
        Self::new(Declared::DualMesh { commands, bridges })
    }

    /// A graph of one's own: (from, to, kind) by ranks. A pair may have one edge to tell along and one to ask along.
    /// Messages are routed, and broadcast, along the edges to tell along, by the shortest way.
    pub fn custom(edges: impl IntoIterator<Item = (usize, usize, EdgeKind)>) -> Self {
        Self::new(Declared::Custom { edges: edges.into_iter().collect() })
    }

    /// Ring: how many of those after it a member knows, at least 2 (the default). Messages go to the first that is live.
    pub fn successors(mut self, successors: usize) -> Self {
        self.successors = Some(successors);
        self
    }

    /// The most members at any time, up to [`MEMBERS_LIMIT`]; by default the number it is laid out for.
    pub fn max_agents(mut self, cap: usize) -> Self {
        self.max_agents = Some(cap);
        self
    }

    /// How many messages each member's mailbox holds, 1 to 2^24; 256 by default.
    pub fn mailbox(mut self, capacity: usize) -> Self {
        self.mailbox = capacity;
        self
    }

    /// The kind of all edges to tell along: Wait, Shed or Credit. By default Wait in a pipeline, which closes no cycle, and
    /// Credit in the other shapes. The edges of a custom topology have their own.
    pub fn edges(mut self, kind: EdgeKind) -> Self {
        self.tells = Some(kind);
        self
    }

    /// How many messages may be under way in the whole swarm at once, at least 1. By default there is no such bound where
    /// no edge is Credit; else it is 1,024, or the cap of members if that is more.
    pub fn in_flight(mut self, messages: usize) -> Self {
        self.in_flight = Some(messages);
        self
    }

    /// Star: the leaves hold state of the hub, so that they restart with it.
    pub fn hub_state(mut self) -> Self {
        self.hub_state = true;
        self
    }

    /// Pipeline: the stages keep their state elsewhere, so that each restarts alone.
    pub fn durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// How many restarts each of its supervisors allows within a period such as `"10s"`, which is also the default: 10 in 10 s.
    /// (OTP's default, 1 in 5 s, is meant for a handful of children; here one supervisor may have a thousand.)
    pub fn intensity(mut self, restarts: u32, period: impl Into<Span>) -> Self {
        self.intensity = Intensity::new(restarts, period);
        self
    }

    /// The member of this rank is a whole topology of so many members. Ranks of the whole are given in order, so those
    /// behind it move up. The nested one stands for its member: messages enter it at its first live member (root, hub, first
    /// stage, first command), and leave it there too, or at the last live stage of a pipeline.
    pub fn nest(mut self, rank: usize, topology: Self, members: usize) -> Self {
        self.nests.push(Nest { rank, topology, members });
        self
    }
}
