//! What an agent can do and what a task needs, by name.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A set of named abilities. An agent has some; a task may be given only to an agent that has all it needs.
///
/// Cloning shares the set.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capabilities(Arc<BTreeSet<Arc<str>>>);

impl Capabilities {
    /// None at all: what a task needs that anyone can do.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether all that is needed is here.
    #[must_use]
    pub fn covers(&self, needed: &Self) -> bool {
        needed.0.is_subset(&self.0)
    }

    /// What is needed and not here.
    #[must_use]
    pub fn missing(&self, needed: &Self) -> Self {
        needed.0.difference(&self.0).cloned().collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their names in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl<N: Into<Arc<str>>> FromIterator<N> for Capabilities {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        Self(Arc::new(names.into_iter().map(Into::into).collect()))
    }
}

impl<N: Into<Arc<str>>, const COUNT: usize> From<[N; COUNT]> for Capabilities {
    fn from(names: [N; COUNT]) -> Self {
        names.into_iter().collect()
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, name) in self.iter().enumerate() {
            write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::agents::capabilities::Capabilities;

    #[track_caller]
    fn check<const H: usize, const N: usize, const M: usize>(has: [&str; H], needs: [&str; N], missing: [&str; M]) {
        let (has, needs) = (Capabilities::from(has), Capabilities::from(needs));
        assert_eq!(has.missing(&needs), Capabilities::from(missing));
        assert_eq!(has.covers(&needs), missing.is_empty());
    }

    #[test]
    fn an_agent_covers_a_task_only_if_it_has_all_that_is_needed() {
        check(["a", "b", "c"], ["c", "a"], []);
        check(["a"], ["a", "b", "c"], ["b", "c"]);
        check(["a"], [] as [&str; 0], []);
        check([] as [&str; 0], ["a"], ["a"]);
        check([] as [&str; 0], [] as [&str; 0], []);
    }

    #[test]
    fn order_and_repetition_mean_nothing() {
        assert_eq!(Capabilities::from(["b", "a", "b"]), Capabilities::from(["a", "b"]));
        assert_eq!(Capabilities::from(["b", "a"]).to_string(), "a, b");
    }
}
