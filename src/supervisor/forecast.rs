//! What a failure would do: played through in a copy of the tree, by the rules that will judge it.
//!
//! No second account of supervision stands here. The copies hear the events that the supervisors would hear, and what
//! their rules answer is written down.

pub(crate) mod course;
pub(crate) mod twin;

use std::sync::Arc;
use std::time::Instant;

use crate::exit::{Cause, Failure};
use crate::path::Path;
use crate::supervisor::forecast::course::{Course, Log, Sight};
use crate::supervisor::node::Node;

/// What the next failure of an actor would do, and how many would end the supervisors above it.
pub(crate) struct Forecast {
    /// What happens at the next failure; nothing if the actor is down.
    pub(crate) next: Log,
    /// The supervisors above, from the actor's own to the root.
    pub(crate) above: Vec<Level>,
}

/// One supervisor above.
pub(crate) struct Level {
    pub(crate) path: Path,
    pub(crate) failures_in_window: u32,
    pub(crate) restarts_limit: u32,
    /// With which failure of the actor it gives up, if all come at once; none if it never does.
    pub(crate) failures_until: Option<u64>,
}

impl Forecast {
    /// Of the actor at a path; none if nobody stands there. Takes the locks of the supervisors concerned one after the
    /// other, and copies their tables.
    pub(crate) fn new(root: &Arc<Node>, subject: &Path, now: Instant) -> Option<Self> {
        let mut course = Course::new(root, subject, now)?;
        let mut above = Vec::new();
        let mut path = subject.clone();
        while let Some((upper, _)) = path.split_last() {
            let twin = course.twin(&upper)?;
            above.push(Level {
                failures_in_window: twin.rules.failures_in_window(now),
                restarts_limit: twin.original.policy().intensity.restarts,
                failures_until: None,
                path: upper.clone(),
            });
            path = upper;
        }
        if !course.is_up() {
            return Some(Self { next: Log::default(), above });
        }
        course.fail(failure());
        let next = std::mem::take(&mut course.log);
        course.sight = Sight::Line;
        count(&mut course, &next, &mut above, now);
        Some(Self { next, above })
    }
}

/// Counts the failures until each supervisor above gives up, the next one included, which is played already.
///
/// A supervisor that has spent its restarts gives up with the next failure, so that one failure is played for each
/// supervisor and not one for each restart that any of them allows: that is a product over all of them.
fn count(course: &mut Course, next: &Log, above: &mut [Level], now: Instant) {
    let mut failures: u64 = 1;
    let mut gave_up: Vec<(Path, bool)> = told(next);
    for at in 0..above.len() {
        let (below, rest) = above.split_at_mut(at);
        let Some(level) = rest.first_mut() else { return };
        if !gave_up.iter().any(|(path, _)| *path == level.path) {
            // It has restarted what has failed below it, or nothing more can fail there. What is below it is new.
            if !course.is_up() {
                return;
            }
            for spent in &*below {
                if let Some(twin) = course.twin(&spent.path) {
                    twin.rules.allow(0);
                }
            }
            let Some(twin) = course.twin(&level.path) else { return };
            let rounds = twin.rules.failures_left(now);
            twin.rules.allow(twin.rules.failures_in_window(now));
            course.fail(failure());
            gave_up = told(&std::mem::take(&mut course.log));
            if !gave_up.iter().any(|(path, _)| *path == level.path) {
                return;
            }
            let each = below.iter().map(|spent| {
                let exceeded = gave_up.iter().any(|(path, exceeded)| *path == spent.path && *exceeded);
                if exceeded { u64::from(spent.restarts_limit) + 1 } else { 1 }
            });
            let round = each.fold(1, u64::saturating_mul);
            failures = failures.saturating_add(round.saturating_mul(u64::from(rounds)));
        }
        level.failures_until = Some(failures);
    }
}

fn told(log: &Log) -> Vec<(Path, bool)> {
    log.gave_up.iter().map(|end| (end.path.clone(), end.exceeded)).collect()
}

/// A panic on a message that comes for the first time.
fn failure() -> Failure {
    Failure::new(Cause::Panic, "forecast")
}
