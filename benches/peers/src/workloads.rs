//! The workloads: their names, amounts, units and goals, and what a peer offers to run them.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::crash::Poison;
use crate::measure::{Miss, Outcome};

/// Actors of the ring and of the fan-out.
const ACTORS: u64 = 1_000;

/// An actor library, as the workloads that it can run. Each starts what it needs, runs, checks that every message was
/// handled once, and leaves nothing behind.
pub(crate) trait Peer: Sync {
    fn name(&self) -> &'static str;

    /// So many tasks tell one actor so many messages in all; per message, until the last one is handled.
    fn tell(&self, producers: u64, messages: u64) -> Outcome;

    /// So many tasks ask one actor with a synchronous handler, each one question at a time; per question.
    fn ask_sync(&self, askers: u64, asks: u64) -> Outcome;

    /// One task asks one actor with an asynchronous handler, one question at a time; per question.
    fn ask_async(&self, asks: u64) -> Outcome;

    /// Actors are started under a supervisor one after another, handle one message, and stop; per actor.
    fn start_stop(&self, actors: u64) -> Outcome;

    /// So many actors are started under a supervisor and have nothing to do; heap bytes per actor.
    fn idle(&self, actors: u64) -> Outcome;

    /// One token runs along a ring of actors; per hop.
    fn ring(&self, actors: u64, hops: u64) -> Outcome;

    /// One actor tells each of many so many messages, and each answers to a collector; per message there or back.
    fn fan_out(&self, actors: u64, messages: u64) -> Outcome;

    /// A supervised actor is poisoned again and again; until its replacement has handled its first message.
    fn restart(&self, poison: Poison, crashes: u64) -> Outcome {
        let _ = (poison, crashes);
        Err(Miss::NotOffered)
    }

    /// One task offers messages to an actor that needs [`crate::driver::SPIN`] for each, as fast as the peer takes them;
    /// growth of the heap's peak in MiB.
    fn overload(&self, messages: u64) -> Outcome;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    Tell1To1,
    Tell8To1,
    AskSync,
    AskAsync,
    Ask64,
    StartStop,
    IdleBytes,
    Ring,
    FanOut,
    RestartPanic,
    RestartFail,
    OverloadMib,
}

/// What swarmtree is to reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// So many times as fast as kameo with bounded mailboxes, and as raw tokio where a figure is given.
    Faster { kameo: f64, tokio: Option<f64> },
    /// A median, and a 99th percentile where one is given, of at most so much.
    AtMost { median: f64, p99: Option<f64> },
}

impl Workload {
    pub(crate) const ALL: [Self; 12] = [
        Self::Tell1To1,
        Self::Tell8To1,
        Self::AskSync,
        Self::AskAsync,
        Self::Ask64,
        Self::StartStop,
        Self::IdleBytes,
        Self::Ring,
        Self::FanOut,
        Self::RestartPanic,
        Self::RestartFail,
        Self::OverloadMib,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tell1To1 => "tell_1_1",
            Self::Tell8To1 => "tell_8_1",
            Self::AskSync => "ask_sync",
            Self::AskAsync => "ask_async",
            Self::Ask64 => "ask_64",
            Self::StartStop => "start_stop",
            Self::IdleBytes => "idle_bytes",
            Self::Ring => "ring",
            Self::FanOut => "fan_out",
            Self::RestartPanic => "restart_panic",
            Self::RestartFail => "restart_fail",
            Self::OverloadMib => "overload_mib",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::IdleBytes => "bytes",
            Self::OverloadMib => "MiB",
            Self::Tell1To1
            | Self::Tell8To1
            | Self::AskSync
            | Self::AskAsync
            | Self::Ask64
            | Self::StartStop
            | Self::Ring
            | Self::FanOut
            | Self::RestartPanic
            | Self::RestartFail => "ns",
        }
    }

    pub(crate) fn goal(self) -> Goal {
        let faster = |kameo, tokio| Goal::Faster { kameo, tokio };
        let at_most = |median, p99| Goal::AtMost { median, p99 };
        match self {
            Self::Tell1To1 => faster(10.0, Some(2.8)),
            Self::Tell8To1 => faster(9.0, Some(2.8)),
            Self::AskSync => faster(40.0, Some(20.0)),
            Self::AskAsync => faster(2.8, Some(1.2)),
            Self::Ask64 => faster(12.0, Some(4.0)),
            Self::StartStop => faster(8.0, None),
            Self::IdleBytes => at_most(512.0, None),
            Self::Ring => faster(6.0, Some(1.5)),
            Self::FanOut => faster(10.0, Some(3.0)),
            Self::RestartPanic => at_most(4_500.0, Some(10_000.0)),
            Self::RestartFail => at_most(500.0, None),
            Self::OverloadMib => at_most(1.0, None),
        }
    }

    /// Messages, questions, actors, hops or crashes of one run at scale 1; for the fan-out, messages to each actor.
    fn amount(self) -> u32 {
        match self {
            Self::Tell1To1 | Self::Tell8To1 | Self::Ring => 1_000_000,
            Self::AskSync | Self::AskAsync | Self::Ask64 => 320_000,
            Self::StartStop | Self::IdleBytes => 100_000,
            Self::FanOut => 1_000,
            Self::RestartPanic | Self::RestartFail => 10_000,
            Self::OverloadMib => 2_000_000,
        }
    }

    pub(crate) fn run(self, peer: &dyn Peer, scale: f64) -> Outcome {
        let amount = (f64::from(self.amount()) * scale).round().max(1.0) as u64;
        match self {
            Self::Tell1To1 => peer.tell(1, amount),
            Self::Tell8To1 => peer.tell(8, amount),
            Self::AskSync => peer.ask_sync(1, amount),
            Self::AskAsync => peer.ask_async(amount),
            Self::Ask64 => peer.ask_sync(64, amount),
            Self::StartStop => peer.start_stop(amount),
            Self::IdleBytes => peer.idle(amount),
            Self::Ring => peer.ring(ACTORS, amount),
            Self::FanOut => peer.fan_out(ACTORS, amount),
            Self::RestartPanic => peer.restart(Poison::Panic, amount),
            Self::RestartFail => peer.restart(Poison::Fail, amount),
            Self::OverloadMib => peer.overload(amount),
        }
    }
}

impl ValueEnum for Workload {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}
