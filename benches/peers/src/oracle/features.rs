//! What is compared, one by one: a name, schedules that need it, and how closely their traces are looked at.

use crate::generate;
use crate::lens;
use crate::schedule::{Auto, Child, Op, Restart, Schedule, Strategy, Sup};
use crate::sight::Sight;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    OneForOne,
    OneForAll,
    RestForOne,
    Policies,
    TransientInGroups,
    TemporaryInGroups,
    StartOrder,
    StopOrder,
    Intensity,
    FailedStart,
    RefusedStart,
    HungStart,
    StopLimit,
    HungStop,
    AutoShutdown,
    Dynamic,
    DynamicTerminate,
    Add,
    Ask,
    Nested,
    Escalation,
    Mixed,
}

impl Feature {
    pub(crate) const ALL: [Self; 22] = [
        Self::OneForOne,
        Self::OneForAll,
        Self::RestForOne,
        Self::Policies,
        Self::TransientInGroups,
        Self::TemporaryInGroups,
        Self::StartOrder,
        Self::StopOrder,
        Self::Intensity,
        Self::FailedStart,
        Self::RefusedStart,
        Self::HungStart,
        Self::StopLimit,
        Self::HungStop,
        Self::AutoShutdown,
        Self::Dynamic,
        Self::DynamicTerminate,
        Self::Add,
        Self::Ask,
        Self::Nested,
        Self::Escalation,
        Self::Mixed,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneForOne => "one for one",
            Self::OneForAll => "one for all",
            Self::RestForOne => "rest for one",
            Self::Policies => "permanent, transient, temporary",
            Self::TransientInGroups => "transient children in group restarts",
            Self::TemporaryInGroups => "temporary children in group restarts",
            Self::StartOrder => "start order in group restarts",
            Self::StopOrder => "stop order",
            Self::Intensity => "intensity, then giving up",
            Self::FailedStart => "a restart whose start fails",
            Self::RefusedStart => "a first start that fails",
            Self::HungStart => "a start that hangs holds up the later ones",
            Self::StopLimit => "shutdown limit, then kill",
            Self::HungStop => "a stop that hangs in a group restart",
            Self::AutoShutdown => "significant children, auto shutdown",
            Self::Dynamic => "dynamic children: start",
            Self::DynamicTerminate => "dynamic children: terminate",
            Self::Add => "add a child to a running supervisor",
            Self::Ask => "terminate, restart, delete a child",
            Self::Nested => "nested trees",
            Self::Escalation => "giving up in nested trees",
            Self::Mixed => "all of it mixed, in every detail",
        }
    }

    pub(crate) fn sight(self) -> Sight {
        match self {
            Self::StartOrder => Sight::Starts,
            Self::StopOrder => Sight::Order,
            Self::Mixed => Sight::Full,
            _ => Sight::Who,
        }
    }

    /// The schedule of this seed, if it tries the feature.
    pub(crate) fn schedule(self, seed: u64) -> Option<Schedule> {
        let drawn = generate::schedule(seed);
        let schedule = self.seen(&drawn);
        self.is_tried(&schedule).then_some(schedule)
    }

    fn seen(self, drawn: &Schedule) -> Schedule {
        let (any, group) = (lens::no_dynamic(drawn.root.strategy), lens::group(drawn.root.strategy));
        let flat = |strategy, keep| lens::flat(drawn, strategy, keep);
        let ending = |strategy, keep| Schedule { ops: lens::ends(drawn), ..flat(strategy, keep) };
        match self {
            Self::OneForOne => ending(Strategy::OneForOne, lens::nothing),
            Self::OneForAll => ending(Strategy::OneForAll, lens::nothing),
            Self::RestForOne => ending(Strategy::RestForOne, lens::nothing),
            Self::Policies => ending(Strategy::OneForOne, lens::restart),
            Self::TransientInGroups => Schedule { ops: lens::own_ends(drawn), ..flat(group, lens::transient) },
            Self::TemporaryInGroups => Schedule { ops: lens::own_ends(drawn), ..flat(group, lens::temporary) },
            Self::StartOrder => ending(group, lens::nothing),
            Self::StopOrder => ending(any, lens::nothing),
            Self::Intensity => {
                let Schedule { root, refuses, .. } = flat(any, lens::nothing);
                let root = Sup { intensity: drawn.root.intensity, ..root };
                Schedule { root, refuses, ops: lens::crashes(drawn) }
            }
            Self::FailedStart => Schedule { ops: lens::failed_starts(drawn), ..flat(any, lens::nothing) },
            Self::RefusedStart => {
                let flat = flat(any, lens::nothing);
                let refuses = flat.root.children.last().map(Child::id).into_iter().collect();
                Schedule { refuses, ..flat }
            }
            Self::HungStart => Schedule { ops: lens::hung_starts(drawn), ..flat(any, lens::nothing) },
            Self::StopLimit => flat(any, lens::deaf),
            Self::HungStop => ending(group, lens::deaf),
            Self::AutoShutdown => {
                let auto = if drawn.ops.len().is_multiple_of(2) { Auto::Any } else { Auto::All };
                let ending = ending(any, lens::significant);
                Schedule { root: Sup { auto, ..ending.root }, ..ending }
            }
            Self::Dynamic | Self::DynamicTerminate => {
                let mut dynamic = lens::dynamic(flat(Strategy::Dynamic, lens::nothing), drawn);
                dynamic.ops.retain(|op| self == Self::DynamicTerminate || !matches!(op, Op::Terminate(_)));
                dynamic
            }
            Self::Add => Schedule { ops: lens::added(drawn), ..flat(any, lens::nothing) },
            Self::Ask => Schedule { ops: lens::asked(drawn), ..flat(any, lens::restart) },
            Self::Nested => Schedule { root: lens::nested(&drawn.root), refuses: Vec::new(), ops: lens::ends(drawn) },
            Self::Escalation => {
                let root = lens::with_intensity(lens::nested(&drawn.root), &drawn.root);
                Schedule { root, refuses: Vec::new(), ops: lens::crashes(drawn) }
            }
            Self::Mixed => drawn.clone(),
        }
    }

    pub(crate) fn is_tried(self, schedule: &Schedule) -> bool {
        let Schedule { root, ops, .. } = schedule;
        let known = schedule.register();
        let ends = ops.iter().any(|op| matches!(op, Op::Finish(id, _) if known.above.contains_key(id)));
        let has = |tried: fn(&Op) -> bool| ops.iter().any(tried);
        let mixed = root.children.iter().any(|child| child.policy().restart != Restart::Permanent);
        let several = root.children.len() > 1;
        match self {
            Self::OneForOne | Self::OneForAll | Self::RestForOne => ends && several,
            Self::Policies | Self::TransientInGroups | Self::TemporaryInGroups => ends && several && mixed,
            Self::StartOrder => ends && several,
            Self::StopOrder | Self::StopLimit | Self::RefusedStart => several,
            Self::Intensity => ends && ops.len() > root.intensity as usize,
            Self::FailedStart => several && ends && has(|op| matches!(op, Op::Starts(..))),
            Self::HungStart => several && has(|op| matches!(op, Op::Release)),
            Self::HungStop => several && ends,
            Self::AutoShutdown => ends && root.children.iter().any(|child| child.policy().significant),
            Self::Dynamic => ends,
            Self::DynamicTerminate => has(|op| matches!(op, Op::Terminate(_))),
            Self::Add => ends && has(|op| matches!(op, Op::Add(..))),
            Self::Ask => several && ops.iter().any(|op| !lens::is_end(op)),
            Self::Nested | Self::Escalation => ends && known.sups.len() > 1,
            Self::Mixed => true,
        }
    }
}
