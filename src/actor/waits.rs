//! Who waits for whom, so that a wait that would never end is refused at once.
//!
//! A handler that waits for a reply or for room adds an edge from its actor to the other one. Before an edge goes in, the
//! graph is searched from its target: a path back to the waiter is a cycle of actors none of which can go on
//! (the AND model of Chandy, Misra and Haas 1983, on one machine and therefore with one lock).

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

use crate::mailbox::lane::Ticket;
use crate::mailbox::message::Lane;
use crate::path::Path;

/// The number of an actor within its system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ActorId(pub(crate) u64);

#[cfg(not(loom))]
thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}
#[cfg(loom)]
loom::thread_local! {
    static CURRENT: Cell<Option<Current>> = Cell::new(None);
}

/// The actor whose code this thread runs now.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Current {
    /// Tells systems apart: numbers of actors are unique within one only.
    pub(crate) system: usize,
    pub(crate) actor: ActorId,
}

impl Current {
    /// Runs code as this actor.
    pub(crate) fn enter<R>(self, run: impl FnOnce() -> R) -> R {
        struct Restore(Option<Current>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.with(|current| current.set(self.0));
            }
        }
        let _restore = Restore(CURRENT.with(|current| current.replace(Some(self))));
        run()
    }

    pub(crate) fn get() -> Option<Self> {
        CURRENT.try_with(Cell::get).unwrap_or(None)
    }
}

/// What can say where it stands, for the cycle in an error, and whether there is still somebody to be let in.
pub(crate) trait Located: Send + Sync {
    fn path(&self) -> Path;
    /// Whether a sender still waits for room here, now that all are in for whom there is some.
    fn holds_up(self: Arc<Self>, place: Place) -> bool;
}

/// Where a sender stands in line for room.
pub(crate) type Place = (Lane, Ticket);

struct Edge {
    serial: u64,
    to: ActorId,
    at: Arc<dyn Located>,
    /// None for one that waits for an answer: that wait is over with the answer.
    place: Option<Place>,
}

/// An edge on a path that was found.
struct Walked {
    from: ActorId,
    serial: u64,
    at: Arc<dyn Located>,
    place: Option<Place>,
}

impl Walked {
    /// Whether its actor need not wait any more, but has not come round to see that.
    fn is_over(&self) -> bool {
        self.place.is_some_and(|place| !Arc::clone(&self.at).holds_up(place))
    }
}

/// Spreads the numbers of actors, which are counted up; nobody chooses them.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[derive(Default)]
struct Edges {
    /// Only looked up, never walked through.
    from: HashMap<ActorId, Vec<Edge>, BuildHasherDefault<Spread>>,
    /// Empty lists to be used again, so that a wait allocates nothing.
    spare: Vec<Vec<Edge>>,
    issued: u64,
}

/// Empty lists that are kept.
const SPARE_LIMIT: usize = 64;
/// Counters of edges, each for the actors of every so manyeth number.
const COUNTERS: usize = 64;

/// The wait-for graph of one system.
pub(crate) struct Waits {
    edges: Mutex<Edges>,
    /// How many edges there are from some actors; most of the time none. Changed under the lock.
    counts: [AtomicU32; COUNTERS],
}

impl Default for Waits {
    fn default() -> Self {
        Self { edges: Mutex::default(), counts: [const { AtomicU32::new(0) }; COUNTERS] }
    }
}

/// A recorded wait; dropping it ends it.
pub(crate) struct Wait {
    waits: Arc<Waits>,
    from: ActorId,
    serial: u64,
}

impl Waits {
    /// Records that `from` waits for `to`, for an answer or at a place in line, or says which cycle this would close.
    pub(crate) fn wait(
        self: &Arc<Self>,
        (from, to): (ActorId, ActorId),
        at: Arc<dyn Located>,
        place: Option<Place>,
    ) -> Result<Wait, Vec<Path>> {
        if from == to {
            return Err(vec![at.path()]);
        }
        let mut edges = self.edges.lock();
        // Most of those that are waited for wait for nobody.
        while self.count(to).load(Ordering::Relaxed) > 0
            && let Some(cycle) = edges.path_between(to, from)
        {
            drop(edges);
            // A mailbox is looked into outside of the lock.
            let over: Vec<&Walked> = cycle.iter().filter(|walked| walked.is_over()).collect();
            if over.is_empty() {
                return Err([at.path()].into_iter().chain(cycle.iter().map(|walked| walked.at.path())).collect());
            }
            over.iter().for_each(|walked| self.end(walked.from, walked.serial));
            edges = self.edges.lock();
        }
        edges.issued += 1;
        let serial = edges.issued;
        let Edges { from: lists, spare, .. } = &mut *edges;
        lists.entry(from).or_insert_with(|| spare.pop().unwrap_or_default()).push(Edge { serial, to, at, place });
        self.count(from).fetch_add(1, Ordering::Relaxed);
        Ok(Wait { waits: Arc::clone(self), from, serial })
    }

    /// Takes one edge out, if it is there.
    fn end(&self, from: ActorId, serial: u64) {
        let mut edges = self.edges.lock();
        let Edges { from: lists, spare, .. } = &mut *edges;
        let Entry::Occupied(mut entry) = lists.entry(from) else { return };
        let list = entry.get_mut();
        let before = list.len();
        list.retain(|edge| edge.serial != serial);
        let ended = u32::try_from(before - list.len()).unwrap_or(u32::MAX);
        self.count(from).fetch_sub(ended, Ordering::Relaxed);
        if list.is_empty() {
            let list = entry.remove();
            if spare.len() < SPARE_LIMIT {
                spare.push(list);
            }
        }
    }
}

impl Waits {
    /// A handler of this actor has ended: what it has begun to wait for, and keeps or has given away, holds it up no longer.
    /// `is_own` says whether the actor's waits are still that handler's, and not those of a later life.
    pub(crate) fn forget(&self, from: ActorId, is_own: impl FnOnce() -> bool) {
        drop(self.end_all(from, is_own));
    }

    /// The present life of this actor is given up. What comes back is to be dropped without any lock held.
    pub(crate) fn give_up(&self, from: ActorId) -> impl Send + use<> {
        self.end_all(from, || true)
    }

    fn end_all(&self, from: ActorId, is_own: impl FnOnce() -> bool) -> Option<Vec<Edge>> {
        if self.count(from).load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut edges = self.edges.lock();
        // Asked under the lock: what a later life waits for is recorded after this, or the answer is no.
        if !is_own() {
            return None;
        }
        let ended = edges.from.remove(&from)?;
        self.count(from).fetch_sub(u32::try_from(ended.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        Some(ended)
    }

    fn count(&self, from: ActorId) -> &AtomicU32 {
        #[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "less than COUNTERS")]
        &self.counts[(from.0 % COUNTERS as u64) as usize]
    }
}

impl Edges {
    /// The waits on a path from `start` to `goal`, found depth first.
    fn path_between(&self, start: ActorId, goal: ActorId) -> Option<Vec<Walked>> {
        let mut seen = vec![start];
        let mut stack: Vec<(ActorId, usize)> = vec![(start, 0)];
        while let Some((at, next)) = stack.last_mut() {
            let Some(edge) = self.from.get(at).and_then(|edges| edges.get(*next)) else {
                stack.pop();
                continue;
            };
            *next += 1;
            if edge.to == goal {
                let walked = stack.iter().filter_map(|(from, next)| {
                    let Edge { serial, at, place, .. } = self.from.get(from)?.get(next - 1)?;
                    Some(Walked { from: *from, serial: *serial, at: Arc::clone(at), place: *place })
                });
                return Some(walked.collect());
            }
            if !seen.contains(&edge.to) {
                seen.push(edge.to);
                stack.push((edge.to, 0));
            }
        }
        None
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.waits.end(self.from, self.serial);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::mailbox::lane::LaneQueue;

    struct At(&'static str);
    impl Located for At {
        fn path(&self) -> Path {
            Path::root().child(self.0)
        }

        fn holds_up(self: Arc<Self>, (lane, _): Place) -> bool {
            lane == Lane::Normal
        }
    }

    const NAMES: [&str; 4] = ["a", "b", "c", "d"];

    fn wait(waits: &Arc<Waits>, from: u64, to: u64) -> Result<Wait, String> {
        wait_at(waits, (from, to), None)
    }

    fn wait_at(waits: &Arc<Waits>, (from, to): (u64, u64), place: Option<Place>) -> Result<Wait, String> {
        let name = NAMES[usize::try_from(to).unwrap()];
        waits
            .wait((ActorId(from), ActorId(to)), Arc::new(At(name)), place)
            .map_err(|cycle| crate::mailbox::refused::cycle_text(&cycle))
    }

    #[test]
    fn the_wait_that_closes_a_cycle_is_refused_with_the_cycle() {
        let waits = Arc::new(Waits::default());
        let _ab = wait(&waits, 0, 1).unwrap();
        let _ad = wait(&waits, 0, 3).unwrap();
        let _bc = wait(&waits, 1, 2).unwrap();
        assert_eq!(wait(&waits, 2, 0).err().unwrap(), "a -> b -> c -> a");
        assert_eq!(wait(&waits, 2, 2).err().unwrap(), "c -> c");
    }

    #[test]
    fn an_ended_wait_closes_no_cycle() {
        let waits = Arc::new(Waits::default());
        let ab = wait(&waits, 0, 1).unwrap();
        drop(ab);
        let _ba = wait(&waits, 1, 0).unwrap();
        let _bd = wait(&waits, 1, 3).unwrap();
        let _da = wait(&waits, 3, 0).unwrap();
    }
    #[test]
    fn who_was_let_in_waits_no_more_whether_it_knows_or_not() {
        let waits = Arc::new(Waits::default());
        let mut lane = LaneQueue::new();
        let ticket = lane.enroll((), Waker::noop().clone());
        let (kept, let_in) = (Some((Lane::Normal, ticket)), Some((Lane::Urgent, ticket)));
        let ab = wait_at(&waits, (0, 1), let_in).unwrap();
        let _ba = wait_at(&waits, (1, 0), kept).unwrap();
        drop(ab);
        assert_eq!(wait_at(&waits, (0, 1), kept).err().unwrap(), "b -> a -> b");
    }
}
