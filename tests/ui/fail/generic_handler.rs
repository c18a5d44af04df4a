//! A handler has one message, so it is not generic.
#![allow(unused_variables)]

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
    fn departed<F: Send>(&mut self, flight: F) {}

    #[tell]
    fn landed<'a>(&'a mut self) {}
}

fn main() {}
