//! `#[handlers]` needs `#[actor]` on the type, in the same module and before the block.
use swarmtree::handlers;

struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }
}

fn main() {}
