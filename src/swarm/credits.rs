//! How many messages may be under way in a swarm at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The place of one message among those that are under way; dropping it gives the place back.
#[derive(Debug, Default)]
pub(crate) enum Credit {
    /// It has none.
    #[default]
    Uncounted,
    /// Of a swarm without a limit. Should it get one, the handler of this message can still send its first one.
    Free,
    One(#[expect(dead_code, reason = "it is dropped")] OwnedSemaphorePermit),
    /// One of a broadcast, whose credits come back when its last copy is handled.
    Shared(Arc<OwnedSemaphorePermit>),
}

/// A counting semaphore (Dijkstra 1965), first come first served, whose limit may change.
pub(crate) struct Credits {
    semaphore: Arc<Semaphore>,
    /// None is no limit.
    limit: AtomicUsize,
}

const UNLIMITED: usize = usize::MAX;

impl Credits {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self {
            semaphore: Arc::new(Semaphore::new(limit.unwrap_or(0).min(Semaphore::MAX_PERMITS))),
            limit: AtomicUsize::new(limit.unwrap_or(UNLIMITED)),
        }
    }

    /// How many there are in all; none where nobody counts.
    pub(crate) fn limit(&self) -> Option<usize> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|limit| *limit != UNLIMITED)
    }

    /// Takes one, if one is free.
    pub(crate) fn take_now(&self) -> Option<Credit> {
        if self.limit().is_none() {
            return Some(Credit::Free);
        }
        Arc::clone(&self.semaphore).try_acquire_owned().ok().map(Credit::One)
    }

    /// Waits for one; none once the swarm has ended.
    pub(crate) async fn take(&self) -> Option<Credit> {
        if self.limit().is_none() {
            return Some(Credit::Free);
        }
        Arc::clone(&self.semaphore).acquire_owned().await.ok().map(Credit::One)
    }

    /// Takes so many for the copies of one broadcast, if they are free.
    pub(crate) fn take_all_now(&self, count: usize) -> Option<Credit> {
        if self.limit().is_none() || count == 0 {
            return Some(Credit::Free);
        }
        let all = Arc::clone(&self.semaphore).try_acquire_many_owned(u32::try_from(count).ok()?).ok()?;
        Some(Credit::Shared(Arc::new(all)))
    }

    /// Waits for so many; none once the swarm has ended.
    pub(crate) async fn take_all(&self, count: usize) -> Option<Credit> {
        if self.limit().is_none() || count == 0 {
            return Some(Credit::Free);
        }
        let all = Arc::clone(&self.semaphore).acquire_many_owned(u32::try_from(count).ok()?).await.ok()?;
        Some(Credit::Shared(Arc::new(all)))
    }

    /// Changes the limit, and says how many that are out now belong to nobody any more: [`Credits::retire`] them.
    pub(crate) fn set_limit(&self, limit: Option<usize>) -> usize {
        let before = self.limit().unwrap_or(0);
        self.limit.store(limit.unwrap_or(UNLIMITED), Ordering::Relaxed);
        let now = limit.unwrap_or(0).min(Semaphore::MAX_PERMITS);
        if now >= before {
            self.semaphore.add_permits(now - before);
            return 0;
        }
        before - now - self.semaphore.forget_permits(before - now)
    }

    /// Takes so many out of circulation as they come back.
    pub(crate) async fn retire(&self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if let Ok(retired) = self.semaphore.acquire_many(count).await {
            retired.forget();
        }
    }
}

impl Credit {
    /// The credit of one more message in the place of this one.
    pub(crate) fn pass(&mut self) -> Option<Self> {
        match self {
            Self::Uncounted => None,
            Self::Free | Self::One(_) | Self::Shared(_) => Some(std::mem::take(self)),
        }
    }

    pub(crate) fn is_counted(&self) -> bool {
        !matches!(self, Self::Uncounted)
    }

    /// The same credit, for another copy of one broadcast.
    pub(crate) fn share(&self) -> Self {
        match self {
            Self::Shared(all) => Self::Shared(Arc::clone(all)),
            Self::Free => Self::Free,
            Self::Uncounted | Self::One(_) => Self::Uncounted,
        }
    }
}
