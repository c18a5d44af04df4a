//! An agent that works: asks for tasks, runs its behaviour beside itself, and reports until it is heard.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use swarmtree::{
    Actor, Carries, Context, Descriptor, Exit, Fail, Handle, Handled, Mail, Message, OrderId, Rank, Seat, StartError,
    TooManyOrders,
};

use crate::agents::agent::Agent;
use crate::agents::crew::behaviour::Behaviour;
use crate::agents::crew::coordinator::{MAIL, RETRY};
use crate::agents::crew::desk::{Desk, Presence};
use crate::agents::crew::job::{Flag, Job};
use crate::agents::crew::word::{Parcel, What, Word};
use crate::agents::event::Assignment;
use crate::agents::outcome::AttemptId;

/// Where the coordinator stands.
pub(crate) const COORDINATOR: Rank = Rank(0);

/// What an agent is started from.
pub(crate) struct WorkerArgs<P, R>
where
    Word<P, R>: Message,
{
    pub(crate) agent: Agent,
    pub(crate) behaviour: Behaviour<P, R>,
    pub(crate) seat: Seat<Word<P, R>>,
    pub(crate) desk: Arc<Desk<P, R>>,
}

impl<P, R> Clone for WorkerArgs<P, R>
where
    Word<P, R>: Message,
{
    fn clone(&self) -> Self {
        Self {
            agent: self.agent.clone(),
            behaviour: self.behaviour.clone(),
            seat: self.seat.clone(),
            desk: Arc::clone(&self.desk),
        }
    }
}

/// An attempt in hand.
struct InHand {
    order: OrderId,
    cancelled: Arc<Flag>,
}

/// An agent's actor.
pub(crate) struct Worker<P, R>
where
    Word<P, R>: Message,
{
    agent: Agent,
    behaviour: Behaviour<P, R>,
    seat: Seat<Word<P, R>>,
    in_hand: BTreeMap<AttemptId, InHand>,
    /// What it has ended and the coordinator has not noted yet.
    reports: BTreeMap<AttemptId, Parcel<R>>,
    /// What could not go out yet.
    held: VecDeque<What<P, R>>,
    retry: Option<OrderId>,
    presence: Presence<P, R>,
}

/// What it hears.
pub(crate) enum WorkerMsg<P, R>
where
    Word<P, R>: Message,
{
    Mail(Mail<Word<P, R>>),
    /// It is there: time to ask for work.
    Begin,
    /// Its behaviour is done with an attempt.
    Ran(AttemptId, Result<R, String>),
    /// What could not go out may now.
    Retry,
}

impl<P, R> Message for WorkerMsg<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    const KINDS: &'static [&'static str] = &["mail", "begin", "ran", "retry"];

    fn kind(&self) -> usize {
        match self {
            Self::Mail(_) => 0,
            Self::Begin => 1,
            Self::Ran(..) => 2,
            Self::Retry => 3,
        }
    }

    fn break_off(&mut self) {
        if let Self::Mail(mail) = self {
            mail.break_off();
        }
    }
}

impl<P, R> Carries<Word<P, R>> for WorkerMsg<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    fn carry(mail: Mail<Word<P, R>>) -> Self {
        Self::Mail(mail)
    }

    fn mail(self) -> Option<Mail<Word<P, R>>> {
        match self {
            Self::Mail(mail) => Some(mail),
            Self::Begin | Self::Ran(..) | Self::Retry => None,
        }
    }
}

impl<P, R> Actor for Worker<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    type Msg = WorkerMsg<P, R>;
    type Args = WorkerArgs<P, R>;
    type Handle = Handle<WorkerMsg<P, R>>;

    const DESCRIPTOR: Descriptor = Descriptor { actor: "Worker", handlers: &[MAIL], asks: &[] };

    async fn start(args: Self::Args, cx: &mut Context<Self>) -> Result<Self, StartError> {
        let WorkerArgs { agent, behaviour, seat, desk } = args;
        // Edges lead here only once the start is over.
        cx.pipe(async {}, |()| WorkerMsg::Begin)?;
        let presence = Presence::begin(&desk, &agent, seat.rank())?;
        let (in_hand, reports, held) = (BTreeMap::new(), BTreeMap::new(), VecDeque::new());
        Ok(Self { agent, behaviour, seat, in_hand, reports, held, retry: None, presence })
    }

    fn handle(&mut self, message: Self::Msg, _: &mut Context<Self>) -> Handled<Self::Msg> {
        Handled::Async(message)
    }

    async fn handle_async(&mut self, message: Self::Msg, cx: &mut Context<Self>) -> Result<(), Fail> {
        self.attend(message, cx).await.map_err(|error| Fail::new(error.to_string()))
    }

    async fn stop(&mut self, _: &Exit, _: &mut Context<Self>) {
        self.presence.leaves = true;
    }
}

impl<P, R> Worker<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    async fn attend(&mut self, message: WorkerMsg<P, R>, cx: &mut Context<Self>) -> Result<(), TooManyOrders> {
        match message {
            WorkerMsg::Mail(mail) => {
                if let Some(delivery) = mail.arrive().await {
                    self.hear(delivery.message, cx);
                }
            }
            WorkerMsg::Begin => self.held.push_back(What::Demand(self.room())),
            WorkerMsg::Ran(attempt, result) => {
                if self.in_hand.remove(&attempt).is_some() {
                    self.report(attempt, result);
                }
            }
            WorkerMsg::Retry => self.retry = None,
        }
        self.say(cx).await
    }

    fn hear(&mut self, word: Word<P, R>, cx: &mut Context<Self>) {
        if word.stay != self.presence.stay {
            return;
        }
        match word.what {
            What::Assign(assignment) => self.begin(&assignment, cx),
            What::Cancel(attempt) => self.cancel(attempt, cx),
            What::Noted(attempt) => drop(self.reports.remove(&attempt)),
            What::Repeat => self.repeat(),
            What::Demand(_) | What::Started(_) | What::Finished(..) => {}
        }
    }

    fn room(&self) -> u32 {
        self.agent.concurrency.saturating_sub(u32::try_from(self.in_hand.len()).unwrap_or(u32::MAX))
    }

    /// Begins with a task, unless it has it already.
    fn begin(&mut self, assignment: &Assignment<P, R>, cx: &mut Context<Self>) {
        let attempt = assignment.attempt;
        if self.in_hand.contains_key(&attempt) || self.reports.contains_key(&attempt) {
            return;
        }
        let cancelled = Arc::new(Flag::default());
        let running = self.behaviour.clone().run(Job::new(assignment, Arc::clone(&cancelled)));
        let running = overheard(running, Arc::clone(&self.presence.why));
        match cx.pipe(running, move |result| WorkerMsg::Ran(attempt, result)) {
            Ok(order) => {
                self.in_hand.insert(attempt, InHand { order, cancelled });
                self.held.push_back(What::Started(attempt));
            }
            Err(too_many) => self.report(attempt, Err(too_many.to_string())),
        }
    }

    /// Ends what can be cut short. The rest is told, and holds its place until it returns.
    fn cancel(&mut self, attempt: AttemptId, cx: &mut Context<Self>) {
        let Some(in_hand) = self.in_hand.get(&attempt) else { return };
        in_hand.cancelled.set();
        if self.behaviour.is_cut_short() {
            cx.cancel(in_hand.order);
            self.in_hand.remove(&attempt);
            self.report(attempt, Err("cancelled".to_owned()));
        }
    }

    fn report(&mut self, attempt: AttemptId, result: Result<R, String>) {
        let parcel = Parcel::new(result);
        self.reports.insert(attempt, parcel.clone());
        self.held.push_back(What::Finished(attempt, parcel));
    }

    /// Says all again that was not noted.
    fn repeat(&mut self) {
        self.held.clear();
        self.held.push_back(What::Demand(self.room()));
        self.held.extend(self.in_hand.keys().map(|attempt| What::Started(*attempt)));
        self.held.extend(self.reports.iter().map(|(attempt, parcel)| What::Finished(*attempt, parcel.clone())));
    }

    /// Says what is to be said, as far as it can go out now.
    async fn say(&mut self, cx: &mut Context<Self>) -> Result<(), TooManyOrders> {
        while let Some(what) = self.held.pop_front() {
            let word = Word { agent: self.agent.id.clone(), stay: self.presence.stay, what };
            if let Err(refused) = self.seat.try_send(COORDINATOR, word).await {
                self.held.push_front(refused.message.what);
                break;
            }
        }
        if !self.held.is_empty() && self.retry.is_none() {
            self.retry = Some(cx.after(RETRY, WorkerMsg::Retry)?);
        }
        Ok(())
    }
}

impl<P, R> Drop for Worker<P, R>
where
    Word<P, R>: Message,
{
    /// Functions that nobody can cut short are told that their agent is gone.
    fn drop(&mut self) {
        self.in_hand.values().for_each(|in_hand| in_hand.cancelled.set());
    }
}

/// Runs a behaviour, and notes what it panics with on its way to the supervisor.
async fn overheard<F: Future>(running: F, why: Arc<Mutex<Option<String>>>) -> F::Output {
    let mut running = pin!(running);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx))) {
        Ok(polled) => polled,
        Err(panic) => {
            *why.lock() = Some(format!("panicked: {}", text_of(&*panic)));
            resume_unwind(panic)
        }
    })
    .await
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("with something that is no text")
}
