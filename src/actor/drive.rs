//! The task of a turn, which others may drive too.
//!
//! A turn is a future that a task of its own polls. Whoever calls an idle actor's turn may poll it on the core at hand
//! instead of waking that task: an ask that would have to wait for it anyway (a visit), and a turn that ends with the
//! message it was given (a hand-over). Both spare the scheduler, and with it most wakes of sleeping threads.

use std::cell::Cell;
#[cfg(not(loom))]
use std::cell::OnceCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use crate::actor::hub::Hub;
#[cfg(not(loom))]
use crate::actor::lookout::Pulse;
use crate::actor::panics::{catch, drop_quietly};
use crate::actor::waits::Current;
use crate::sync::{AtomicBool, Mutex};

type Turn = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The turns that one task may drive after its own, before other tasks get the core.
const HANDS_LIMIT: u32 = 128;
/// How deep visits are nested: handlers that ask each other.
const DEPTH_LIMIT: u32 = 4;

/// How the turn at hand is driven.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    /// By a task that has nothing else to do.
    No,
    /// By an ask, which waits for one batch and no more.
    Begun,
    /// The same, and the batch is taken.
    Served,
}

/// What this thread drives.
#[derive(Clone, Copy)]
struct Driving {
    visit: Visit,
    depth: u32,
    /// The system whose next turn may be left in [`NEXT`]; 0 is none.
    open: usize,
}

const NOTHING: Driving = Driving { visit: Visit::No, depth: 0, open: 0 };

#[cfg(not(loom))]
thread_local! {
    static DRIVING: Cell<Driving> = const { Cell::new(NOTHING) };
    static NEXT: Upcoming = const { Upcoming { drive: Cell::new(None), pulse: OnceCell::new() } };
}
#[cfg(loom)]
loom::thread_local! {
    static DRIVING: Cell<Driving> = Cell::new(NOTHING);
    static NEXT: Upcoming = Upcoming { drive: Cell::new(None) };
}

/// Whom this thread drives next.
struct Upcoming {
    drive: Cell<Option<Arc<Drive>>>,
    /// Where others see that there is one; from the first one on.
    #[cfg(not(loom))]
    pulse: OnceCell<Arc<Pulse>>,
}

impl Upcoming {
    /// Leaves a turn to be driven; the one that was left before comes back.
    fn leave(drive: Arc<Drive>) -> Option<Arc<Drive>> {
        NEXT.with(|next| {
            #[cfg(not(loom))]
            {
                let pulse = next.pulse.get_or_init(Arc::default);
                if !pulse.is_seen(&drive.hub.lookout) {
                    drive.hub.lookout.enroll(pulse, &drive.hub.executor);
                }
                pulse.leave();
            }
            next.drive.replace(Some(drive))
        })
    }

    fn take() -> Option<Arc<Drive>> {
        NEXT.with(|next| {
            let drive = next.drive.take()?;
            #[cfg(not(loom))]
            if let Some(pulse) = next.pulse.get() {
                pulse.take();
            }
            Some(drive)
        })
    }
}

impl Driving {
    /// Drives with this in force.
    fn during<R>(self, drive: impl FnOnce() -> R) -> R {
        struct Restore(Driving);
        impl Drop for Restore {
            fn drop(&mut self) {
                DRIVING.with(|now| now.set(self.0));
            }
        }
        let _restore = Restore(DRIVING.with(|now| now.replace(self)));
        drive()
    }

    fn get() -> Self {
        DRIVING.with(Cell::get)
    }
}

/// Blocks this thread inside a handler, as [`tokio::task::block_in_place`] does. Whom the handler has told before, or tells
/// meanwhile, goes on at once on other threads; after tokio's own call it may take up to 20 ms.
///
/// # Panics
/// In a runtime of a single thread, as tokio's does.
#[cfg(not(loom))]
pub fn block_in_place<R>(run: impl FnOnce() -> R) -> R {
    tokio::task::block_in_place(|| blocking(run))
}

/// Runs what blocks this thread: whoever would be driven next gets a task, and so does whoever is called meanwhile.
#[cfg(not(loom))]
pub(crate) fn blocking<R>(run: impl FnOnce() -> R) -> R {
    drop(Left);
    Driving { open: NOTHING.open, ..Driving::get() }.during(run)
}

/// Whether the turn at hand has done what it was visited for.
pub(crate) fn is_served() -> bool {
    Driving::get().visit == Visit::Served
}

/// The turn at hand has taken a batch.
pub(crate) fn serve() {
    DRIVING.with(|now| {
        if now.get().visit == Visit::Begun {
            now.set(Driving { visit: Visit::Served, ..now.get() });
        }
    });
}

/// Whether handlers on this thread are nested so deep that the next one gets a stack of its own.
pub(crate) fn is_deep() -> bool {
    Driving::get().depth >= DEPTH_LIMIT
}

/// Runs a handler inside of whatever this thread drives.
pub(crate) fn deeper<R>(run: impl FnOnce() -> R) -> R {
    let now = Driving::get();
    Driving { visit: Visit::No, depth: now.depth + 1, ..now }.during(run)
}

/// A turn with its task.
pub(crate) struct Drive {
    /// Whoever has the lock drives; nobody ever waits for it.
    turn: Mutex<Option<Turn>>,
    /// The task was woken while somebody else drove.
    missed: AtomicBool,
    /// The task is dropped.
    gone: AtomicBool,
    /// Wakes the task; there from its first poll on.
    task: OnceLock<Waker>,
    /// Whether there is a task.
    spawned: AtomicBool,
    /// Whose turn it is.
    current: Current,
    hub: Arc<Hub>,
}

impl Drive {
    /// A turn without a task yet.
    pub(crate) fn new(hub: Arc<Hub>, current: Current, turn: impl FnOnce(Arc<Self>) -> Turn) -> Arc<Self> {
        let drive = Arc::new(Self {
            turn: Mutex::new(None),
            missed: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            task: OnceLock::new(),
            spawned: AtomicBool::new(false),
            current,
            hub,
        });
        *drive.turn.lock() = Some(turn(Arc::clone(&drive)));
        drive
    }

    /// Has the turn driven, by its task or by whoever is free for it next: within one system, and so within one runtime. A
    /// simulation decides that itself.
    pub(crate) fn call(self: Arc<Self>) {
        if Driving::get().open != self.current.system || self.hub.world().is_some() {
            return self.wake();
        }
        if let Some(older) = Upcoming::leave(self) {
            older.wake();
        }
    }

    /// Wakes the task. A turn that has none gets it now, and with it a first poll.
    pub(crate) fn wake(self: &Arc<Self>) {
        if !self.get_task()
            && let Some(task) = self.task.get()
        {
            task.wake_by_ref();
        }
    }

    /// Gives the turn its task; false if it has one.
    fn get_task(self: &Arc<Self>) -> bool {
        let new = !self.spawned.load(Ordering::Relaxed) && !self.spawned.swap(true, Ordering::AcqRel);
        if new {
            self.hub.executor.spawn(Task(Arc::clone(self)));
        }
        new
    }

    /// Drives the called turn for one batch, here and now, if that is possible; otherwise wakes its task.
    pub(crate) fn visit(self: &Arc<Self>) {
        if is_deep() {
            return self.wake();
        }
        let now = Driving::get();
        Driving { visit: Visit::Begun, depth: now.depth + 1, ..now }.during(|| self.drive_as_guest());
    }

    fn drive_as_guest(self: &Arc<Self>) {
        let Some(mut turn) = self.turn.try_lock() else { return self.wake() };
        // Under the lock: where there is no waker yet, the task's first poll is still to come.
        let task = self.task.get().unwrap_or(Waker::noop());
        let Some(mut future) = turn.take() else { return };
        // A turn catches the panics of handlers itself; of its own it dies, and harms nobody else.
        let left = catch(move || {
            let polled = future.as_mut().poll(&mut Context::from_waker(task));
            polled.is_pending().then_some(future)
        });
        *turn = left.ok().flatten();
        let ended = turn.is_none();
        drop(turn);
        if ended {
            if self.spawned.load(Ordering::Relaxed) {
                self.wake();
            }
        } else if !self.get_task() && self.missed.swap(false, Ordering::AcqRel) {
            if self.gone.load(Ordering::Relaxed) { self.bury() } else { self.wake() }
        }
    }

    /// Drops a turn that has no task any more. What its actor's destructors do is no harm to whoever is here.
    fn bury(&self) {
        let turn = self.turn.try_lock().and_then(|mut turn| turn.take());
        if turn.is_some() {
            self.current.enter(|| drop_quietly(turn));
        }
    }

    /// A poll by the turn's own task.
    fn drive(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut turn = match self.turn.try_lock() {
            Some(turn) => turn,
            None => {
                // A guest that leaves after this sees it; one that has left before has unlocked before.
                self.missed.swap(true, Ordering::AcqRel);
                match self.turn.try_lock() {
                    Some(turn) => turn,
                    None => return Poll::Pending,
                }
            }
        };
        let Some(mut future) = turn.take() else { return Poll::Ready(()) };
        let polled = future.as_mut().poll(cx);
        if polled.is_pending() {
            *turn = Some(future);
        }
        polled
    }
}

/// The task itself. The turn ends with it, whoever drove it last.
struct Task(Arc<Drive>);

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let own = &self.0;
        // Of a task that this one is polled inside of, by way of `block_in_place`.
        drop(Left);
        own.task.get_or_init(|| cx.waker().clone());
        let open = Driving { open: own.current.system, ..NOTHING };
        let _left = Left;
        let polled = open.during(|| own.drive(cx));
        for _ in 0..HANDS_LIMIT {
            let Some(next) = Upcoming::take() else { return polled };
            open.during(|| next.drive_as_guest());
        }
        polled
    }
}

/// When it is dropped, whoever is left to be driven next gets a task; also where the turn at hand panics.
struct Left;

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(left) = Upcoming::take() {
            left.wake();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.gone.store(true, Ordering::Relaxed);
        // A guest who is at it looks after it.
        self.0.missed.swap(true, Ordering::AcqRel);
        self.0.bury();
    }
}
