//! A member's own side of its swarm.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::actor::ask::{AskError, Reply, Slot, within};
use crate::mailbox::message::Message;
use crate::swarm::home::{Home, Place};
use crate::swarm::mail::Mail;
use crate::swarm::sending::{By, Dispatch, Patience};
use crate::swarm::undelivered::{SwarmAskError, Undeliverable, Undelivered};
use crate::topology::rank::Rank;

/// The deadline of asks that name none.
const ASK_TIMEOUT: Duration = Duration::from_secs(5);

/// A member's place in its swarm: whom it may send to, and how. The member gets it with its arguments; cheap to clone, and
/// valid through all lives of the member.
///
/// What it sends goes along the edges of the swarm's present shape. Under `in_flight` the first message that a handler sends
/// goes on with the credit of the one that it handles, so passing on never fails for want of one; further messages need free
/// credits, and a handler does not wait for those.
pub struct Seat<W: Message> {
    pub(crate) home: Arc<Home<Mail<W>>>,
    place: Arc<Place<Mail<W>>>,
    deadline: Duration,
}

impl<W: Message> Seat<W> {
    pub(crate) fn new(home: Arc<Home<Mail<W>>>, place: Arc<Place<Mail<W>>>) -> Self {
        Self { home, place, deadline: ASK_TIMEOUT }
    }

    /// Its number in the topology.
    #[must_use]
    pub fn rank(&self) -> Rank {
        self.place.rank
    }

    /// A name for it among the members: its number. The spec may give it any other.
    #[must_use]
    pub fn name(&self) -> String {
        self.place.rank.to_string()
    }

    /// The same seat; its asks have this deadline instead of 5 s.
    #[must_use]
    pub fn within(&self, deadline: Duration) -> Self {
        Self { deadline, ..self.clone() }
    }

    /// The present epoch: each change of who is there, and of the shape, makes a new one.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.home.view().epoch
    }

    /// To whom an edge leads from here now.
    #[must_use]
    pub fn neighbours(&self) -> Vec<Rank> {
        self.home.view().graph.neighbours(self.rank())
    }

    /// Who is there now, in their order.
    #[must_use]
    pub fn members(&self) -> Vec<Rank> {
        self.home.view().graph.live().to_vec()
    }

    /// Sends along as many edges as it takes. Waits for room where the first of them is one to wait on.
    ///
    /// # Errors
    /// [`Undelivered`] with the message and the reason.
    pub async fn send(&self, to: Rank, message: W) -> Result<(), Undelivered<W>> {
        self.sending(By::Routes, Patience::Waits).to(to, message).await
    }

    /// Sends along one edge.
    ///
    /// # Errors
    /// [`Undelivered`] with the message and the reason: [`Undeliverable::NotAdjacent`] where no edge leads there.
    pub async fn send_direct(&self, to: Rank, message: W) -> Result<(), Undelivered<W>> {
        self.sending(By::Edge, Patience::Waits).to(to, message).await
    }

    /// Sends along as many edges as it takes, without waiting for the first.
    ///
    /// # Errors
    /// [`Undelivered`] with the message and the reason.
    pub async fn try_send(&self, to: Rank, message: W) -> Result<(), Undelivered<W>> {
        self.sending(By::Routes, Patience::Tries).to(to, message).await
    }

    /// Sends to all others that edges lead to, along the shape's tree.
    ///
    /// # Errors
    /// [`Undelivered`] with the message and the reason; then nobody got it.
    pub async fn broadcast(&self, message: W) -> Result<(), Undelivered<W>>
    where
        W: Clone,
    {
        self.sending(By::Routes, Patience::Waits).to_all(message).await
    }

    /// Sends a message made around a reply port along edges for asks, and waits for the reply.
    ///
    /// # Errors
    /// [`SwarmAskError`]: the request did not go out, or no reply came in time.
    pub async fn ask<R>(&self, to: Rank, message: impl FnOnce(Reply<R>) -> W) -> Result<R, SwarmAskError> {
        ask(self.sending(By::Asks, Patience::Waits), to, self.deadline, message).await
    }

    fn sending(&self, by: By, patience: Patience) -> Dispatch<W> {
        Dispatch { home: Arc::clone(&self.home), from: Some(self.rank()), by, patience }
    }
}

/// Sends a request, and waits for its reply until the deadline.
pub(crate) async fn ask<W: Message, R>(
    sending: Dispatch<W>,
    to: Rank,
    deadline: Duration,
    message: impl FnOnce(Reply<R>) -> W,
) -> Result<R, SwarmAskError> {
    let view = sending.home.view();
    let Some(post) = view.post(to) else { return Err(Undeliverable::NoMember { to }.into()) };
    // A request without a credit is never sent, so nobody waits for its answer.
    let (_own, credit) = sending.credits_of_ask()?;
    let (reply, awaiting) = Slot::open(post.wait_edge()?);
    let message = message(reply);
    let mut refused = None;
    let asked = within(&sending.home.hub.executor, deadline, async {
        if let Err(Undelivered { reason, .. }) = sending.to_with(to, message, credit).await {
            refused = Some(reason);
            return Err(AskError::NoReply);
        }
        awaiting.answer().await
    })
    .await;
    match refused {
        Some(reason) => Err(reason.into()),
        None => Ok(asked?),
    }
}

impl<W: Message> Clone for Seat<W> {
    fn clone(&self) -> Self {
        Self { home: Arc::clone(&self.home), place: Arc::clone(&self.place), deadline: self.deadline }
    }
}

impl<W: Message> fmt::Debug for Seat<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({} of {})", self.rank(), self.home.path)
    }
}
