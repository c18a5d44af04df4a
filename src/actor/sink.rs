//! Streams in and out: a handle as a `Sink`, a stream fed into an actor, and an actor's own bounded outlet.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use tokio::sync::{Semaphore, mpsc};

use crate::actor::definition::{Actor, Context as ActorContext};
use crate::actor::handle::Handle;
use crate::actor::owned::{OrderId, TooManyOrders};
use crate::actor::send::Sending;
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::Refused;

/// A handle as a [`Sink`]: backpressure is the mailbox's. Holds one message at most; flush waits for it to be accepted.
#[derive(Debug)]
pub struct HandleSink<M: Message> {
    sending: Option<Sending<'static, M>>,
    handle: Handle<M>,
}

impl<M: Message> Handle<M> {
    /// This handle as a [`Sink`], to forward a stream into the actor.
    #[must_use]
    pub fn sink(&self) -> HandleSink<M> {
        HandleSink { sending: None, handle: self.clone() }
    }
}

impl<M: Message> Sink<M> for HandleSink<M> {
    type Error = Refused<M>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_flush(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: M) -> Result<(), Self::Error> {
        self.sending = Some(self.handle.send_owned(message));
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let Some(sending) = &mut self.sending else { return Poll::Ready(Ok(())) };
        let sent = Pin::new(sending).poll(cx);
        if sent.is_ready() {
            self.sending = None;
        }
        sent
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_flush(cx)
    }
}

impl<A: Actor> ActorContext<A> {
    /// Feeds a stream into this actor's normal lane, as fast as there is room, until it ends or the incarnation does.
    ///
    /// # Errors
    /// [`TooManyOrders`] beyond [`crate::OWNED_LIMIT`].
    pub fn attach<S>(
        &mut self,
        stream: S,
        mut message: impl FnMut(S::Item) -> A::Msg + Send + 'static,
    ) -> Result<OrderId, TooManyOrders>
    where
        S: Stream + Send + 'static,
        S::Item: Send,
    {
        let cell = Arc::clone(&self.cell);
        self.own(move |_| async move {
            let mut stream = pin!(stream);
            while let Some(item) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
                if Sending::new(&cell, Lane::Normal, message(item)).await.is_err() {
                    return;
                }
            }
        })
    }
}

/// An actor's side of a bounded stream out of it. Clones feed the same stream, which ends with the last of them.
#[derive(Debug, Clone)]
pub struct Outlet<T> {
    items: mpsc::Sender<T>,
}

/// The reader's side of an [`Outlet`]. Ends when the outlet is dropped.
#[derive(Debug)]
pub struct OutletStream<T> {
    items: mpsc::Receiver<T>,
}

/// The outlet's reader is gone, or has no room now; the item comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutletError<T> {
    /// No room now: the reader is slower than the actor.
    #[error("the outlet is full; its reader is slower")]
    Full(T),
    /// Nobody reads any more.
    #[error("nobody reads the outlet any more")]
    Closed(T),
}

/// A stream out of an actor that holds at most `capacity` items (at least one, and at most as many as tokio's channels hold).
#[must_use]
pub fn outlet<T>(capacity: usize) -> (Outlet<T>, OutletStream<T>) {
    let (sender, receiver) = mpsc::channel(capacity.clamp(1, Semaphore::MAX_PERMITS));
    (Outlet { items: sender }, OutletStream { items: receiver })
}

impl<T> Outlet<T> {
    /// Gives an item to the reader, without waiting.
    ///
    /// # Errors
    /// [`OutletError`] gives the item back.
    pub fn try_send(&self, item: T) -> Result<(), OutletError<T>> {
        self.items.try_send(item).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(item) => OutletError::Full(item),
            mpsc::error::TrySendError::Closed(item) => OutletError::Closed(item),
        })
    }

    /// Gives an item to the reader, and waits for room.
    ///
    /// # Errors
    /// [`OutletError::Closed`] gives the item back when nobody reads any more.
    pub async fn send(&self, item: T) -> Result<(), OutletError<T>> {
        self.items.send(item).await.map_err(|closed| OutletError::Closed(closed.0))
    }
}

impl<T> OutletStream<T> {
    /// The next item; none once the outlet is dropped and all items were read.
    pub async fn recv(&mut self) -> Option<T> {
        self.items.recv().await
    }
}

impl<T> Stream for OutletStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.items.poll_recv(cx)
    }
}
