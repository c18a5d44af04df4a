//! How mail goes out: its way, its credit, its first edge.

use std::pin::pin;
use std::sync::Arc;

use crate::mailbox::message::Message;
use crate::mailbox::refused::Refusal;
use crate::swarm::credits::Credit;
use crate::swarm::home::{Home, Stamp, View};
use crate::swarm::mail::{Mail, Passage, Way};
use crate::swarm::undelivered::{Undeliverable, Undelivered};
use crate::topology::rank::{EdgeKind, Rank};

/// By which edges mail may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// As many as it takes.
    Routes,
    /// One.
    Edge,
    /// As many as it takes, all of them for asks.
    Asks,
}

/// Whether the sender waits, for a credit or for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    Waits,
    Tries,
}

/// Mail that is to go out, and how.
pub(crate) struct Dispatch<W: Message> {
    pub(crate) home: Arc<Home<Mail<W>>>,
    pub(crate) from: Option<Rank>,
    pub(crate) by: By,
    pub(crate) patience: Patience,
}

/// Why it has not gone out yet.
enum Held<W: Message> {
    /// The shape is being changed.
    Closed(Mail<W>),
    Refused(Mail<W>, Undeliverable),
}

type Out<W> = Result<(), Undelivered<W>>;

impl<W: Message> Dispatch<W> {
    /// Sends to one member.
    pub(crate) async fn to(&self, to: Rank, message: W) -> Out<W> {
        self.to_with(to, message, Credit::Uncounted).await
    }

    /// Sends to one member with this credit; without one it finds its own.
    pub(crate) async fn to_with(&self, to: Rank, message: W, credit: Credit) -> Out<W> {
        let mut mail = Mail { credit, ..self.draft(Way::To(to), message) };
        if self.from.is_none() {
            match self.credit_from_outside().await {
                Ok(credit) => mail.credit = credit,
                Err(reason) => return returned(mail, reason),
            }
        }
        loop {
            let set_out = match self.set_out(mail) {
                Ok((mail, next, kind)) => self.first_step(mail, next, kind).await,
                Err(held) => Err(held),
            };
            match set_out {
                Ok(()) => return Ok(()),
                Err(Held::Refused(mail, reason)) => return returned(mail, reason),
                Err(Held::Closed(held)) => match self.hold(held).await? {
                    Some(open) => mail = open,
                    None => return Ok(()),
                },
            }
        }
    }

    /// Sends to all that edges lead to. From outside it begins at `origin`, which gets a copy too.
    pub(crate) async fn to_all(&self, message: W) -> Out<W>
    where
        W: Clone,
    {
        let mut mail = self.draft(Way::All { origin: Rank(0), copy: W::clone }, message);
        loop {
            let Some(stamp) = Stamp::new(&self.home) else {
                match self.hold(mail).await? {
                    Some(open) => mail = open,
                    None => return Ok(()),
                }
                continue;
            };
            let Some(origin) = self.from.or_else(|| stamp.view.graph.entry()) else {
                return returned(mail, Undeliverable::from(Refusal::Stopped));
            };
            let reached = stamp.view.graph.reach(origin) + usize::from(self.from.is_none());
            mail.way = Way::All { origin, copy: W::clone };
            mail.at = origin;
            mail.credit = match self.credits_of_all(reached, stamp).await {
                Ok((credit, stamp)) => {
                    mail.ttl = stamp.view.ttl();
                    mail.passage.enter(stamp);
                    credit
                }
                Err(Some(reason)) => return returned(mail, reason),
                Err(None) => continue,
            };
            return self.spread_out(mail, origin).await;
        }
    }

    /// The first copies.
    async fn spread_out(&self, mut mail: Mail<W>, origin: Rank) -> Out<W> {
        if self.from.is_some() {
            mail.spread(
                origin,
                match mail.way {
                    Way::All { copy, .. } => copy,
                    Way::To(_) | Way::Token { .. } => return Ok(()),
                },
            )
            .await;
            mail.passage.returned();
            return Ok(());
        }
        let kind = self.kind_beside_edges();
        mail.step(origin, kind).await.map_err(|refused| undelivered(refused.message, refused.reason.into()))
    }

    /// Credits for all copies. A wait for them is not under way itself; the view may be another one after it.
    async fn credits_of_all(
        &self,
        count: usize,
        stamp: Stamp<Mail<W>>,
    ) -> Result<(Credit, Stamp<Mail<W>>), Option<Undeliverable>> {
        let credits = &self.home.credits;
        if let Some(in_flight) = credits.limit().filter(|limit| count > *limit) {
            return Err(Some(Undeliverable::TooMany { copies: count, in_flight }));
        }
        if let Some(credit) = credits.take_all_now(count) {
            return Ok((credit, stamp));
        }
        if !self.waits_for_credit() {
            return Err(Some(self.no_credit()));
        }
        let epoch = stamp.view.epoch;
        drop(stamp);
        let credit = credits.take_all(count).await.ok_or(Some(Undeliverable::from(Refusal::Stopped)))?;
        match Stamp::new(&self.home) {
            Some(stamp) if stamp.view.epoch == epoch => Ok((credit, stamp)),
            Some(_) | None => Err(None),
        }
    }

    fn draft(&self, way: Way<W>, message: W) -> Mail<W> {
        let passage = Passage::new(&self.home, None);
        let at = self.from.unwrap_or(Rank(0));
        Mail { passage, from: self.from, way, at, hops: 0, ttl: 0, credit: Credit::Uncounted, message }
    }

    /// Finds its way and its credit in the present view.
    fn set_out(&self, mut mail: Mail<W>) -> Result<(Mail<W>, Rank, EdgeKind), Held<W>> {
        let Some(stamp) = self.stamp() else { return Err(Held::Closed(mail)) };
        let Way::To(to) = mail.way else { return Err(Held::Closed(mail)) };
        let found = self.first_edge(&stamp.view, to);
        mail.ttl = stamp.view.ttl();
        mail.passage.enter(stamp);
        let (next, kind) = match found {
            Ok(edge) => edge,
            Err(reason) => return Err(Held::Refused(mail, reason)),
        };
        if self.from.is_some() && matches!(mail.credit, Credit::Uncounted) {
            match mail.passage.view().and_then(|view| self.credit_of_member(view)) {
                Some(credit) => mail.credit = credit,
                None => return Err(Held::Refused(mail, self.no_credit())),
            }
        }
        Ok((mail, next, kind))
    }

    async fn first_step(&self, mail: Mail<W>, next: Rank, kind: EdgeKind) -> Result<(), Held<W>> {
        let waits = self.patience == Patience::Waits && !self.is_own(&mail, next);
        if !waits && matches!(kind, EdgeKind::Wait | EdgeKind::Ask) {
            return mail.try_step(next, kind).map_err(|refused| Held::Refused(refused.message, refused.reason.into()));
        }
        mail.step(next, kind).await.map_err(|refused| Held::Refused(refused.message, refused.reason.into()))
    }

    /// Whether a member sends to itself without an edge for that. It would wait for nobody else, so it never waits.
    fn is_own(&self, mail: &Mail<W>, next: Rank) -> bool {
        self.from == Some(next) && mail.passage.view().is_some_and(|view| view.graph.edge(next, next).is_none())
    }

    fn first_edge(&self, view: &View<Mail<W>>, to: Rank) -> Result<(Rank, EdgeKind), Undeliverable> {
        let graph = &view.graph;
        let Some(from) = self.from else {
            let takes = graph.contains(to) || view.is_down(to);
            return takes.then_some((to, self.kind_beside_edges())).ok_or(Undeliverable::NoMember { to });
        };
        if !graph.contains(to) {
            return Err(if view.is_down(to) { Undeliverable::Down { to } } else { Undeliverable::NoMember { to } });
        }
        let direct = || graph.edge(from, to).map(|kind| (to, kind));
        match self.by {
            By::Edge => direct().ok_or(Undeliverable::NotAdjacent { from, to }),
            By::Asks if graph.asks(from, to) => Ok((to, self.kind_beside_edges())),
            By::Asks => {
                let route = graph.route(from, to).ok_or(Undeliverable::Unreachable { from, to })?;
                let all = route.windows(2).all(|edge| matches!(edge, [from, to] if graph.asks(*from, *to)));
                let next = route.get(1).filter(|_| all).ok_or(Undeliverable::NoAskEdge { from, to })?;
                Ok((*next, self.kind_beside_edges()))
            }
            By::Routes if from == to => Ok((to, graph.edge(from, to).unwrap_or_else(|| self.kind_beside_edges()))),
            By::Routes => {
                let next = graph.next_hop(from, to).ok_or(Undeliverable::Unreachable { from, to })?;
                Ok((next, graph.edge(from, next).unwrap_or(EdgeKind::Wait)))
            }
        }
    }

    /// How requests travel, and what comes from outside: who has a credit needs no other room.
    fn kind_beside_edges(&self) -> EdgeKind {
        if self.home.credits.limit().is_some() { EdgeKind::Credit } else { EdgeKind::Wait }
    }

    /// A handler's first message goes on with the credit of the one in hand; an ask does not, as that one stays in hand.
    fn credit_of_member(&self, view: &View<Mail<W>>) -> Option<Credit> {
        let place = self.from.and_then(|from| view.place(from)).filter(|_| self.by != By::Asks);
        let in_hand = place.and_then(|place| place.hand.lock().1.pass());
        in_hand.or_else(|| self.home.credits.take_now())
    }

    /// The credits of a member that asks: its own while it waits for the answer, and that of the request. So says the model of the
    /// liveness check.
    pub(crate) fn credits_of_ask(&self) -> Result<(Credit, Credit), Undeliverable> {
        if self.from.is_none() {
            return Ok((Credit::Uncounted, Credit::Uncounted));
        }
        let view = self.home.view();
        let place = self.from.and_then(|from| view.place(from));
        let free = || self.home.credits.take_now().ok_or_else(|| self.no_credit());
        let own = match place.map(|place| place.hand.lock().1.is_counted()) {
            Some(false) => free()?,
            Some(true) | None => Credit::Uncounted,
        };
        Ok((own, free()?))
    }

    async fn credit_from_outside(&self) -> Result<Credit, Undeliverable> {
        if self.patience == Patience::Tries {
            return self.home.credits.take_now().ok_or_else(|| self.no_credit());
        }
        self.home.credits.take().await.ok_or(Undeliverable::Refused(Refusal::Stopped))
    }

    /// Members' handlers do not wait for credits: they hold some themselves.
    fn waits_for_credit(&self) -> bool {
        self.from.is_none() && self.patience == Patience::Waits
    }

    fn no_credit(&self) -> Undeliverable {
        Undeliverable::NoCredit { in_flight: self.home.credits.limit().unwrap_or(usize::MAX) }
    }

    /// In the present view; none while the shape changes. But a handler that asks blocks its member, and what is under way has to
    /// get past it: its request goes out in the old shape, behind what the member has sent before.
    fn stamp(&self) -> Option<Stamp<Mail<W>>> {
        if let Some(stamp) = Stamp::new(&self.home) {
            return Some(stamp);
        }
        if self.by != By::Asks || self.from.is_none() {
            return None;
        }
        let mut outbox = self.home.outbox.lock();
        let view = self.home.view();
        let before = outbox.as_mut()?.items.extract_if(.., |mail| mail.from == self.from);
        let stranded: Vec<Mail<W>> = before.filter_map(|mail| mail.release(&view)).collect();
        let stamp = Stamp::of(view);
        drop(outbox);
        stranded.into_iter().for_each(Mail::bury);
        Some(stamp)
    }

    /// While the shape changes: what members send waits in the outbox, whoever stands outside waits itself. Comes back once
    /// the change is over.
    async fn hold(&self, mut mail: Mail<W>) -> Result<Option<Mail<W>>, Undelivered<W>> {
        let reopened = self.home.reopened.notified();
        let mut reopened = pin!(reopened);
        reopened.as_mut().enable();
        {
            let mut outbox = self.home.outbox.lock();
            let Some(outbox) = outbox.as_mut() else { return Ok(Some(mail)) };
            let inside = self.from.is_some();
            if inside || self.patience == Patience::Tries {
                if !inside || outbox.items.len() >= outbox.limit {
                    return Err(undelivered(mail, Undeliverable::Morphing { limit: outbox.limit }));
                }
                mail.passage.wait();
                mail.credit = self.credit_of_member(&self.home.view()).unwrap_or_default();
                outbox.items.push(mail);
                return Ok(None);
            }
        }
        reopened.await;
        Ok(Some(mail))
    }
}

fn returned<W: Message>(mail: Mail<W>, reason: Undeliverable) -> Out<W> {
    Err(undelivered(mail, reason))
}

fn undelivered<W: Message>(mail: Mail<W>, reason: Undeliverable) -> Undelivered<W> {
    let Mail { passage, message, .. } = mail;
    passage.returned();
    Undelivered { message, reason }
}
