//! An actor owns its state.
use swarmtree::{actor, handlers};

#[actor]
struct Airport<'a> {
    code: &'a str,
}

#[handlers]
impl<'a> Airport<'a> {
    #[start]
    fn open(code: String) -> Self {
        Self { code: code.leak() }
    }
}

fn main() {}
