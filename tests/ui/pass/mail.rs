//! Mail of a swarm: with and without waiting, failing, in generic actors, beside other handlers, and kept for a retry.
#![deny(warnings, missing_docs, unreachable_pub)]

use swarmtree::{
    Actor, Carries, Context, Delivery, Fail, HandlerKind, Mail, MemberSpec, Message, Reply, Seat, Supervised, actor,
    handlers,
};

/// What members say.
#[derive(Debug, Clone)]
pub enum Word<T> {
    /// An item.
    Item(T),
    /// Nothing.
    Pause,
}

impl<T: Send + 'static> Message for Word<T> {}

/// Takes items of any type.
#[actor(retry = 2)]
#[derive(Debug)]
pub struct Basket<T: Clone + Send + 'static> {
    seat: Seat<Word<T>>,
    items: Vec<T>,
}

#[handlers(asks(Clerk, some::where_else::Desk), bytes = BasketMsg::weigh)]
impl<T: Clone + Send + 'static> Basket<T> {
    #[start]
    fn new(seat: Seat<Word<T>>) -> Self {
        Self { seat, items: Vec::new() }
    }

    /// Takes an item.
    #[mail]
    async fn take(&mut self, cx: &mut Context<Self>, mail: Delivery<Word<T>>) -> Result<(), Fail> {
        let _ = (cx.now(), self.seat.rank(), mail.from, mail.hops, mail.epoch);
        match mail.message {
            Word::Item(item) => self.items.push(item),
            Word::Pause => return Err(Fail::new("no pause")),
        }
        Ok(())
    }

    #[tell]
    fn clear(&mut self) {
        self.items.clear();
    }
}

impl<T: Clone + Send + 'static> BasketMsg<T> {
    fn weigh(&self) -> usize {
        size_of_val(self)
    }
}

/// A question, with a port for its answer: nothing that can be copied.
#[derive(Debug)]
pub struct Question(Reply<u64>);

impl Message for Question {
    fn break_off(&mut self) {
        self.0.break_off();
    }
}

/// Answers, and belongs to two swarms.
#[actor]
#[derive(Debug)]
pub struct Clerk {
    answers: u64,
}

#[handlers(asks())]
impl Clerk {
    #[start]
    fn new() -> Self {
        Self { answers: 0 }
    }

    #[mail]
    fn question(&mut self, mut mail: Delivery<Question>) {
        self.answers += 1;
        mail.hops = 0;
        let _ = mail.message.0.send(self.answers);
    }

    #[mail]
    fn pause(&mut self, _: swarmtree::Delivery<Word<u8>>) -> Result<(), Fail> {
        Ok(())
    }
}

fn is_member<W: Message>(_: impl Into<MemberSpec<W>>) {}

/// What the seat's owner starts.
pub fn uses(seat: Seat<Word<u8>>) {
    is_member::<Word<u8>>(Basket::<u8>::spec("basket", seat));
    is_member::<Question>(Clerk::spec("clerk", ()));
    is_member::<Word<u8>>(Clerk::spec("clerk", ()));
}

fn carries<M: Carries<W>, W: Message>() -> fn(Mail<W>) -> M {
    M::carry
}

fn main() {
    let _ = (carries::<BasketMsg<u8>, Word<u8>>(), carries::<ClerkMsg, Question>(), carries::<ClerkMsg, Word<u8>>());
    let descriptor = Basket::<u8>::DESCRIPTOR;
    assert_eq!(descriptor.asks, ["Clerk", "Desk"]);
    assert_eq!(Clerk::DESCRIPTOR.asks, [""; 0]);
    let kinds: Vec<_> = descriptor.handlers.iter().map(|handler| (handler.name, handler.kind)).collect();
    assert_eq!(kinds, [("take", HandlerKind::Mail), ("clear", HandlerKind::Tell)]);
    assert_eq!(BasketMsg::<u8>::KINDS, ["take", "clear"]);
}
