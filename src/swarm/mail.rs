//! Mail: a message of a swarm on its way, and as it is handed over.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::mailbox::message::Message;
use crate::swarm::baton::Baton;
use crate::swarm::credits::Credit;
use crate::swarm::home::{Home, Place, Stamp, View};
use crate::topology::rank::Rank;

/// A message of a swarm on its way to a member, in the mailbox of one. Only [`Mail::arrive`] opens it, so that no member can
/// keep what is for others.
///
/// A member's message type [carries](Carries) it; `#[mail]` writes all that.
#[must_use = "mail that is dropped is lost; `arrive` passes it on or opens it"]
pub struct Mail<W: Message> {
    pub(crate) passage: Passage<Mail<W>>,
    /// The member that sent it; none from outside of the swarm.
    pub(crate) from: Option<Rank>,
    pub(crate) way: Way<W>,
    /// The member in whose mailbox it is.
    pub(crate) at: Rank,
    /// Edges it has gone along.
    pub(crate) hops: u32,
    /// Edges it may still go along: twice as many as there were members when it went out, and a few, so that nothing is passed on for ever
    /// where the shape changes faster than it gets on.
    pub(crate) ttl: u32,
    pub(crate) credit: Credit,
    pub(crate) message: W,
}

/// Where mail goes.
pub(crate) enum Way<W> {
    To(Rank),
    /// To all, along the tree of the one who began; with how copies are made.
    All {
        origin: Rank,
        copy: fn(&W) -> W,
    },
    /// Round the ring, handed on by its members.
    Token {
        fence: u64,
    },
}

impl<W> Clone for Way<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Way<W> {}

/// Mail that has arrived. While it lives, the first message that its member sends goes on with its credit.
pub struct Delivery<W: Message> {
    /// The message.
    pub message: W,
    /// The member that sent it; none if it came from outside of the swarm.
    pub from: Option<Rank>,
    /// The epoch of the swarm in which it went out.
    pub epoch: u64,
    /// How many edges it went along; the way in from outside is one.
    pub hops: u32,
    /// How many more it might have gone along (its time to live): where none is left, mail goes to the dead letters.
    pub ttl: u32,
    /// Of a token: a number that grows with each one that takes the place of another. What it guards can refuse an older one.
    pub fence: Option<u64>,
    pub(crate) baton: Option<Baton<Mail<W>>>,
    pub(crate) _hand: Hand<Mail<W>>,
}

/// A message type that can carry the mail of a swarm; `#[mail]` implements it. By hand it is a variant:
///
/// ```
/// # use swarmtree::{Carries, Mail, Message};
/// # struct Word;
/// # impl Message for Word {}
/// enum NodeMsg {
///     Mail(Mail<Word>),
///     Other,
/// }
///
/// impl Message for NodeMsg {}
///
/// impl Carries<Word> for NodeMsg {
///     fn carry(mail: Mail<Word>) -> Self {
///         Self::Mail(mail)
///     }
///
///     fn mail(self) -> Option<Mail<Word>> {
///         match self {
///             Self::Mail(mail) => Some(mail),
///             Self::Other => None,
///         }
///     }
/// }
/// ```
pub trait Carries<W: Message>: Message {
    /// The mail as a message.
    fn carry(mail: Mail<W>) -> Self;

    /// The mail inside, if it is one that carries any.
    fn mail(self) -> Option<Mail<W>>;
}

impl<W: Message> Message for Mail<W> {
    fn break_off(&mut self) {
        self.credit = Credit::Uncounted;
        self.passage.close();
        self.message.break_off();
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() - size_of::<W>() + self.message.bytes()
    }
}

impl<W: Message> Mail<W> {
    /// The same mail once more, with books of its own.
    pub(crate) fn another(&self, message: W, credit: Credit) -> Self {
        Self {
            passage: self.passage.another(),
            from: self.from,
            way: self.way,
            at: self.at,
            hops: self.hops,
            ttl: self.ttl,
            credit,
            message,
        }
    }
}

/// A copy to be delivered again should its handler crash. It holds no credit.
impl<W: Message + Clone> Clone for Mail<W> {
    fn clone(&self) -> Self {
        self.another(self.message.clone(), Credit::Uncounted)
    }
}

impl<W: Message> fmt::Debug for Mail<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("from", &self.from).field("at", &self.at).finish_non_exhaustive()
    }
}

impl<W: Message + fmt::Debug> fmt::Debug for Delivery<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.message)
            .field("from", &self.from)
            .field("epoch", &self.epoch)
            .field("hops", &self.hops)
            .finish_non_exhaustive()
    }
}

/// The books of one message: dropped without another fate, it is lost.
pub(crate) struct Passage<T> {
    pub(crate) home: Arc<Home<T>>,
    /// None while it waits for a change of the shape, and once it has met its fate.
    stamp: Option<Stamp<T>>,
    open: bool,
}

impl<T> Passage<T> {
    pub(crate) fn new(home: &Arc<Home<T>>, stamp: Option<Stamp<T>>) -> Self {
        Self { home: Arc::clone(home), stamp, open: true }
    }

    /// The view in which it went out.
    pub(crate) fn view(&self) -> Option<&Arc<View<T>>> {
        self.stamp.as_ref().map(|stamp| &stamp.view)
    }

    /// It goes on in this view.
    pub(crate) fn enter(&mut self, stamp: Stamp<T>) {
        self.stamp = Some(stamp);
    }

    /// It waits for a change of the shape.
    pub(crate) fn wait(&mut self) {
        self.stamp = None;
    }

    /// The books of a copy.
    pub(crate) fn another(&self) -> Self {
        let stamp = self.view().map(|view| Stamp::of(Arc::clone(view)));
        Self { home: Arc::clone(&self.home), stamp, open: true }
    }

    pub(crate) fn delivered(mut self) {
        self.home.counts.delivered.fetch_add(1, Ordering::Relaxed);
        self.open = false;
    }

    /// Its next mailbox was full, on an edge that sheds.
    pub(crate) fn shed(mut self) {
        self.home.counts.shed.fetch_add(1, Ordering::Relaxed);
        self.open = false;
    }

    /// It is a dead letter, whoever keeps that.
    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.home.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
        self.stamp = None;
    }

    /// Somebody sent a dead letter anew.
    pub(crate) fn reopen(&mut self) {
        if !self.open {
            self.open = true;
            self.home.counts.lost.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// A token that another one has taken the place of.
    pub(crate) fn fenced(mut self) {
        self.open = false;
    }

    /// It never went out.
    pub(crate) fn returned(mut self) {
        self.open = false;
    }
}

impl<T> Drop for Passage<T> {
    fn drop(&mut self) {
        self.close();
    }
}

/// That a message is in a member's hand; its credit is gone with it.
pub(crate) struct Hand<T> {
    place: Arc<Place<T>>,
    serial: u64,
}

impl<T> Hand<T> {
    pub(crate) fn take(place: &Arc<Place<T>>, credit: Credit) -> Self {
        let mut hand = place.hand.lock();
        let before = std::mem::replace(&mut hand.1, credit);
        hand.0 += 1;
        let serial = hand.0;
        drop(hand);
        drop(before);
        Self { place: Arc::clone(place), serial }
    }
}

impl<T> Drop for Hand<T> {
    fn drop(&mut self) {
        let mut hand = self.place.hand.lock();
        if hand.0 == self.serial {
            let credit = std::mem::take(&mut hand.1);
            drop(hand);
            drop(credit);
        }
    }
}
