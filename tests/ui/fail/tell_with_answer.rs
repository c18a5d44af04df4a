//! A tell has no answer.
use swarmtree::{Fail, actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }

    #[tell]
    fn departed(&mut self) -> u64 {
        1
    }

    #[tell]
    fn landed(&mut self) -> Result<u64, Fail> {
        Ok(1)
    }

    #[tell]
    fn parked(&mut self) -> Result<(), String> {
        Ok(())
    }

    #[every("1s")]
    fn tick(&mut self) -> bool {
        true
    }
}

fn main() {}
