//! The members of all swarms here: each notes what it hears, and says on what it is told to.

use std::sync::Arc;

use swarmtree::{Delivery, Message, Rank, Seat, StartError, Undeliverable, actor, handlers};
use tokio::sync::watch;

/// What is said in a swarm.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    /// To be noted.
    Say(u64),
    /// To be said to another member, along the edges of the shape.
    Tell(Rank, u64),
}

impl Message for Word {}

/// One word that was heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) by: Rank,
    pub(crate) word: u64,
    /// Edges that it went along, the way in from outside counted as one.
    pub(crate) hops: u32,
}

/// What the members of a swarm share with whoever looks on; it outlives them.
#[derive(Debug)]
pub(crate) struct Notes {
    /// What was heard so far; it can be waited on.
    pub(crate) heard: watch::Sender<Vec<Heard>>,
    /// What did not go out. A refusal is an outcome, not a failure: a handler that crashed for it would restart its member.
    pub(crate) refused: watch::Sender<Vec<Undeliverable>>,
    /// Whether members may start. While they may not, one can look at a swarm in which somebody is down.
    pub(crate) open: watch::Sender<bool>,
}

impl Notes {
    /// Nothing was heard yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            heard: watch::Sender::default(),
            refused: watch::Sender::default(),
            open: watch::Sender::new(true),
        })
    }
}

/// A member of any shape.
#[actor]
pub(crate) struct Member {
    seat: Seat<Word>,
    notes: Arc<Notes>,
}

#[handlers]
impl Member {
    /// A member that knows whom it may send to.
    #[start]
    async fn new(seat: Seat<Word>, notes: Arc<Notes>) -> Result<Self, StartError> {
        notes.open.subscribe().wait_for(|open| *open).await?;
        Ok(Self { seat, notes })
    }

    /// Notes a word, or says it on.
    #[mail]
    async fn hear(&mut self, mail: Delivery<Word>) {
        match mail.message {
            Word::Say(word) => {
                let heard = Heard { by: self.seat.rank(), word, hops: mail.hops };
                self.notes.heard.send_modify(|all| all.push(heard));
            }
            Word::Tell(to, word) => {
                if let Err(refused) = self.seat.send(to, Word::Say(word)).await {
                    self.notes.refused.send_modify(|all| all.push(refused.reason));
                }
            }
        }
    }
}
