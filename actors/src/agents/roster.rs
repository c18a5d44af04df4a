//! Who is there, how much each can take, and who is chosen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::agents::agent::{Agent, AgentId};
use crate::agents::capabilities::Capabilities;
use crate::agents::outcome::{AttemptError, AttemptId};

/// What stands for the mean service time as long as no agent has one.
const MEAN_UNKNOWN: Duration = Duration::from_millis(1);
/// The weight of a sample in the mean is one in so many, as in RFC 6298.
const MEAN_SAMPLES: u32 = 8;

/// Whether an agent is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentState {
    /// It is there.
    Up,
    /// It is gone, and may join anew.
    Down(AttemptError),
}

/// What the board knows of an agent.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) agent: Agent,
    pub(crate) state: AgentState,
    /// How many more it has asked for.
    pub(crate) demand: u32,
    /// What it has in hand, given up or not.
    pub(crate) in_hand: BTreeSet<AttemptId>,
    /// The moving mean of its service time.
    pub(crate) mean: Option<Duration>,
    /// When it was last assigned something, or went down, in the order of such events.
    touched: u64,
}

impl Seat {
    fn is_up(&self) -> bool {
        self.state == AgentState::Up
    }

    fn load(&self) -> u32 {
        u32::try_from(self.in_hand.len()).unwrap_or(u32::MAX)
    }

    fn has_room(&self) -> bool {
        self.is_up() && self.demand > 0 && self.load() < self.agent.concurrency
    }
}

/// The agent for a task, and on what grounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) agent: AgentId,
    pub(crate) in_hand: u32,
    pub(crate) mean: Duration,
    pub(crate) among: usize,
}

/// All agents, and for a while those that are gone.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    seats: BTreeMap<AgentId, Seat>,
    touches: u64,
}

impl Roster {
    pub(crate) fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.values()
    }

    pub(crate) fn get(&self, id: &AgentId) -> Option<&Seat> {
        self.seats.get(id)
    }

    /// Whether this agent may join among so many: there is a seat of its own, a free one, or one of somebody who is gone.
    pub(crate) fn admits(&self, id: &AgentId, limit: usize) -> bool {
        self.seats.contains_key(id) || self.seats.len() < limit || self.seats().any(|seat| !seat.is_up())
    }

    /// Seats an agent that was admitted, without demand. What is known of its service time stays.
    pub(crate) fn join(&mut self, agent: Agent, limit: usize) {
        if !self.seats.contains_key(&agent.id) && self.seats.len() >= limit {
            let gone = self.seats.values().filter(|seat| !seat.is_up()).min_by_key(|seat| seat.touched);
            if let Some(id) = gone.map(|seat| seat.agent.id.clone()) {
                self.seats.remove(&id);
            }
        }
        let mean = self.seats.get(&agent.id).and_then(|seat| seat.mean);
        let (state, in_hand) = (AgentState::Up, BTreeSet::new());
        self.seats.insert(agent.id.clone(), Seat { agent, state, demand: 0, in_hand, mean, touched: 0 });
    }

    /// It is gone; what it had in hand comes back. None if it was not there.
    pub(crate) fn leave(&mut self, id: &AgentId, error: AttemptError) -> Option<BTreeSet<AttemptId>> {
        let seat = self.seats.get_mut(id).filter(|seat| seat.is_up())?;
        self.touches += 1;
        (seat.state, seat.demand, seat.touched) = (AgentState::Down(error), 0, self.touches);
        Some(std::mem::take(&mut seat.in_hand))
    }

    pub(crate) fn demanded(&mut self, id: &AgentId, more: u32) {
        if let Some(seat) = self.seats.get_mut(id).filter(|seat| seat.is_up()) {
            seat.demand = seat.demand.saturating_add(more).min(seat.agent.concurrency);
        }
    }

    pub(crate) fn assign(&mut self, id: &AgentId, attempt: AttemptId) {
        self.touches += 1;
        if let Some(seat) = self.seats.get_mut(id) {
            seat.demand = seat.demand.saturating_sub(1);
            seat.touched = self.touches;
            seat.in_hand.insert(attempt);
        }
    }

    /// An attempt is out of an agent's hands.
    pub(crate) fn release(&mut self, id: &AgentId, attempt: AttemptId) {
        if let Some(seat) = self.seats.get_mut(id) {
            seat.in_hand.remove(&attempt);
        }
    }

    /// An agent has taken so long for what it has done.
    pub(crate) fn served(&mut self, id: &AgentId, service: Duration) {
        if let Some(seat) = self.seats.get_mut(id) {
            let mean = seat.mean.unwrap_or(service);
            seat.mean = Some((mean * (MEAN_SAMPLES - 1) + service) / MEAN_SAMPLES);
        }
    }

    /// Whether anyone can take anything.
    pub(crate) fn has_room(&self) -> bool {
        self.seats().any(Seat::has_room)
    }

    /// Whether anyone who can take something can do this.
    pub(crate) fn has_room_for(&self, needs: &Capabilities) -> bool {
        self.seats().any(|seat| seat.has_room() && seat.agent.capabilities.covers(needs))
    }

    /// How many there are that can do this, with room or without, but for those that are taken.
    pub(crate) fn able(&self, needs: &Capabilities, taken: impl Fn(&AgentId) -> bool) -> usize {
        self.seats()
            .filter(|seat| seat.is_up() && !taken(&seat.agent.id) && seat.agent.capabilities.covers(needs))
            .count()
    }

    /// What the best of those that are there lacks; all of it if nobody is there.
    pub(crate) fn missing(&self, needs: &Capabilities) -> Capabilities {
        let lacking = self.seats().filter(|seat| seat.is_up()).map(|seat| seat.agent.capabilities.missing(needs));
        lacking.min_by_key(Capabilities::len).unwrap_or_else(|| needs.clone())
    }

    /// The agent of the least load: its place in the queue there times its mean service time; among equals the one that
    /// was assigned nothing for longest. One that is taken is never chosen; one to be avoided only while nobody else is
    /// there, busy or not, who can do it. One that nothing is known of counts as the fastest, so that it becomes known.
    pub(crate) fn choose(
        &self,
        needs: &Capabilities,
        taken: impl Fn(&AgentId) -> bool,
        avoid: &BTreeSet<AgentId>,
    ) -> Option<Choice> {
        let able = || {
            let up = self.seats().filter(|seat| seat.is_up() && !taken(&seat.agent.id));
            up.filter(|seat| seat.agent.capabilities.covers(needs))
        };
        let is_last_resort = avoid.is_empty() || able().all(|seat| avoid.contains(&seat.agent.id));
        let may = |seat: &&Seat| seat.has_room() && (is_last_resort || !avoid.contains(&seat.agent.id));
        let among = able().filter(may).count();
        if among == 0 {
            return None;
        }
        let known = self.seats().filter(|seat| seat.is_up()).filter_map(|seat| seat.mean);
        let fastest = known.min().unwrap_or(MEAN_UNKNOWN);
        let mean = |seat: &Seat| seat.mean.unwrap_or(fastest).max(Duration::from_nanos(1));
        let cost = |seat: &Seat| (u128::from(seat.load()) + 1) * mean(seat).as_nanos();
        let seat = able().filter(may).min_by_key(|seat| (cost(seat), seat.touched))?;
        Some(Choice { agent: seat.agent.id.clone(), in_hand: seat.load(), mean: mean(seat), among })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use crate::agents::agent::{Agent, AgentId};
    use crate::agents::capabilities::Capabilities;
    use crate::agents::outcome::{AttemptError, AttemptId};
    use crate::agents::roster::Roster;

    /// Agents by id, concurrency, demand and mean in milliseconds (0 for unknown).
    fn roster(agents: &[(&str, u32, u32, u64)]) -> Roster {
        let mut roster = Roster::default();
        for (id, concurrency, demand, mean) in agents {
            roster.join(Agent::new(*id, "worker").concurrency(*concurrency), 100);
            roster.demanded(&AgentId::from(*id), *demand);
            if *mean > 0 {
                roster.served(&AgentId::from(*id), Duration::from_millis(*mean));
            }
        }
        roster
    }

    fn choices(roster: &mut Roster, times: u64) -> Vec<String> {
        let mut chosen = Vec::new();
        for attempt in 0..times {
            let Some(choice) = roster.choose(&Capabilities::none(), |_| false, &BTreeSet::new()) else { break };
            roster.assign(&choice.agent, AttemptId(attempt));
            chosen.push(choice.agent.to_string());
        }
        chosen
    }

    #[test]
    fn the_least_of_depth_times_service_time_is_chosen() {
        let mut roster = roster(&[("fast", 9, 9, 10), ("slow", 9, 9, 35)]);
        assert_eq!(choices(&mut roster, 6), ["fast", "fast", "fast", "slow", "fast", "fast"]);
    }

    #[test]
    fn nobody_gets_more_than_it_asked_for_or_can_have_in_hand() {
        let mut roster = roster(&[("a", 5, 2, 1), ("b", 1, 7, 1), ("c", 3, 0, 1)]);
        assert_eq!(choices(&mut roster, 9), ["a", "b", "a"]);
        let b = AgentId::from("b");
        roster.release(&b, AttemptId(1));
        assert!(!roster.has_room(), "demand counts up to the concurrency, and it is used up");
        roster.demanded(&b, 1);
        assert_eq!(choices(&mut roster, 9), ["b"]);
    }

    #[test]
    fn equals_take_turns() {
        let mut roster = roster(&[("a", 1, 1, 0), ("b", 1, 1, 0), ("c", 1, 1, 0)]);
        assert_eq!(choices(&mut roster, 3), ["a", "b", "c"]);
        for (attempt, id) in (0..).zip(["a", "b", "c"]) {
            roster.release(&AgentId::from(id), AttemptId(attempt));
        }
        for id in ["c", "a", "b"] {
            roster.demanded(&AgentId::from(id), 1);
        }
        assert_eq!(choices(&mut roster, 3), ["a", "b", "c"]);
    }

    #[test]
    fn who_failed_is_avoided_while_anybody_else_is_there_who_can_do_it() {
        let mut roster = roster(&[("a", 2, 2, 1), ("b", 1, 0, 1)]);
        let avoid = BTreeSet::from([AgentId::from("a")]);
        let choose =
            |roster: &Roster| roster.choose(&Capabilities::none(), |_| false, &avoid).map(|choice| choice.agent);
        assert_eq!(choose(&roster), None, "b is busy, and worth waiting for");
        roster.leave(&AgentId::from("b"), AttemptError::Left);
        assert_eq!(choose(&roster), Some(AgentId::from("a")));
    }

    #[test]
    fn the_seat_of_whoever_is_gone_longest_is_given_away() {
        let mut roster = roster(&[("a", 1, 0, 0), ("b", 1, 0, 0), ("c", 1, 0, 0)]);
        assert!(!roster.admits(&AgentId::from("d"), 3));
        for id in ["c", "a"] {
            roster.leave(&AgentId::from(id), AttemptError::Left);
        }
        assert!(roster.admits(&AgentId::from("d"), 3));
        roster.join(Agent::new("d", "worker"), 3);
        assert_eq!(roster.seats().map(|seat| seat.agent.id.as_str()).collect::<Vec<_>>(), ["a", "b", "d"]);
    }

    #[test]
    fn the_mean_follows_by_an_eighth() {
        let mut roster = roster(&[("a", 1, 0, 80)]);
        let a = AgentId::from("a");
        roster.served(&a, Duration::from_millis(160));
        assert_eq!(roster.get(&a).unwrap().mean, Some(Duration::from_millis(90)));
    }
}
