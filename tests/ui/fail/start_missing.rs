//! Something has to make the actor.
use swarmtree::{Context, actor, handlers};

#[actor]
struct Airport {
    departures: u64,
}

#[handlers]
impl Airport {
    #[tell]
    fn departed(&mut self, cx: &mut Context<Self>) {
        self.departures += cx.random();
    }
}

fn uses(airport: &AirportHandle) {
    drop(airport.departed());
}

fn main() {}
