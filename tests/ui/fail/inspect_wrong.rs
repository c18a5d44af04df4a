//! An inspection looks at once, and only looks.
#![allow(unused_variables)]

use swarmtree::{actor, handlers};

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Self {
        Self
    }

    #[inspect]
    fn changed(&mut self) -> u64 {
        1
    }

    #[inspect]
    async fn waited(&self) -> u64 {
        1
    }

    #[inspect]
    fn filtered(&self, by: String) -> u64 {
        1
    }

    #[inspect]
    fn nothing(&self) {}

    #[inspect(urgent)]
    fn urgent_view(&self) -> u64 {
        1
    }
}

fn main() {}
