//! How mail gets from member to member: one edge along, passed on, spread, opened.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::actor::dead_letter::{DeadLetter, DeadReason};
use crate::mailbox::message::{Message, kind_name};
use crate::mailbox::refused::{Refusal, Refused};
use crate::swarm::home::{Stamp, View};
use crate::swarm::mail::{Delivery, Hand, Mail, Way};
use crate::swarm::token;
use crate::topology::rank::{EdgeKind, Rank};

impl<W: Message> Mail<W> {
    /// Opens mail that has arrived, or passes on what is for others and comes back with nothing. Mail for all is passed on and
    /// opened.
    ///
    /// Waits for room where the next edge is one to wait on; what cannot be passed on goes to the dead letters.
    pub async fn arrive(mut self) -> Option<Delivery<W>> {
        if self.passage.view().is_none() {
            self.passage.reopen();
            self.passage.enter(Stamp::of(self.passage.home.view()));
        }
        match self.way {
            Way::To(to) if to != self.at => {
                self.pass_on(to).await;
                return None;
            }
            Way::To(_) | Way::Token { .. } => {}
            Way::All { origin, copy } => self.spread(origin, copy).await,
        }
        self.open()
    }

    /// One edge along without waiting; it comes back where that is not possible.
    pub(crate) fn try_step(self, next: Rank, kind: EdgeKind) -> Result<(), Refused<Self>> {
        // The mailbox is held, not the view: all members count references to that one.
        let Some(post) = self.passage.view().and_then(|view| view.post(next)) else {
            return Err(Refused { message: self, reason: Refusal::Stopped });
        };
        let before = self.at;
        let mail = self.moved(next);
        let sent = if kind == EdgeKind::Credit { post.put_beyond(mail) } else { post.put_now(mail) };
        match (kind, sent) {
            (EdgeKind::Shed, Err(Refused { message, reason: Refusal::Full { .. } })) => {
                message.passage.shed();
                Ok(())
            }
            (_, sent) => sent.map_err(|Refused { message, reason }| Refused { message: message.back(before), reason }),
        }
    }

    /// One edge along. What an edge sheds counts as gone that way; anything else that is refused comes back.
    pub(crate) async fn step(self, next: Rank, kind: EdgeKind) -> Result<(), Refused<Self>> {
        let before = self.at;
        let Err(Refused { message, reason }) = self.try_step(next, kind) else { return Ok(()) };
        let waits = matches!(kind, EdgeKind::Wait | EdgeKind::Ask) && matches!(reason, Refusal::Full { .. });
        let view = message.passage.view().map(Arc::clone).filter(|_| waits);
        let Some(post) = view.as_ref().and_then(|view| view.post(next)) else {
            return Err(Refused { message, reason });
        };
        let sent = post.put(message.moved(next)).await;
        sent.map_err(|Refused { message, reason }| Refused { message: message.back(before), reason })
    }

    fn moved(mut self, next: Rank) -> Self {
        self.at = next;
        self.hops += 1;
        self.ttl = self.ttl.saturating_sub(1);
        self
    }

    fn back(mut self, before: Rank) -> Self {
        self.at = before;
        self.hops -= 1;
        self.ttl += 1;
        self
    }

    /// Towards its addressee, by the edges of the epoch in which it went out. Where those lead to one that is gone it goes on
    /// by those of today.
    async fn pass_on(mut self, to: Rank) {
        loop {
            let step = self.passage.view().filter(|_| self.ttl > 0).and_then(|view| self.next_step(view, to));
            let Some((next, kind)) = step else {
                if self.ttl > 0 && self.renew() {
                    continue;
                }
                return self.bury();
            };
            match self.step(next, kind).await {
                Ok(()) => return,
                Err(refused) => match refused.message.mend(next, &refused.reason) {
                    Some(mail) => self = mail,
                    None => return,
                },
            }
        }
    }

    /// What becomes of mail that the next member refused: it comes back where another way may lead on.
    fn mend(mut self, next: Rank, reason: &Refusal) -> Option<Self> {
        match reason {
            Refusal::Stopped => {
                if let Some(view) = self.passage.view() {
                    self.passage.home.lose(next, view);
                }
                if self.renew() {
                    return Some(self);
                }
                self.bury();
            }
            // No shape that passed its check gets here; a wait for somebody outside of the swarm may.
            Refusal::Deadlock { .. } => {
                let view = self.passage.view().map(Arc::clone)?;
                self.passage.home.hub.note(|| format!("{} passes mail on beyond the capacity", self.passage.home.path));
                let mail = self.moved(next);
                if let Some(Err(refused)) = view.post(next).map(|post| post.put_beyond(mail)) {
                    refused.message.bury();
                }
            }
            Refusal::Full { .. } | Refusal::TooLarge { .. } => self.bury(),
        }
        None
    }

    fn next_step(&self, view: &View<Self>, to: Rank) -> Option<(Rank, EdgeKind)> {
        let next = view.graph.next_hop(self.at, to)?;
        Some((next, view.graph.edge(self.at, next).unwrap_or(EdgeKind::Wait)))
    }

    /// Goes out in this view without waiting, beyond the capacity if need be: what had to wait for a change of the shape is
    /// bounded elsewhere. Comes back where no way leads on.
    pub(crate) fn release(mut self, view: &Arc<View<Self>>) -> Option<Self> {
        self.passage.enter(Stamp::of(Arc::clone(view)));
        self.ttl = view.ttl();
        let (origin, copy) = match self.way {
            Way::All { origin, copy } => (origin, copy),
            Way::To(_) => return self.release_to_one(view),
            Way::Token { .. } => return self.release_token(view),
        };
        for next in view.graph.broadcast(origin, self.at) {
            if let Err(refused) = self.copy(copy).try_step(next, EdgeKind::Credit) {
                refused.message.passage.returned();
            }
        }
        self.passage.returned();
        None
    }

    /// Where the shape is no ring any more, the token ends.
    fn release_token(self, view: &View<Self>) -> Option<Self> {
        let at = if view.graph.contains(self.at) { Some(self.at) } else { view.graph.successor(self.at) };
        let Some(to) = at.filter(|_| view.graph.successor(self.at).is_some()) else { return Some(self) };
        self.try_step(to, EdgeKind::Credit).err().map(|refused| refused.message)
    }

    fn release_to_one(self, view: &View<Self>) -> Option<Self> {
        let Way::To(to) = self.way else { return Some(self) };
        let Some(next) = view.graph.next_hop(self.at, to) else { return Some(self) };
        self.try_step(next, EdgeKind::Credit).err().map(|refused| refused.message)
    }

    /// Goes on in the present view; false if it does already.
    fn renew(&mut self) -> bool {
        let view = self.passage.home.view();
        if self.passage.view().is_some_and(|own| own.epoch >= view.epoch) {
            return false;
        }
        self.passage.enter(Stamp::of(view));
        true
    }

    /// Copies to all that come after this member on the tree of the one who began. One that has stopped meanwhile is stepped over,
    /// so that nobody behind it is left out and nobody gets a second copy.
    pub(crate) async fn spread(&mut self, origin: Rank, copy: fn(&W) -> W) {
        let Some(view) = self.passage.view().map(Arc::clone) else { return };
        let mut next: VecDeque<Rank> = view.graph.broadcast(origin, self.at).into();
        while let Some(to) = next.pop_front() {
            let kind = view.graph.edge(self.at, to).unwrap_or(EdgeKind::Wait);
            let Err(refused) = self.copy(copy).step(to, kind).await else { continue };
            if refused.reason == Refusal::Stopped {
                self.passage.home.lose(to, &view);
                next.extend(view.graph.broadcast(origin, to));
                refused.message.bury_for(to);
            } else {
                drop(refused.message.mend(to, &refused.reason));
            }
        }
    }

    fn copy(&self, copy: fn(&W) -> W) -> Self {
        self.another(copy(&self.message), self.credit.share())
    }

    fn open(self) -> Option<Delivery<W>> {
        let Self { passage, from, hops, ttl, credit, message, at, way } = self;
        let fence = match way {
            Way::Token { fence } => Some(fence),
            Way::To(_) | Way::All { .. } => None,
        };
        let baton = fence.map(|fence| token::taken(&passage.home, fence, at));
        if matches!(baton, Some(None)) {
            passage.fenced();
            return None;
        }
        let view = Arc::clone(passage.view()?);
        let place = Arc::clone(view.place(at)?);
        passage.delivered();
        Some(Delivery {
            message,
            from,
            epoch: view.epoch,
            hops,
            ttl,
            fence,
            baton: baton.flatten(),
            _hand: Hand::take(&place, credit),
        })
    }

    /// Nothing leads to its addressee any more.
    pub(crate) fn bury(self) {
        let to = match self.way {
            Way::To(to) => to,
            Way::All { .. } => self.at,
            Way::Token { fence } => {
                token::ended(&self.passage.home, fence);
                self.at
            }
        };
        self.bury_for(to);
    }

    fn bury_for(mut self, to: Rank) {
        self.message.break_off();
        let home = Arc::clone(&self.passage.home);
        let path = home.view().post(to).map_or_else(|| home.path.clone(), |post| post.child().path());
        let kind = kind_name::<W>(self.message.kind());
        let Self { passage, message, .. } = self;
        drop(passage);
        let letter = DeadLetter::new(path, kind, DeadReason::Undeliverable, Some(message));
        home.hub.dead_letters.publish(&letter);
    }
}
