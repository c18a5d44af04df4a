//! A hierarchy: a k-ary tree in heap order, where the parent of slot v is (v−1)/k.

use crate::topology::graph::live::Live;

fn parent(slot: u32, fan_out: u32) -> Option<u32> {
    slot.checked_sub(1).map(|slot| slot / fan_out)
}

/// The live parent.
pub(in crate::topology) fn above(live: &Live, fan_out: u32, slot: u32) -> Option<u32> {
    parent(slot, fan_out).filter(|parent| live.contains(*parent))
}

/// The live children, in order.
pub(in crate::topology) fn below(live: &Live, fan_out: u32, slot: u32) -> &[u32] {
    let begin = slot.saturating_mul(fan_out).saturating_add(1);
    live.between(begin, begin.saturating_add(fan_out))
}

/// The first slot after `from` on the tree's way to `to`, and the length of the way; none if one on it is not live. The higher
/// number is never the ancestor, so climbing from it until both meet finds the common one in O(log n).
pub(in crate::topology) fn way(live: &Live, fan_out: u32, from: u32, to: u32) -> Option<(u32, usize)> {
    let (mut up, mut down, mut steps) = (from, to, 0);
    let (mut second, mut last) = (None, to);
    while up != down {
        steps += 1;
        if up > down {
            up = above(live, fan_out, up)?;
            second = second.or(Some(up));
        } else {
            last = down;
            down = above(live, fan_out, down)?;
        }
    }
    Some((second.unwrap_or(last), steps))
}
