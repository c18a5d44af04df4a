//! What all members of one swarm share: who is there, which edges hold, how much is under way.
//!
//! Generic over what travels, so that mail can name its home.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use crate::actor::child::Child;
use crate::actor::hub::Hub;
use crate::path::Path;
use crate::swarm::circulating::Circulating;
use crate::swarm::credits::{Credit, Credits};
use crate::swarm::membership::{Effect, Membership, News, Standing};
use crate::swarm::post::Post;
use crate::topology::graph::Graph;
use crate::topology::layout::Layout;
use crate::topology::rank::Rank;

/// A member's place, the same through all its lives.
pub(crate) struct Place<T> {
    pub(crate) rank: Rank,
    /// Known before the member's first life starts. Another one where its supervisor makes a member anew that had ended for good.
    post: RwLock<Option<Arc<dyn Post<T>>>>,
    /// What is known of its actor.
    pub(crate) kind: OnceLock<Kind>,
    /// The credit of the message in hand, which the handler's first message goes on with; and which message that is.
    pub(crate) hand: Mutex<(u64, Credit)>,
}

/// What the swarm knows of a member's actor.
#[derive(Debug, Default)]
pub(crate) struct Kind {
    pub(crate) actor: &'static str,
    /// Whether it takes messages beside the swarm's.
    pub(crate) is_open: bool,
    /// The types of actors that its handlers ask.
    pub(crate) asks: &'static [&'static str],
    pub(crate) capabilities: Vec<String>,
}

/// The time between two changes of the shape. All that is under way belongs to one.
pub(crate) struct Term {
    /// Nothing new goes out in it.
    pub(crate) closed: AtomicBool,
    pub(crate) under_way: AtomicUsize,
    /// Told when nothing is under way any more, once it is closed.
    pub(crate) quiet: Notify,
}

/// Who is there and which edges hold, from one change to the next.
pub(crate) struct View<T> {
    pub(crate) epoch: u64,
    pub(crate) term: Arc<Term>,
    pub(crate) graph: Graph,
    pub(crate) places: Arc<BTreeMap<Rank, Arc<Place<T>>>>,
    /// Where each of them stands.
    pub(crate) standings: BTreeMap<Rank, Standing>,
}

/// What became of the messages that the swarm accepted.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) delivered: AtomicU64,
    pub(crate) shed: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) fenced: AtomicU64,
}

/// What handlers send while the shape changes.
pub(crate) struct Outbox<T> {
    pub(crate) items: Vec<T>,
    pub(crate) limit: usize,
}

/// What all members of a swarm share.
pub(crate) struct Home<T> {
    pub(crate) hub: Arc<Hub>,
    /// The swarm's supervisor.
    pub(crate) path: Path,
    pub(crate) credits: Credits,
    pub(crate) counts: Counts,
    view: RwLock<Arc<View<T>>>,
    /// Told of each new view.
    pub(crate) changed: Notify,
    roll: Mutex<Roll<T>>,
    /// Turns of choices.
    pub(crate) turns: AtomicUsize,
    /// The last fence that a token got; it outlives the token.
    pub(crate) fences: AtomicU64,
    /// What goes round a ring.
    pub(crate) token: Mutex<Option<Circulating<T>>>,
    /// There while the shape changes.
    pub(crate) outbox: Mutex<Option<Outbox<T>>>,
    /// Told when it has changed.
    pub(crate) reopened: Notify,
}

struct Roll<T> {
    membership: Membership,
    places: Arc<BTreeMap<Rank, Arc<Place<T>>>>,
}

impl Term {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { closed: AtomicBool::new(false), under_way: AtomicUsize::new(0), quiet: Notify::new() })
    }
}

impl<T> Place<T> {
    fn new(rank: Rank) -> Arc<Self> {
        Arc::new(Self {
            rank,
            post: RwLock::default(),
            kind: OnceLock::new(),
            hand: Mutex::new((0, Credit::Uncounted)),
        })
    }

    /// Its mailbox; none before its supervisor has made it.
    pub(crate) fn post(&self) -> Option<Arc<dyn Post<T>>> {
        self.post.read().clone()
    }

    /// Its mailbox from now on.
    pub(crate) fn settle(&self, post: Arc<dyn Post<T>>) {
        let before = self.post.write().replace(post);
        drop(before);
    }
}

impl<T> View<T> {
    /// The place of a member that edges lead to, or have led to.
    pub(crate) fn place(&self, rank: Rank) -> Option<&Arc<Place<T>>> {
        self.places.get(&rank)
    }

    /// How many edges a message may go along: enough for any way, and for a few changes of it.
    pub(crate) fn ttl(&self) -> u32 {
        u32::try_from(2 * self.graph.live().len() + 8).unwrap_or(u32::MAX)
    }

    pub(crate) fn is_up(&self, rank: Rank) -> bool {
        matches!(self.standings.get(&rank), Some(Standing::Up(_)))
    }

    /// Whether it is down for a while: its mailbox takes messages.
    pub(crate) fn is_down(&self, rank: Rank) -> bool {
        matches!(self.standings.get(&rank), Some(Standing::Down(_)))
    }

    pub(crate) fn post(&self, rank: Rank) -> Option<Arc<dyn Post<T>>> {
        self.places.get(&rank)?.post()
    }
}

impl<T> Home<T> {
    pub(crate) fn new(hub: Arc<Hub>, path: Path, membership: Membership, in_flight: Option<usize>) -> Arc<Self> {
        let places = Arc::default();
        let (graph, standings) = (membership.graph(), BTreeMap::new());
        let view = View { epoch: 0, term: Term::new(), graph, places: Arc::clone(&places), standings };
        Arc::new(Self {
            hub,
            path,
            credits: Credits::new(in_flight),
            counts: Counts::default(),
            view: RwLock::new(Arc::new(view)),
            changed: Notify::new(),
            roll: Mutex::new(Roll { membership, places }),
            turns: AtomicUsize::new(0),
            fences: AtomicU64::new(0),
            token: Mutex::new(None),
            outbox: Mutex::new(None),
            reopened: Notify::new(),
        })
    }

    /// Who is there now.
    pub(crate) fn view(&self) -> Arc<View<T>> {
        Arc::clone(&self.view.read())
    }

    /// Looks at who belongs to the swarm.
    pub(crate) fn membership<R>(&self, look: impl FnOnce(&Membership) -> R) -> R {
        look(&self.roll.lock().membership)
    }

    /// The same shape with the names of its members, and how many of them have to be live.
    pub(crate) fn lay_out(&self, layout: Layout, live_least: Option<usize>) {
        self.roll.lock().membership.lay_out(layout, live_least.unwrap_or(0));
    }

    /// A place for a new member: at this rank, or where the layout has one.
    pub(crate) fn join<E>(&self, place: impl FnOnce(&Membership) -> Result<Rank, E>) -> Result<Arc<Place<T>>, E> {
        let mut roll = self.roll.lock();
        let rank = place(&roll.membership)?;
        let place = Place::new(rank);
        Arc::make_mut(&mut roll.places).insert(rank, Arc::clone(&place));
        if roll.membership.on(rank, News::Joined).is_some() {
            self.publish(Self::view_of(&roll, Arc::clone(&self.view().term)));
        }
        Ok(place)
    }

    /// Takes news of a member in. Says what that may have lost.
    pub(crate) fn tell(&self, rank: Rank, news: News) -> Vec<Rank> {
        let mut roll = self.roll.lock();
        let Some(effects) = roll.membership.on(rank, news) else { return Vec::new() };
        if news == News::Removed {
            Arc::make_mut(&mut roll.places).remove(&rank);
        }
        self.publish(Self::view_of(&roll, Arc::clone(&self.view().term)));
        Self::carry_out(&roll, effects)
    }

    /// A member of a view refuses all further messages: it is as good as gone, unless another one has its rank by now.
    pub(crate) fn lose(&self, rank: Rank, seen: &View<T>) {
        let place = self.view().places.get(&rank).map(Arc::clone);
        if place.zip(seen.places.get(&rank)).is_some_and(|(present, seen)| Arc::ptr_eq(&present, seen)) {
            self.tell(rank, News::Leaving);
        }
    }

    /// Another shape, or the same one, in a new term. What `first` lets out goes before anything else. It runs under the lock of
    /// the roll, and only puts messages into mailboxes.
    pub(crate) fn morph<R>(
        &self,
        layout: Option<(Layout, Option<usize>)>,
        first: impl FnOnce(&Arc<View<T>>) -> R,
    ) -> (u64, R) {
        let mut roll = self.roll.lock();
        let effects = layout.map(|layout| roll.membership.morph(layout.0, layout.1.unwrap_or(0))).unwrap_or_default();
        let view = Self::view_of(&roll, Term::new());
        let ran = first(&view);
        let epoch = view.epoch;
        self.publish(view);
        Self::carry_out(&roll, effects);
        (epoch, ran)
    }

    fn view_of(roll: &Roll<T>, term: Arc<Term>) -> Arc<View<T>> {
        let (epoch, graph) = (roll.membership.epoch(), roll.membership.graph());
        let (places, standings) = (Arc::clone(&roll.places), roll.membership.members().clone());
        Arc::new(View { epoch, term, graph, places, standings })
    }

    fn publish(&self, view: Arc<View<T>>) {
        let epoch = view.epoch;
        *self.view.write() = view;
        self.changed.notify_waiters();
        self.hub.note(|| format!("{} epoch {epoch}", self.path));
    }

    /// Under the lock, so that what two changes want is done in their order. It only gives orders to cells.
    fn carry_out(roll: &Roll<T>, effects: Vec<Effect>) -> Vec<Rank> {
        let mut lost = Vec::new();
        let child = |rank| roll.places.get(&rank)?.post().map(|post| post.child());
        for effect in effects {
            match effect {
                Effect::Suspend(rank) => child(rank).into_iter().for_each(|child| Child::suspend(child, true)),
                Effect::Resume(rank) => child(rank).into_iter().for_each(|child| Child::suspend(child, false)),
                Effect::Lost(rank) => lost.push(rank),
            }
        }
        lost
    }
}

/// That something is under way, and in whose view.
pub(crate) struct Stamp<T> {
    pub(crate) view: Arc<View<T>>,
}

impl<T> Stamp<T> {
    /// In this view, closed or not.
    pub(crate) fn of(view: Arc<View<T>>) -> Self {
        view.term.under_way.fetch_add(1, Ordering::SeqCst);
        Self { view }
    }

    /// In the present view; none while the shape changes. Whoever closes a term counts after that, and whoever goes out in it
    /// looks after being counted, so that one of the two sees the other.
    pub(crate) fn new(home: &Home<T>) -> Option<Self> {
        let stamp = Self::of(home.view());
        (!stamp.view.term.closed.load(Ordering::SeqCst)).then_some(stamp)
    }
}

impl<T> Drop for Stamp<T> {
    fn drop(&mut self) {
        let term = &self.view.term;
        if term.under_way.fetch_sub(1, Ordering::SeqCst) == 1 && term.closed.load(Ordering::SeqCst) {
            term.quiet.notify_waiters();
        }
    }
}
