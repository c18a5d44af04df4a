//! The actors of the workloads, as tasks that own a channel's receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Mutex, Notify, mpsc, oneshot};

use crate::crash::{Poison, Stage, panic_on_purpose};
use crate::driver::spin;

/// What the adder can be sent.
pub(crate) enum Add {
    Tell(u64),
    Slowly(u64),
    Ask(u64, oneshot::Sender<u64>),
    Sum(oneshot::Sender<u64>),
}

/// Sums what it is told and asked.
pub(crate) async fn add(mut inbox: mpsc::Receiver<Add>) {
    let mut sum = 0;
    while let Some(message) = inbox.recv().await {
        match message {
            Add::Tell(value) => sum += value,
            Add::Slowly(value) => {
                spin();
                sum += value;
            }
            Add::Ask(value, reply) => {
                sum += value;
                let _ = reply.send(value);
            }
            Add::Sum(reply) => {
                let _ = reply.send(sum);
            }
        }
    }
}

/// Handles messages until all senders are gone.
pub(crate) async fn mayfly(mut inbox: mpsc::Receiver<u64>, ledger: Arc<AtomicU64>) {
    while let Some(value) = inbox.recv().await {
        ledger.fetch_add(value, Ordering::Relaxed);
    }
}

/// What a link can be sent.
pub(crate) enum Hop {
    Pass(u64),
    Sum(oneshot::Sender<u64>),
}

/// Passes a token on to the next in the ring.
pub(crate) async fn link(mut inbox: mpsc::Receiver<Hop>, next: mpsc::WeakSender<Hop>, done: Arc<Notify>) {
    let Some(next) = next.upgrade() else { return };
    let mut sum = 0;
    while let Some(hop) = inbox.recv().await {
        match hop {
            Hop::Pass(hops_left) => {
                sum += hops_left;
                if hops_left > 0 {
                    next.try_send(Hop::Pass(hops_left - 1)).expect("one token finds room");
                } else {
                    done.notify_one();
                }
            }
            // The last message; a ring of senders would keep itself alive.
            Hop::Sum(reply) => {
                let _ = reply.send(sum);
                break;
            }
        }
    }
}

/// Tells many workers.
pub(crate) async fn source(workers: Vec<mpsc::Sender<u64>>, mut inbox: mpsc::Receiver<u64>) {
    while let Some(messages) = inbox.recv().await {
        let mut value = 0;
        for _ in 0..messages {
            for worker in &workers {
                worker.send(value).await.expect("the worker runs");
                value += 1;
            }
        }
    }
}

/// Answers to the collector.
pub(crate) async fn worker(mut inbox: mpsc::Receiver<u64>, collector: mpsc::Sender<u64>) {
    while let Some(value) = inbox.recv().await {
        collector.send(value).await.expect("the collector runs");
    }
}

/// Waits for all answers, and yields their sum.
pub(crate) async fn collect(mut inbox: mpsc::Receiver<u64>, answers: u64) -> u64 {
    let mut sum = 0;
    for _ in 0..answers {
        sum += inbox.recv().await.expect("the workers run");
    }
    sum
}

/// What a phoenix can be sent.
pub(crate) enum Fate {
    Swallow(Poison),
    Add(u64),
}

/// The inbox outlives the task that reads it.
type Inbox = Arc<Mutex<mpsc::Receiver<Fate>>>;

/// Starts the phoenix again whenever it dies, until all senders are gone: the loop that people write by hand.
pub(crate) async fn supervise(inbox: mpsc::Receiver<Fate>, stage: Arc<Stage>) {
    let inbox = Arc::new(Mutex::new(inbox));
    loop {
        let ended = tokio::spawn(phoenix(Arc::clone(&inbox), Arc::clone(&stage))).await;
        if matches!(ended, Ok(Ok(()))) {
            break;
        }
    }
}

/// Dies of poison.
async fn phoenix(inbox: Inbox, stage: Arc<Stage>) -> Result<(), Poison> {
    stage.begin();
    let mut inbox = inbox.lock().await;
    while let Some(fate) = inbox.recv().await {
        match fate {
            Fate::Swallow(Poison::Panic) => panic_on_purpose(),
            Fate::Swallow(poison) => return Err(poison),
            Fate::Add(value) => stage.handle(value),
        }
    }
    Ok(())
}
