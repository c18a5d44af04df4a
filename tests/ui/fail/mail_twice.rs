//! One kind of mail has one handler.
use swarmtree::{Delivery, Message, actor, handlers};

struct Word;

impl Message for Word {}

#[actor]
struct Node;

#[handlers]
impl Node {
    #[start]
    fn new() -> Self {
        Self
    }

    #[mail]
    fn hear(&mut self, mail: Delivery<Word>) {
        drop(mail);
    }

    #[mail]
    fn overhear(&mut self, mail: Delivery<Word>) {
        drop(mail);
    }
}

fn main() {}
