//! Random swarms under random supervisors, whose members record their lives.

use std::collections::BTreeSet;

use swarmtree::testing::Record;
use swarmtree::{
    Delivery, MemberStatus, Message, Path, Rank, Restart, Seat, Strategy, Supervised, Swarm, System, Topology, actor,
    handlers,
};

use crate::grove::{Draw, Grove};

pub(crate) struct Word;

impl Message for Word {}

/// A member that records `start PATH`, and `drop PATH` for each of its lives.
#[actor]
pub(crate) struct Fish {
    path: String,
    record: Record,
}

#[handlers]
impl Fish {
    #[start]
    fn new(path: String, record: Record) -> Self {
        record.add(format!("start {path}"));
        Self { path, record }
    }

    #[mail]
    fn word(&mut self, _mail: Delivery<Word>) {}
}

impl Drop for Fish {
    fn drop(&mut self) {
        self.record.add(format!("drop {}", self.path));
    }
}

/// A swarm that runs alone in its system.
pub(crate) struct Shoal {
    pub(crate) grove: Grove,
    pub(crate) swarm: Swarm<Word>,
}

impl Draw {
    fn shape(&mut self, members: usize) -> Topology {
        let shape = match self.below(8) {
            0 => Topology::hierarchical(2),
            1 => Topology::mesh(),
            2 => Topology::ring(),
            3 => Topology::star(),
            4 => Topology::star().hub_state(),
            5 => Topology::pipeline(),
            6 => Topology::pipeline().durable(),
            _ => Topology::dual_mesh(members.div_ceil(2), 1),
        };
        shape.intensity(u32::try_from(self.below(4)).unwrap(), self.period())
    }

    /// A shape, of which a member may be a shape itself; and of how many members, that one counted once.
    fn topology(&mut self) -> (Topology, usize) {
        let members = 1 + self.below(7);
        let shape = self.shape(members);
        if !self.chance(30) {
            return (shape, members);
        }
        let inner = 1 + self.below(4);
        let (at, nested) = (self.below(members), self.shape(inner));
        (shape.nest(at, nested, inner), members)
    }

    pub(crate) async fn shoal(&mut self) -> Shoal {
        let intensity = u32::try_from(self.below(3)).unwrap();
        let builder = System::builder("shoal").strategy(Strategy::OneForOne).intensity(intensity, self.period());
        let system = builder.start().await.unwrap();
        let record = Record::new();
        let (topology, members) = self.topology();
        let layout = topology.layout(members).unwrap();
        let names: Vec<String> = (0..layout.members().len()).map(|rank| format!("w{rank}")).collect();
        let layout = layout.renamed(names).unwrap();
        let lives =
            [Restart::Permanent, Restart::Permanent, Restart::Permanent, Restart::Transient, Restart::Temporary];
        let lives: Vec<Restart> = layout.members().iter().map(|_| lives[self.below(lives.len())]).collect();
        let of = |seat: Seat<Word>| {
            let rank = seat.rank().index();
            let args = (format!("swarm/{}", layout.members()[rank].name), record.clone());
            Fish::spec(&format!("w{rank}"), args).restart(lives[rank])
        };
        let swarm = Swarm::start(&system, "swarm", topology, members, of).await.unwrap();
        Shoal { grove: Grove { system, record }, swarm }
    }
}

impl Shoal {
    /// The members that are there.
    fn living(&self) -> Vec<MemberStatus> {
        let living: BTreeSet<Path> = self.grove.living().into_iter().map(|seen| seen.path).collect();
        self.swarm.members().into_iter().filter(|member| living.contains(&member.path)).collect()
    }

    /// Fills the mailboxes of some, who handle nothing from now on.
    pub(crate) async fn fill(&self, draw: &mut Draw) {
        for member in self.living() {
            if draw.chance(40) {
                self.grove.actor(member.path.as_str()).suspend();
                for _ in 0..=draw.below(4) {
                    self.swarm.send(member.rank, Word).await.unwrap();
                }
            }
        }
    }

    pub(crate) fn victim(&self, draw: &mut Draw) -> Option<Rank> {
        let living = self.living();
        (!living.is_empty()).then(|| living[draw.below(living.len())].rank)
    }
}
