//! The token of a ring in the hand of a member.

use std::sync::Arc;

use crate::swarm::home::Home;

/// The token in a member's hand; dropped without being passed on, it is lost.
pub(crate) struct Baton<T> {
    pub(crate) home: Arc<Home<T>>,
    pub(crate) fence: u64,
    pub(crate) lost: fn(&Arc<Home<T>>, u64),
    pub(crate) passed: bool,
}

impl<T> Drop for Baton<T> {
    fn drop(&mut self) {
        if !self.passed {
            (self.lost)(&self.home, self.fence);
        }
    }
}
