//! The data of a tree: strategies, limits and policies, checked once before anything starts.

use std::time::Duration;

use crate::span::{Span, SpanError, SpanRange};

/// Which siblings a supervisor restarts with a failed child (OTP's strategies).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// Only the failed child. For children that know nothing of each other.
    #[default]
    OneForOne,
    /// All children. For children that cannot go on without each other.
    OneForAll,
    /// The failed child and those started after it. For children that depend on those before them.
    RestForOne,
    /// Children of one template, started on demand, restarted one by one, stopped side by side.
    Dynamic,
}

impl Strategy {
    /// OTP's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneForOne => "one_for_one",
            Self::OneForAll => "one_for_all",
            Self::RestForOne => "rest_for_one",
            Self::Dynamic => "dynamic",
        }
    }
}

/// When an ended child is started again (OTP's restart types).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Restart {
    /// Always, unless it was asked to stop.
    #[default]
    Permanent,
    /// After a failure or a kill, not after an end of its own.
    Transient,
    /// Never; an ended child leaves the tree.
    Temporary,
}

/// How long a child may take to stop before it is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// Ask, wait this long, then kill. The default is 5 s.
    Timeout(Duration),
    /// Ask and wait for as long as it takes. The default of supervisors, whose children have limits of their own.
    Infinity,
    /// Kill at once.
    BrutalKill,
}

/// How many restarts a supervisor allows within a period before it gives up and escalates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Intensity {
    /// Restarts that are allowed; one more escalates.
    pub restarts: u32,
    /// The sliding window in which they are counted.
    pub period: Duration,
}

impl Default for Intensity {
    /// OTP's default: 1 restart in 5 s.
    fn default() -> Self {
        Self { restarts: 1, period: Duration::from_secs(5) }
    }
}

/// A growing pause before each restart of one child: doubled per failure in a row, with jitter, between two bounds.
///
/// The pause before the n-th restart in a row is drawn evenly from [half, whole] of `least * 2^(n-1)`, at most `most`
/// ("equal jitter", Marc Brooker, AWS Architecture Blog 2015). A child that ran for longer than `most` begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Backoff {
    /// The pause before the first restart; above zero.
    pub least: Duration,
    /// The longest pause.
    pub most: Duration,
}

/// When a supervisor ends because significant children ended by themselves (OTP's `auto_shutdown`).
///
/// As in OTP it may be declared before there is a significant child, for one may be added while the tree runs; until then
/// it ends nothing. A dynamic supervisor, whose children are all as its template says, is refused if that is not significant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AutoShutdown {
    /// It does not.
    #[default]
    Never,
    /// With the first significant child.
    AnySignificant,
    /// With the last significant child.
    AllSignificant,
}

/// What a full mailbox does with the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Overflow {
    /// The sender waits for room: backpressure. The default.
    #[default]
    Wait,
    /// The message comes back to the sender in the error.
    Reject,
    /// The new message is dropped and counted. For samples of which any will do.
    DropNewest,
    /// The oldest queued message is dropped and counted. For values of which the latest counts.
    DropOldest,
}

/// What a child is (OTP's `type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChildKind {
    /// An actor. One that does not react to a kill within [`crate::KILL_GRACE`] is let go of.
    #[default]
    Worker,
    /// A supervisor. A kill ends its children, each within its own grace, and it is waited for.
    Supervisor,
}

/// How one child is treated by its supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildPolicy {
    /// What it is.
    pub kind: ChildKind,
    /// When it is started again.
    pub restart: Restart,
    /// How long it may take to stop.
    pub shutdown: Shutdown,
    /// Whether its own end counts for its supervisor's [`AutoShutdown`].
    pub significant: bool,
    /// The pause before its restarts; none restarts at once, as OTP does.
    pub backoff: Option<Backoff>,
    /// How long it may take to start before the start has failed; none waits for ever, as OTP does.
    pub start_timeout: Option<Duration>,
}

impl Default for ChildPolicy {
    fn default() -> Self {
        Self {
            kind: ChildKind::default(),
            restart: Restart::default(),
            shutdown: Shutdown::Timeout(Duration::from_secs(5)),
            significant: false,
            backoff: None,
            start_timeout: Some(Duration::from_secs(30)),
        }
    }
}

/// What one supervisor does, apart from its children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SupervisorPolicy {
    /// Which siblings restart with a failed child.
    pub strategy: Strategy,
    /// How many restarts it allows.
    pub intensity: Intensity,
    /// When it ends with its significant children.
    pub auto_shutdown: AutoShutdown,
}

/// What is wrong with a spec, found before anything starts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A duration in a child's spec could not be read.
    #[error("in the spec of {name:?}: {error}")]
    Span {
        /// The child's name; a dynamic supervisor's for its template.
        name: String,
        /// What is wrong with the duration.
        error: SpanError,
    },
    /// A name was refused.
    #[error(transparent)]
    Name(#[from] crate::path::NameError),
    /// Two siblings have one name.
    #[error("two children are named {name:?}; give each sibling a name of its own")]
    Duplicate {
        /// The name that stands twice.
        name: String,
    },
    /// A permanent child was marked significant.
    #[error("{name:?} is permanent and significant: it never ends by itself; make it transient or temporary")]
    SignificantPermanent {
        /// The child's name.
        name: String,
    },
    /// A significant child under a supervisor that never shuts down with its children.
    #[error("{name:?} is significant, but its supervisor never ends with its children; set auto_shutdown there")]
    SignificantIgnored {
        /// The child's name.
        name: String,
    },
    /// A dynamic supervisor that ends with its significant children, and can have none.
    #[error("{name:?} ends with its significant children, and its template makes none; make it significant()")]
    NeverSignificant {
        /// The supervisor's name.
        name: String,
    },
    /// A mailbox without room.
    #[error("{name:?} has a mailbox of {capacity}; a mailbox holds between 1 and {limit} messages")]
    Capacity {
        /// The child's name.
        name: String,
        /// The capacity asked for.
        capacity: usize,
        /// The largest capacity.
        limit: usize,
    },
    /// A bound in bytes that no message fits into.
    #[error(
        "{name:?} has a mailbox of {bytes} bytes, and each of its messages weighs at least {least}: it would refuse them \
         all; raise mailbox_bytes, or leave it out for no bound"
    )]
    Bytes {
        /// The child's name.
        name: String,
        /// The bound asked for.
        bytes: usize,
        /// What its lightest message weighs.
        least: usize,
    },
    /// A backoff without a pause.
    #[error(
        "{name:?} has a backoff that begins with no pause, and doubled it stays none; begin with one such as \
         \"100ms..10s\", or leave the backoff out to restart at once"
    )]
    Backoff {
        /// The child's name, or that of the supervisor whose children's default it is.
        name: String,
    },
    /// An intensity without a window.
    #[error("the supervisor {name:?} counts restarts in a period of zero; give it a period such as \"5s\"")]
    Period {
        /// The supervisor's name.
        name: String,
    },
    /// A dynamic root.
    #[error("the root supervisor cannot be dynamic; put a `Supervisor::dynamic` below it")]
    DynamicRoot,
    /// Declared children of a dynamic supervisor.
    #[error(
        "the dynamic supervisor {name:?} makes its children of its template: start them with `System::spawn` or \
         `System::dynamic`, and declare other children elsewhere"
    )]
    DynamicChildren {
        /// The supervisor's name.
        name: String,
    },
    /// Arguments for a single life, for a child that may be started again.
    #[error("{name:?} gets arguments for one life, but may be started again; make its template temporary")]
    OnceNotTemporary {
        /// The child's name.
        name: String,
    },
    /// A policy that keeps copies of messages, on an actor that makes none.
    #[error(
        "{name:?} has retry = {retry}, but its actor keeps no copy of a message; set `Actor::KEEPS` and implement `Actor::keep`"
    )]
    RetryWithoutKeep {
        /// The child's name.
        name: String,
        /// The redeliveries asked for.
        retry: u32,
    },
}

impl ChildPolicy {
    /// Checks one child's policy against its supervisor's.
    ///
    /// # Errors
    /// [`SpecError`] where `significant` cannot have a meaning, or the backoff has none.
    pub fn check(&self, name: &str, supervisor: &SupervisorPolicy) -> Result<(), SpecError> {
        if self.significant && self.restart == Restart::Permanent {
            return Err(SpecError::SignificantPermanent { name: name.to_owned() });
        }
        if self.significant && supervisor.auto_shutdown == AutoShutdown::Never {
            return Err(SpecError::SignificantIgnored { name: name.to_owned() });
        }
        self.backoff.map_or(Ok(()), |backoff| backoff.check(name))
    }
}

impl SupervisorPolicy {
    /// Checks the supervisor's own limits.
    ///
    /// # Errors
    /// [`SpecError::Period`] where the window of the intensity is zero.
    pub fn check(&self, name: &str) -> Result<(), SpecError> {
        if self.intensity.period.is_zero() {
            return Err(SpecError::Period { name: name.to_owned() });
        }
        Ok(())
    }
}

impl Intensity {
    /// So many restarts within a period such as `"30s"`.
    ///
    /// # Errors
    /// [`SpanError`] where the period is no duration.
    pub fn new(restarts: u32, period: impl Into<Span>) -> Result<Self, SpanError> {
        Ok(Self { restarts, period: period.into().get()? })
    }
}

impl Backoff {
    /// A backoff between two bounds such as `"100ms..10s"`.
    ///
    /// # Errors
    /// [`SpanError`] where the text is no range.
    pub fn new(range: impl Into<SpanRange>) -> Result<Self, SpanError> {
        let (least, most) = range.into().get()?;
        Ok(Self { least, most })
    }

    /// Checks that it pauses at all.
    ///
    /// # Errors
    /// [`SpecError::Backoff`] where its first pause is none.
    pub fn check(&self, name: &str) -> Result<(), SpecError> {
        if self.least.is_zero() {
            return Err(SpecError::Backoff { name: name.to_owned() });
        }
        Ok(())
    }

    /// The longest pause before the n-th restart in a row, counted from 1; jitter takes up to half of it away.
    #[must_use]
    pub fn pause(&self, nth: u32) -> Duration {
        let doublings = nth.saturating_sub(1).min(31);
        self.least.saturating_mul(1 << doublings).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_bound() {
        let backoff = Backoff::new("100ms..1s").unwrap();
        let pauses: Vec<u128> = (1..=6).map(|n| backoff.pause(n).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.pause(u32::MAX).as_millis(), 1000);
    }

    #[test]
    fn a_backoff_without_a_pause_is_refused() {
        let check = |range: &str| Backoff::new(range).unwrap().check("a");
        assert_eq!(check("1ms..1ms"), Ok(()));
        assert_eq!(check("0s..0s"), Err(SpecError::Backoff { name: "a".to_owned() }));
        assert_eq!(check("0s..10s"), check("0s..0s"), "no pause doubled is none");
    }

    #[test]
    fn significant_is_refused_where_it_has_no_meaning() {
        let mut child = ChildPolicy { significant: true, ..ChildPolicy::default() };
        let mut supervisor = SupervisorPolicy::default();
        assert!(matches!(child.check("a", &supervisor), Err(SpecError::SignificantPermanent { .. })));
        child.restart = Restart::Transient;
        assert!(matches!(child.check("a", &supervisor), Err(SpecError::SignificantIgnored { .. })));
        supervisor.auto_shutdown = AutoShutdown::AnySignificant;
        assert_eq!(child.check("a", &supervisor), Ok(()));
    }
}
