//! Bounded publish and subscribe: dead letters, failure reports, and streams out of an actor.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use parking_lot::Mutex;

use crate::actor::panics::drop_quietly;

struct Buffer<T> {
    items: VecDeque<T>,
    missed: u64,
    waker: Option<Waker>,
    closed: bool,
}

struct Seat<T> {
    capacity: usize,
    buffer: Mutex<Buffer<T>>,
}

/// A source that anyone may subscribe to. Publishing never waits: a subscriber that lags loses the oldest items and can
/// tell how many.
pub struct Topic<T> {
    seats: Mutex<Vec<Weak<Seat<T>>>>,
    taken: AtomicUsize,
    closed: AtomicBool,
}

impl<T: Clone> Topic<T> {
    /// A topic without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self { seats: Mutex::new(Vec::new()), taken: AtomicUsize::new(0), closed: AtomicBool::new(false) }
    }

    /// Whether anybody listens; ask before making something costly to publish.
    #[must_use]
    pub fn has_subscribers(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > 0
    }

    /// Whether anybody listens at this moment; exact, and dearer than [`Topic::has_subscribers`].
    pub(crate) fn is_heard(&self) -> bool {
        self.seats.lock().iter().any(|seat| seat.strong_count() > 0)
    }

    /// Gives the item to all who listen now.
    pub fn publish(&self, item: &T) {
        if !self.has_subscribers() {
            return;
        }
        let mut wakers = Vec::new();
        let mut lost = Vec::new();
        self.for_each_seat(|seat| {
            let mut buffer = seat.buffer.lock();
            if buffer.items.len() >= seat.capacity {
                lost.extend(buffer.items.pop_front());
                buffer.missed += 1;
            }
            buffer.items.push_back(item.clone());
            wakers.extend(buffer.waker.take());
        });
        wakers.into_iter().for_each(Waker::wake);
        drop_quietly(lost);
    }

    /// A subscription that holds at most `capacity` items (at least one).
    #[must_use]
    pub fn subscribe(&self, capacity: usize) -> Subscription<T> {
        let mut seats = self.seats.lock();
        let closed = self.closed.load(Ordering::Relaxed);
        let buffer = Buffer { items: VecDeque::new(), missed: 0, waker: None, closed };
        let seat = Arc::new(Seat { capacity: capacity.max(1), buffer: Mutex::new(buffer) });
        seats.retain(|seat| seat.strong_count() > 0);
        seats.push(Arc::downgrade(&seat));
        self.taken.store(seats.len(), Ordering::Relaxed);
        Subscription { seat }
    }

    /// Ends all subscriptions once they have been read empty.
    pub fn close(&self) {
        let mut wakers = Vec::new();
        {
            // Under the lock of the seats, so that no later subscription can miss it.
            let _seats = self.seats.lock();
            self.closed.store(true, Ordering::Relaxed);
        }
        self.for_each_seat(|seat| {
            let mut buffer = seat.buffer.lock();
            buffer.closed = true;
            wakers.extend(buffer.waker.take());
        });
        wakers.into_iter().for_each(Waker::wake);
    }

    fn for_each_seat(&self, mut visit: impl FnMut(&Seat<T>)) {
        let mut seats = self.seats.lock();
        seats.retain(|seat| match seat.upgrade() {
            Some(seat) => {
                visit(&seat);
                true
            }
            None => false,
        });
        self.taken.store(seats.len(), Ordering::Relaxed);
    }
}

impl<T: Clone> Default for Topic<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Topic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Topic").field("subscribers", &self.taken).finish_non_exhaustive()
    }
}

impl<T> Drop for Topic<T> {
    fn drop(&mut self) {
        for seat in self.seats.get_mut().iter().filter_map(Weak::upgrade) {
            let mut buffer = seat.buffer.lock();
            buffer.closed = true;
            if let Some(waker) = buffer.waker.take() {
                waker.wake();
            }
        }
    }
}

/// A seat at a [`Topic`]: a bounded stream of what is published from now on. Ends when the topic closes.
pub struct Subscription<T> {
    seat: Arc<Seat<T>>,
}

impl<T> Subscription<T> {
    /// The next item; none once the topic is closed and all items were read.
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The next item if one is there now.
    pub fn try_recv(&mut self) -> Option<T> {
        self.seat.buffer.lock().items.pop_front()
    }

    /// How many items this subscriber lost because it lagged.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.seat.buffer.lock().missed
    }

    fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut buffer = self.seat.buffer.lock();
        match buffer.items.pop_front() {
            Some(item) => Poll::Ready(Some(item)),
            None if buffer.closed => Poll::Ready(None),
            None => {
                buffer.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> Stream for Subscription<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.poll_recv(cx)
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("capacity", &self.seat.capacity).finish_non_exhaustive()
    }
}
