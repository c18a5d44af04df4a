//! `#[start]` makes the actor.
use swarmtree::{actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open(&mut self) {}
}

#[actor]
struct Harbour;

#[handlers]
impl Harbour {
    #[start]
    fn open() {}
}

#[actor]
struct Station;

#[handlers]
impl Station {
    #[start]
    fn open() -> Self {
        Self
    }

    #[start]
    fn reopen() -> Self {
        Self
    }
}

fn main() {}
