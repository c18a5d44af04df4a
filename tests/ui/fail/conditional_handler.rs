//! Handlers are the same in every build.
use swarmtree::{actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }

    #[cfg(unix)]
    #[tell]
    fn departed(&mut self) {}
}

fn main() {}
