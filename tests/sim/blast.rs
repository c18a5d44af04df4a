//! What is said of a failure beforehand is what it does.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use swarmtree::testing::Sim;
use swarmtree::{ActorRef, ActorSnapshot, BlastRadius, DeadReason, Path, Status, System};

use crate::grove::{Draw, Grove};
use crate::seeds;

/// Trees; a course that leaves nobody to fail is not counted among them.
const TREES: u64 = 1_000;
/// Failures after which nobody waits on for the end of the system.
const FAILURES_LIMIT: u64 = 40;

/// Who stood in the tree before the failure, and how.
struct Before(Vec<(ActorRef, ActorSnapshot)>);

impl Before {
    fn of(grove: &Grove) -> Self {
        let living = grove.living().into_iter();
        Self(living.map(|seen| (grove.actor(seen.path.as_str()), seen)).collect())
    }

    /// Who has ended for good since.
    async fn gone(&self) -> Vec<String> {
        let mut gone = Vec::new();
        for (actor, seen) in &self.0 {
            if is_gone(actor).await {
                gone.push(seen.path.to_string());
            }
        }
        gone
    }
}

async fn is_gone(actor: &ActorRef) -> bool {
    tokio::time::timeout(Duration::ZERO, actor.stopped()).await.is_ok()
}

/// The children of a dynamic supervisor stop in any order, and so do all below a supervisor that is killed.
fn canonical(lines: Vec<String>, killed: &str) -> Vec<String> {
    let block = |line: &String| {
        let path = line.strip_prefix("drop ")?;
        if path.starts_with(&format!("{killed}/")) {
            return Some(killed.to_owned());
        }
        let (above, _) = path.rsplit_once('/')?;
        above.rsplit('/').next().filter(|name| name.starts_with('d')).map(|_| above.to_owned())
    };
    let mut blocks: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for line in lines {
        let of = block(&line);
        match blocks.last_mut() {
            Some((last, lines)) if last.is_some() && *last == of => lines.push(line),
            _ => blocks.push((of, vec![line])),
        }
    }
    blocks
        .into_iter()
        .flat_map(|(of, mut lines)| {
            if of.is_some() {
                lines.sort_unstable();
            }
            lines
        })
        .collect()
}

fn is_actor(path: &Path) -> bool {
    path.names().last().is_some_and(|name| name.starts_with('w'))
}

/// What the actors record if the prediction is right.
fn expected_lines(radius: &BlastRadius) -> Vec<String> {
    let own = Some(&radius.path).filter(|path| is_actor(path));
    let stops = own.into_iter().chain(radius.stops.iter().filter(|path| is_actor(path)));
    let starts = radius.restarts.iter().filter(|path| is_actor(path));
    stops.map(|path| format!("drop {path}")).chain(starts.map(|path| format!("start {path}"))).collect()
}

fn sorted(paths: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut paths: Vec<String> = paths.into_iter().collect();
    paths.sort_unstable();
    paths
}

async fn fail(grove: &Grove, sim: &Sim, path: &str) {
    sim.crash(path);
    grove.system.quiescent().await;
}

/// The next failure does what was said.
async fn check_next(grove: &Grove, sim: &Sim, radius: &BlastRadius) {
    let before = Before::of(grove);
    let mut letters = grove.system.dead_letters(1024);
    grove.record.take();
    fail(grove, sim, radius.path.as_str()).await;
    let found: Vec<String> = grove.record.take().into_iter().filter(|line| !line.starts_with("stop ")).collect();
    let killed = radius.path.as_str();
    assert_eq!(canonical(found, killed), canonical(expected_lines(radius), killed), "{radius}");
    let gone = before.gone().await;
    assert_eq!(sorted(gone.clone()), sorted(radius.gone.iter().map(ToString::to_string)), "{radius}");
    assert_eq!(grove.has_ended().await, radius.ends_system(), "{radius}");
    for (actor, seen) in before.0.iter().filter(|(_, seen)| !gone.contains(&seen.path.to_string())) {
        let restarts = radius.restarts.iter().filter(|path| **path == seen.path).count();
        let lives = seen.incarnation as usize + restarts;
        assert_eq!(actor.snapshot().incarnation as usize, lives, "{}: {radius}", seen.path);
    }
    let mut dead = BTreeMap::new();
    while let Some(letter) = letters.try_recv() {
        assert_eq!(letter.reason, DeadReason::Stopped);
        *dead.entry(letter.path.to_string()).or_insert(0) += 1;
    }
    let at_risk = radius.at_risk.iter().map(|queue| (queue.path.to_string(), queue.messages)).collect();
    assert_eq!(dead, at_risk, "{radius}");
}

/// Each supervisor gives up with the failure that was said, as far as anybody waits.
async fn check_count(grove: &Grove, sim: &Sim, radius: &BlastRadius) {
    let path = radius.path.as_str();
    let levels = radius.escalations.iter();
    let above: Vec<_> = levels
        .map(|near| near.path.as_str())
        .filter(|path| !path.is_empty())
        .map(|path| (grove.actor(path), grove.actor(path).snapshot().incarnation))
        .collect();
    let mut ended: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = 0;
    loop {
        failures += 1;
        if failures == 1 {
            check_next(grove, sim, radius).await;
        } else {
            fail(grove, sim, path).await;
        }
        for (actor, life) in &above {
            let is_over = actor.snapshot().incarnation != *life || is_gone(actor).await;
            if is_over {
                ended.entry(actor.path().to_string()).or_insert(failures);
            }
        }
        if grove.has_ended().await {
            ended.insert("/".to_owned(), failures);
            break;
        }
        let up = grove.system.actor(path).is_ok_and(|actor| actor.snapshot().status != Status::Stopped);
        if !up || failures == FAILURES_LIMIT {
            break;
        }
    }
    let cut = failures == FAILURES_LIMIT;
    for near in &radius.escalations {
        let expected = near.failures_until.filter(|until| !cut || *until <= failures);
        assert_eq!(ended.get(&near.path.to_string()).copied(), expected, "{near}, after {failures}: {radius}");
    }
}

/// What the failures that were compared did, so that the comparison cannot become an empty one.
#[derive(Debug, Default)]
struct Tally {
    trees: u64,
    /// More than the failed one was stopped and started again.
    groups: u64,
    /// At least two supervisors gave up with the first failure.
    cascades: u64,
    /// Somebody ended for good, and with messages.
    losses: u64,
    /// Some supervisor above the actor's own gave up later than with the first failure.
    later: u64,
    /// The root gave up, with the first failure or a later one.
    ends: u64,
}

impl Tally {
    fn add(&mut self, radius: &BlastRadius, ended: bool) {
        let later = radius.escalations.iter().skip(1).any(|near| near.failures_until.is_some_and(|until| until > 1));
        self.trees += 1;
        self.groups += u64::from(!radius.stops.is_empty() && radius.restarts.len() > 1);
        self.cascades += u64::from(radius.gives_up.len() > 1);
        self.losses += u64::from(!radius.at_risk.is_empty());
        self.later += u64::from(later);
        self.ends += u64::from(ended);
    }

    fn is_broad(&self) -> bool {
        [self.groups, self.cascades, self.losses, self.later, self.ends].iter().all(|times| times * 40 > self.trees)
    }
}

#[test]
fn a_failure_does_what_its_blast_radius_said() {
    let tally = Mutex::new(Tally::default());
    for seed in 0.. {
        if tally.lock().unwrap().trees == seeds().end.max(TREES) {
            break;
        }
        let tally = &tally;
        System::simulate([seed], |sim| async move {
            let mut draw = Draw::new(sim.random());
            let grove = draw.grove().await;
            grove.grow(&mut draw).await;
            grove.trouble(&mut draw, &sim).await;
            grove.fill(&mut draw).await;
            let Some(victim) = grove.victim(&mut draw) else { return };
            let radius = grove.system.blast_radius(&victim).unwrap();
            assert_eq!(Some(&radius), grove.system.blast_radius(&victim).as_ref(), "a look changes nothing");
            check_count(&grove, &sim, &radius).await;
            let ended = grove.has_ended().await;
            tally.lock().unwrap().add(&radius, ended);
        });
    }
    let tally = tally.into_inner().unwrap();
    assert!(tally.is_broad(), "{tally:?}");
}

#[test]
fn a_failure_in_a_swarm_does_what_its_blast_radius_said() {
    let tally = Mutex::new(Tally::default());
    for seed in 0.. {
        if tally.lock().unwrap().trees == seeds().end.max(TREES) {
            break;
        }
        let tally = &tally;
        System::simulate([seed], |sim| async move {
            let mut draw = Draw::new(sim.random());
            let shoal = draw.shoal().await;
            shoal.grove.trouble(&mut draw, &sim).await;
            shoal.fill(&mut draw).await;
            let Some(victim) = shoal.victim(&mut draw) else { return };
            let radius = shoal.swarm.blast_radius(victim).unwrap();
            check_count(&shoal.grove, &sim, &radius).await;
            let ended = shoal.grove.has_ended().await;
            tally.lock().unwrap().add(&radius, ended);
        });
    }
    let tally = tally.into_inner().unwrap();
    assert!(tally.is_broad(), "{tally:?}");
}
