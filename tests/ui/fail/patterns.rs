//! A parameter is a field of the message, so it has one name.
#![allow(unused_variables)]

use swarmtree::{Context, actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }

    #[tell]
    fn departed(&mut self, (flight, gate): (u32, u8)) {}

    #[ask]
    fn landed(&mut self, reply: u32) {}

    #[tell]
    fn parked(&mut self, one: &mut Context<Self>, two: &mut Context<Self>) {}
}

fn main() {}
