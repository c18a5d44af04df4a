//! A worker of ours whose strings a schedule pulls, and the record of what all of them did.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use swarmtree::{Actor, Context, Exit, Fail, Handle, Handled, Message, StartError};
use tokio::sync::oneshot;

use crate::schedule::{Id, Start};

/// What all puppets of one schedule share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    events: Vec<String>,
    /// Events ever, those that were taken away included.
    count: usize,
    starts: BTreeMap<Id, VecDeque<Start>>,
    hung: Vec<(Start, oneshot::Sender<()>)>,
}

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

impl Stage {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, event: String) {
        let mut inner = self.inner();
        inner.events.push(event);
        inner.count += 1;
    }

    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut self.inner().events).join(",")
    }

    pub(crate) fn count(&self) -> usize {
        self.inner().count
    }

    pub(crate) fn set_starts(&self, id: Id, starts: &[Start]) {
        self.inner().starts.insert(id, starts.iter().copied().collect());
    }

    pub(crate) fn is_hung(&self) -> bool {
        self.inner().hung.iter().any(|(_, start)| !start.is_closed())
    }

    /// Lets all starts that hang go on, and says which kinds there were.
    pub(crate) fn release(&self) -> Vec<Start> {
        let hung = std::mem::take(&mut self.inner().hung);
        hung.into_iter().filter_map(|(kind, start)| start.send(()).ok().map(|()| kind)).collect()
    }

    fn next_start(&self, id: Id) -> (Option<Start>, oneshot::Receiver<()>) {
        self.add(format!("start {id}"));
        let mut inner = self.inner();
        let start = inner.starts.get_mut(&id).and_then(VecDeque::pop_front);
        let (release, released) = oneshot::channel();
        if let Some(kind @ (Start::Hang | Start::HangFail)) = start {
            inner.hung.push((kind, release));
        }
        (start, released)
    }
}

impl Actor for Puppet {
    type Msg = Cue;
    type Args = Part;
    type Handle = Handle<Cue>;

    async fn start(part: Part, _: &mut Context<Self>) -> Result<Self, StartError> {
        let (start, released) = part.stage.next_start(part.id);
        if matches!(start, Some(Start::Hang | Start::HangFail)) {
            let _ = released.await;
        }
        match start {
            None | Some(Start::Hang) => Ok(Self(part)),
            Some(Start::Fail | Start::HangFail) => Err(StartError::new("refused")),
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
        self.0.stage.add(format!("down {}", self.0.id));
    }
}
