//! Options belong to the type, not to the block.
use swarmtree::{actor, handlers};

#[actor]
struct Airport;

#[handlers(mailbox = 64)]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }
}

fn main() {}
