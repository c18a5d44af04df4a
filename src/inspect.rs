//! Looking at a running system. Nothing here messages an actor or waits for one.

use std::fmt::Write;
use std::time::Duration;

use crate::path::{Path, short_name};
use crate::snapshot::{ActorKind, ActorSnapshot};
use crate::system::running::System;

/// What one failure of an actor would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlastRadius {
    /// Who would be stopped and started again, in start order; empty if the failure restarts nobody.
    pub restarts: Vec<Path>,
    /// For each supervisor from the actor's own up to the root: how many more failures below it within its period make
    /// it give up.
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
}

impl System {
    /// Every actor of the tree at this moment, supervisors before their children.
    #[must_use]
    pub fn snapshot(&self) -> Vec<ActorSnapshot> {
        let mut all = Vec::new();
        self.root.visit(0, &mut |_, _, seen| all.push(seen));
        all
    }

    /// The live tree as text: a line for each actor, with its state and its queue.
    #[must_use]
    pub fn tree(&self) -> String {
        let mut text = format!("{}\n", self.name());
        self.root.visit(1, &mut |depth, name, seen| {
            let _ = writeln!(text, "{}{}", "  ".repeat(depth), line(name, &seen));
        });
        text
    }

    /// What a failure of the actor at this path would restart now, in which order, and how near each supervisor above
    /// is to giving up. None if nobody stands there.
    #[must_use]
    pub fn blast_radius(&self, path: &str) -> Option<BlastRadius> {
        let path = Path::parse(path).ok()?;
        let now = self.hub.now();
        let (node, child) = self.root.child_at(&path)?;
        let slot = node.slot_of(child.name())?;
        let restarts = {
            let state = node.state.lock();
            let slots = state.rules.blast(slot);
            let names = slots.iter().filter_map(|slot| state.members.get(slot.0 as usize)?.as_ref());
            names.map(|member| node.path.child(member.child().name())).collect()
        };
        let mut escalations = Vec::new();
        let mut above = Some(node.path.clone());
        while let Some(path) = above {
            let node = self.root.supervisor_at(&path)?;
            escalations.push(Escalation {
                failures_in_window: node.state.lock().rules.failures_in_window(now),
                restarts_limit: node.policy.intensity.restarts,
                path: path.clone(),
            });
            above = path.split_last().map(|(above, _)| above);
        }
        Some(BlastRadius { restarts, escalations })
    }
}

fn line(name: &str, seen: &ActorSnapshot) -> String {
    let kind = match seen.kind {
        ActorKind::Cell | ActorKind::Supervisor => "",
        ActorKind::Ractor => "ractor ",
    };
    let mut text = format!("{name} ({kind}{}) {}", short_name(seen.actor), seen.status.as_str());
    if let Some(back_in) = seen.back_in {
        let _ = write!(text, ", back in {}", humantime::format_duration(Duration::from_millis(whole_millis(back_in))));
    }
    if let Some(mailbox) = &seen.mailbox {
        let _ = write!(text, " {}/{}", mailbox.normal + mailbox.urgent, mailbox.capacity);
        if mailbox.ledger.quarantined > 0 {
            let _ = write!(text, " quarantined {}", mailbox.ledger.quarantined);
        }
    }
    if seen.incarnation > 1 {
        let _ = write!(text, " life {}", seen.incarnation);
    }
    text
}

/// Rounded up, so that nothing that is still to come is "in 0s".
fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
