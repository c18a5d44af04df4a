//! What a capsule holds is written and read by serde.
use swarmtree::{actor, handlers};

struct Flight(u32);

#[derive(serde::Serialize, serde::Deserialize)]
#[actor(capsule = 16)]
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

#[actor(capsule = 16)]
struct Tower;

#[handlers]
impl Tower {
    #[start]
    fn open() -> Self {
        Self
    }
}

fn main() {}
