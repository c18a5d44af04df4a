//! A handler works on its actor, which lives on.
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
    fn departed(self) {}

    #[tell]
    fn landed(self: Box<Self>) {}

    #[tell]
    fn parked() {}
}

fn main() {}
