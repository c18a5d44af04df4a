//! Messages go from thread to thread.
#![allow(unused_variables)]

use std::rc::Rc;

use swarmtree::{Reply, actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open(code: Rc<str>) -> Self {
        Self
    }

    #[tell]
    fn departed(&mut self, flight: Rc<str>) {}

    #[tell]
    async fn landed(&mut self, flights: Vec<std::rc::Rc<u8>>) {}

    #[tell]
    fn called(&mut self, back: Box<dyn Fn(u8)>) {}

    #[tell]
    fn pointed(&mut self, at: *const u8) {}

    #[ask]
    fn report(&self) -> Result<u64, Box<dyn std::error::Error>> {
        Ok(1)
    }

    #[ask]
    fn later(&mut self, reply: Reply<Rc<str>>) {}

    #[tell]
    fn fine(&mut self, back: Box<dyn FnOnce(u8) + Send>, error: Box<dyn std::error::Error + Send + Sync>) {}
}

fn uses(airport: &AirportHandle) {
    drop(airport.fine(Box::new(|_| ()), "fog".into()));
}

fn main() {}
