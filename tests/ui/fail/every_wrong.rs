//! A timer has a period, and nothing to pass.
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

    #[every]
    fn publish(&mut self) {}

    #[every("soon")]
    fn refresh(&mut self) {}

    #[every("0s")]
    fn spin(&mut self) {}

    #[every(30)]
    fn count(&mut self) {}

    #[every("30s", urgent)]
    fn hurry(&mut self) {}

    #[every("30s")]
    fn report(&mut self, to: String) {}
}

fn main() {}
