//! A dual mesh: commands first, the last of them bridges, then queries. Nothing leads from queries to commands.

use crate::topology::graph::live::Live;

/// The parts of a dual mesh, by the first slots behind them.
#[derive(Debug, Clone, Copy)]
pub(in crate::topology) struct Dual {
    plain: u32,
    commands: u32,
}

impl Dual {
    pub(in crate::topology) fn new(commands: u32, bridges: u32) -> Self {
        Self { plain: commands - bridges, commands }
    }

    fn is_query(self, slot: u32) -> bool {
        slot >= self.commands
    }

    fn is_bridge(self, slot: u32) -> bool {
        (self.plain..self.commands).contains(&slot)
    }

    /// The bridge that carries to a query what other commands send it: queries are dealt out to the live bridges in turn.
    fn bridge(self, live: &Live, query: u32) -> Option<u32> {
        let bridges = live.between(self.plain, self.commands);
        let turn = (query as usize).checked_rem(bridges.len())?;
        bridges.get(turn).copied()
    }

    pub(in crate::topology) fn edge(self, from: u32, to: u32) -> bool {
        from != to && (self.is_query(from) == self.is_query(to) || self.is_bridge(from))
    }

    pub(in crate::topology) fn targets(self, live: &Live, from: u32) -> Vec<u32> {
        live.slots().iter().copied().filter(|to| self.edge(from, *to)).collect()
    }

    /// The next slot on the way, and its length.
    pub(in crate::topology) fn way(self, live: &Live, from: u32, to: u32) -> Option<(u32, usize)> {
        if self.edge(from, to) {
            return Some((to, 1));
        }
        if self.is_query(from) { None } else { self.bridge(live, to).map(|bridge| (bridge, 2)) }
    }

    /// A query tells its mesh. A command tells its mesh, and each bridge tells the queries that it carries for others.
    pub(in crate::topology) fn broadcast(self, live: &Live, origin: u32, at: u32) -> Vec<u32> {
        if at == origin {
            return self.targets(live, origin);
        }
        if self.is_query(origin) || self.is_bridge(origin) || !self.is_bridge(at) {
            return Vec::new();
        }
        let queries = live.between(self.commands, u32::MAX);
        queries.iter().copied().filter(|query| self.bridge(live, *query) == Some(at)).collect()
    }
}
