//! How much memory the queues of a system can take, and the line at its start that says so.

use crate::system::running::System;

impl System {
    /// The memory, in bytes, that queued messages of all actors can take at most, by the messages' own size. What
    /// messages own on the heap counts where a mailbox is bounded by bytes, and not otherwise. A line of tracing says it
    /// at the start; children that are started later add theirs.
    #[must_use]
    pub fn memory_bound(&self) -> usize {
        let mut bound = 0_usize;
        self.root.visit(0, &mut |_, _, seen| {
            bound = bound.saturating_add(seen.mailbox.map_or(0, |mailbox| mailbox.memory_bound));
        });
        bound
    }

    /// Tells the bound to whoever listens.
    pub(crate) fn tell_bound(&self) {
        if tracing::enabled!(target: "swarmtree", tracing::Level::INFO) {
            let bytes = self.memory_bound();
            tracing::info!(target: "swarmtree", system = %self.name(), bytes, "queues hold at most {}", mebibytes(bytes));
        }
    }
}

fn mebibytes(bytes: usize) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_rounded_up() {
        assert_eq!([0, 1, 1 << 20, 25 << 19].map(mebibytes), ["0.0 MiB", "0.1 MiB", "1.0 MiB", "12.5 MiB"]);
    }
}
