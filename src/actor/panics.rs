//! Catching a handler's panic with its text and place.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Once, Weak};

use parking_lot::Mutex;

use crate::actor::waits::Current;
use crate::exit::{Cause, Failure};

thread_local! {
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// While it lives, panics of this thread are not printed.
#[cfg(all(feature = "testing", not(loom)))]
pub(crate) struct Quietly(bool);

/// Whoever runs code on this thread reports its panics, however many there are.
#[cfg(all(feature = "testing", not(loom)))]
pub(crate) fn quietly() -> Quietly {
    Quietly(QUIET.replace(true))
}

#[cfg(all(feature = "testing", not(loom)))]
impl Drop for Quietly {
    fn drop(&mut self) {
        QUIET.set(self.0);
    }
}

/// Who hears of the failures of the systems in this process, by their addresses. Read by the panic hook alone.
static HEARD: Mutex<BTreeMap<usize, Weak<dyn Heard>>> = Mutex::new(BTreeMap::new());

/// A system whose failures somebody may hear of.
pub(crate) trait Heard: Send + Sync {
    /// Whether anybody listens to its failure reports now.
    fn is_heard(&self) -> bool;
}

/// Lets the panic hook ask a system whether anybody hears of its failures.
pub(crate) fn introduce(system: usize, heard: Weak<dyn Heard>) {
    let mut systems = HEARD.lock();
    systems.retain(|_, system| system.strong_count() > 0);
    systems.insert(system, heard);
}

#[cfg(not(loom))]
fn is_heard(system: usize) -> bool {
    let heard = HEARD.lock().get(&system).and_then(Weak::upgrade);
    heard.is_some_and(|system| system.is_heard())
}

/// Installs the hook that notes where a supervised panic happened. A panic that nobody else would hear of (no failure
/// subscriber, no tracing subscriber) is printed by the hook that was there before, as all others are.
#[cfg(not(loom))]
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string);
            let _ = LOCATION.try_with(|location| *location.borrow_mut() = place);
            let reported = Current::get().is_some_and(|current| {
                is_heard(current.system) || tracing::enabled!(target: "swarmtree::failure", tracing::Level::ERROR)
            });
            if !reported && !QUIET.try_with(Cell::get).unwrap_or(false) {
                before(info);
            }
        }));
    });
}

/// Runs supervised code; a panic comes back as a failure.
pub(crate) fn catch<R>(run: impl FnOnce() -> R) -> Result<R, Failure> {
    catch_unwind(AssertUnwindSafe(run))
        .map_err(|payload| Failure { location: LOCATION.take(), ..Failure::new(Cause::Panic, text_of(&*payload)) })
}

/// Drops a user's value whose destructor may panic: the actor it belonged to has ended already.
pub(crate) fn drop_quietly<T>(value: T) {
    if let Err(failure) = catch(move || drop(value)) {
        tracing::error!(target: "swarmtree::failure", %failure, "a destructor panicked after its actor had ended");
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "a panic without text".to_owned())
}
