//! The floor: plain actors that know the way of each message, and send it on.

use std::sync::{Arc, OnceLock};

use swarmtree::{Supervised, Supervisor, System, actor, handlers};

use crate::cases::{Kind, Plan, Route, Tree};
use crate::tally::Tally;
use crate::{Outcome, batches};

type Peers = Arc<OnceLock<Vec<RelayHandle>>>;

#[actor(mailbox = 1_024)]
struct Relay {
    peers: Peers,
    own: u32,
    tally: Arc<Tally>,
}

#[handlers]
impl Relay {
    #[start]
    fn new(peers: Peers, own: u32, tally: Arc<Tally>) -> Self {
        Self { peers, own, tally }
    }

    /// Passes a message along its route.
    #[tell]
    async fn pass(&mut self, route: Route, at: u32) {
        match route.get(at as usize + 1) {
            Some(next) => self.peer(*next).pass(route, at + 1).await.unwrap_or_else(|_| std::process::abort()),
            None => self.tally.arrived(),
        }
    }

    /// Passes a broadcast to those behind it.
    #[tell]
    async fn spread(&mut self, tree: Tree) {
        for next in &tree[self.own as usize] {
            self.peer(*next).spread(Arc::clone(&tree)).await.unwrap_or_else(|_| std::process::abort());
        }
        self.tally.arrived();
    }

    fn peer(&self, rank: u32) -> &RelayHandle {
        match self.peers.get().and_then(|peers| peers.get(rank as usize)) {
            Some(peer) => peer,
            None => std::process::abort(),
        }
    }
}

/// Plain actors that run.
pub(crate) struct Plain {
    system: System,
    peers: Vec<RelayHandle>,
    tally: Arc<Tally>,
}

impl Plain {
    pub(crate) async fn start(members: usize) -> Outcome<Self> {
        let (tally, all) = (Arc::new(Tally::default()), Peers::default());
        let relays = (0..members as u32).fold(Supervisor::one_for_one("relays"), |above, own| {
            above.child(Relay::spec(&own.to_string(), (Arc::clone(&all), own, Arc::clone(&tally))))
        });
        let system = System::builder("plain").child(relays).start().await?;
        let found = (0..members).map(|own| system.find::<Relay>(&format!("relays/{own}")));
        let peers = found.collect::<Result<Vec<_>, _>>()?;
        let peers = all.get_or_init(|| peers).clone();
        Ok(Self { system, peers, tally })
    }

    pub(crate) async fn run(&self, plan: &Plan) -> Outcome<()> {
        for batch in batches(plan) {
            match plan.kind {
                Kind::Unicast => {
                    self.tally.expect(batch.len());
                    for nth in batch {
                        let route = &plan.routes[nth % plan.routes.len()];
                        self.peers[route[0] as usize].pass(Arc::clone(route), 0).await?;
                    }
                }
                Kind::Broadcast => {
                    self.tally.expect(batch.len() * plan.tree.len());
                    for _ in batch {
                        self.peers[0].spread(Arc::clone(&plan.tree)).await?;
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
