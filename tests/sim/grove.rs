//! Random trees of supervisors, and what is done to them before anybody asks what a failure would do.

use std::time::Duration;

use swarmtree::testing::{Act, Record, Script, Scripted, Sim};
use swarmtree::{
    ActorKind, ActorRef, ActorSnapshot, ActorSpec, AutoShutdown, ChildSpec, Restart, Status, Strategy, Supervised,
    Supervisor, System, Template,
};

const DEPTH_LIMIT: usize = 4;
const NODES_LIMIT: u32 = 16;

/// A tree that runs. Supervisors that are dynamic have names in `d`, all others in `s`, actors in `w`.
pub(crate) struct Grove {
    pub(crate) system: System,
    pub(crate) record: Record,
}

/// Draws a tree.
pub(crate) struct Draw {
    rng: fastrand::Rng,
    record: Record,
    last: u32,
    /// No more nodes than up to this one.
    limit: u32,
}

fn is_dynamic(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with('d'))
}

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), record: Record::new(), last: 0, limit: NODES_LIMIT }
    }

    /// True so many times in a hundred.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.rng.usize(0..end)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.usize(0..all.len())]
    }

    fn name(&mut self, letter: char) -> String {
        self.last += 1;
        format!("{letter}{}", self.last)
    }

    fn restart(&mut self) -> Restart {
        self.one_of(&[
            Restart::Permanent,
            Restart::Permanent,
            Restart::Permanent,
            Restart::Transient,
            Restart::Transient,
            Restart::Temporary,
        ])
    }

    fn significant(&mut self, auto: AutoShutdown, restart: Restart) -> bool {
        auto != AutoShutdown::Never && restart != Restart::Permanent && self.chance(65)
    }

    /// All of a tree that its spec declares, started.
    pub(crate) async fn grove(&mut self) -> Grove {
        let strategy = self.one_of(&[Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne]);
        let (intensity, period) = (self.one_of(&[0, 1, 2, 3]), self.period());
        let mut builder = System::builder("grove").strategy(strategy).intensity(intensity, period);
        for _ in 0..=self.rng.u32(1..4) {
            let child = self.child("", AutoShutdown::Never, 1);
            builder = builder.child(child);
        }
        Grove { system: builder.start().await.unwrap(), record: self.record.clone() }
    }

    pub(crate) fn period(&mut self) -> &'static str {
        self.one_of(&["10s", "1h", "1h"])
    }

    fn child(&mut self, above: &str, auto: AutoShutdown, depth: usize) -> ChildSpec {
        if depth < DEPTH_LIMIT && self.last < self.limit && self.chance(50) {
            return self.supervisor(above, auto, depth);
        }
        let (name, restart) = (self.name('w'), self.restart());
        let path = format!("{above}{name}");
        let mut spec = ActorSpec::<Scripted>::new(&name, Script::new(&path, &self.record)).restart(restart);
        if self.significant(auto, restart) {
            spec = spec.significant();
        }
        if self.chance(10) {
            spec = spec.backoff("1ms..4ms");
        }
        if self.chance(10) {
            spec = spec.brutal_kill();
        }
        spec.into()
    }

    fn supervisor(&mut self, above: &str, auto: AutoShutdown, depth: usize) -> ChildSpec {
        let restart = self.one_of(&[Restart::Permanent, Restart::Permanent, Restart::Transient, Restart::Temporary]);
        let own = self.one_of(&[
            AutoShutdown::Never,
            AutoShutdown::Never,
            AutoShutdown::AnySignificant,
            AutoShutdown::AllSignificant,
        ]);
        let dynamic = self.chance(15);
        let name = self.name(if dynamic { 'd' } else { 's' });
        let mut spec = match self.rng.u32(0..3) {
            _ if dynamic => Supervisor::dynamic(&name, self.template(own)),
            0 => Supervisor::one_for_one(&name),
            1 => Supervisor::one_for_all(&name),
            _ => Supervisor::rest_for_one(&name),
        };
        let intensity = self.one_of(&[0, 1, 1, 2, 3]);
        spec = spec.intensity(intensity, self.period()).auto_shutdown(own).restart(restart);
        if self.significant(auto, restart) {
            spec = spec.significant();
        }
        if self.chance(10) {
            spec = spec.backoff("1ms..4ms");
        }
        if !dynamic {
            for _ in 0..self.rng.u32(1..5) {
                let child = self.child(&format!("{above}{name}/"), own, depth + 1);
                spec = spec.child(child);
            }
        }
        spec.into()
    }

    fn template(&mut self, auto: AutoShutdown) -> Template<Scripted> {
        if auto == AutoShutdown::Never {
            return Scripted::template().restart(self.restart());
        }
        Scripted::template().restart(self.one_of(&[Restart::Transient, Restart::Temporary])).significant()
    }
}

impl Grove {
    /// What stands and is not stopped.
    pub(crate) fn living(&self) -> Vec<ActorSnapshot> {
        self.system.snapshot().into_iter().filter(|actor| actor.status != Status::Stopped).collect()
    }

    pub(crate) async fn has_ended(&self) -> bool {
        tokio::time::timeout(Duration::ZERO, self.system.stopped()).await.is_ok()
    }

    pub(crate) fn actor(&self, path: &str) -> ActorRef {
        self.system.actor(path).unwrap()
    }

    fn any(&self, draw: &mut Draw, kind: ActorKind) -> Option<String> {
        let mut all = self.living();
        all.retain(|actor| actor.kind == kind);
        (!all.is_empty()).then(|| all[draw.below(all.len())].path.to_string())
    }

    /// Somebody who could fail: mostly an actor, sometimes a supervisor.
    pub(crate) fn victim(&self, draw: &mut Draw) -> Option<String> {
        let kind = if draw.chance(12) { ActorKind::Supervisor } else { ActorKind::Cell };
        self.any(draw, kind).or_else(|| self.any(draw, ActorKind::Cell))
    }

    /// Children that no spec declares: actors of the dynamic supervisors, actors and supervisors of others.
    pub(crate) async fn grow(&self, draw: &mut Draw) {
        draw.limit = draw.last + 8;
        let supervisors = self.living().into_iter().filter(|actor| actor.kind == ActorKind::Supervisor);
        for at in supervisors.map(|actor| actor.path.to_string()).collect::<Vec<_>>() {
            if is_dynamic(&at) {
                for _ in 0..draw.below(4) {
                    let path = format!("{at}/{}", draw.name('w'));
                    self.system.spawn::<Scripted>(&path, Script::new(&path, &self.record)).await.unwrap();
                }
            } else if draw.chance(25) {
                let depth = at.split('/').count() + 1;
                let child = draw.child(&format!("{at}/"), AutoShutdown::Never, depth);
                self.system.start_child(&at, child).await.unwrap();
            }
        }
    }

    /// Earlier failures, of which some have left the windows when the last one comes, and stops on request.
    pub(crate) async fn trouble(&self, draw: &mut Draw, sim: &Sim) {
        for _ in 0..draw.below(5) {
            let Some(path) = self.any(draw, ActorKind::Cell) else { return };
            if draw.chance(25) {
                let supervisor = self.any(draw, ActorKind::Supervisor).filter(|_| draw.chance(20));
                self.actor(&supervisor.unwrap_or(path)).stop();
            } else {
                sim.crash(&path);
            }
            self.system.quiescent().await;
            if draw.chance(40) {
                tokio::time::sleep(Duration::from_secs(4)).await;
            }
        }
    }

    /// Fills the mailboxes of some, who handle nothing from now on.
    pub(crate) async fn fill(&self, draw: &mut Draw) {
        let cells = self.living().into_iter().filter(|actor| actor.kind == ActorKind::Cell);
        for actor in cells.map(|actor| actor.path.to_string()).collect::<Vec<_>>() {
            if draw.chance(40) {
                let handle = self.system.find::<Scripted>(&actor).unwrap();
                handle.suspend();
                for _ in 0..=draw.below(4) {
                    handle.send(Act::Note("unseen".into())).await.unwrap();
                }
            }
        }
    }
}
