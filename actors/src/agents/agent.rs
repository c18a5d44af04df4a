//! Who works: an agent as it introduces itself.

use std::fmt;
use std::sync::Arc;

use crate::agents::capabilities::Capabilities;

/// Which agent, unique on its board. It stays the same when the agent is restarted. Cloning shares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(Arc<str>);

impl AgentId {
    /// The id as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<N: Into<Arc<str>>> From<N> for AgentId {
    fn from(id: N) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An agent: who it is, what it can do, and how much at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Which one it is; its path, for instance.
    pub id: AgentId,
    /// Its type, by which its behaviour was chosen.
    pub kind: String,
    /// What people call it; its id, if nobody says otherwise.
    pub name: String,
    /// What it can do.
    pub capabilities: Capabilities,
    /// How many tasks it has in hand at most, begun or not; at least 1. Its outstanding demand is never counted higher.
    pub concurrency: u32,
}

impl Agent {
    /// An agent of this type without special capabilities, one task at a time.
    pub fn new(id: impl Into<AgentId>, kind: impl Into<String>) -> Self {
        let id = id.into();
        let name = id.as_str().to_owned();
        Self { id, kind: kind.into(), name, capabilities: Capabilities::none(), concurrency: 1 }
    }

    /// What people call it.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What it can do.
    #[must_use]
    pub fn capabilities(mut self, capabilities: impl Into<Capabilities>) -> Self {
        self.capabilities = capabilities.into();
        self
    }

    /// How many tasks it has in hand at most.
    #[must_use]
    pub fn concurrency(mut self, concurrency: u32) -> Self {
        self.concurrency = concurrency;
        self
    }
}
