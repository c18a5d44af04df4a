//! A token that goes round a ring.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::mailbox::message::Message;
use crate::mailbox::refused::Refusal;
use crate::swarm::baton::Baton;
use crate::swarm::circulating::Circulating;
use crate::swarm::credits::Credit;
use crate::swarm::home::{Home, Stamp};
use crate::swarm::mail::{Delivery, Mail, Passage, Way};
use crate::swarm::seat::Seat;
use crate::swarm::undelivered::{Undeliverable, Undelivered};
use crate::topology::rank::{EdgeKind, Rank};

impl<W: Message + Clone + Sync> Seat<W> {
    /// Hands the token on to the next member of the ring, with the message as it is now.
    ///
    /// # Errors
    /// [`Undeliverable::Fenced`] if another token has taken its place, and [`Undeliverable::NoRing`] if it is none.
    pub fn pass(&self, token: Delivery<W>) -> Result<(), Undelivered<W>> {
        let Delivery { message, baton, .. } = token;
        let Some(mut baton) = baton else { return Err(Undelivered { message, reason: Undeliverable::NoRing }) };
        baton.passed = true;
        let next = self.home.view().graph.successor(self.rank());
        {
            let mut token = self.home.token.lock();
            if token.as_ref().is_none_or(|token| token.fence != baton.fence) {
                return Err(Undelivered { message, reason: Undeliverable::Fenced { fence: baton.fence } });
            }
            let Some(next) = next else {
                *token = None;
                return Err(Undelivered { message, reason: Undeliverable::NoRing });
            };
            *token = Some(circulating(&self.home, baton.fence, next, message));
        }
        if let Some(next) = next {
            go(&self.home, baton.fence, next);
        }
        Ok(())
    }
}

/// A fence above all that there were. Called under the token's lock, so that they grow from one token to the next.
pub(crate) fn next_fence<T>(home: &Home<T>) -> u64 {
    home.fences.fetch_add(1, Ordering::Relaxed) + 1
}

/// The token as it is from now on.
pub(crate) fn circulating<W: Message + Clone + Sync>(
    home: &Arc<Home<Mail<W>>>,
    fence: u64,
    holder: Rank,
    message: W,
) -> Circulating<Mail<W>> {
    let home = Arc::downgrade(home);
    let mint = move |fence, home: &Arc<Home<Mail<W>>>| Mail {
        passage: Passage::new(home, None),
        from: None,
        way: Way::Token { fence },
        at: Rank(0),
        hops: 0,
        ttl: 1,
        credit: Credit::Uncounted,
        message: message.clone(),
    };
    Circulating {
        fence,
        holder,
        mint: Arc::new(move |fence| home.upgrade().map(|home| mint(fence, &home))),
        stranded: false,
    }
}

/// Puts the token of this fence into a mailbox: this member's, or that of the next one that takes it.
pub(crate) fn go<W: Message>(home: &Arc<Home<Mail<W>>>, fence: u64, to: Rank) {
    let mut to = to;
    for _ in 0..=home.view().places.len() {
        let mint = {
            let mut token = home.token.lock();
            let Some(token) = token.as_mut().filter(|token| token.fence == fence) else { return };
            token.holder = to;
            Arc::clone(&token.mint)
        };
        let Some(mut mail) = mint(fence) else { return };
        let Some(stamp) = Stamp::new(home) else { return wait(home, mail, to) };
        let view = Arc::clone(&stamp.view);
        mail.passage.enter(stamp);
        match mail.try_step(to, EdgeKind::Credit) {
            Ok(()) => return,
            Err(refused) => {
                let stopped = refused.reason == Refusal::Stopped;
                refused.message.passage.returned();
                if stopped {
                    home.lose(to, &view);
                }
            }
        }
        match home.view().graph.successor(to) {
            Some(next) => to = next,
            None => break,
        }
    }
    if let Some(token) = home.token.lock().as_mut().filter(|token| token.fence == fence) {
        token.stranded = true;
    }
}

/// While the shape changes the token waits as other messages do.
fn wait<W: Message>(home: &Arc<Home<Mail<W>>>, mut mail: Mail<W>, to: Rank) {
    let mut outbox = home.outbox.lock();
    match outbox.as_mut() {
        Some(outbox) => {
            mail.at = to;
            outbox.items.push(mail);
        }
        None => {
            drop(outbox);
            let Way::Token { fence } = mail.way else { return };
            mail.passage.returned();
            go(home, fence, to);
        }
    }
}

/// The token of this fence is gone: another one takes its place.
pub(crate) fn lost<W: Message>(home: &Arc<Home<Mail<W>>>, fence: u64) {
    let graph = home.view().graph.clone();
    if !graph.is_ring() {
        return ended(home, fence);
    }
    let (fence, holder) = {
        let mut token = home.token.lock();
        let Some(token) = token.as_mut().filter(|token| token.fence == fence) else { return };
        token.fence = next_fence(home);
        (token.fence, token.holder)
    };
    go(home, fence, graph.successor(holder).unwrap_or(holder));
}

/// No ring is left for it.
pub(crate) fn ended<W: Message>(home: &Home<Mail<W>>, fence: u64) {
    let mut token = home.token.lock();
    if token.as_ref().is_some_and(|token| token.fence == fence) {
        *token = None;
    }
}

/// A member has gone down: with the token, if it had that.
pub(crate) fn down<W: Message>(home: &Arc<Home<Mail<W>>>, rank: Rank) {
    let held = home.token.lock().as_ref().filter(|token| token.holder == rank).map(|token| token.fence);
    if let Some(fence) = held {
        lost(home, fence);
    }
}

/// A member is up: a token that nobody could take goes on there.
pub(crate) fn up<W: Message>(home: &Arc<Home<Mail<W>>>, rank: Rank) {
    let fence = {
        let mut token = home.token.lock();
        let Some(token) = token.as_mut().filter(|token| token.stranded) else { return };
        token.stranded = false;
        token.fence
    };
    go(home, fence, rank);
}

/// The token has come to a member; none if another one has taken its place.
pub(crate) fn taken<W: Message>(home: &Arc<Home<Mail<W>>>, fence: u64, at: Rank) -> Option<Baton<Mail<W>>> {
    let mut token = home.token.lock();
    let valid = token.as_mut().filter(|token| token.fence == fence);
    match valid {
        Some(token) => {
            token.holder = at;
            Some(Baton { home: Arc::clone(home), fence, lost, passed: false })
        }
        None => {
            home.counts.fenced.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}
