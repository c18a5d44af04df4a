//! The members of a swarm, and what is sent through it.

use std::sync::Arc;

use swarmtree::{Delivery, Message, Rank, Seat, Supervised, Swarm, System, actor, handlers};

use crate::cases::{Case, Kind, Plan};
use crate::tally::Tally;
use crate::{Outcome, batches};

/// What members say.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    /// It has arrived.
    Here,
    /// To be sent to this member.
    For(Rank),
}

impl Message for Word {}

#[actor]
struct Node {
    seat: Seat<Word>,
    tally: Arc<Tally>,
}

#[handlers]
impl Node {
    #[start]
    fn new(seat: Seat<Word>, tally: Arc<Tally>) -> Self {
        Self { seat, tally }
    }

    #[mail]
    async fn word(&mut self, mail: Delivery<Word>) {
        match mail.message {
            Word::Here => self.tally.arrived(),
            Word::For(to) => {
                if self.seat.send(to, Word::Here).await.is_err() {
                    std::process::abort();
                }
            }
        }
    }
}

/// A swarm that runs.
pub(crate) struct Members {
    system: System,
    swarm: Swarm<Word>,
    tally: Arc<Tally>,
}

impl Members {
    pub(crate) async fn start(case: &Case) -> Outcome<Self> {
        let system = System::start("swarm").await?;
        let tally = Arc::new(Tally::default());
        let of = |seat: Seat<Word>| Node::spec(&seat.name(), (seat.clone(), Arc::clone(&tally)));
        let swarm = Swarm::start(&system, "swarm", case.topology.clone(), case.members, of).await?;
        Ok(Self { system, swarm, tally })
    }

    pub(crate) async fn run(&self, plan: &Plan) -> Outcome<()> {
        for batch in batches(plan) {
            match plan.kind {
                Kind::Unicast => {
                    self.tally.expect(batch.len());
                    for nth in batch {
                        let route = &plan.routes[nth % plan.routes.len()];
                        let to = Rank(route[route.len() - 1]);
                        self.swarm.send(Rank(route[0]), Word::For(to)).await?;
                    }
                }
                Kind::Broadcast => {
                    self.tally.expect(batch.len() * plan.tree.len());
                    for _ in batch {
                        self.swarm.broadcast(Word::Here).await?;
                    }
                }
            }
            self.tally.empty().await;
        }
        Ok(())
    }

    pub(crate) async fn stop(self) {
        self.system.stop().await;
    }
}
