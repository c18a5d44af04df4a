//! Mail comes as one `Delivery`, to a method with `self` that returns as a tell does; its attribute takes nothing.
#![allow(unused_variables)]

use swarmtree::{Delivery, Fail, Message, actor, handlers};

struct Word;

impl Message for Word {}

type Letter = Delivery<Word>;

#[actor]
struct Node;

#[handlers]
impl Node {
    #[start]
    fn new() -> Self {
        Self
    }

    #[mail]
    fn nothing(&mut self) {}

    #[mail]
    fn bare(&mut self, word: Word) {}

    #[mail]
    fn two(&mut self, mail: Delivery<Word>, also: u64) {}

    #[mail]
    fn alias(&mut self, mail: Letter) {}

    #[mail]
    fn borrowed(&mut self, mail: &Delivery<Word>) {}

    #[mail]
    fn returns(&mut self, mail: Delivery<Word>) -> u64 {
        1
    }

    #[mail]
    fn fails_with_a_value(&mut self, mail: Delivery<Word>) -> Result<u64, Fail> {
        Ok(1)
    }

    #[mail]
    fn nobody(mail: Delivery<Word>) {}

    #[mail(urgent)]
    fn arguments(&mut self, mail: Delivery<Word>) {}
}

fn main() {}
