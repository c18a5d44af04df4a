//! A swarm that is started although its members can lock each other up.

use crate::mailbox::message::Message;
use crate::swarm::member::MemberSpec;
use crate::swarm::running::{Swarm, SwarmError};
use crate::swarm::seat::Seat;
use crate::system::running::System;
use crate::topology::builder::Topology;
use crate::topology::layout::Layout;
use crate::topology::liveness::verdict::Liveness;

impl<W: Message> Swarm<W> {
    /// Starts a swarm as [`Swarm::start`] does, but does not ask whether it can lock up: to see a wedge happen. Later changes of
    /// its members and its shape are checked as ever.
    ///
    /// # Errors
    /// [`SwarmError`], except for [`SwarmError::Wedge`]; nothing has been started then, or it was stopped again.
    pub async fn start_unchecked<S: Into<MemberSpec<W>>>(
        system: &System,
        path: &str,
        topology: Topology,
        members: usize,
        member: impl Fn(Seat<W>) -> S,
    ) -> Result<Self, SwarmError> {
        let unasked =
            |layout: &Layout, _: &_| Ok(Liveness { in_flight: layout.in_flight(), least: None, live_least: None });
        Self::start_where(system, path, topology, members, member, unasked).await
    }
}
