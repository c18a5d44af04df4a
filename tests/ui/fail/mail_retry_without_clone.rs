//! A retry keeps a copy of the mail.
use swarmtree::{Delivery, Message, actor, handlers};

struct Word;

impl Message for Word {}

#[actor(retry = 1)]
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
}

fn main() {}
