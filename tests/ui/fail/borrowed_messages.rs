//! Messages are owned, and plain data.
#![allow(unused_variables)]

use swarmtree::{Context, actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open(code: &str) -> Self {
        let _ = code;
        Self
    }

    #[tell]
    fn departed(&mut self, flight: &str) {}

    #[tell]
    fn landed(&mut self, flights: Vec<&'static mut u8>) {}

    #[tell]
    fn counted(&mut self, flights: impl Iterator<Item = u8>) {}

    #[ask]
    fn code(&self) -> &str {
        "JFK"
    }

    #[tell]
    fn looked(&mut self, cx: &Context<Self>) {}
}

fn main() {}
