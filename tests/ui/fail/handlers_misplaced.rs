//! `#[handlers]` stands on the actor's own impl block.
use swarmtree::{actor, handlers};

#[actor]
#[derive(Default)]
struct Airport;

#[handlers]
impl Iterator for Airport {
    type Item = ();
    fn next(&mut self) -> Option<()> {
        None
    }
}

#[handlers]
struct Harbour;

fn main() {}
