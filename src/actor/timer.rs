//! Timers: messages that an incarnation orders for later.

use std::sync::Arc;
use std::time::Duration;

use crate::actor::definition::{Actor, Context};
use crate::actor::owned::{OrderId, TooManyOrders};
use crate::actor::rare::Place;

impl<A: Actor> Context<A> {
    /// Has a message handled once, after a pause; before the normal lane, however full it is.
    ///
    /// # Errors
    /// [`TooManyOrders`] beyond [`crate::OWNED_LIMIT`].
    pub fn after(&mut self, pause: Duration, message: A::Msg) -> Result<OrderId, TooManyOrders> {
        let (cell, incarnation) = (Arc::clone(&self.cell), self.incarnation());
        self.own(move |order| async move {
            tokio::time::sleep(pause).await;
            cell.tick(incarnation, &order, Place::First, message);
        })
    }

    /// Has a message handled once in each period, the first after one period; at least 1 ms. A tick that comes while the
    /// one before still waits is skipped, so that a slow actor is not flooded by its own timer.
    ///
    /// # Errors
    /// [`TooManyOrders`] beyond [`crate::OWNED_LIMIT`].
    pub fn every(
        &mut self,
        period: Duration,
        mut message: impl FnMut() -> A::Msg + Send + 'static,
    ) -> Result<OrderId, TooManyOrders> {
        let (cell, incarnation) = (Arc::clone(&self.cell), self.incarnation());
        let period = period.max(Duration::from_millis(1));
        self.own(move |order| async move {
            // A period beyond the clock's end never comes.
            let Some(first) = tokio::time::Instant::now().checked_add(period) else { return };
            let mut clock = tokio::time::interval_at(first, period);
            clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
            loop {
                clock.tick().await;
                if !cell.tick(incarnation, &order, Place::First, message()) {
                    return;
                }
            }
        })
    }
}
