//! `asks` names types of actors, once; `bytes` a function, once.
use swarmtree::{actor, handlers};

#[actor]
struct Hub;

macro_rules! stand {
    ($name:ident) => {
        #[actor]
        struct $name;
    };
}

stand!(Twice);
stand!(Bare);
stand!(Value);
stand!(Number);
stand!(Weights);

#[handlers(asks(Hub), asks(Hub))]
impl Twice {
    #[start]
    fn new() -> Self {
        Self
    }
}

#[handlers(asks)]
impl Bare {
    #[start]
    fn new() -> Self {
        Self
    }
}

#[handlers(asks(1))]
impl Value {
    #[start]
    fn new() -> Self {
        Self
    }
}

#[handlers(bytes = 64)]
impl Number {
    #[start]
    fn new() -> Self {
        Self
    }
}

#[handlers(bytes = weigh, bytes = weigh)]
impl Weights {
    #[start]
    fn new() -> Self {
        Self
    }
}

fn main() {}
