//! Looking at a running system. Nothing here messages an actor or waits for one.

pub(crate) mod blast;

use std::fmt::Write;
use std::time::Duration;

use crate::path::short_name;
use crate::snapshot::{ActorKind, ActorSnapshot};
use crate::system::running::System;

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
