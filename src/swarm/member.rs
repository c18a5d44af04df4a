//! A member to be started: an actor whose messages carry the swarm's mail.

use std::fmt;
use std::sync::{Arc, Weak};

use crate::actor::ask::AskError;
use crate::actor::child::{Attendance, Child};
use crate::actor::definition::Actor;
use crate::actor::handle::Handle;
use crate::actor::waits::Wait;
use crate::descriptor::HandlerKind;
use crate::mailbox::message::Message;
use crate::mailbox::refused::Refused;
use crate::supervisor::child_spec::ChildSpec;
use crate::supervisor::spec::ActorSpec;
use crate::swarm::home::{Home, Kind, Place};
use crate::swarm::mail::{Carries, Mail};
use crate::swarm::membership::News;
use crate::swarm::post::{Post, Putting};
use crate::swarm::token;
use crate::topology::rank::Rank;

type Make<W> = Box<dyn FnOnce(Weak<Home<Mail<W>>>, Arc<Place<Mail<W>>>, usize) -> ChildSpec + Send>;

/// A member of a swarm to be started: made of the [`ActorSpec`] of any actor whose messages carry the swarm's mail.
#[must_use]
pub struct MemberSpec<W: Message> {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    make: Make<W>,
}

impl<W: Message> MemberSpec<W> {
    /// What it can do, for [`crate::Choice::Capable`].
    pub fn capable_of<S: Into<String>>(mut self, capabilities: impl IntoIterator<Item = S>) -> Self {
        self.kind.capabilities.extend(capabilities.into_iter().map(Into::into));
        self
    }

    /// As a child of the tree, with the mailbox that its place has.
    pub(crate) fn into_child(
        self,
        home: &Arc<Home<Mail<W>>>,
        place: &Arc<Place<Mail<W>>>,
        mailbox: usize,
    ) -> ChildSpec {
        (self.make)(Arc::downgrade(home), Arc::clone(place), mailbox)
    }
}

impl<A: Actor, W: Message> From<ActorSpec<A>> for MemberSpec<W>
where
    A::Msg: Carries<W>,
{
    fn from(spec: ActorSpec<A>) -> Self {
        let beside = |kind: HandlerKind| matches!(kind, HandlerKind::Tell | HandlerKind::Ask);
        Self {
            name: spec.name().to_owned(),
            kind: Kind {
                actor: A::DESCRIPTOR.actor,
                is_open: A::DESCRIPTOR.handlers.iter().any(|handler| beside(handler.kind)),
                asks: A::DESCRIPTOR.asks,
                capabilities: Vec::new(),
            },
            make: Box::new(move |home, place, mailbox| {
                let attendance = Arc::new(Presence { home, rank: place.rank });
                spec.mailbox(mailbox).attended(attendance, move |handle| {
                    place.settle(Arc::new(Mailbox(handle)));
                })
            }),
        }
    }
}

impl<W: Message> fmt::Debug for MemberSpec<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Tells the swarm of each life of a member.
struct Presence<W: Message> {
    home: Weak<Home<Mail<W>>>,
    rank: Rank,
}

impl<W: Message> Presence<W> {
    fn tell(&self, news: News) {
        let Some(home) = self.home.upgrade() else { return };
        for lost in home.tell(self.rank, news) {
            token::down(&home, lost);
        }
        if matches!(news, News::Up(_)) {
            token::up(&home, self.rank);
        }
    }
}

impl<W: Message> Attendance for Presence<W> {
    fn up(&self, life: u32) {
        self.tell(News::Up(life));
    }

    fn down(&self, life: u32) {
        self.tell(News::Down(life));
    }

    fn gone(&self) {
        self.tell(News::Gone);
    }
}

/// The mailbox of an actor that takes other messages too.
struct Mailbox<M: Message>(Handle<M>);

impl<M: Carries<W>, W: Message> Post<Mail<W>> for Mailbox<M> {
    fn put_now(&self, item: Mail<W>) -> Result<(), Refused<Mail<W>>> {
        self.0.try_send(M::carry(item)).or_else(back)
    }

    fn put_beyond(&self, item: Mail<W>) -> Result<(), Refused<Mail<W>>> {
        self.0.send_beyond(M::carry(item)).or_else(back)
    }

    fn put(&self, item: Mail<W>) -> Putting<Mail<W>> {
        let sending = self.0.send_owned(M::carry(item));
        Box::pin(async move { sending.await.or_else(back) })
    }

    fn wait_edge(&self) -> Result<Option<Wait>, AskError> {
        self.0.wait_edge()
    }

    fn child(&self) -> Arc<dyn Child> {
        Arc::clone(&self.0.cell) as Arc<dyn Child>
    }

    fn drain(&self) {
        self.0.drain();
    }

    fn depth(&self) -> usize {
        self.0.depth()
    }
}

/// Unwraps mail that was refused. What carried it gives it back; a type that does not has lost it.
fn back<M: Carries<W>, W: Message>(refused: Refused<M>) -> Result<(), Refused<Mail<W>>> {
    let Refused { message, reason } = refused;
    message.mail().map_or(Ok(()), |message| Err(Refused { message, reason }))
}
