//! An ask answers in one way: by returning, or through its `Reply`.
use swarmtree::{Reply, actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }

    #[ask]
    fn report(&mut self, reply: Reply<u64>) -> u64 {
        drop(reply);
        1
    }
}

fn main() {}
