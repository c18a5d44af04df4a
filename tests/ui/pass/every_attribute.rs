//! Every attribute and option, in a public actor without a single warning.
#![deny(warnings, missing_docs, unreachable_pub)]

use std::collections::VecDeque;

use swarmtree::{Actor, Context, Exit, Fail, HandlerKind, Lane, Message, Reply, StartError, actor, handlers};

/// A departure.
#[derive(Debug, Clone)]
pub struct Departure(pub u64);

/// An airport.
#[actor(
    mailbox = 64,
    mailbox_bytes = "1MiB",
    overflow = drop_oldest,
    restart = transient,
    retry = 2,
    in_place = false,
    turn = 16,
    ask_timeout = "500ms"
)]
#[derive(Debug)]
pub struct Airport {
    code: String,
    departures: u64,
    waiting: VecDeque<Reply<u64>>,
}

#[handlers(bytes = AirportMsg::weigh)]
impl Airport {
    #[start]
    async fn open(cx: &mut Context<Self>, code: String, departures: u64) -> Result<Self, StartError> {
        let _ = cx.now();
        Ok(Self { code, departures, waiting: VecDeque::new() })
    }

    /// A flight has left.
    #[tell]
    fn departed(&mut self, mut flight: Departure) {
        flight.0 += 1;
        self.departures += flight.0;
    }

    #[tell(urgent)]
    async fn closed(&mut self, cx: &mut Context<Self>, reason: String, _: u8) -> Result<(), Fail> {
        cx.stop();
        Err(Fail::new(reason))
    }

    /// How many flights have left.
    #[ask(timeout = "1s")]
    fn report(&self) -> u64 {
        self.departures
    }

    #[ask(urgent)]
    async fn refuel(&mut self, litres: u64) -> Result<u64, String> {
        Ok(litres)
    }

    #[ask]
    fn audit(&mut self, cx: u64, message: u64, call: u64) -> Result<u64, Fail> {
        Ok(self.departures + cx + message + call)
    }

    #[ask]
    fn reset(&mut self) {
        self.departures = 0;
    }

    #[ask]
    fn later(&mut self, at_least: u64, answer: Reply<u64>) {
        if self.departures >= at_least {
            let _ = answer.send(self.departures);
        } else {
            self.waiting.push_back(answer);
        }
    }

    #[tell]
    fn r#move(&mut self, r#as: String) {
        self.code = r#as;
    }

    #[every("30s")]
    async fn publish(&mut self, cx: &mut Context<Self>) {
        let _ = cx.incarnation();
    }

    #[every("1m 30s")]
    fn check(&mut self) -> Result<(), Fail> {
        Ok(())
    }

    /// What the airport looks like.
    #[inspect]
    fn view(&self) -> (String, usize) {
        (self.code.clone(), self.len())
    }

    #[stop]
    async fn close(&mut self, exit: &Exit, cx: &mut Context<Self>) {
        let _ = (exit, cx.path());
    }

    fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl AirportMsg {
    fn weigh(&self) -> usize {
        size_of_val(self) + if let Self::Move { r#as } = self { r#as.len() } else { 0 }
    }
}

/// The methods of the handle, as its users write them.
pub async fn uses(jfk: &AirportHandle) -> Result<(), Box<dyn std::error::Error>> {
    jfk.departed(Departure(1)).await?;
    jfk.try_departed(Departure(1))?;
    jfk.closed("fog".to_owned(), 0).await?;
    jfk.r#move("LGA".to_owned()).await?;
    jfk.try_move("LGA".to_owned())?;
    let _: u64 = jfk.report().await?;
    let _: u64 = jfk.within(std::time::Duration::from_secs(1)).urgent().refuel(5).await??;
    let _: u64 = jfk.audit(1, 2, 3).await?;
    let _: u64 = jfk.later(7).await?;
    jfk.reset().await?;
    let _: (String, usize) = jfk.view().await?;
    let handle: &swarmtree::Handle<AirportMsg> = jfk;
    assert!(AirportHandle::from(handle.clone()) == *jfk);
    Ok(())
}

fn is_send<T: Send>(_: impl Fn(&'static AirportHandle) -> T) {}

fn main() {
    is_send(uses);
    assert_eq!(
        AirportMsg::KINDS,
        ["departed", "closed", "report", "refuel", "audit", "reset", "later", "move", "publish", "check"]
    );
    assert_eq!(AirportMsg::Publish.kind(), 8);
    let kept = Airport::keep(&AirportMsg::Departed { flight: Departure(3) });
    assert!(matches!(kept, Some(AirportMsg::Departed { flight: Departure(3) })));
    let moved = AirportMsg::Move { r#as: "LaGuardia".to_owned() };
    assert_eq!(moved.bytes(), size_of::<AirportMsg>() + 9);

    let options = Airport::OPTIONS;
    assert_eq!((options.mailbox, options.mailbox_bytes, options.retry, options.turn), (64, 1 << 20, 2, 16));
    assert!(!options.in_place);
    assert_eq!(options.ask_timeout.as_millis(), 500);
    let descriptor = Airport::DESCRIPTOR;
    assert_eq!((descriptor.actor, descriptor.handlers.len()), ("Airport", 11));
    let refuel = descriptor.handlers[3];
    assert_eq!((refuel.kind, refuel.lane, refuel.is_async), (HandlerKind::Ask, Lane::Urgent, true));
    assert_eq!(refuel.reply, Some("Result<u64, String>"));
    assert_eq!(descriptor.handlers[8].time.map(|time| time.as_secs()), Some(30));
}
