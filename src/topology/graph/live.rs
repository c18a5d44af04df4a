//! The live slots of one topology, in order.

/// Live slots in order, each once.
#[derive(Debug)]
pub(in crate::topology) struct Live(Vec<u32>);

impl Live {
    /// Of slots that are sorted, each once.
    pub(in crate::topology) fn new(sorted: Vec<u32>) -> Self {
        Self(sorted)
    }

    pub(in crate::topology) fn slots(&self) -> &[u32] {
        &self.0
    }

    pub(in crate::topology) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::topology) fn index(&self, slot: u32) -> Option<usize> {
        // Where nobody is missing below it, a slot stands at its own number.
        match self.0.get(slot as usize) {
            Some(found) if *found == slot => Some(slot as usize),
            _ => self.0.binary_search(&slot).ok(),
        }
    }

    pub(in crate::topology) fn contains(&self, slot: u32) -> bool {
        self.index(slot).is_some()
    }

    pub(in crate::topology) fn first(&self) -> Option<u32> {
        self.0.first().copied()
    }

    pub(in crate::topology) fn last(&self) -> Option<u32> {
        self.0.last().copied()
    }

    /// The live slots from `begin` to before `end`.
    pub(in crate::topology) fn between(&self, begin: u32, end: u32) -> &[u32] {
        let at = |slot: u32| self.0.partition_point(|live| *live < slot);
        &self.0[at(begin)..at(end).max(at(begin))]
    }

    /// The next live slot after a live one; none behind the last.
    pub(in crate::topology) fn after(&self, slot: u32) -> Option<u32> {
        self.index(slot).and_then(|at| self.0.get(at + 1)).copied()
    }

    /// The next live slots after a live one, going round, as many as asked for at most and each other one once. One that is
    /// alone is its own next.
    pub(in crate::topology) fn round(&self, slot: u32, count: usize) -> Vec<u32> {
        let Some(at) = self.index(slot) else { return Vec::new() };
        let all = self.len();
        (1..=count.min(all.saturating_sub(1).max(1))).map(|step| self.0[(at + step) % all]).collect()
    }

    /// The next live slot after a live one, going round: itself if it is alone.
    pub(in crate::topology) fn next(&self, slot: u32) -> Option<u32> {
        self.after(slot).or(self.first()).filter(|_| self.contains(slot))
    }

    /// How many steps forwards it is between two live slots; negative if backwards.
    pub(in crate::topology) fn steps(&self, from: u32, to: u32) -> Option<isize> {
        Some(self.index(to)?.cast_signed() - self.index(from)?.cast_signed())
    }

    /// All but one.
    pub(in crate::topology) fn others(&self, slot: u32) -> Vec<u32> {
        self.0.iter().copied().filter(|live| *live != slot).collect()
    }
}
