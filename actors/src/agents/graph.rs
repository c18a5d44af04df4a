//! The graph of dependencies: levels, or the cycle that forbids them.
//!
//! Source: A. B. Kahn, "Topological sorting of large networks", Communications of the ACM 5 (11), 1962.

/// The level of each node: 0 without dependencies, else one more than the highest of these. `after[n]` are the nodes that
/// must come before n; those that do not exist are passed over. If there is a cycle it is the error: each node in it
/// waits for the next one, and the last is the first again.
pub(crate) fn levels(after: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut level = vec![0; after.len()];
    let mut open: Vec<usize> = after.iter().map(|before| before.iter().filter(|n| **n < after.len()).count()).collect();
    let mut next = vec![Vec::new(); after.len()];
    for (node, before) in after.iter().enumerate() {
        for other in before.iter().filter(|n| **n < after.len()) {
            next[*other].push(node);
        }
    }
    let mut ready: Vec<usize> = (0..after.len()).filter(|node| open[*node] == 0).collect();
    let mut seen = 0;
    while let Some(node) = ready.pop() {
        seen += 1;
        for other in &next[node] {
            level[*other] = level[*other].max(level[node] + 1);
            open[*other] -= 1;
            if open[*other] == 0 {
                ready.push(*other);
            }
        }
    }
    if seen == after.len() { Ok(level) } else { Err(cycle(after, &open)) }
}

/// A cycle among the nodes that are still open. Each of those waits for another one that is, so whoever follows these
/// edges comes back to where it has been.
fn cycle(after: &[Vec<usize>], open: &[usize]) -> Vec<usize> {
    let is_open = |node: &usize| open.get(*node).is_some_and(|open| *open > 0);
    let mut path: Vec<usize> = (0..open.len()).find(is_open).into_iter().collect();
    while let Some(next) = path.last().and_then(|node| after[*node].iter().copied().find(is_open)) {
        let again = path.iter().position(|node| *node == next);
        path.push(next);
        if let Some(begin) = again {
            return path.split_off(begin);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use crate::agents::graph::levels;

    #[test]
    fn a_level_is_one_more_than_the_highest_below() {
        let diamond = [vec![], vec![0], vec![0], vec![1, 2], vec![0, 3]];
        assert_eq!(levels(&diamond), Ok(vec![0, 1, 1, 2, 3]));
        assert_eq!(levels(&[]), Ok(vec![]));
    }

    #[test]
    fn a_cycle_is_found_with_its_members_in_order() {
        assert_eq!(levels(&[vec![0]]), Err(vec![0, 0]));
        assert_eq!(levels(&[vec![3], vec![0], vec![1], vec![2]]), Err(vec![0, 3, 2, 1, 0]));
        // 0 only waits for the cycle, and 3 is waited for.
        assert_eq!(levels(&[vec![1], vec![2, 3], vec![1], vec![]]), Err(vec![1, 2, 1]));
    }

    proptest! {
        #[test]
        fn a_graph_has_levels_or_a_cycle_and_both_are_true(
            after in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..3), 1..12),
        ) {
            let size = after.len();
            let after: Vec<Vec<usize>> =
                after.iter().map(|before| before.iter().map(|n| usize::from(*n) % size).collect()).collect();
            match levels(&after) {
                Ok(level) => for (node, before) in after.iter().enumerate() {
                    let expected = before.iter().map(|other| level[*other] + 1).max().unwrap_or(0);
                    assert_eq!(level[node], expected);
                },
                Err(cycle) => {
                    assert!(cycle.len() >= 2 && cycle.first() == cycle.last());
                    assert!(cycle.windows(2).all(|pair| after[pair[0]].contains(&pair[1])));
                }
            }
        }
    }
}
