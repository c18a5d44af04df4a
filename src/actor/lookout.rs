//! Sees to it that a handler which blocks its thread strands nobody.
//!
//! A turn that a handler's thread is to drive next (`drive`) waits for the end of that handler. Each thread counts on a pulse
//! of its own what it takes up and lays down, which costs it one store. While any of them moves, a task of the system looks at
//! all of them now and then; where one stands still with somebody left to be driven, whoever was called and waits for a core
//! gets a task. A system at rest has no such task.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::actor::child::Child;
use crate::sync::Executor;

/// How long a thread may stand still before others help, at least; twice as long at most.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Looks after which a thread that stands still, with nobody left to be driven, is looked at no longer.
const STILL_LIMIT: u32 = 100;

/// What a thread shows of the turn that it drives next. Written by that thread alone.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// The address of the lookout that sees it; 0 is none.
    lookout: AtomicUsize,
    /// Changes with each turn that is left or taken; odd while there is one.
    count: AtomicU32,
}

impl Pulse {
    /// Whether this lookout sees it.
    pub(crate) fn is_seen(&self, lookout: &Lookout) -> bool {
        self.lookout.load(Ordering::Relaxed) == lookout.address()
    }

    /// This lookout sees it no longer.
    fn part(&self, lookout: &Lookout) {
        if self.is_seen(lookout) {
            self.lookout.store(0, Ordering::Relaxed);
        }
    }

    /// A turn is left to be driven.
    pub(crate) fn leave(&self) {
        let count = self.count.load(Ordering::Relaxed);
        self.count.store(count.wrapping_add(2) | 1, Ordering::Relaxed);
    }

    /// It is taken.
    pub(crate) fn take(&self) {
        let count = self.count.load(Ordering::Relaxed);
        self.count.store(count.wrapping_add(1) & !1, Ordering::Relaxed);
    }
}

/// A pulse as it was when it was last looked at.
struct Seen {
    pulse: Arc<Pulse>,
    count: u32,
    /// Looks in a row that have found the same.
    still: u32,
}

/// What is done about a pulse.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    /// Whoever waits for a core gets one.
    Help,
    /// Its thread has nothing to do with this system any more.
    Part,
}

impl Seen {
    fn look(&mut self, lookout: &Lookout) -> Verdict {
        let count = self.pulse.count.load(Ordering::Relaxed);
        if count != self.count {
            (self.count, self.still) = (count, 0);
            return Verdict::Keep;
        }
        self.still = self.still.saturating_add(1);
        match (count % 2 == 1, self.still) {
            (true, 1) => Verdict::Help,
            (false, STILL_LIMIT) => {
                self.pulse.part(lookout);
                Verdict::Keep
            }
            // It has parted for a whole look, and what it began before would show by now.
            (false, still) if still > STILL_LIMIT => Verdict::Part,
            _ => Verdict::Keep,
        }
    }
}

#[derive(Default)]
struct Watch {
    seen: Vec<Seen>,
    /// There is a task that looks.
    on: bool,
}

/// The lookout of one system, and so of one runtime.
#[derive(Default)]
pub(crate) struct Lookout {
    watch: Mutex<Watch>,
    /// Everybody who may need help.
    tree: OnceLock<Weak<dyn Child>>,
}

impl Lookout {
    fn address(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Whom to help.
    pub(crate) fn look_after(&self, tree: Weak<dyn Child>) {
        let _ = self.tree.set(tree);
    }

    /// Watches this thread's pulse until it stands still with nobody left to be driven.
    pub(crate) fn enroll(self: &Arc<Self>, pulse: &Arc<Pulse>, executor: &Executor) {
        // The thread of the handler is the only one there is: nobody could help.
        if executor.is_single() {
            return;
        }
        let mut watch = self.watch.lock();
        let count = pulse.count.load(Ordering::Relaxed);
        pulse.lookout.store(self.address(), Ordering::Relaxed);
        match watch.seen.iter_mut().find(|seen| Arc::ptr_eq(&seen.pulse, pulse)) {
            Some(seen) => seen.still = 0,
            None => watch.seen.push(Seen { pulse: Arc::clone(pulse), count, still: 0 }),
        }
        if !std::mem::replace(&mut watch.on, true) {
            drop(watch);
            executor.spawn_aside(look_out(Arc::downgrade(self)));
        }
    }

    /// Looks at all pulses; false ends the task, as there are none any more.
    fn look(&self) -> bool {
        let mut helps = false;
        let on = {
            let mut watch = self.watch.lock();
            watch.seen.retain_mut(|seen| {
                let verdict = seen.look(self);
                helps |= verdict == Verdict::Help;
                verdict != Verdict::Part
            });
            watch.on = !watch.seen.is_empty();
            watch.on
        };
        if helps && let Some(tree) = self.tree.get().and_then(Weak::upgrade) {
            tree.help();
        }
        on
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        // Another one may come to stand at the same address.
        for seen in &self.watch.lock().seen {
            seen.pulse.part(self);
        }
    }
}

async fn look_out(lookout: Weak<Lookout>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if !lookout.upgrade().is_some_and(|lookout| lookout.look()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each of so many looks says.
    fn looks(seen: &mut Seen, lookout: &Lookout, looks: u32) -> Vec<Verdict> {
        (0..looks).map(|_| seen.look(lookout)).collect()
    }

    fn seen() -> (Arc<Pulse>, Seen, Arc<Lookout>) {
        let (pulse, lookout) = (Arc::new(Pulse::default()), Arc::<Lookout>::default());
        pulse.lookout.store(lookout.address(), Ordering::Relaxed);
        (Arc::clone(&pulse), Seen { pulse, count: 0, still: 0 }, lookout)
    }

    #[test]
    fn a_thread_that_stands_still_with_somebody_left_is_helped_once_each_time() {
        let (pulse, mut seen, lookout) = seen();
        for _ in 0..3 {
            pulse.leave();
            assert_eq!(looks(&mut seen, &lookout, 4), [Verdict::Keep, Verdict::Help, Verdict::Keep, Verdict::Keep]);
        }
        // One took the place of another.
        pulse.leave();
        pulse.leave();
        assert_eq!(looks(&mut seen, &lookout, 2), [Verdict::Keep, Verdict::Help]);
    }

    #[test]
    fn a_thread_that_goes_on_needs_no_help() {
        let (pulse, mut seen, lookout) = seen();
        for _ in 0..3 {
            pulse.leave();
            assert_eq!(seen.look(&lookout), Verdict::Keep);
            pulse.take();
            pulse.leave();
            assert_eq!(seen.look(&lookout), Verdict::Keep);
            pulse.take();
            assert_eq!(looks(&mut seen, &lookout, 2), [Verdict::Keep, Verdict::Keep]);
        }
    }

    #[test]
    fn a_thread_at_rest_parts_a_look_before_it_is_looked_at_no_longer() {
        let (pulse, mut seen, lookout) = seen();
        pulse.leave();
        pulse.take();
        assert!(looks(&mut seen, &lookout, STILL_LIMIT).iter().all(|verdict| *verdict == Verdict::Keep));
        assert!(pulse.is_seen(&lookout));
        assert_eq!(seen.look(&lookout), Verdict::Keep);
        assert!(!pulse.is_seen(&lookout));
        assert_eq!(seen.look(&lookout), Verdict::Part);
    }

    #[test]
    fn what_is_left_while_a_thread_parts_is_seen() {
        let (pulse, mut seen, lookout) = seen();
        drop(looks(&mut seen, &lookout, STILL_LIMIT));
        assert!(!pulse.is_seen(&lookout));
        // It had looked before.
        pulse.leave();
        assert_eq!(looks(&mut seen, &lookout, 2), [Verdict::Keep, Verdict::Help]);
    }
}
