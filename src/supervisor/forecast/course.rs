//! A course of events, played through in copies of supervisors: no actor hears of it, and no time passes.
//!
//! What the rules decide is taken as done at once: all starts succeed, all stops are obeyed, pauses are over.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::actor::child::Child;
use crate::exit::{Exit, Failure};
use crate::path::Path;
use crate::supervisor::forecast::twin::{Original, Sitter, Twin, is_closed};
use crate::supervisor::node::Node;
use crate::supervisor::rules::action::{Action, Alarm, AlarmKind, Decision, Event};
use crate::supervisor::rules::entry::{ChildKey, Slot, Status};
use crate::supervisor::rules::state::Phase;

/// What is under way when the copies are taken comes to rest after a few steps; a look that meets changes all the time may
/// show what never was, so there is an end to them.
const STEPS_LIMIT: u32 = 1_000;

/// A child that is down for good.
pub(crate) struct Gone {
    pub(crate) path: Path,
    pub(crate) child: Arc<dyn Child>,
    /// It was not so before.
    pub(crate) closes: bool,
    /// It is started again behind the same address, by the restart of a supervisor above; what was queued is lost all the same.
    pub(crate) returns: bool,
    /// It leaves the tree with what is in quarantine.
    pub(crate) leaves: bool,
}

/// A supervisor that has ended by itself.
pub(crate) struct GaveUp {
    pub(crate) path: Path,
    /// Its intensity was exceeded; otherwise its significant children had ended.
    pub(crate) exceeded: bool,
}

/// What has happened so far, in order.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) stops: Vec<Path>,
    pub(crate) starts: Vec<Path>,
    pub(crate) gone: Vec<Gone>,
    pub(crate) gave_up: Vec<GaveUp>,
}

/// How much of the tree a course looks into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Every supervisor that something happens to.
    Whole,
    /// Those above the actor in question; all others are taken for actors, which start and stop as well.
    Line,
}

/// A course of events, and whom it is about.
pub(crate) struct Course {
    twins: Vec<Twin>,
    subject: Path,
    pub(crate) sight: Sight,
    now: Instant,
    /// Draws pauses, which pass at once however long they are.
    rng: fastrand::Rng,
    events: VecDeque<(usize, Event)>,
    pub(crate) log: Log,
}

impl Course {
    /// Copies the supervisors above an actor, from the top, one lock after the other; none if nobody stands there. What is
    /// under way in them is taken as done.
    pub(crate) fn new(root: &Arc<Node>, subject: &Path, now: Instant) -> Option<Self> {
        let root = Twin::new(Path::root(), Original::Node(Arc::clone(root)), None);
        let mut course = Self {
            twins: vec![root],
            subject: subject.clone(),
            sight: Sight::Line,
            now,
            rng: fastrand::Rng::with_seed(0),
            events: VecDeque::new(),
            log: Log::default(),
        };
        let (above, name) = subject.split_last()?;
        course.find(&above)?;
        course.play();
        let at = course.find(&above)?;
        course.twins.get(at)?.slot_of(name)?;
        (course.sight, course.log) = (Sight::Whole, Log::default());
        Some(course)
    }

    /// The copy of the supervisor at a path above the subject.
    pub(crate) fn twin(&mut self, path: &Path) -> Option<&mut Twin> {
        let at = self.find(path)?;
        self.twins.get_mut(at)
    }

    /// Whether the subject is up.
    pub(crate) fn is_up(&mut self) -> bool {
        self.subject_at().is_some_and(|(at, slot)| self.twins[at].rules.status(slot) == Status::Running)
    }

    /// Plays a failure of the subject, which is up, and all that follows.
    pub(crate) fn fail(&mut self, failure: Failure) {
        let exit = Exit::Failed(Arc::new(failure));
        if let Some((at, slot)) = self.subject_at()
            && let Some(key) = self.twins[at].rules.key(slot)
        {
            match self.open(at, slot) {
                Some(below) => self.events.push_back((below, Event::EndNow(exit))),
                None => self.events.push_back((at, Event::Exited(key, exit))),
            }
        }
        self.play();
    }

    // ---- Who stands where.

    fn subject_at(&mut self) -> Option<(usize, Slot)> {
        let (above, name) = self.subject.split_last().map(|(above, name)| (above, name.to_owned()))?;
        let at = self.find(&above)?;
        self.twins.get(at)?.slot_of(&name).map(|slot| (at, slot))
    }

    fn find(&mut self, path: &Path) -> Option<usize> {
        path.names().try_fold(0, |at, name| {
            let slot = self.twins.get(at)?.slot_of(name)?;
            self.open(at, slot)
        })
    }

    /// The number of the copy of the supervisor in a place, which is made now if there is none yet; none for actors, and
    /// for supervisors that are taken for actors.
    fn open(&mut self, at: usize, slot: Slot) -> Option<usize> {
        let twin = self.twins.get(at)?;
        let seat = twin.seat(slot)?;
        let original = match &seat.sitter {
            Sitter::Actor(_) => return None,
            Sitter::Open(below) => return Some(*below),
            Sitter::Closed(original) => original.clone(),
        };
        let path = twin.path.child(&seat.name);
        if self.sight == Sight::Line && !leads_to(&path, &self.subject) {
            return None;
        }
        let key = twin.rules.key(slot)?;
        let below = self.twins.len();
        self.twins.push(Twin::new(path, original, Some((at, key))));
        if let Some(Some(seat)) = self.twins[at].seats.get_mut(slot.0 as usize) {
            seat.sitter = Sitter::Open(below);
        }
        Some(below)
    }

    // ---- What happens.

    /// Plays all events, and what follows from them, until nothing is under way.
    fn play(&mut self) {
        for _ in 0..STEPS_LIMIT {
            while let Some((at, event)) = self.events.pop_front() {
                self.hear(at, event);
            }
            let twins = 0..self.twins.len();
            let under_way: Vec<(usize, Event)> = twins.flat_map(|at| self.under_way(at)).collect();
            if under_way.is_empty() {
                return;
            }
            self.events.extend(under_way);
        }
    }

    fn hear(&mut self, at: usize, event: Event) {
        let Self { twins, rng, now, log, .. } = self;
        let Some(twin) = twins.get_mut(at) else { return };
        if let Event::Exited(key, _) = &event
            && twin.rules.key(key.slot) == Some(*key)
            && twin.rules.status(key.slot).is_live()
        {
            log.stops.extend(twin.path_of(key.slot));
        }
        let asked = matches!(event, Event::End(_) | Event::EndNow(_)) || is_ending(twin);
        let actions = twin.rules.on(event, *now, rng);
        if !asked && is_ending(twin) {
            let escalates = |action: &Action| matches!(action, Action::Decided { decision: Decision::Escalate, .. });
            log.gave_up.push(GaveUp { path: twin.path.clone(), exceeded: actions.iter().any(escalates) });
        }
        actions.into_iter().for_each(|action| self.carry_out(at, action));
    }

    fn carry_out(&mut self, at: usize, action: Action) {
        match action {
            Action::Start(key) => self.start(at, key),
            Action::Stop(key) => self.stop(at, key, Exit::Shutdown, Event::End),
            Action::Kill(key) => self.stop(at, key, Exit::Killed, Event::EndNow),
            Action::SetAlarm { alarm, .. } if alarm.kind == AlarmKind::Backoff => {
                self.events.push_back((at, Event::Alarm(alarm)));
            }
            // Everybody is in time.
            Action::SetAlarm { .. } | Action::Abandon(_) | Action::Decided { .. } => {}
            Action::Close(slot, _) => self.close(at, slot, false),
            Action::Remove(slot, _) => {
                self.close(at, slot, true);
                if let Some(place) = self.twins[at].seats.get_mut(slot.0 as usize) {
                    *place = None;
                }
            }
            Action::Ready => {
                self.twins[at].starting = false;
                if let Some((above, key)) = self.twins[at].above {
                    self.events.push_back((above, Event::Started(key)));
                }
            }
            Action::End(exit) => self.end(at, exit),
        }
    }

    fn start(&mut self, at: usize, key: ChildKey) {
        let path = self.twins[at].path_of(key.slot);
        if let Some(Some(seat)) = self.twins[at].seats.get_mut(key.slot.0 as usize)
            && std::mem::take(&mut seat.closed)
        {
            let closed = self.log.gone.iter_mut().filter(|gone| Some(&gone.path) == path.as_ref());
            closed.for_each(|gone| gone.returns = true);
        }
        self.log.starts.extend(path);
        let Some(below) = self.open(at, key.slot) else {
            return self.events.push_back((at, Event::Started(key)));
        };
        let twin = &mut self.twins[below];
        (twin.above, twin.starting) = (Some((at, key)), true);
        twin.declare();
        self.events.push_back((below, Event::Begin));
    }

    fn stop(&mut self, at: usize, key: ChildKey, exit: Exit, end: fn(Exit) -> Event) {
        match self.open(at, key.slot) {
            Some(below) if !is_down(&self.twins[below]) => self.events.push_back((below, end(exit))),
            Some(_) | None => self.events.push_back((at, Event::Exited(key, exit))),
        }
    }

    fn end(&mut self, at: usize, exit: Exit) {
        let Some((above, key)) = self.twins[at].above else { return self.close_below(at, false) };
        let starting = std::mem::take(&mut self.twins[at].starting);
        let end = if starting { Event::StartFailed(key, exit) } else { Event::Exited(key, exit) };
        self.events.push_back((above, end));
    }

    /// A child is down for good, and all below it.
    fn close(&mut self, at: usize, slot: Slot, leaves: bool) {
        if self.sight == Sight::Line {
            return;
        }
        let below = self.open(at, slot);
        let twin = &mut self.twins[at];
        let Some(path) = twin.path_of(slot) else { return };
        let Some(Some(seat)) = twin.seats.get_mut(slot.0 as usize) else { return };
        let was_closed = std::mem::replace(&mut seat.closed, true);
        let sitter = seat.sitter.clone();
        let child = match sitter {
            Sitter::Actor(child) => child,
            Sitter::Open(below) => self.twins[below].node().map(|node| node as Arc<dyn Child>),
            Sitter::Closed(_) => None,
        };
        // Nobody holds the address of one that would be made anew.
        let Some(child) = child else { return };
        let closes = !was_closed && !is_closed(&*child);
        if !closes && !leaves {
            return;
        }
        if let Some(below) = below {
            self.close_below(below, leaves);
        }
        self.log.gone.push(Gone { path, child, closes, leaves, returns: false });
    }

    fn close_below(&mut self, at: usize, leaves: bool) {
        let slots: Vec<Slot> = self.twins[at].rules.slots().collect();
        slots.into_iter().rev().for_each(|slot| self.close(at, slot, leaves));
    }

    // ---- What was under way when the copies were taken.

    fn under_way(&mut self, at: usize) -> Vec<(usize, Event)> {
        if self.twins[at].rules.is_quiet() {
            return Vec::new();
        }
        let slots: Vec<Slot> = self.twins[at].rules.slots().collect();
        slots.into_iter().filter_map(|slot| self.outcome(at, slot)).collect()
    }

    /// How what a child is doing ends, where it ends by itself.
    fn outcome(&mut self, at: usize, slot: Slot) -> Option<(usize, Event)> {
        let (status, key) = (self.twins[at].rules.status(slot), self.twins[at].rules.key(slot)?);
        let below = if status.is_live() { self.open(at, slot) } else { None };
        let phase = below.map(|below| self.twins[below].rules.phase());
        let event = match (status, phase) {
            (Status::Starting, None | Some(Phase::Running)) => Event::Started(key),
            (Status::Starting, Some(Phase::New)) => {
                let below = below?;
                self.twins[below].starting = true;
                self.twins[below].declare();
                return Some((below, Event::Begin));
            }
            (Status::Starting, Some(Phase::Ended)) => Event::StartFailed(key, Exit::Killed),
            (Status::Stopping(_), None | Some(Phase::New | Phase::Ended)) => Event::Exited(key, Exit::Shutdown),
            (Status::Stopping(_), Some(Phase::Running | Phase::Init)) => {
                return Some((below?, Event::End(Exit::Shutdown)));
            }
            // Its own children come first.
            (Status::Starting, Some(Phase::Init | Phase::Ending(_)))
            | (Status::Stopping(_), Some(Phase::Ending(_))) => {
                return None;
            }
            (Status::Waiting, _) => {
                self.twins[at].rules.resumes(slot)?;
                Event::Alarm(Alarm { kind: AlarmKind::Backoff, key })
            }
            (Status::Down | Status::Running, _) => return None,
        };
        Some((at, event))
    }
}

fn is_ending(twin: &Twin) -> bool {
    matches!(twin.rules.phase(), Phase::Ending(_) | Phase::Ended)
}

fn is_down(twin: &Twin) -> bool {
    matches!(twin.rules.phase(), Phase::New | Phase::Ended)
}

/// Whether a path is that of an actor, or leads to it.
fn leads_to(path: &Path, actor: &Path) -> bool {
    let mut names = actor.names();
    path.names().all(|name| names.next() == Some(name))
}
