//! What a supervisor tells of a failure.

use std::fmt;
use std::time::Duration;

use crate::exit::Exit;
use crate::path::Path;

/// A child ended, and what its supervisor decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReport {
    /// Who ended.
    pub path: Path,
    /// Why: with the panic's text and location, and the kind of message it was handling.
    pub exit: Exit,
    /// Restarts of this supervisor's children within its period, this one included.
    pub failures_in_window: u32,
    /// How many it allows.
    pub restarts_limit: u32,
    /// What the supervisor decided.
    pub decision: Decision,
}

/// What a supervisor decided after a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It starts these again, in this order.
    Restart {
        /// All that are started again, the failed one among them.
        with: Vec<Path>,
        /// The pause before, from the child's backoff: how long until it is being started.
        back_in: Duration,
    },
    /// Nothing more: a restart of its group that is under way was about to stop it anyway.
    Covered,
    /// Too many restarts: it stops its children and ends.
    Escalate,
    /// The child stays down.
    Leave,
}

impl fmt::Display for FailureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}; ", self.path, self.exit)?;
        match &self.decision {
            Decision::Restart { with, back_in } => {
                write!(f, "restart {}/{}", self.failures_in_window, self.restarts_limit)?;
                if with.len() > 1 {
                    write!(f, " of {} children", with.len())?;
                }
                if back_in.is_zero() { f.write_str(" at once") } else { write!(f, " in {back_in:?}") }
            }
            Decision::Escalate => {
                write!(f, "restart {} of at most {}: escalated", self.failures_in_window, self.restarts_limit)
            }
            Decision::Covered => f.write_str("its group is being restarted already"),
            Decision::Leave => f.write_str("not restarted"),
        }
    }
}
