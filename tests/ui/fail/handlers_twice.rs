//! An actor has one `#[handlers]` block.
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
    fn departed(&mut self) {}
}

#[handlers]
impl Airport {
    #[tell]
    fn landed(&mut self) {}
}

#[handlers]
impl Airport {
    #[start]
    fn reopen() -> Self {
        Self
    }
}

fn uses(airport: &AirportHandle) {
    drop(airport.departed());
}

fn main() {}
