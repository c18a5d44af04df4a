//! Who gets a message where the shape leaves a choice.

use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering;

use crate::mailbox::message::Message;
use crate::swarm::home::View;
use crate::swarm::mail::Mail;
use crate::swarm::running::Swarm;
use crate::swarm::seat::Seat;
use crate::topology::rank::Rank;

/// By what one of several members is chosen. Only those that are up are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'a> {
    /// The one with the fewest queued messages; among equals in turn. For work that takes unequal time.
    LeastQueue,
    /// One after the other. For work that takes equal time.
    RoundRobin,
    /// Always the same one for a key, while it is up; if it goes, only its own keys move. For state by key. [`Choice::key`] makes one
    /// of anything that can be hashed.
    ///
    /// Rendezvous hashing (Thaler and Ravishankar, "Using name-based mappings to increase hit rates", 1998), the same on every
    /// machine.
    Key(u64),
    /// The one with the fewest queued messages among those that are [capable](crate::MemberSpec::capable_of) of it.
    Capable(&'a str),
}

impl Choice<'_> {
    /// By this key.
    #[must_use]
    pub fn key(key: &impl Hash) -> Self {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        key.hash(&mut hasher);
        Self::Key(hasher.finish())
    }
}

/// FNV-1a (Fowler, Noll and Vo), which is the same in every build, as the standard hasher need not be.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// One candidate.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    rank: Rank,
    queued: usize,
    is_capable: bool,
}

/// The rule: which of these, in rank order, at this turn.
fn choose(choice: Choice<'_>, candidates: &[Candidate], turn: usize) -> Option<Rank> {
    let count = candidates.len();
    let first = turn.checked_rem(count)?;
    let in_turn = candidates.iter().cycle().skip(first).take(count);
    let chosen = match choice {
        Choice::RoundRobin => candidates.get(first),
        Choice::LeastQueue => in_turn.min_by_key(|candidate| candidate.queued),
        Choice::Capable(_) => in_turn.filter(|candidate| candidate.is_capable).min_by_key(|candidate| candidate.queued),
        Choice::Key(key) => candidates.iter().max_by_key(|candidate| weight(key, candidate.rank)),
    };
    chosen.map(|candidate| candidate.rank)
}

/// How much a key wants to a member: a mix of both (the finalizer of `SplitMix64`, Steele, Lea and Flood 2014).
fn weight(key: u64, rank: Rank) -> u64 {
    let mut mixed = key ^ u64::from(rank.0).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl<W: Message> Swarm<W> {
    /// One of all members. None if nobody fits.
    #[must_use]
    pub fn choose(&self, choice: Choice<'_>) -> Option<Rank> {
        let (view, turn) = (self.home.view(), self.home.turns.fetch_add(1, Ordering::Relaxed));
        choose(choice, &candidates(&view, view.graph.live(), choice), turn)
    }
}

impl<W: Message> Seat<W> {
    /// One of those to whom an edge leads from here. None if nobody fits.
    #[must_use]
    pub fn choose(&self, choice: Choice<'_>) -> Option<Rank> {
        let (view, turn) = (self.home.view(), self.home.turns.fetch_add(1, Ordering::Relaxed));
        choose(choice, &candidates(&view, &view.graph.neighbours(self.rank()), choice), turn)
    }
}

/// Those of them that are up, in rank order.
fn candidates<W: Message>(view: &View<Mail<W>>, among: &[Rank], choice: Choice<'_>) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = among.iter().filter_map(|rank| candidate(view, *rank, choice)).collect();
    candidates.sort_unstable_by_key(|candidate| candidate.rank);
    candidates
}

fn candidate<W: Message>(view: &View<Mail<W>>, rank: Rank, choice: Choice<'_>) -> Option<Candidate> {
    let place = view.place(rank).filter(|_| view.is_up(rank))?;
    let queued = match choice {
        Choice::LeastQueue | Choice::Capable(_) => place.post()?.depth(),
        Choice::RoundRobin | Choice::Key(_) => 0,
    };
    let is_capable = match choice {
        Choice::Capable(of) => place.kind.get().is_some_and(|kind| kind.capabilities.iter().any(|own| own == of)),
        Choice::LeastQueue | Choice::RoundRobin | Choice::Key(_) => false,
    };
    Some(Candidate { rank, queued, is_capable })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(choice: Choice<'_>, queues: &[usize], turn: usize, chosen: Option<u32>) {
        let candidates: Vec<Candidate> = (0..)
            .zip(queues)
            .map(|(rank, queued)| Candidate { rank: Rank(rank), queued: *queued, is_capable: rank % 2 == 1 })
            .collect();
        assert_eq!(choose(choice, &candidates, turn), chosen.map(Rank), "{choice:?} of {queues:?} at {turn}");
    }

    #[test]
    fn the_least_queue_is_chosen_and_equals_in_turn() {
        check(Choice::LeastQueue, &[3, 1, 2], 0, Some(1));
        check(Choice::LeastQueue, &[1, 1, 1], 1, Some(1));
        check(Choice::LeastQueue, &[1, 1, 1], 2, Some(2));
        check(Choice::LeastQueue, &[], 0, None);
    }

    #[test]
    fn round_robin_takes_one_after_the_other() {
        (0..7).for_each(|turn| check(Choice::RoundRobin, &[9, 0, 5], turn, Some(turn as u32 % 3)));
    }

    #[test]
    fn only_who_is_capable_is_chosen() {
        check(Choice::Capable("x"), &[0, 5, 0, 4], 0, Some(3));
        check(Choice::Capable("x"), &[0], 0, None);
    }

    #[test]
    fn only_the_keys_of_who_goes_move_and_they_spread() {
        let all: Vec<Candidate> =
            (0..8).map(|rank| Candidate { rank: Rank(rank), queued: 0, is_capable: false }).collect();
        let without: Vec<Candidate> = all.iter().copied().filter(|candidate| candidate.rank != Rank(3)).collect();
        let mut counts = [0; 8];
        for key in 0..8_000_u64 {
            let choice = Choice::key(&key);
            let before = choose(choice, &all, 0).unwrap();
            let after = choose(choice, &without, 5).unwrap();
            assert!(before == Rank(3) || before == after);
            counts[before.index()] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }
}
