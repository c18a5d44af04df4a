//! A method has one role.
use swarmtree::{actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }

    #[tell]
    #[every("30s")]
    fn publish(&mut self) {}
}

fn main() {}
