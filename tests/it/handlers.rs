//! What `#[actor]` and `#[handlers]` write, at work.

use std::time::Duration;

use swarmtree::{
    AskError, CAPACITY_LIMIT, Context, Exit, Fail, HandlerKind, Lane, Refusal, Reply, StartError, Supervised,
    Supervisor, System, actor, handlers,
};

/// A till that counts what is paid in.
#[actor(mailbox = 2, retry = 1, restart = transient, ask_timeout = "2s")]
struct Till {
    name: String,
    paid: u64,
    closings: u32,
    held: Option<Reply<u64>>,
    audits: Option<tokio::sync::mpsc::UnboundedSender<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct TillView {
    paid: u64,
}

#[handlers]
impl Till {
    #[start]
    async fn open(cx: &mut Context<Self>, name: String, paid: u64) -> Result<Self, StartError> {
        if name.is_empty() {
            return Err(StartError::new("a till has a name"));
        }
        assert!(cx.incarnation() > 0);
        Ok(Self { name, paid, closings: 0, held: None, audits: None })
    }

    /// Pays in.
    #[tell]
    fn pay(&mut self, amount: u64) {
        self.paid += amount;
    }

    /// Pays in after a while.
    #[tell]
    async fn pay_later(&mut self, amount: u64, pause: Duration) {
        tokio::time::sleep(pause).await;
        self.paid += amount;
    }

    #[tell(urgent)]
    fn void(&mut self, amount: u64) -> Result<(), Fail> {
        self.paid = self.paid.checked_sub(amount).ok_or_else(|| Fail::new("more than was paid"))?;
        Ok(())
    }

    #[tell]
    fn audit(&mut self, to: tokio::sync::mpsc::UnboundedSender<String>) {
        self.audits = Some(to);
    }

    #[ask]
    fn paid(&self) -> u64 {
        self.paid
    }

    #[ask(timeout = "100ms")]
    async fn slow(&mut self) -> u64 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.paid
    }

    #[ask]
    fn change(&mut self, from: u64) -> Result<u64, String> {
        from.checked_sub(self.paid).ok_or_else(|| format!("{} is short", self.name))
    }

    #[ask]
    fn at_closing(&mut self, reply: Reply<u64>) {
        self.held = Some(reply);
    }

    #[every("1h")]
    fn close_day(&mut self) {
        self.closings += 1;
        if let Some(reply) = self.held.take() {
            let _ = reply.send(self.paid);
        }
    }

    #[inspect]
    fn view(&self) -> TillView {
        TillView { paid: self.paid }
    }

    #[stop]
    fn shut(&mut self, exit: &Exit) {
        if let Some(audits) = &self.audits {
            let _ = audits.send(format!("{} {exit} with {}", self.name, self.paid));
        }
    }
}

async fn till() -> (System, TillHandle) {
    let tills = Supervisor::one_for_one("tills").intensity(10, "1m").child(Till::spec("one", ("one".to_owned(), 5)));
    let system = System::builder("shop").child(tills).start().await.unwrap();
    let till = system.find::<Till>("tills/one").unwrap();
    (system, till)
}

#[tokio::test(start_paused = true)]
async fn tells_and_asks_are_methods_of_the_handle() {
    let (system, till) = till().await;
    till.pay(10).await.unwrap();
    till.try_pay(1).unwrap();
    assert_eq!(till.paid().await, Ok(16));
    assert_eq!(till.change(20).await, Ok(Ok(4)));
    assert_eq!(till.change(1).await, Ok(Err("one is short".to_owned())), "a domain error harms nobody");
    assert_eq!(format!("{till:?}"), "TillHandle(tills/one)");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_comes_back_from_its_method() {
    let (system, till) = till().await;
    till.suspend();
    till.try_pay(1).unwrap();
    till.try_pay(2).unwrap();
    let refused = till.try_pay(3).unwrap_err();
    assert_eq!(refused.reason, Refusal::Full { capacity: 2 });
    assert!(matches!(refused.message, TillMsg::Pay { amount: 3 }));
    till.try_void(1).unwrap();
    till.resume();
    assert_eq!(till.paid().await, Ok(7));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn deadlines_come_from_the_handle_then_the_handler_then_the_actor() {
    let (system, till) = till().await;
    assert_eq!(till.slow().await, Err(AskError::Timeout { deadline: Duration::from_millis(100) }));
    assert_eq!(till.within(Duration::from_secs(3)).slow().await, Ok(5));
    till.pay_later(1, Duration::from_secs(60)).await.unwrap();
    assert_eq!(till.paid().await, Err(AskError::Timeout { deadline: Duration::from_secs(2) }));
    system.kill().await;
}

#[tokio::test(start_paused = true)]
async fn a_deferred_reply_is_answered_when_the_actor_says() {
    let (system, till) = till().await;
    let waiting = till.within(Duration::from_secs(7200));
    assert_eq!(waiting.at_closing().await, Ok(5), "the timer of the first hour answers");
    assert_eq!(till.view().await, Ok(TillView { paid: 5 }));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_poison_message_is_retried_then_quarantined_and_released_after_an_edit() {
    let (system, till) = till().await;
    till.void(100).await.unwrap();
    system.quiescent().await;
    let kept = till.quarantined();
    assert_eq!((kept.len(), kept[0].kind, kept[0].crashes), (1, "void", 2));
    assert_eq!(till.snapshot().incarnation, 3);
    assert!(till.release(kept[0].id, |message| {
        if let TillMsg::Void { amount } = message {
            *amount = 2;
        }
    }));
    assert_eq!(till.paid().await, Ok(3));
    swarmtree::testing::assert_balanced(&till);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stop_handlers_hear_why() {
    let (system, till) = till().await;
    let (to, mut audits) = tokio::sync::mpsc::unbounded_channel();
    till.audit(to).await.unwrap();
    system.quiescent().await;
    till.stop();
    assert_eq!(audits.recv().await.unwrap(), "one stopped on request with 5");
    assert_eq!(till.stopped().await, Exit::Shutdown);
    assert!(matches!(till.pay(1).await.unwrap_err().reason, Refusal::Stopped));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_descriptor_lists_the_handlers() {
    let (system, till) = till().await;
    let seen = till.snapshot();
    assert_eq!(seen.actor, "Till");
    let void = seen.handlers.iter().find(|handler| handler.name == "void").unwrap();
    assert_eq!((void.kind, void.lane), (HandlerKind::Tell, Lane::Urgent));
    let slow = seen.handlers.iter().find(|handler| handler.name == "slow").unwrap();
    assert_eq!((slow.is_async, slow.reply, slow.time), (true, Some("u64"), Some(Duration::from_millis(100))));
    system.stop().await;
}

/// Its mailbox is as large as a mailbox may be: the macro and the runtime agree on the limit.
#[actor(mailbox = 16_777_216)]
struct Vast;

#[handlers]
impl Vast {
    #[start]
    fn open() -> Self {
        Self
    }

    #[tell]
    fn nothing(&mut self) {}
}

#[tokio::test(start_paused = true)]
async fn the_largest_mailbox_of_the_macro_is_the_largest_of_the_runtime() {
    let system = System::start("vast").await.unwrap();
    let vast = system.spawn::<Vast>("vast", ()).await.unwrap();
    vast.nothing().await.unwrap();
    assert_eq!(vast.snapshot().mailbox.unwrap().capacity, CAPACITY_LIMIT);
    system.stop().await;
}
