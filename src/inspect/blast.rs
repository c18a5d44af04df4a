//! What one failure of an actor would do, before it happens.

use std::fmt;

use crate::path::Path;
use crate::supervisor::forecast::Forecast;
use crate::supervisor::forecast::course::Gone;
use crate::system::running::System;

/// What the next failure of an actor would do, as its supervisors would judge it now.
///
/// First all of [`BlastRadius::stops`] happens, then all of [`BlastRadius::restarts`]. Taken for granted: nobody else fails
/// meanwhile, all stop and start as they are asked to, a start or stop under way now is done, and no message is to blame
/// that has crashed the actor before, whose redelivery is not counted. A pause of a backoff is over at once. An actor that is
/// down cannot fail: nothing follows then, and no failure is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlastRadius {
    /// Whose failure it is. For a supervisor that is a kill, or the end of what carries it.
    pub path: Path,
    /// Who would be stopped, in stop order: actors and supervisors, each of these after all below it, those that give up
    /// included, but neither the failed one, which is down already, nor the root. The children of a dynamic supervisor, and all
    /// below a supervisor that is killed, stop side by side; among them the order says nothing.
    pub stops: Vec<Path>,
    /// Who would be started, in start order: actors and supervisors, each of these before all below it. Mostly those that
    /// have ended; a group restart also starts whom somebody had stopped.
    pub restarts: Vec<Path>,
    /// Who would end for good and has not yet, in the order in which they are closed: temporary children, those that were
    /// added below a supervisor that ends, and all below one that gives up and is not restarted. A temporary child that the
    /// restart of its supervisor brings back is another actor behind the same path: it stands here and in `restarts`.
    pub gone: Vec<Path>,
    /// Which supervisors would end by themselves, from below: beyond their intensity, or with their significant children. With
    /// the root among them the system ends.
    pub gives_up: Vec<Path>,
    /// Whose messages would go to the dead letters, and how many: of those that end for good, and of those below a
    /// supervisor that gives up, is not restarted, and comes back with a group of another one further up. A message that
    /// crashes its handler is not among them. ractor's mailboxes cannot be counted; each life of a ractor actor loses its own.
    pub at_risk: Vec<AtRisk>,
    /// For each supervisor from the actor's own up to the root, how near it is to giving up.
    pub escalations: Vec<Escalation>,
}

/// How near a supervisor is to giving up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// The supervisor.
    pub path: Path,
    /// Restarts counted in its present window.
    pub failures_in_window: u32,
    /// Restarts it allows.
    pub restarts_limit: u32,
    /// With which failure of this actor it gives up, counted from 1 for the next. That is the least number: all come
    /// within the period of each supervisor above. Where they come slower, or backoffs spread them, windows slide and it takes
    /// more, or never happens. None if failures of this actor alone never end it, since the actor does not come back.
    pub failures_until: Option<u64>,
}

/// Messages that a failure would send to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtRisk {
    /// Whose they are.
    pub path: Path,
    /// How many: queued, stashed, and those in quarantine where their actor leaves the tree.
    pub messages: u64,
}

impl System {
    /// What the next failure of the actor at this path would do now: whom it stops and restarts and in which order, who ends
    /// for good and with how many messages, and how near each supervisor above is to giving up. None if nobody stands there.
    ///
    /// It is played through in a copy, by the rules that would judge it; no actor notices. The copy takes the lock of each
    /// supervisor concerned for as long as it takes to copy its table.
    #[must_use]
    pub fn blast_radius(&self, path: &str) -> Option<BlastRadius> {
        let path = Path::parse(path).ok()?;
        let Forecast { next, above } = Forecast::new(&self.root, &path, self.hub.now())?;
        let escalations = above.into_iter().map(|level| Escalation {
            path: level.path,
            failures_in_window: level.failures_in_window,
            restarts_limit: level.restarts_limit,
            failures_until: level.failures_until,
        });
        Some(BlastRadius {
            stops: next.stops.into_iter().filter(|stopped| *stopped != path).collect(),
            restarts: next.starts,
            at_risk: at_risk(&next.gone),
            gone: next.gone.into_iter().filter(|gone| gone.closes && !gone.returns).map(|gone| gone.path).collect(),
            gives_up: next.gave_up.into_iter().map(|end| end.path).collect(),
            escalations: escalations.collect(),
            path,
        })
    }
}

fn at_risk(gone: &[Gone]) -> Vec<AtRisk> {
    let mut all: Vec<AtRisk> = Vec::new();
    for gone in gone {
        let Some(mailbox) = gone.child.snapshot().mailbox else { continue };
        let queued = if gone.closes { mailbox.ledger.queued } else { 0 };
        let messages = queued + if gone.leaves { mailbox.ledger.quarantined } else { 0 };
        // One that was closed on the way is there already, if it leaves as well.
        let earlier = if gone.closes { None } else { all.iter_mut().find(|earlier| earlier.path == gone.path) };
        match earlier {
            Some(earlier) => earlier.messages += messages,
            None if messages == 0 => {}
            None => all.push(AtRisk { path: gone.path.clone(), messages }),
        }
    }
    all
}

impl BlastRadius {
    /// Whether the next failure would end the system.
    #[must_use]
    pub fn ends_system(&self) -> bool {
        self.gives_up.contains(&Path::root())
    }

    /// With which failure of this actor the system ends, counted from 1 for the next; see [`Escalation::failures_until`].
    #[must_use]
    pub fn failures_until_end(&self) -> Option<u64> {
        self.escalations.last().and_then(|root| root.failures_until)
    }
}

/// Some lines of text, without one that would say "nobody".
impl fmt::Display for BlastRadius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a failure of {}", self.path)?;
        for (what, who) in [
            ("stops", &self.stops),
            ("restarts", &self.restarts),
            ("ends for good", &self.gone),
            ("makes give up", &self.gives_up),
        ] {
            if !who.is_empty() {
                writeln!(f, "  {what}: {}", list(who.iter()))?;
            }
        }
        if self.ends_system() {
            writeln!(f, "  ends the system")?;
        }
        if !self.at_risk.is_empty() {
            writeln!(f, "  sends to the dead letters: {}", list(self.at_risk.iter()))?;
        }
        self.escalations.iter().try_for_each(|near| writeln!(f, "  {near}"))
    }
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} of {} restarts used, ", self.path, self.failures_in_window, self.restarts_limit)?;
        match self.failures_until {
            Some(1) => f.write_str("gives up with the next failure"),
            Some(failures) => write!(f, "gives up with failure {failures} from now"),
            None => f.write_str("does not give up over this actor"),
        }
    }
}

impl fmt::Display for AtRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.messages, self.path)
    }
}

fn list(items: impl Iterator<Item = impl fmt::Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
