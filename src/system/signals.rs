//! Ctrl-C and SIGTERM.

use std::time::Duration;

use crate::exit::Exit;
use crate::system::running::System;

/// How long a signal lets the system drain before it is stopped.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// Waits for Ctrl-C or SIGTERM, and leaves it to the caller what to do.
///
/// # Errors
/// The operating system's, if signals cannot be listened for.
pub async fn shutdown_signal() -> std::io::Result<()> {
    Signals::listen()?.next().await;
    Ok(())
}

impl System {
    /// Runs until the system ends by itself or a signal comes: Ctrl-C or SIGTERM drain it for at most [`DRAIN_LIMIT`], a
    /// second one kills it. A task that waits in tokio's `stdin` keeps the runtime from ending afterwards until a line comes
    /// in; read the standard input on a thread of your own, or end with `std::process::exit`.
    ///
    /// # Errors
    /// The operating system's, if signals cannot be listened for.
    pub async fn run_until_signal(&self) -> std::io::Result<Exit> {
        let mut signals = Signals::listen()?;
        if let Some(exit) = either(self.stopped(), signals.next()).await {
            return Ok(exit);
        }
        tracing::info!(target: "swarmtree", system = %self.name(), "draining on a signal");
        if let Some(exit) = either(self.drain(DRAIN_LIMIT), signals.next()).await {
            return Ok(exit);
        }
        tracing::warn!(target: "swarmtree", system = %self.name(), "killed by a second signal");
        Ok(self.kill().await)
    }
}

/// The first one's outcome, or none if the second one was first.
async fn either<T>(first: impl Future<Output = T>, second: impl Future<Output = ()>) -> Option<T> {
    let mut first = std::pin::pin!(first);
    let mut second = std::pin::pin!(second);
    std::future::poll_fn(|cx| {
        if let std::task::Poll::Ready(outcome) = first.as_mut().poll(cx) {
            return std::task::Poll::Ready(Some(outcome));
        }
        second.as_mut().poll(cx).map(|()| None)
    })
    .await
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        let interrupt = async {
            self.interrupt.recv().await;
        };
        let terminate = async {
            self.terminate.recv().await;
        };
        either(interrupt, terminate).await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "the same signature as on unix")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
