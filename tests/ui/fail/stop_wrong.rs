//! `#[stop]` takes the exit and the context, and returns nothing.
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

    #[stop]
    fn close(&mut self) -> Result<(), String> {
        Ok(())
    }
}

#[actor]
struct Harbour;

#[handlers]
impl Harbour {
    #[start]
    fn open() -> Self {
        Self
    }

    #[stop]
    fn close(&mut self, why: String) {}
}

fn main() {}
