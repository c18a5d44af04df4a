//! A counter without macros: everything that `#[actor]` and `#[handlers]` would write.
//!
//! `cargo run --example by_hand`

use std::error::Error;

use swarmtree::{
    Actor, AskError, Call, Context, Descriptor, Fail, Handle, Handled, HandlerDescriptor, HandlerKind, Here, Lane,
    Message, Options, Refused, Reply, Sending, StartError, System,
};

/// Counts up to a limit.
struct Counter {
    count: u64,
    limit: u64,
}

/// What a counter can be sent.
enum CounterMsg {
    /// Add to the count; beyond the limit the counter fails, and is restarted at zero.
    Add(u64),
    /// Ask for the count.
    Count(Reply<u64>),
}

impl Message for CounterMsg {
    const KINDS: &'static [&'static str] = &["add", "count"];

    fn kind(&self) -> usize {
        match self {
            Self::Add(_) => 0,
            Self::Count(_) => 1,
        }
    }
}

impl Actor for Counter {
    type Msg = CounterMsg;
    type Args = u64;
    type Handle = CounterHandle;

    const OPTIONS: Options = Options { mailbox: 16, ..Options::DEFAULT };
    const DESCRIPTOR: Descriptor = Descriptor {
        actor: "Counter",
        handlers: &[
            HandlerDescriptor {
                name: "add",
                kind: HandlerKind::Tell,
                lane: Lane::Normal,
                is_async: false,
                reply: None,
                time: None,
            },
            HandlerDescriptor {
                name: "count",
                kind: HandlerKind::Ask,
                lane: Lane::Normal,
                is_async: false,
                reply: Some("u64"),
                time: None,
            },
        ],
        asks: &[],
    };

    async fn start(limit: u64, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self { count: 0, limit })
    }

    fn handle(&mut self, message: CounterMsg, _: &mut Context<Self>) -> Handled<CounterMsg> {
        match message {
            CounterMsg::Add(more) if self.count + more > self.limit => {
                return Handled::Fail(Fail::new("beyond the limit"));
            }
            CounterMsg::Add(more) => self.count += more,
            // Nobody may be waiting any more; then the answer is dropped.
            CounterMsg::Count(reply) => {
                let _ = reply.send(self.count);
            }
        }
        Handled::Done
    }
}

/// A handle with methods of its own.
#[derive(Clone, Debug)]
struct CounterHandle(Handle<CounterMsg>);

impl From<Handle<CounterMsg>> for CounterHandle {
    fn from(handle: Handle<CounterMsg>) -> Self {
        Self(handle)
    }
}

impl CounterHandle {
    fn add(&self, more: u64) -> Sending<'_, CounterMsg> {
        self.0.send(CounterMsg::Add(more))
    }

    fn try_add(&self, more: u64) -> Result<(), Refused<CounterMsg>> {
        self.0.try_send(CounterMsg::Add(more))
    }

    /// The call says how the ask runs in place on an idle counter, and how it is sent to a busy one.
    async fn count(&self) -> Result<u64, AskError> {
        let call: Call<Counter, (), u64> = Call {
            kind: "count",
            lane: Lane::Normal,
            timeout: None,
            here: Some(Here::Sync(|counter, (), _| Ok(counter.count))),
            message: |(), reply| CounterMsg::Count(reply),
        };
        self.0.call(call, ()).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let system = System::start("by-hand").await?;
    let counter = system.spawn::<Counter>("counter", 10).await?;
    let mut failures = system.failures(16);

    counter.add(7).await?;
    counter.try_add(2)?;
    assert_eq!(counter.count().await?, 9);

    counter.add(5).await?;
    let report = failures.recv().await.ok_or("the failure was not reported")?;
    assert!(report.to_string().contains("beyond the limit, on add"), "{report}");
    assert_eq!(counter.count().await?, 0, "a restarted counter begins at zero");

    system.stop().await;
    Ok(())
}
