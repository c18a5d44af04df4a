//! A swarm to look at: the system it runs in, and what its members heard.

use std::error::Error;
use std::sync::Arc;

use swarmtree::{ActorSpec, MemberStatus, Rank, Seat, Status, Supervised, Swarm, SwarmError, System, Topology};

use crate::member::{Heard, Member, Notes, Word};

/// What a story comes to.
pub(crate) type Told = Result<(), Box<dyn Error>>;

/// A swarm in a system of its own.
pub(crate) struct Stage {
    pub(crate) system: System,
    pub(crate) swarm: Swarm<Word>,
    pub(crate) notes: Arc<Notes>,
}

impl Stage {
    /// Starts members with these names, and with their numbers where there are none.
    pub(crate) async fn open(topology: Topology, members: usize, names: &[&str]) -> Result<Self, Box<dyn Error>> {
        let system = System::start("show").await?;
        let notes = Notes::new();
        let of = |seat: Seat<Word>| {
            let name = names.get(seat.rank().index()).map_or_else(|| seat.name(), |name| (*name).to_owned());
            spec(&seat, &name, &notes)
        };
        let swarm = Swarm::start(&system, "swarm", topology, members, of).await?;
        Ok(Self { system, swarm, notes })
    }

    /// Adds a member.
    pub(crate) async fn join(&self) -> Result<Rank, SwarmError> {
        self.swarm.spawn(|seat| spec(&seat, &seat.name(), &self.notes)).await
    }

    /// Waits until all that was sent has been handled, and gives what was heard of one word.
    pub(crate) async fn heard(&self, word: u64) -> Vec<Heard> {
        self.system.quiescent().await;
        self.notes.heard.borrow().iter().copied().filter(|heard| heard.word == word).collect()
    }

    /// Waits until so many words were heard.
    pub(crate) async fn has_heard(&self, words: usize) -> Told {
        self.notes.heard.subscribe().wait_for(|heard| heard.len() >= words).await?;
        Ok(())
    }

    pub(crate) fn member(&self, rank: Rank) -> Result<MemberStatus, SwarmError> {
        let found = self.swarm.members().into_iter().find(|member| member.rank == rank);
        found.ok_or(SwarmError::NoMember { rank })
    }

    /// Kills a member, and waits until its next life is about to start; it does once [`Notes::open`] lets it.
    pub(crate) async fn kill(&self, rank: Rank) -> Told {
        self.notes.open.send_replace(false);
        let member = self.system.actor(self.member(rank)?.path.as_str())?;
        member.kill();
        while member.snapshot().status != Status::Starting {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Waits until a member has handled what it has got, if it can handle anything.
    pub(crate) async fn has_handled(&self, rank: Rank) -> Told {
        let member = self.system.actor(self.member(rank)?.path.as_str())?;
        while member.snapshot().status == Status::Busy {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Lets all members start that are about to, and waits until everybody is up and at rest.
    pub(crate) async fn heal(&self) {
        self.notes.open.send_replace(true);
        self.system.quiescent().await;
    }

    /// The way from one member to another, as `0 -> 1 -> 2`.
    pub(crate) fn way(&self, from: Rank, to: Rank) -> String {
        let live: Vec<Rank> = self.swarm.members().iter().map(|member| member.rank).collect();
        let route = self.swarm.layout().graph(&live).route(from, to).unwrap_or_default();
        let route: Vec<String> = route.iter().map(Rank::to_string).collect();
        route.join(" -> ")
    }

    /// The ranks that an edge leads to from a member.
    pub(crate) fn knows(&self, rank: Rank) -> String {
        let known: Vec<String> = self.swarm.neighbours(rank).iter().map(Rank::to_string).collect();
        format!("epoch {}: {rank} sends to {}", self.swarm.epoch(), known.join(", "))
    }

    /// Stops everything. Nothing may have been refused, or lost on the way.
    pub(crate) async fn close(self) {
        let refused = self.notes.refused.borrow().clone();
        assert_eq!(refused, [], "all went out");
        let ledger = self.swarm.ledger();
        assert_eq!((ledger.lost, ledger.shed, ledger.under_way), (0, 0, 0), "{ledger:?}");
        self.system.stop().await;
    }
}

/// A member to be started.
fn spec(seat: &Seat<Word>, name: &str, notes: &Arc<Notes>) -> ActorSpec<Member> {
    Member::spec(name, (seat.clone(), Arc::clone(notes)))
}

/// The ranks and the edges of what was heard.
pub(crate) fn by_and_hops(heard: &[Heard]) -> Vec<(Rank, u32)> {
    heard.iter().map(|heard| (heard.by, heard.hops)).collect()
}
