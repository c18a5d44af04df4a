//! Generic actors keep their bounds; parameters that no message mentions are no trouble.
#![deny(warnings, missing_docs, unreachable_pub)]

use swarmtree::{Actor, Context, Message, Reply, actor, handlers};

/// A stack of anything.
#[actor]
#[derive(Debug)]
pub struct Stack<T> {
    items: Vec<T>,
}

#[handlers]
impl<T: Send + 'static> Stack<T> {
    #[start]
    fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// Puts an item on top.
    #[tell]
    fn push(&mut self, item: T) {
        self.items.push(item);
    }

    #[ask]
    fn pop(&mut self) -> Option<T> {
        self.items.pop()
    }

    #[ask]
    async fn drain_all(&mut self, other: Vec<T>, reply: Reply<Vec<T>>) {
        self.items.extend(other);
        drop(reply.send(std::mem::take(&mut self.items)));
    }

    #[inspect]
    fn depth(&self) -> usize {
        self.items.len()
    }
}

/// A projection and a constant: neither is mentioned by itself.
#[actor(retry = 1)]
#[derive(Debug)]
pub struct Feed<I, const N: usize>
where
    I: Iterator,
{
    source: I,
    held: Vec<I::Item>,
}

#[handlers]
impl<I, const N: usize> Feed<I, N>
where
    I: Iterator + Send + 'static,
    I::Item: Clone + Send + 'static,
{
    #[start]
    fn open(source: I) -> Result<Self, std::io::Error> {
        Ok(Self { source, held: Vec::with_capacity(N) })
    }

    #[tell]
    fn hold(&mut self, item: I::Item) {
        self.held.push(item);
    }

    #[every("1s")]
    fn pull(&mut self, cx: &mut Context<Self>) {
        if let Some(item) = self.source.next() {
            self.held.push(item);
        } else {
            cx.stop();
        }
    }
}

/// A state machine without messages.
#[actor]
#[derive(Debug)]
pub enum Lamp {
    /// It shines.
    On,
}

#[handlers]
impl Lamp {
    #[start]
    fn new() -> Self {
        Self::On
    }
}

fn is_message<M: Message>() -> &'static [&'static str] {
    M::KINDS
}

fn main() {
    assert_eq!(is_message::<StackMsg<std::cell::Cell<u8>>>(), ["push", "pop", "drain_all"]);
    assert_eq!(is_message::<FeedMsg<std::ops::Range<u8>, 4>>(), ["hold", "pull"]);
    assert_eq!(is_message::<LampMsg>(), [""; 0]);
    let kept = Feed::<std::ops::Range<u8>, 4>::keep(&FeedMsg::Hold { item: 3 });
    assert!(matches!(kept, Some(FeedMsg::Hold { item: 3 })));
    assert!(Stack::<u8>::keep(&StackMsg::Push { item: 3 }).is_none());
}
