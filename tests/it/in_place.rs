//! Handlers that begin on their caller's core, and those that go on elsewhere because they wait.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::{self, Thread, ThreadId};
use std::time::Duration;

use swarmtree::testing::assert_balanced;
use swarmtree::{AskError, Context, Exit, Fail, Ledger, System, actor, handlers};
use tokio::sync::Notify;

use crate::kit::soon;

/// Has handlers that may wait.
#[actor(restart = permanent)]
struct Cook {
    cooked: Vec<u32>,
    bell: Arc<Notify>,
    helper: Option<CookHandle>,
}

#[handlers]
impl Cook {
    #[start]
    fn open(bell: Arc<Notify>) -> Self {
        Self { cooked: Vec::new(), bell, helper: None }
    }

    #[tell]
    fn hire(&mut self, helper: CookHandle) {
        self.helper = Some(helper);
    }

    #[tell]
    fn add(&mut self, dish: u32) {
        self.cooked.push(dish);
    }

    #[ask]
    fn cooked(&self) -> Vec<u32> {
        self.cooked.clone()
    }

    #[ask]
    fn spawns(&self) -> bool {
        drop(tokio::spawn(async {}));
        true
    }

    /// Tells the helper, and blocks until that has done it.
    #[ask]
    fn blocks(&self) -> Vec<u32> {
        let helper = self.helper.as_ref().unwrap();
        helper.try_add(2).unwrap();
        tokio::task::block_in_place(|| helper.block_on(helper.cooked())).unwrap()
    }

    /// The same from a turn, not in place.
    #[tell]
    fn told(&mut self) {
        self.blocks();
        self.helper.as_ref().unwrap().try_add(3).unwrap();
    }

    /// Waits for nothing.
    #[ask]
    async fn toast(&mut self, dish: u32) -> ThreadId {
        self.cooked.push(dish);
        thread::current().id()
    }

    /// Waits for the bell.
    #[ask]
    async fn roast(&mut self, dish: u32) -> u32 {
        self.bell.notified().await;
        self.cooked.push(dish);
        dish
    }

    #[ask]
    async fn burn(&mut self, waits: bool, panics: bool) -> Result<(), Fail> {
        if waits {
            self.bell.notified().await;
        }
        assert!(!panics, "burnt");
        Err(Fail::new("burnt"))
    }

    #[ask]
    async fn last(&mut self, waits: bool, cx: &mut Context<Self>) -> u32 {
        if waits {
            tokio::task::yield_now().await;
        }
        cx.stop();
        cx.incarnation()
    }

    #[ask]
    async fn pause(&mut self) -> u32 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        1
    }

    /// Asks the one that was hired, and that one asks on.
    #[ask]
    async fn depth(&mut self) -> Result<u32, AskError> {
        match &self.helper {
            Some(helper) => helper.depth().await?.map(|depth| depth + 1),
            None => Ok(0),
        }
    }
}

async fn cook() -> (System, CookHandle, Arc<Notify>) {
    let bell = Arc::new(Notify::new());
    let system = System::start("kitchen").await.unwrap();
    let cook = system.spawn::<Cook>("cook", Arc::clone(&bell)).await.unwrap();
    (system, cook, bell)
}

/// Polls once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::future::poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_does_not_wait_runs_where_it_is_asked() {
    let (system, cook, _) = cook().await;
    tokio::spawn(async move {
        for dish in 0..1000 {
            let here = thread::current().id();
            let there = cook.toast(dish).await.unwrap();
            // The budget may have sent the asking task through the scheduler before.
            assert!(there == here || there == thread::current().id());
        }
        assert_eq!(cook.cooked().await.unwrap().len(), 1000);
        assert_eq!(
            cook.snapshot().mailbox.unwrap().ledger,
            Ledger { accepted: 1001, handled: 1001, ..Ledger::default() }
        );
    })
    .await
    .unwrap();
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_waits_goes_on_when_whoever_asked_is_gone() {
    let (system, cook, bell) = cook().await;
    let mut asked = Box::pin(cook.roast(1));
    assert!(poll_once(&mut asked).await.is_pending());
    drop(asked);
    cook.add(2).await.unwrap();
    bell.notify_one();
    assert_eq!(soon("the dishes", cook.cooked()).await, Ok(vec![1, 2]));
    assert_balanced(&cook);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_after_a_wait_and_the_deadline_holds() {
    let (system, cook, bell) = cook().await;
    let (dish, ()) = tokio::join!(cook.roast(7), async { bell.notify_one() });
    assert_eq!(dish, Ok(7));
    let late = cook.within(Duration::from_secs(2));
    let begun = tokio::time::Instant::now();
    assert_eq!(late.roast(8).await, Err(AskError::Timeout { deadline: Duration::from_secs(2) }));
    assert_eq!(begun.elapsed(), Duration::from_secs(2));
    bell.notify_one();
    assert_eq!(soon("the dishes", cook.cooked()).await, Ok(vec![7, 8]));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_or_after_the_wait_ends_the_ask_and_starts_the_actor_again() {
    for (waits, panics) in [(false, false), (false, true), (true, false), (true, true)] {
        let (system, cook, bell) = cook().await;
        let burnt = async { tokio::join!(cook.burn(waits, panics), async { bell.notify_one() }).0 };
        assert_eq!(soon("the crash", burnt).await, Err(AskError::NoReply));
        assert_eq!(soon("the next life", cook.cooked()).await, Ok(vec![]));
        assert_eq!(cook.snapshot().incarnation, 2);
        assert_eq!(cook.snapshot().mailbox.unwrap().ledger.dead_lettered, 1);
        assert_balanced(&cook);
        system.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_cuts_short_what_began_in_place() {
    let (system, cook, _bell) = cook().await;
    let (dish, ()) = tokio::join!(cook.roast(1), async { cook.kill() });
    assert_eq!(dish, Err(AskError::NoReply));
    assert_eq!(soon("the next life", cook.cooked()).await, Ok(vec![]));
    assert_balanced(&cook);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_what_began_in_place() {
    let (system, cook, bell) = cook().await;
    let stopping = async {
        cook.stop();
        bell.notify_one();
    };
    let (dish, ()) = tokio::join!(cook.roast(1), stopping);
    assert_eq!(dish, Ok(1));
    assert_eq!(soon("the end", cook.stopped()).await, Exit::Shutdown);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_actor_may_leave_out_of_what_began_in_place() {
    for waits in [false, true] {
        let (system, cook, _) = cook().await;
        assert_eq!(cook.last(waits).await, Ok(1));
        // A permanent actor comes back.
        assert_eq!(soon("the next life", cook.last(waits)).await, Ok(2));
        system.stop().await;
    }
}

#[tokio::test]
async fn asks_that_would_wait_for_each_other_in_place_are_told_so() {
    let (system, cook, bell) = cook().await;
    let other = system.spawn::<Cook>("other", bell).await.unwrap();
    cook.hire(other.clone()).await.unwrap();
    other.hire(cook.clone()).await.unwrap();
    let asked = soon("the cycle", cook.depth()).await.unwrap();
    assert!(matches!(asked, Err(AskError::Deadlock { .. })), "{asked:?}");
    system.stop().await;
}

#[tokio::test]
async fn a_long_chain_of_asks_in_place_does_not_exhaust_the_stack() {
    const LONG: u32 = 2000;
    let (system, first, bell) = cook().await;
    let mut last = first.clone();
    for name in 1..=LONG {
        let next = system.spawn::<Cook>(&name.to_string(), Arc::clone(&bell)).await.unwrap();
        last.hire(next.clone()).await.unwrap();
        last = next;
    }
    assert_eq!(soon("the end of the chain", first.depth()).await, Ok(Ok(LONG)));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_for_whom_it_told_lets_go_of_it() {
    let (system, first, bell) = cook().await;
    let second = system.spawn::<Cook>("second", bell).await.unwrap();
    first.hire(second.clone()).await.unwrap();
    // Their turns are parked by now.
    second.add(1).await.unwrap();
    assert_eq!(second.cooked().await, Ok(vec![1]));
    assert_eq!(soon("the blocking handler", first.blocks()).await, Ok(vec![1, 2]));
    first.told().await.unwrap();
    assert_eq!(soon("the told one", first.blocks()).await, Ok(vec![1, 2, 2, 3, 2]));
    system.stop().await;
}

/// Waits on a thread that knows no runtime.
fn block_on_without_runtime<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut TaskContext::from_waker(&waker)) {
            return done;
        }
        thread::park();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_find_their_runtime_whoever_asks() {
    let (system, cook, _) = cook().await;
    let foreign = {
        let cook = cook.clone();
        thread::spawn(move || block_on_without_runtime(cook.spawns()))
    };
    let asked = tokio::task::spawn_blocking(|| foreign.join().unwrap()).await.unwrap();
    assert_eq!(asked, Ok(true));
    let other_runtime = {
        let cook = cook.clone();
        thread::spawn(move || {
            // Knows no time.
            let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
            other.block_on(cook.pause())
        })
    };
    let asked = tokio::task::spawn_blocking(|| other_runtime.join().unwrap()).await.unwrap();
    assert_eq!(asked, Ok(1));
    assert_eq!(cook.snapshot().incarnation, 1, "nobody's runtime but its own");
    system.stop().await;
}
