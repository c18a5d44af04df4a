//! What is retried is kept, so it must be `Clone`.
use swarmtree::{actor, handlers};

struct Flight(u32);

#[actor(retry = 2)]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }

    #[tell]
    fn departed(&mut self, flight: Flight) {
        let _ = flight.0;
    }
}

fn main() {}
