//! How a system comes to rest, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use crate::actor::child::Child;
use crate::actor::watch::ended;
use crate::exit::Exit;
use crate::mailbox::ledger::Ledger;
use crate::snapshot::Status;
use crate::supervisor::rules::action::Event;
use crate::system::running::System;

/// How long rest is waited for between two looks: doubled from the least to the most. In a simulation, where looking is all
/// that costs time, twice as long again and again up to a second.
const LOOK_LEAST: Duration = Duration::from_micros(50);
const LOOK_MOST: Duration = Duration::from_millis(5);
const LOOK_MOST_SIMULATED: Duration = Duration::from_secs(1);

impl System {
    /// Stops the tree in good order: children from right to left, each after its present handler and within its limit.
    /// Waits for the end. Messages still queued go to the dead letters.
    pub async fn stop(&self) -> Exit {
        self.root.apply(Event::End(Exit::Shutdown));
        self.stopped().await
    }

    /// Ends everything at once. Waits for the end.
    pub async fn kill(&self) -> Exit {
        self.root.apply(Event::EndNow(Exit::Killed));
        self.stopped().await
    }

    /// Waits until all queues are empty and all handlers are done, at most for `limit`; then stops as [`System::stop`].
    pub async fn drain(&self, limit: Duration) -> Exit {
        if tokio::time::timeout(limit, self.quiescent()).await.is_err() {
            tracing::warn!(target: "swarmtree", system = %self.name(), ?limit, "not drained in time; stopping");
        }
        self.stop().await
    }

    /// Waits until the system has ended, and says why: stopped, killed, or given up beyond the root's intensity.
    pub async fn stopped(&self) -> Exit {
        ended(Arc::clone(&self.root) as Arc<dyn Child>).await
    }

    /// Waits until the tree is at rest: no start, stop or restart under way, no handler running, every queue and
    /// stash empty. Suspended actors count as resting with what they hold. Timers that are not due yet do not count.
    pub async fn quiescent(&self) {
        let mut pause = LOOK_LEAST;
        let most = if self.hub.world().is_some() { LOOK_MOST_SIMULATED } else { LOOK_MOST };
        loop {
            // Two looks with nothing accepted between them: a message that moved behind the first look's back was
            // accepted somewhere.
            if let Some(before) = self.resting() {
                tokio::task::yield_now().await;
                if self.resting() == Some(before) {
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(most);
        }
    }

    /// The sum of all messages accepted, if everything is at rest.
    fn resting(&self) -> Option<u64> {
        let mut accepted = 0;
        let mut rests = self.root.state.lock().rules.is_quiet();
        self.root.visit(0, &mut |_, _, seen| {
            let ledger = seen.mailbox.map_or(Ledger::default(), |mailbox| mailbox.ledger);
            accepted += ledger.accepted;
            rests &= match seen.status {
                // Down is on its way: its supervisor has not heard of it yet, or starts it again.
                Status::Starting | Status::Busy | Status::Down => false,
                Status::Idle => ledger.queued == 0,
                Status::Suspended | Status::Stopped => true,
            };
        });
        rests.then_some(accepted)
    }

    /// The books of all actors together, those that have left the tree included. While messages are on their way each actor
    /// is looked at in its turn, not all at one moment.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        loop {
            // Nobody may leave meanwhile, or it would be counted twice or not at all.
            let (departed, before) = self.hub.departed();
            let ledger = self.root.ledger() + departed;
            if self.hub.departed().1 == before {
                return ledger;
            }
        }
    }
}
