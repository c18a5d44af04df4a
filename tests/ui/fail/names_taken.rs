//! A handler must not hide what every handle can do, nor another handler.
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
    fn kill(&mut self) {}

    #[ask]
    fn path(&self) -> u64 {
        1
    }

    #[tell]
    fn flight_left(&mut self) {}

    #[tell]
    #[allow(non_snake_case)]
    fn flightLeft(&mut self) {}

    #[tell]
    #[allow(non_snake_case)]
    fn flight__left(&mut self) {}

    #[tell]
    fn land(&mut self) {}

    #[ask]
    fn try_land(&mut self) -> bool {
        true
    }

    #[tell]
    fn self_(&mut self) {}
}

fn main() {}
