//! What one life is recorded on, or replayed from: its state some messages ago, the messages since, its chance and its clock.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::actor::capsule::{Json, Recording, Step};
use crate::actor::panics::catch;
use crate::actor::scope::Scope;

/// Readings of the clock that are kept of one message.
const READINGS_LIMIT: usize = 1024;

/// A view with the messages since.
struct Stretch {
    view: Json,
    seed: u64,
    steps: Vec<Step>,
}

enum Course {
    /// The messages since the last view, and those between it and the view before.
    Recorded { older: Option<Stretch>, newer: Option<Stretch>, broken: bool },
    /// What the clock will say, what it said last and when that was.
    Replayed { readings: VecDeque<u64>, last: u64, at: Instant },
}

struct Reel {
    began: Instant,
    rng: fastrand::Rng,
    course: Course,
}

/// What is left of a life: its view, where its chance stood then, and what it handled since.
pub(crate) struct Remembered {
    pub(crate) view: Json,
    pub(crate) seed: u64,
    pub(crate) steps: Vec<Step>,
}

pub(crate) struct Tape(Mutex<Reel>);

impl Tape {
    /// For a life that begins now.
    pub(crate) fn blank(began: Instant, seed: u64) -> Self {
        let course = Course::Recorded { older: None, newer: None, broken: false };
        Self(Mutex::new(Reel { began, rng: fastrand::Rng::with_seed(seed), course }))
    }

    /// For a life that is lived again.
    pub(crate) fn replayed(began: Instant, seed: u64) -> Self {
        let course = Course::Replayed { readings: VecDeque::new(), last: 0, at: began };
        Self(Mutex::new(Reel { began, rng: fastrand::Rng::with_seed(seed), course }))
    }

    pub(crate) fn is_replayed(&self) -> bool {
        matches!(self.0.lock().course, Course::Replayed { .. })
    }

    pub(crate) fn random(&self) -> u64 {
        self.0.lock().rng.u64(..)
    }

    /// What the clock says to the actor when it says this to everybody else.
    pub(crate) fn now(&self, now: Instant) -> Instant {
        let reel = &mut *self.0.lock();
        match &mut reel.course {
            Course::Recorded { newer, .. } => {
                let step = newer.as_mut().and_then(|stretch| stretch.steps.last_mut());
                if let Some(step) = step.filter(|step| step.now.len() < READINGS_LIMIT) {
                    step.now.push(nanos(now.saturating_duration_since(reel.began)));
                }
                now
            }
            Course::Replayed { readings, last, at } => {
                if let Some(reading) = readings.pop_front() {
                    (*last, *at) = (reading, now);
                }
                reel.began + Duration::from_nanos(*last) + now.saturating_duration_since(*at)
            }
        }
    }

    /// What the clock will say during the next message.
    pub(crate) fn cue(&mut self, step: &Step) {
        if let Course::Replayed { readings, .. } = &mut self.0.get_mut().course {
            *readings = step.now.iter().copied().collect();
        }
    }

    /// Records a message before it is handled, and the state where it is due. What cannot be written ends the recording.
    pub(crate) fn record<A, M>(&mut self, recording: &Recording<A, M>, actor: &A, message: &M) -> Result<(), String> {
        let Reel { began, rng, course } = self.0.get_mut();
        let Course::Recorded { older, newer, broken } = course else { return Ok(()) };
        if *broken {
            return Ok(());
        }
        let due = newer.as_ref().is_none_or(|stretch| stretch.steps.len() >= recording.messages);
        // User code; a panic in it must not fail the actor.
        let written = Scope { began: *began, stage: None }.during(|| {
            catch(|| {
                let view = if due { Some((recording.view)(actor)?) } else { None };
                Ok((view, (recording.message)(message)?))
            })
        });
        match written.unwrap_or_else(|failure| Err(failure.to_string())) {
            Ok((view, message)) => {
                if let Some(view) = view {
                    *older = newer.take();
                    *newer = Some(Stretch { view, seed: rng.get_seed(), steps: Vec::new() });
                }
                if let Some(stretch) = newer {
                    stretch.steps.push(Step { message, now: Vec::new() });
                }
                Ok(())
            }
            Err(error) => {
                (*older, *newer, *broken) = (None, None, true);
                Err(error)
            }
        }
    }

    /// Forgets what is recorded: from here to the next message there is a gap.
    pub(crate) fn forget(&mut self) {
        if let Course::Recorded { older, newer, .. } = &mut self.0.get_mut().course {
            (*older, *newer) = (None, None);
        }
    }

    /// Takes what is recorded.
    pub(crate) fn take(&mut self) -> Option<Remembered> {
        let Course::Recorded { older, newer, .. } = &mut self.0.get_mut().course else { return None };
        let newer = newer.take()?;
        let Stretch { view, seed, mut steps } = match older.take() {
            Some(mut older) => {
                older.steps.extend(newer.steps);
                older
            }
            None => newer,
        };
        steps.shrink_to_fit();
        Some(Remembered { view, seed, steps })
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
