//! A supervisor's own record of a child: the child, and how to start it again.

use std::pin::Pin;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::actor::cell::{Cell, Class};
use crate::actor::child::{Child, Incarnation, Nobody, Owner};
use crate::actor::definition::{Actor, Context, StartError};
use crate::actor::handle::Handle;
use crate::actor::hub::Hub;
use crate::actor::running::Running;
use crate::actor::turn::{Cut, guarded};
use crate::actor::waits::Current;
use crate::exit::{Cause, Exit, Failure};
use crate::path::Path;
use crate::supervisor::plane::Above;

/// A start under way: it ends with the incarnation alive, or with why it is not.
pub(crate) type Starting = Pin<Box<dyn Future<Output = Result<(), Exit>> + Send>>;

/// A child with the recipe of its incarnations.
pub(crate) trait Member: Send + Sync {
    /// The child itself; the same through all incarnations.
    fn child(&self) -> Arc<dyn Child>;
    /// As whom its start runs, for the graph of waits.
    fn current(&self) -> Option<Current>;
    /// Begins an incarnation. From here on a kill reaches it; the work itself is in the future.
    fn start(self: Arc<Self>, who: Incarnation) -> Starting;
}

/// Where a new child will stand.
pub(crate) struct Seat {
    pub(crate) hub: Arc<Hub>,
    /// The supervisor; none above the root.
    pub(crate) above: Option<Weak<dyn Above>>,
    pub(crate) parent: Path,
    pub(crate) name: Arc<str>,
}

impl Seat {
    /// The supervisor, as a cell knows it.
    pub(crate) fn owner(&self) -> Weak<dyn Owner> {
        self.above.clone().map_or_else(|| Weak::<Nobody>::new() as Weak<dyn Owner>, |above| above as Weak<dyn Owner>)
    }
}

/// Where the arguments of each incarnation come from.
pub(crate) trait Supply<A: Actor>: Send + 'static {
    /// The next arguments; none if they were given once, and are used up.
    fn args(&mut self) -> Option<A::Args>;
}

/// Arguments that are cloned for each incarnation.
pub(crate) struct Cloned<T>(pub(crate) T);

impl<A: Actor> Supply<A> for Cloned<A::Args>
where
    A::Args: Clone,
{
    fn args(&mut self) -> Option<A::Args> {
        Some(self.0.clone())
    }
}

impl<A: Actor> Supply<A> for Arc<dyn Fn() -> A::Args + Send + Sync> {
    fn args(&mut self) -> Option<A::Args> {
        Some(self())
    }
}

/// Arguments for a single incarnation.
pub(crate) struct Once<T>(pub(crate) Option<T>);

impl<A: Actor> Supply<A> for Once<A::Args> {
    fn args(&mut self) -> Option<A::Args> {
        self.0.take()
    }
}

/// A cell and its arguments.
pub(crate) struct CellMember<A: Actor, S> {
    cell: Arc<Cell<A::Msg>>,
    supply: Mutex<S>,
}

impl<A: Actor, S: Supply<A>> CellMember<A, S> {
    pub(crate) fn new(class: Arc<Class>, name: Arc<str>, supply: S) -> Self {
        Self { cell: Cell::new(class, name), supply: Mutex::new(supply) }
    }

    pub(crate) fn handle(&self) -> Handle<A::Msg> {
        Handle::new(Arc::clone(&self.cell))
    }
}

impl<A: Actor, S: Supply<A>> Member for CellMember<A, S> {
    fn child(&self) -> Arc<dyn Child> {
        Arc::clone(&self.cell) as Arc<dyn Child>
    }

    fn current(&self) -> Option<Current> {
        Some(self.cell.current())
    }

    fn start(self: Arc<Self>, who: Incarnation) -> Starting {
        let (ticket, life) = self.cell.begin_start(who);
        Box::pin(async move {
            let mut cx = Context::new(Arc::clone(&self.cell), life);
            let made = guarded(&self.cell, ticket, async {
                let args = self.supply.lock().args();
                A::start(args.ok_or_else(|| StartError::new(USED_UP))?, &mut cx).await
            });
            let exit = match made.await {
                Ok(Ok(actor)) => {
                    let leave = cx.leave;
                    if self.cell.install(ticket, Box::new(Running { actor, cx }), leave) {
                        return Ok(());
                    }
                    Exit::Killed
                }
                Err(Cut::Killed) => Exit::Killed,
                Ok(Err(error)) => refused(&error),
                Err(Cut::Panicked(failure)) => Exit::Failed(Arc::new(failure)),
            };
            self.cell.start_failed(ticket);
            Err(exit)
        })
    }
}

const USED_UP: &str = "its arguments were given for one life only, and that is over; start another child";

/// A start that returned an error, as the supervisor's failure.
pub(crate) fn refused(error: &StartError) -> Exit {
    Exit::Failed(Arc::new(Failure::new(Cause::Start, error.to_string())))
}
