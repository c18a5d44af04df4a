//! What happened, in order, from any number of actors.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

struct Lines {
    lines: Mutex<Vec<String>>,
    added: Notify,
}

/// A shared, ordered list of lines such as `start a`, to be waited for and compared. Cheap to clone.
#[derive(Clone)]
pub struct Record(Arc<Lines>);

impl Record {
    /// An empty record.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Lines { lines: Mutex::new(Vec::new()), added: Notify::new() }))
    }

    /// Adds a line.
    pub fn add(&self, line: impl Into<String>) {
        self.0.lines.lock().push(line.into());
        self.0.added.notify_waiters();
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lines.lock().clone()
    }

    /// Takes all lines out.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lines.lock())
    }

    /// Waits until a line stands in the record.
    pub async fn until(&self, line: &str) {
        self.until_count(line, 1).await;
    }

    /// Waits until a line stands in the record this many times.
    pub async fn until_count(&self, line: &str, count: usize) {
        loop {
            let added = self.0.added.notified();
            let mut added = std::pin::pin!(added);
            added.as_mut().enable();
            if self.0.lines.lock().iter().filter(|found| *found == line).count() >= count {
                return;
            }
            added.await;
        }
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lines()).finish()
    }
}
