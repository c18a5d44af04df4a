//! The coordinator: hears the agents, says what the board decides, and keeps its time.
//!
//! It holds nothing that could be lost: what it is to say is kept at the desk until it is acknowledged.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use swarmtree::{
    Actor, Carries, Context, Descriptor, Fail, Handle, Handled, HandlerDescriptor, HandlerKind, Lane, Mail, Message,
    OrderId, Seat, StartError, TooManyOrders,
};

use crate::agents::crew::desk::Desk;
use crate::agents::crew::word::Word;

/// After which time something is said again that could not go out: for want of a credit, or while its way is broken.
pub(crate) const RETRY: Duration = Duration::from_millis(10);

/// The only handler that others reach.
pub(crate) const MAIL: HandlerDescriptor = HandlerDescriptor {
    name: "mail",
    kind: HandlerKind::Mail,
    lane: Lane::Normal,
    is_async: true,
    reply: None,
    time: None,
};

/// The coordinator's actor, of rank 0.
pub(crate) struct Coordinator<P, R>
where
    Word<P, R>: Message,
{
    seat: Seat<Word<P, R>>,
    desk: Arc<Desk<P, R>>,
    /// What could not go out yet.
    held: VecDeque<Word<P, R>>,
    /// The one timer of all deadlines, and when it is due.
    alarm: Option<(Instant, OrderId)>,
    retry: Option<OrderId>,
}

/// What it hears.
pub(crate) enum CoordinatorMsg<P, R>
where
    Word<P, R>: Message,
{
    Mail(Mail<Word<P, R>>),
    /// The board has changed.
    Changed,
    /// A deadline is due.
    Due,
    /// What could not go out may now.
    Retry,
}

impl<P, R> Message for CoordinatorMsg<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    const KINDS: &'static [&'static str] = &["mail", "changed", "due", "retry"];

    fn kind(&self) -> usize {
        match self {
            Self::Mail(_) => 0,
            Self::Changed => 1,
            Self::Due => 2,
            Self::Retry => 3,
        }
    }

    fn break_off(&mut self) {
        if let Self::Mail(mail) = self {
            mail.break_off();
        }
    }
}

impl<P, R> Carries<Word<P, R>> for CoordinatorMsg<P, R>
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
            Self::Changed | Self::Due | Self::Retry => None,
        }
    }
}

impl<P, R> Actor for Coordinator<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    type Msg = CoordinatorMsg<P, R>;
    type Args = (Seat<Word<P, R>>, Arc<Desk<P, R>>);
    type Handle = Handle<CoordinatorMsg<P, R>>;

    const DESCRIPTOR: Descriptor = Descriptor { actor: "Coordinator", handlers: &[MAIL], asks: &[] };

    async fn start((seat, desk): Self::Args, cx: &mut Context<Self>) -> Result<Self, StartError> {
        desk.repeat();
        let mut coordinator = Self { seat, desk, held: VecDeque::new(), alarm: None, retry: None };
        coordinator.listen(cx)?;
        Ok(coordinator)
    }

    fn handle(&mut self, message: Self::Msg, _: &mut Context<Self>) -> Handled<Self::Msg> {
        Handled::Async(message)
    }

    async fn handle_async(&mut self, message: Self::Msg, cx: &mut Context<Self>) -> Result<(), Fail> {
        self.attend(message, cx).await.map_err(|error| Fail::new(error.to_string()))
    }
}

impl<P, R> Coordinator<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    async fn attend(&mut self, message: CoordinatorMsg<P, R>, cx: &mut Context<Self>) -> Result<(), TooManyOrders> {
        match message {
            CoordinatorMsg::Mail(mail) => {
                if let Some(delivery) = mail.arrive().await {
                    self.desk.hear(delivery.message);
                }
            }
            CoordinatorMsg::Changed => self.listen(cx)?,
            CoordinatorMsg::Due => {
                self.alarm = None;
                self.desk.tick();
            }
            CoordinatorMsg::Retry => self.retry = None,
        }
        self.say(cx).await?;
        self.set_alarm(cx)
    }

    fn listen(&mut self, cx: &mut Context<Self>) -> Result<(), TooManyOrders> {
        let desk = Arc::clone(&self.desk);
        cx.pipe(async move { desk.changed.notified().await }, |()| CoordinatorMsg::Changed)?;
        Ok(())
    }

    /// Says what is to be said. What cannot go out now is held, and all behind it to the same agent.
    async fn say(&mut self, cx: &mut Context<Self>) -> Result<(), TooManyOrders> {
        let mut words = std::mem::take(&mut self.held);
        words.append(&mut self.desk.take_outbox());
        let mut blocked = BTreeSet::new();
        while let Some(word) = words.pop_front() {
            let Some(rank) = self.desk.address(&word.agent, word.stay) else { continue };
            let refused = match blocked.contains(&rank) {
                true => Some(word),
                false => self.seat.try_send(rank, word).await.err().map(|refused| refused.message),
            };
            if let Some(word) = refused {
                blocked.insert(rank);
                self.held.push_back(word);
            }
        }
        if !self.held.is_empty() && self.retry.is_none() {
            self.retry = Some(cx.after(RETRY, CoordinatorMsg::Retry)?);
        }
        Ok(())
    }

    /// One timer for all deadlines, set anew when the nearest is another one.
    fn set_alarm(&mut self, cx: &mut Context<Self>) -> Result<(), TooManyOrders> {
        let wakes_at = self.desk.look(|books| books.board.wakes_at());
        if wakes_at == self.alarm.map(|(at, _)| at) {
            return Ok(());
        }
        if let Some((_, order)) = self.alarm.take() {
            cx.cancel(order);
        }
        if let Some(at) = wakes_at {
            let order = cx.after(at.saturating_duration_since(cx.now()), CoordinatorMsg::Due)?;
            self.alarm = Some((at, order));
        }
        Ok(())
    }
}
