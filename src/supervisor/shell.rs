//! The ractor actor that stands for a supervisor: linked to the one above, killable, and told of ractor children's ends.

use std::sync::Arc;

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::exit::{Cause, Exit, Failure};
use crate::supervisor::node::Node;

pub(crate) struct Shell;

/// A running shell.
#[derive(Clone)]
pub(crate) struct ShellRef(pub(crate) ActorCell);

impl ShellRef {
    pub(crate) fn stop(&self) {
        self.0.stop(None);
    }
}

impl Shell {
    /// Starts a shell under that of the supervisor above; the root's stands alone and is watched by a task.
    pub(crate) async fn start(node: &Arc<Node>) -> Result<ShellRef, Exit> {
        let above = node.above.as_ref().and_then(std::sync::Weak::upgrade);
        let shell_above = above.as_ref().and_then(|above| above.state.lock().shell.clone());
        let started = match (&above, shell_above) {
            (Some(above), Some(ShellRef(cell))) => {
                let started = Actor::spawn_linked(None, Self, Arc::clone(node), cell).await;
                if let Ok((shell, _)) = &started {
                    above.state.lock().foreign.add_supervisor(shell.get_id(), node);
                }
                started
            }
            (Some(_), None) => return Err(Exit::Killed),
            (None, _) => Actor::spawn(None, Self, Arc::clone(node)).await,
        };
        let (shell, task) = started.map_err(|error| refused(&error.to_string()))?;
        if node.above.is_none() {
            let node = Arc::downgrade(node);
            tokio::spawn(async move {
                let _ = task.await;
                if let Some(node) = node.upgrade() {
                    node.shell_died();
                }
            });
        }
        Ok(ShellRef(shell.get_cell()))
    }
}

pub(crate) fn refused(text: &str) -> Exit {
    Exit::Failed(Arc::new(Failure { cause: Cause::Start, text: text.to_owned(), location: None, message: None }))
}

impl Actor for Shell {
    type Msg = ();
    type State = Arc<Node>;
    type Arguments = Arc<Node>;

    async fn pre_start(&self, _: ActorRef<()>, node: Arc<Node>) -> Result<Arc<Node>, ActorProcessingErr> {
        Ok(node)
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        node: &mut Arc<Node>,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(who, _, reason) => {
                let exit = if reason.as_deref() == Some("killed") { Exit::Killed } else { Exit::Normal };
                node.foreign_ended(who, exit).await;
            }
            SupervisionEvent::ActorFailed(who, error) => {
                let failure =
                    Failure { cause: Cause::Panic, text: error.to_string(), location: None, message: None };
                node.foreign_ended(who, Exit::Failed(Arc::new(failure))).await;
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}
