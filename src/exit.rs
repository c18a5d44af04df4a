//! Why an incarnation ended.

use std::fmt;
use std::sync::Arc;

/// A failure on purpose: returned by a handler, it fails the actor as a panic would, without unwinding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Fail {
    reason: Arc<str>,
}

impl Fail {
    /// A failure with its reason.
    #[must_use]
    pub fn new(reason: impl AsRef<str>) -> Self {
        Self { reason: reason.as_ref().into() }
    }

    /// The reason as given.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<&str> for Fail {
    fn from(reason: &str) -> Self {
        Self::new(reason)
    }
}

impl From<String> for Fail {
    fn from(reason: String) -> Self {
        Self::new(reason)
    }
}

/// How an incarnation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "capsule", derive(serde::Serialize, serde::Deserialize))]
pub enum Cause {
    /// A handler, a start or a stop panicked.
    Panic,
    /// A handler returned [`Fail`] on purpose.
    Fail,
    /// Its start returned an error.
    Start,
}

/// What is known of a failure: its cause, its text, where it happened and on which message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Panic, `Fail` or a start that was refused.
    pub cause: Cause,
    /// The panic's text, or the reason given.
    pub text: String,
    /// `file:line:column` of a panic.
    pub location: Option<String>,
    /// The kind of message that was being handled; none outside of handlers.
    pub message: Option<&'static str>,
    /// How many incarnations that message has crashed by now; 0 where no queued message is to blame. Only the first one
    /// counts towards a supervisor's intensity.
    pub crashes: u32,
}

impl Failure {
    /// A failure outside of handlers.
    pub(crate) fn new(cause: Cause, text: impl Into<String>) -> Self {
        Self { cause, text: text.into(), location: None, message: None, crashes: 0 }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Cause::Panic => write!(f, "panicked: {}", self.text)?,
            Cause::Fail => write!(f, "failed: {}", self.text)?,
            Cause::Start => write!(f, "did not start: {}", self.text)?,
        }
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        if let Some(message) = self.message {
            write!(f, ", on {message}")?;
        }
        Ok(())
    }
}

/// Why an incarnation ended, in OTP's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// It stopped itself, its work done. Restarts a permanent child only.
    Normal,
    /// It was asked to stop. Never restarts a child.
    Shutdown,
    /// A supervisor gave up: more failures than its intensity allows, or a significant child's end. To the supervisor
    /// above it counts as OTP's `shutdown`: it restarts a permanent child, not a transient one.
    Escalated,
    /// A panic, a [`Fail`] or a refused start. Restarts permanent and transient children.
    Failed(Arc<Failure>),
    /// It was killed. Restarts permanent and transient children.
    Killed,
}

impl Exit {
    /// Whether a transient child is restarted after it (OTP: any reason but `normal`, `shutdown`, `{shutdown, _}`).
    #[must_use]
    pub fn is_abnormal(&self) -> bool {
        match self {
            Self::Normal | Self::Shutdown | Self::Escalated => false,
            Self::Failed(_) | Self::Killed => true,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("stopped by itself"),
            Self::Shutdown => f.write_str("stopped on request"),
            Self::Escalated => f.write_str("gave up and escalated"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Killed => f.write_str("was killed"),
        }
    }
}
