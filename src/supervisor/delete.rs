//! Taking a child that is down out of its supervisor (OTP's `delete_child`).

use std::sync::Arc;

use crate::actor::child::{Address, Child};
use crate::exit::Exit;
use crate::supervisor::node::Node;
use crate::supervisor::perform::Deferred;
use crate::supervisor::rules::entry::Status;
use crate::supervisor::rules::state::Phase;

/// Why a child was not deleted. It is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeleteError {
    /// It is up, or on its way down.
    #[error("it is running; stop it first")]
    Running,
    /// It is about to be started again.
    #[error("it is about to be started again; stop it first")]
    Restarting,
    /// Its supervisor does not have it any more, or is not running.
    #[error("its supervisor has left it behind, or is not running")]
    Gone,
}

impl Node {
    /// Takes a child out, if the one of that name is still that child and down.
    pub(crate) fn delete(&self, name: &str, child: &Arc<dyn Child>) -> Result<(), DeleteError> {
        let mut deferred = Deferred::default();
        {
            let mut state = self.state.lock();
            let slot = state.names.get(name).copied().filter(|slot| state.holds(*slot, Address::of(child)));
            let slot = slot.filter(|_| matches!(state.rules.phase(), Phase::Init | Phase::Running));
            let slot = slot.ok_or(DeleteError::Gone)?;
            match state.rules.status(slot) {
                Status::Running | Status::Stopping(_) => return Err(DeleteError::Running),
                Status::Starting | Status::Waiting => return Err(DeleteError::Restarting),
                Status::Down if state.rules.will_start(slot) => return Err(DeleteError::Restarting),
                Status::Down => {}
            }
            state.rules.delete(slot);
            self.remove(&mut state, slot, &Exit::Shutdown, &mut deferred);
        }
        deferred.run(self);
        Ok(())
    }
}
