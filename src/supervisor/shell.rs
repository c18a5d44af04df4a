//! The ractor actor that stands for a supervisor: linked to the one above, killable, and told of ractor children's ends.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::exit::{Cause, Exit, Failure};
use crate::supervisor::plane::{Above, ShellRef, Whose};

/// How long a ractor child's own children may take to be gone before a new one is started.
const SUBTREE_WAIT: Duration = Duration::from_secs(5);

pub(crate) struct Shell;

impl Shell {
    /// Starts a shell under that of the supervisor above; the root's stands alone, and a task watches it.
    pub(crate) async fn start(of: Arc<dyn Above>, above: Option<Arc<dyn Above>>) -> Result<ShellRef, Exit> {
        let behind = Arc::downgrade(&of);
        let Some(above) = above else {
            let root = Arc::clone(&of);
            let (shell, task) = Actor::spawn(None, Self, of).await.map_err(|error| refused(&error.to_string()))?;
            let root = Root { of: Some(root) };
            let id = shell.get_id();
            tokio::spawn(async move {
                let _ = task.await;
                root.let_go();
                died(&behind, id);
            });
            return Ok(ShellRef(shell.get_cell()));
        };
        let Some(ShellRef(over)) = above.shell() else { return Err(Exit::Killed) };
        let linked = Actor::spawn_linked(None, Self, of, over).await;
        let (shell, _) = linked.map_err(|error| refused(&error.to_string()))?;
        above.adopt(shell.get_id(), Whose::Supervisor(behind));
        Ok(ShellRef(shell.get_cell()))
    }
}

/// Buries the whole tree if the task that holds it is dropped by its runtime.
struct Root {
    of: Option<Arc<dyn Above>>,
}

impl Root {
    fn let_go(mut self) {
        self.of = None;
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if let Some(of) = self.of.take() {
            of.bury();
        }
    }
}

fn died(behind: &Weak<dyn Above>, shell: ractor::ActorId) {
    if let Some(supervisor) = behind.upgrade() {
        supervisor.shell_died(shell);
    }
}

/// A ractor actor that did not start, as the supervisor's failure.
pub(crate) fn refused(text: &str) -> Exit {
    Exit::Failed(Arc::new(Failure::new(Cause::Start, text)))
}

/// A ractor actor below has ended.
async fn ended(above: &Arc<dyn Above>, who: ActorCell, exit: Exit) {
    match above.disown(who.get_id()) {
        Some(Whose::Child(incarnation, asked)) => {
            // ractor tells of an end while the children below still stop: their names would be taken.
            who.stop_children_and_wait(None, Some(SUBTREE_WAIT)).await;
            let asked = asked.load(Ordering::Relaxed) && exit == Exit::Normal;
            above.exited(incarnation, if asked { Exit::Shutdown } else { exit });
        }
        Some(Whose::Supervisor(behind)) => died(&behind, who.get_id()),
        None => {}
    }
}

impl Actor for Shell {
    type Msg = ();
    type State = Arc<dyn Above>;
    type Arguments = Arc<dyn Above>;

    async fn pre_start(&self, _: ActorRef<()>, of: Arc<dyn Above>) -> Result<Arc<dyn Above>, ActorProcessingErr> {
        Ok(of)
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        of: &mut Arc<dyn Above>,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(who, _, reason) => {
                let exit = if reason.as_deref() == Some("killed") { Exit::Killed } else { Exit::Normal };
                ended(of, who, exit).await;
            }
            SupervisionEvent::ActorFailed(who, error) => {
                let failure = Failure::new(Cause::Panic, error.to_string());
                ended(of, who, Exit::Failed(Arc::new(failure))).await;
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}
