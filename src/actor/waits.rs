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

/// What can say where it stands, for the cycle in an error.
pub(crate) trait Located: Send + Sync {
    fn path(&self) -> Path;
}

struct Edge {
    serial: u64,
    to: ActorId,
    at: Arc<dyn Located>,
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
    /// Records that `from` waits for `to`, or says which cycle this would close.
    pub(crate) fn wait(self: &Arc<Self>, from: ActorId, to: ActorId, at: Arc<dyn Located>) -> Result<Wait, Vec<Path>> {
        if from == to {
            return Err(vec![at.path()]);
        }
        let mut edges = self.edges.lock();
        // Most of those that are waited for wait for nobody.
        if self.count(to).load(Ordering::Relaxed) > 0
            && let Some(mut cycle) = edges.path_between(to, from)
        {
            cycle.insert(0, at);
            return Err(cycle.iter().map(|located| located.path()).collect());
        }
        edges.issued += 1;
        let serial = edges.issued;
        let Edges { from: lists, spare, .. } = &mut *edges;
        lists.entry(from).or_insert_with(|| spare.pop().unwrap_or_default()).push(Edge { serial, to, at });
        self.count(from).fetch_add(1, Ordering::Relaxed);
        Ok(Wait { waits: Arc::clone(self), from, serial })
    }
}

impl Waits {
    /// A handler of this actor has ended: what it has begun to wait for, and keeps or has given away, holds it up no longer.
    /// `is_own` says whether the actor's waits are still that handler's, and not those of a later life.
    pub(crate) fn forget(&self, from: ActorId, is_own: impl FnOnce() -> bool) {
        drop(self.end(from, is_own));
    }

    /// The present life of this actor is given up. What comes back is to be dropped without any lock held.
    pub(crate) fn give_up(&self, from: ActorId) -> impl Send + use<> {
        self.end(from, || true)
    }

    fn end(&self, from: ActorId, is_own: impl FnOnce() -> bool) -> Option<Vec<Edge>> {
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
    /// The actors after `start` on a path of waits to `goal`, found depth first.
    fn path_between(&self, start: ActorId, goal: ActorId) -> Option<Vec<Arc<dyn Located>>> {
        let mut seen = vec![start];
        let mut stack: Vec<(ActorId, usize)> = vec![(start, 0)];
        while let Some((at, next)) = stack.last_mut() {
            let Some(edge) = self.from.get(at).and_then(|edges| edges.get(*next)) else {
                stack.pop();
                continue;
            };
            *next += 1;
            if edge.to == goal {
                let walked = stack.iter().filter_map(|(at, next)| self.from.get(at)?.get(next - 1));
                return Some(walked.map(|edge| Arc::clone(&edge.at)).collect());
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
        let mut edges = self.waits.edges.lock();
        let Edges { from, spare, .. } = &mut *edges;
        let Entry::Occupied(mut entry) = from.entry(self.from) else { return };
        let list = entry.get_mut();
        let before = list.len();
        list.retain(|edge| edge.serial != self.serial);
        let ended = u32::try_from(before - list.len()).unwrap_or(u32::MAX);
        self.waits.count(self.from).fetch_sub(ended, Ordering::Relaxed);
        if list.is_empty() {
            let list = entry.remove();
            if spare.len() < SPARE_LIMIT {
                spare.push(list);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct At(&'static str);
    impl Located for At {
        fn path(&self) -> Path {
            Path::root().child(self.0)
        }
    }

    const NAMES: [&str; 4] = ["a", "b", "c", "d"];

    fn wait(waits: &Arc<Waits>, from: u64, to: u64) -> Result<Wait, String> {
        let name = NAMES[usize::try_from(to).unwrap()];
        waits
            .wait(ActorId(from), ActorId(to), Arc::new(At(name)))
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
}
