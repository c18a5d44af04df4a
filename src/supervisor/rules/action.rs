//! What goes into the rules and what comes out of them.

use std::time::Duration;

use crate::exit::Exit;
use crate::supervisor::rules::entry::{ChildKey, Slot};

/// What happened, or what someone asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The supervisor starts: all declared children start, one after the other.
    Begin,
    /// A child has started.
    Started(ChildKey),
    /// A child's start has failed; no incarnation came of it.
    StartFailed(ChildKey, Exit),
    /// A child has ended, and everything below it.
    Exited(ChildKey, Exit),
    /// A timer set by [`Action::SetAlarm`] has fired.
    Alarm(Alarm),
    /// Starts a child that was added while the supervisor runs. Its first failed start removes it and counts nothing.
    StartAdded(Slot),
    /// Stops a child and keeps it down (OTP's `terminate_child`); a temporary or dynamic one is removed.
    Terminate(Slot),
    /// Starts a child that is down, or stops and starts one that is up; counts nothing.
    Restart(Slot),
    /// Kills a child, which is judged as a failure; one that does not react is let go of.
    Kill(Slot),
    /// The supervisor stops its children, each with the time it may take, and ends.
    End(Exit),
    /// The supervisor kills its children, all at once, and ends; it also hurries an end that is under way.
    EndNow(Exit),
}

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AlarmKind {
    /// A start took too long.
    StartTimeout,
    /// A requested stop took too long.
    StopTimeout,
    /// A kill had no effect for too long.
    KillGrace,
    /// The pause before a restart has passed.
    Backoff,
}

/// A timer of one incarnation. It is never cancelled; one that has lost its meaning is ignored when it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Alarm {
    /// What it is for.
    pub(crate) kind: AlarmKind,
    /// Whose it is.
    pub(crate) key: ChildKey,
}

/// What the shell must do, in the order given. Nothing of it waits: what takes time comes back as an [`Event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Start this incarnation.
    Start(ChildKey),
    /// Ask it to stop.
    Stop(ChildKey),
    /// Kill it, or cut its start.
    Kill(ChildKey),
    /// Let go of it: a kill had no effect, and the rules take it for gone.
    Abandon(ChildKey),
    /// Fire this alarm after a while.
    SetAlarm {
        /// What comes back as [`Event::Alarm`].
        alarm: Alarm,
        /// After how long.
        after: Duration,
    },
    /// A child is down for good, though its entry stays: by request, or since its end calls for no restart.
    Close(Slot, Exit),
    /// A child has left, and its slot is free for another.
    Remove(Slot, Exit),
    /// All declared children have started.
    Ready,
    /// A failure was judged; what was decided follows in the next actions.
    Decided {
        /// Who failed.
        slot: Slot,
        /// How.
        exit: Exit,
        /// What is done about it.
        decision: Decision,
        /// Restarts in the window of the intensity, this one included.
        failures_in_window: u32,
    },
    /// All children are down, and the supervisor ends.
    End(Exit),
}

/// What a supervisor does about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It restarts the child and those that its strategy restarts with it.
    Restart {
        /// All that start again, the failed child included, in start order.
        with: Vec<Slot>,
        /// The pause before.
        after: Duration,
    },
    /// Nothing more: a group restart under way was about to stop the child anyway. Not counted.
    Covered,
    /// It gives up: too many restarts within the period, or a first start that failed.
    Escalate,
    /// It leaves the child down.
    Leave,
}
