//! The task that sleeps until a supervisor's next alarm.

use std::sync::{Arc, Weak};

use tokio::sync::Notify;

use crate::supervisor::node::Node;
use crate::supervisor::rules::action::Event;

/// Fires the alarms of one supervisor until there are none.
pub(crate) async fn run(node: Weak<Node>, earlier: Arc<Notify>) {
    loop {
        let next = {
            let Some(node) = node.upgrade() else { return };
            let now = node.hub.now();
            let mut state = node.state.lock();
            let state = &mut *state;
            match state.alarms.next(now, &state.rules) {
                Some(next) => next,
                None => return,
            }
        };
        match next {
            Ok(alarm) => {
                let Some(node) = node.upgrade() else { return };
                node.apply(Event::Alarm(alarm));
            }
            Err(at) => {
                let _ = tokio::time::timeout_at(at.into(), earlier.notified()).await;
            }
        }
    }
}
