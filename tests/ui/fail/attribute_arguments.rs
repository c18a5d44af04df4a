//! Attributes of methods say what they take.
use swarmtree::{actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start(now)]
    fn open() -> Self {
        Self
    }

    #[tell(fast)]
    fn departed(&mut self) {}

    #[tell(timeout = "1s")]
    fn landed(&mut self) {}

    #[ask(timeout = 5)]
    fn report(&self) -> u64 {
        1
    }

    #[ask(timeout = "a while")]
    fn count(&self) -> u64 {
        1
    }

    #[ask(timeout)]
    fn length(&self) -> u64 {
        1
    }

    #[ask(urgent = true)]
    fn width(&self) -> u64 {
        1
    }
}

fn main() {}
