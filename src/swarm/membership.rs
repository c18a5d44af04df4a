//! Who belongs to a swarm and who of them is there: pure rules.
//!
//! Each change of what the edges depend on makes a new epoch. The edges themselves are [`Layout::graph`] of those that count
//! as live, so that they have no history.

use std::collections::BTreeMap;

use crate::topology::graph::Graph;
use crate::topology::layout::Layout;
use crate::topology::rank::Rank;

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has a place and an address, and has never been up.
    Joining,
    /// This life of it is there.
    Up(u32),
    /// This life of it is over, and its supervisor is expected to start another one. Its mailbox takes messages.
    Down(u32),
    /// It takes no new messages, and will be gone.
    Leaving,
    /// It has stopped for good; its place is kept in case somebody starts it anew.
    Gone,
}

/// What has happened to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    Joined,
    Up(u32),
    Down(u32),
    Leaving,
    Gone,
    /// Its place is free again.
    Removed,
}

/// What is to be done about it, in this order, after the new view is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is to handle nothing until it is resumed.
    Suspend(Rank),
    Resume(Rank),
    /// It has gone down, or for good: a token that it had is made anew.
    Lost(Rank),
}

/// All members of a swarm.
#[derive(Debug)]
pub(crate) struct Membership {
    layout: Layout,
    members: BTreeMap<Rank, Standing>,
    epoch: u64,
    /// With fewer a ring does not close around those that are down.
    live_least: usize,
    /// Leaves that wait for their hub.
    suspended: bool,
}

impl Membership {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, members: BTreeMap::new(), epoch: 0, live_least: 0, suspended: false }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn members(&self) -> &BTreeMap<Rank, Standing> {
        &self.members
    }

    /// The same shape with the names of its members, and how many of them have to be live for it to be safe.
    pub(crate) fn lay_out(&mut self, layout: Layout, live_least: usize) {
        self.layout = layout;
        self.live_least = live_least;
    }

    /// Another shape for the same members.
    pub(crate) fn morph(&mut self, layout: Layout, live_least: usize) -> Vec<Effect> {
        self.lay_out(layout, live_least);
        self.epoch += 1;
        self.suspensions()
    }

    /// Takes news of a member in; says what is to be done, or nothing if it changes nothing.
    pub(crate) fn on(&mut self, rank: Rank, news: News) -> Option<Vec<Effect>> {
        let before = self.members.get(&rank).copied();
        let after = match (news, before) {
            (News::Joined, None) => Standing::Joining,
            (News::Up(life), Some(Standing::Joining | Standing::Gone)) => Standing::Up(life),
            // What a hung handler tells late is of an earlier life.
            (News::Up(life), Some(Standing::Up(seen) | Standing::Down(seen))) if life > seen => Standing::Up(life),
            (News::Down(life), Some(Standing::Up(seen))) if life == seen => Standing::Down(life),
            (News::Leaving, Some(Standing::Joining | Standing::Up(_) | Standing::Down(_))) => Standing::Leaving,
            (News::Gone, Some(Standing::Joining | Standing::Up(_) | Standing::Down(_) | Standing::Leaving)) => {
                Standing::Gone
            }
            (News::Removed, Some(_)) => {
                self.members.remove(&rank);
                self.epoch += 1;
                return Some(self.suspensions());
            }
            _ => return None,
        };
        self.members.insert(rank, after);
        self.epoch += 1;
        let mut effects = self.suspensions();
        if !matches!(after, Standing::Joining | Standing::Up(_)) {
            effects.push(Effect::Lost(rank));
        }
        Some(effects)
    }

    /// Those whom edges lead to, in their order: where the shape closes around one that is down, those that are up; else all
    /// that have ever been up and are to be again, for their mailboxes wait for them.
    pub(crate) fn live(&self) -> Vec<Rank> {
        let up = self.members.values().filter(|standing| matches!(standing, Standing::Up(_))).count();
        let counts = |(rank, standing): (&Rank, &Standing)| match standing {
            Standing::Up(_) => true,
            Standing::Down(_) => up < self.live_least || !self.layout.bypasses(*rank),
            Standing::Joining | Standing::Leaving | Standing::Gone => false,
        };
        self.members.iter().filter(|member| counts(*member)).map(|(rank, _)| *rank).collect()
    }

    pub(crate) fn graph(&self) -> Graph {
        self.layout.graph(&self.live())
    }

    /// The leaves of a star do nothing while their hub is down.
    fn suspensions(&mut self) -> Vec<Effect> {
        let hub_is_down =
            self.layout.hub().is_some_and(|hub| matches!(self.members.get(&hub), Some(Standing::Down(_))));
        if hub_is_down == self.suspended {
            return Vec::new();
        }
        self.suspended = hub_is_down;
        let leaves = self.members.keys().copied().filter(|rank| Some(*rank) != self.layout.hub());
        leaves.map(if hub_is_down { Effect::Suspend } else { Effect::Resume }).collect()
    }
}
