//! A worker of ours that acts as the schedule wants.

use std::future::pending;

use swarmtree::{Actor, Context, Exit, Fail, Handle, Handled, Message, StartError};

use crate::schedule::Id;
use crate::stage::{Refused, Stage};

/// Who a puppet is.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) id: Id,
    pub(crate) deaf: bool,
    pub(crate) stage: Stage,
}

#[derive(Debug)]
pub(crate) enum Cue {
    Leave,
    Fail,
}

impl Message for Cue {}

#[derive(Debug)]
pub(crate) struct Puppet(Part);

impl Actor for Puppet {
    type Msg = Cue;
    type Args = Part;
    type Handle = Handle<Cue>;

    async fn start(part: Part, _: &mut Context<Self>) -> Result<Self, StartError> {
        match part.stage.enter(part.id).await {
            Ok(()) => Ok(Self(part)),
            Err(Refused) => Err(StartError::new("refused")),
        }
    }

    fn handle(&mut self, cue: Cue, cx: &mut Context<Self>) -> Handled<Cue> {
        match cue {
            Cue::Leave => cx.stop(),
            Cue::Fail => return Handled::Fail(Fail::new("boom")),
        }
        Handled::Done
    }

    async fn stop(&mut self, exit: &Exit, _: &mut Context<Self>) {
        if self.0.deaf && *exit == Exit::Shutdown {
            pending::<()>().await;
        }
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.0.stage.leave(self.0.id);
    }
}
