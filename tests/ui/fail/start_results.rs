//! What `#[start]` returns makes the actor.
use swarmtree::{actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self)
    }
}

#[actor]
struct Harbour;

#[handlers]
impl Harbour {
    #[start]
    async fn open() -> Option<Self> {
        Some(Self)
    }
}

fn main() {}
