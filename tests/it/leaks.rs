//! What is left of a stopped system: nothing.

use std::sync::{Arc, Weak};
use std::time::Duration;

use swarmtree::testing::Record;
use swarmtree::{Supervisor, System, Template};

use crate::kit::{Args, Do, Hand, now, soon, spec};

/// Lets tasks that were aborted or told to end do so.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A timer's message that is a witness of its cell: it is dropped with the task that waits for it.
async fn witness(handle: &swarmtree::Handle<Do>) -> Weak<()> {
    let alive = Arc::new(());
    let weak = Arc::downgrade(&alive);
    handle
        .send(now(move |_, cx| {
            cx.after(Duration::from_secs(3600), now(move |_, _| drop(alive))).unwrap();
        }))
        .await
        .unwrap();
    weak
}

#[tokio::test(start_paused = true)]
async fn a_stopped_system_frees_states_timers_and_messages() {
    let record = Record::new();
    let pool = Supervisor::dynamic("pool", Template::<Hand>::new());
    let system = System::builder("test").child(spec("a", &record)).child(pool).start().await.unwrap();
    let a = system.find::<Hand>("a").unwrap();
    let b = system.spawn::<Hand>("pool/b", Args("b".into(), record.clone())).await.unwrap();
    let watched = a.clone();
    b.send(now(move |_, cx| drop(cx.watch(&watched, |_| Do::Open)))).await.unwrap();
    let witnesses = [witness(&a).await, witness(&b).await];
    let queued = Arc::new(());
    let weak = Arc::downgrade(&queued);
    system.quiescent().await;
    a.suspend();
    a.send(now(move |_, _| drop(queued))).await.unwrap();
    soon("stop", system.stop()).await;
    settle().await;
    assert_eq!(weak.strong_count(), 0, "a queued message");
    assert!(witnesses.iter().all(|witness| witness.strong_count() == 0), "timers");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_last_handle_of_a_stopped_system_frees_its_quarantine() {
    // A quarantined message lies in its cell and nowhere else: it goes when the cell does.
    struct Witness(Arc<()>);
    #[derive(Clone)]
    #[expect(dead_code, reason = "what it holds is watched from outside")]
    struct Kept(Arc<Witness>);
    impl swarmtree::Message for Kept {}
    struct Crasher;
    impl swarmtree::Actor for Crasher {
        const KEEPS: bool = true;
        type Msg = Kept;
        type Args = ();
        type Handle = swarmtree::Handle<Kept>;
        async fn start((): (), _: &mut swarmtree::Context<Self>) -> Result<Self, swarmtree::StartError> {
            Ok(Self)
        }
        fn handle(&mut self, _: Kept, _: &mut swarmtree::Context<Self>) -> swarmtree::Handled<Kept> {
            panic!("always")
        }
        fn keep(message: &Kept) -> Option<Kept> {
            Some(message.clone())
        }
    }
    let alive = Arc::new(());
    let weak = Arc::downgrade(&alive);
    {
        let inner = Supervisor::one_for_one("inner")
            .intensity(100, "1h")
            .child(swarmtree::ActorSpec::<Crasher>::new("a", ()).retry(1));
        let system = System::builder("test").child(inner).start().await.unwrap();
        let a = system.find::<Crasher>("inner/a").unwrap();
        a.send(Kept(Arc::new(Witness(alive)))).await.unwrap();
        system.quiescent().await;
        assert_eq!(a.quarantined().len(), 1);
        let kept = &a.quarantined()[0];
        assert_eq!(kept.crashes, 2);
        soon("stop", system.stop()).await;
    }
    settle().await;
    assert_eq!(weak.strong_count(), 0, "the cell outlives its system");
    let _ = |witness: Witness| witness.0;
}

#[tokio::test(start_paused = true)]
async fn a_failed_system_frees_its_cells() {
    let record = Record::new();
    let system = System::builder("test").intensity(0, "1s").child(spec("a", &record)).start().await.unwrap();
    let a = system.find::<Hand>("a").unwrap();
    let weak = witness(&a).await;
    a.send(Do::Panic("boom".into())).await.unwrap();
    soon("the end", system.stopped()).await;
    drop((system, a));
    settle().await;
    assert_eq!(weak.strong_count(), 0);
}
