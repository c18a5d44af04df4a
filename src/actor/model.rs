//! The wake-up protocol under loom: the cell, its turns and its senders as they ship, in every interleaving of up to
//! three preemptions.

use std::sync::{Arc, Weak};
use std::time::Duration;

use loom::future::block_on;
use loom::sync::Notify;
use loom::thread;
use parking_lot::Mutex;

use crate::actor::ask::Reply;
use crate::actor::call::Call;
use crate::actor::cell::{Cell, Class};
use crate::actor::child::{Address, Child, Incarnation, Owner};
use crate::actor::definition::{Actor, Context, Handled, StartError};
use crate::actor::handle::Handle;
use crate::actor::hub::Hub;
use crate::actor::lent::{Here, Lent};
use crate::actor::options::Options;
use crate::actor::running::Running;
use crate::descriptor::Descriptor;
use crate::exit::{Exit, Fail};
use crate::mailbox::ledger::Ledger;
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::Refusal;
use crate::path::Path;
use crate::sync::Executor;

/// Keeps what it was told.
struct Keeper {
    kept: Vec<u32>,
    inside: bool,
}

enum Told {
    Keep(u32),
    Crash,
    Yield(u32),
    Late(Reply<u32>),
    Kept(Reply<Vec<u32>>),
}

impl Message for Told {}

impl Actor for Keeper {
    type Msg = Told;
    type Args = ();
    type Handle = Handle<Told>;

    async fn start((): (), _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self { kept: Vec::new(), inside: false })
    }

    fn handle(&mut self, told: Told, _: &mut Context<Self>) -> Handled<Told> {
        assert!(!std::mem::replace(&mut self.inside, true), "two handlers at a time");
        match told {
            Told::Keep(number) => self.kept.push(number),
            Told::Crash => return Handled::Fail(Fail::new("told to")),
            told @ (Told::Yield(_) | Told::Late(_)) => {
                self.inside = false;
                return Handled::Async(told);
            }
            Told::Kept(reply) => drop(reply.send(self.kept.clone())),
        }
        self.inside = false;
        Handled::Done
    }

    async fn handle_async(&mut self, told: Told, _: &mut Context<Self>) -> Result<(), Fail> {
        assert!(!std::mem::replace(&mut self.inside, true), "two handlers at a time");
        crate::sync::yield_now().await;
        match told {
            Told::Yield(number) => self.kept.push(number),
            Told::Late(reply) => drop(reply.send(7)),
            Told::Keep(_) | Told::Crash | Told::Kept(_) => {}
        }
        self.inside = false;
        Ok(())
    }
}

/// A supervisor that restarts at once after a failure, and notes the end.
struct Above {
    cell: Mutex<Weak<Cell<Told>>>,
    ended: crate::sync::Mutex<bool>,
    news: Notify,
}

impl Owner for Above {
    fn exited(&self, who: Incarnation, exit: Exit) {
        let cell = self.cell.lock().upgrade();
        let Some(cell) = cell else { return };
        match exit {
            Exit::Failed(_) => start(&cell, who.number + 1),
            Exit::Normal | Exit::Shutdown | Exit::Escalated | Exit::Killed => {
                Arc::clone(&cell).close(&exit)();
                *self.ended.lock() = true;
                self.news.notify();
            }
        }
    }

    fn terminate(&self, _: &str, _: Address) {
        if let Some(cell) = self.cell.lock().upgrade() {
            cell.order(|orders| orders.stop = true);
        }
    }

    fn kill(&self, _: &str, _: Address) {}
    fn restart(&self, _: &str, _: Address) {}
    fn back_in(&self, _: &str, _: Address) -> Option<std::time::Duration> {
        None
    }
}

fn start(cell: &Arc<Cell<Told>>, number: u32) {
    let (ticket, life) = cell.begin_start(Incarnation { slot: 0, number });
    let cx = Context::<Keeper>::new(Arc::clone(cell), life);
    let actor = Keeper { kept: Vec::new(), inside: false };
    cell.install(ticket, Box::new(Running { actor, cx }), false);
}

struct World {
    above: Arc<Above>,
    cell: Arc<Cell<Told>>,
    handle: Handle<Told>,
}

impl World {
    fn new(capacity: usize) -> Self {
        let above = Arc::new(Above {
            cell: Mutex::new(Weak::new()),
            ended: crate::sync::Mutex::new(false),
            news: Notify::new(),
        });
        let owner: Weak<dyn Owner> = Arc::downgrade(&(Arc::clone(&above) as Arc<dyn Owner>));
        let class = Arc::new(Class {
            hub: Hub::new("model".to_owned(), 0, Executor),
            owner,
            parent: Path::root(),
            options: Options { mailbox: capacity, ..Options::DEFAULT },
            attendance: None,
            descriptor: Descriptor { actor: "Keeper", handlers: &[], asks: &[] },
            actor: "Keeper",
        });
        let cell = Cell::new(class, "keeper".into());
        *above.cell.lock() = Arc::downgrade(&cell);
        start(&cell, 1);
        let handle = Handle::new(Arc::clone(&cell));
        Self { above, cell, handle }
    }

    /// Stops the actor and waits for its end; says what its books say.
    fn stop(self) -> Ledger {
        self.cell.order(|orders| orders.stop = true);
        // loom's wait may wake for nothing.
        while !*self.above.ended.lock() {
            self.above.news.wait();
        }
        let ledger = self.cell.inner.lock().lanes.ledger();
        assert!(ledger.is_balanced(), "{ledger:?}");
        ledger
    }
}

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_duration = Some(Duration::from_secs(120));
    builder.max_branches = 10_000;
    builder.check(model);
}

fn kept(handle: &Handle<Told>) -> Vec<u32> {
    block_on(handle.ask(Told::Kept)).unwrap()
}

#[test]
fn loom_a_message_to_an_idle_actor_wakes_it_once() {
    check(|| {
        let world = World::new(4);
        let handle = world.handle.clone();
        let sender = thread::spawn(move || handle.try_send(Told::Keep(1)).unwrap());
        world.handle.try_send(Told::Keep(2)).unwrap();
        sender.join().unwrap();
        let mut seen = kept(&world.handle);
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        assert_eq!(world.stop().handled, 3);
    });
}

#[test]
fn loom_a_parked_turn_loses_no_wake() {
    check(|| {
        let world = World::new(4);
        assert_eq!(kept(&world.handle), []);
        // Its turn is parked by now, or about to be.
        world.handle.try_send(Told::Keep(1)).unwrap();
        assert_eq!(kept(&world.handle), [1]);
        assert_eq!(world.stop().handled, 3);
    });
}

#[test]
fn loom_an_evicted_turn_takes_no_message_with_it() {
    use crate::actor::residents::Resident;
    check(|| {
        let world = World::new(4);
        world.handle.try_send(Told::Keep(1)).unwrap();
        let cell = Arc::clone(&world.cell);
        let evictor = thread::spawn(move || cell.evict());
        world.handle.try_send(Told::Keep(2)).unwrap();
        evictor.join().unwrap();
        assert_eq!(kept(&world.handle), [1, 2]);
        assert_eq!(world.stop().handled, 3);
    });
}

#[test]
fn loom_a_waiting_sender_gets_in_when_there_is_room() {
    check(|| {
        let world = World::new(1);
        let handle = world.handle.clone();
        let sender = thread::spawn(move || {
            block_on(handle.send(Told::Keep(1))).unwrap();
            block_on(handle.send(Told::Keep(2))).unwrap();
        });
        sender.join().unwrap();
        assert_eq!(kept(&world.handle), [1, 2]);
        assert_eq!(world.stop().handled, 3);
    });
}

#[test]
fn loom_a_stop_strands_no_waiting_sender() {
    check(|| {
        let world = World::new(1);
        let handle = world.handle.clone();
        let sender =
            thread::spawn(move || (0..2).filter(|number| block_on(handle.send(Told::Keep(*number))).is_ok()).count());
        let ledger = world.stop();
        let accepted = sender.join().unwrap();
        assert_eq!(ledger.queued, 0);
        assert!(accepted as u64 >= ledger.accepted);
    });
}

#[test]
fn loom_a_crash_strands_no_sender_and_loses_no_other_message() {
    check(|| {
        let world = World::new(1);
        let handle = world.handle.clone();
        let sender = thread::spawn(move || {
            block_on(handle.send(Told::Crash)).unwrap();
            block_on(handle.send(Told::Keep(2))).unwrap();
        });
        sender.join().unwrap();
        assert_eq!(kept(&world.handle), [2]);
        let ledger = world.stop();
        assert_eq!((ledger.handled, ledger.dead_lettered), (2, 1));
    });
}

#[test]
fn loom_more_capacity_lets_a_waiting_sender_in() {
    check(|| {
        let world = World::new(1);
        Child::suspend(Arc::clone(&world.cell), true);
        world.handle.try_send(Told::Keep(1)).unwrap();
        let handle = world.handle.clone();
        let sender = thread::spawn(move || block_on(handle.send(Told::Keep(2))).unwrap());
        world.handle.set_capacity(2);
        sender.join().unwrap();
        assert_eq!(world.stop().dead_lettered, 2);
    });
}

/// Asks in place if the actor is idle; otherwise the request is sent, and never answered.
fn ask_in_place(handle: &Handle<Told>) {
    let call: Call<Keeper, (), usize> = Call {
        kind: "count",
        lane: Lane::Normal,
        timeout: None,
        here: Some(Here::Sync(|keeper, (), _| {
            assert!(!keeper.inside, "two handlers at a time");
            Ok(keeper.kept.len())
        })),
        message: |(), _reply| Told::Keep(9),
    };
    drop(block_on(handle.call(call, ())));
}

#[test]
fn loom_an_ask_in_place_excludes_the_turn() {
    check(|| {
        let world = World::new(4);
        let handle = world.handle.clone();
        let asker = thread::spawn(move || ask_in_place(&handle));
        world.handle.try_send(Told::Yield(1)).unwrap();
        asker.join().unwrap();
        assert!(kept(&world.handle).contains(&1));
        assert_eq!(world.stop().accepted, 3);
    });
}

#[test]
fn loom_a_message_that_comes_during_an_ask_in_place_is_handled() {
    check(|| {
        let world = World::new(4);
        let handle = world.handle.clone();
        let asker = thread::spawn(move || ask_in_place(&handle));
        // Nobody else sends: the one who hands the state back must call the turn.
        kept(&world.handle);
        asker.join().unwrap();
        assert_eq!(world.stop().accepted, 2);
    });
}

#[test]
fn loom_a_turn_that_waits_while_it_is_visited_goes_on_with_its_task() {
    check(|| {
        let world = World::new(4);
        // Its turn is parked after this, or about to be.
        kept(&world.handle);
        let handle = world.handle.clone();
        let asker = thread::spawn(move || block_on(handle.ask(Told::Late)).unwrap());
        assert_eq!(kept(&world.handle), []);
        assert_eq!(asker.join().unwrap(), 7);
        assert_eq!(world.stop().handled, 3);
    });
}

/// Answers after a wait.
async fn late(keeper: &mut Keeper) -> u32 {
    assert!(!std::mem::replace(&mut keeper.inside, true), "two handlers at a time");
    crate::sync::yield_now().await;
    keeper.inside = false;
    7
}

#[test]
fn loom_a_handler_that_began_in_place_and_waits_goes_on_and_holds_up_what_comes_after() {
    check(|| {
        let world = World::new(4);
        let handle = world.handle.clone();
        let asker = thread::spawn(move || {
            let call: Call<Keeper, (), u32> = Call {
                kind: "late",
                lane: Lane::Normal,
                timeout: None,
                here: Some(Here::Async(|mut lent, ()| {
                    Box::pin(async move {
                        let answer = Lent::<Keeper>::caught(late(lent.parts().0)).await;
                        (lent, answer.map(Ok))
                    })
                })),
                message: |(), reply| Told::Late(reply),
            };
            block_on(handle.call(call, ())).unwrap()
        });
        world.handle.try_send(Told::Keep(1)).unwrap();
        assert_eq!(asker.join().unwrap(), 7);
        assert_eq!(world.stop().accepted, 2);
    });
}

#[test]
fn loom_a_dropped_send_leaves_no_room_behind() {
    check(|| {
        let world = World::new(1);
        Child::suspend(Arc::clone(&world.cell), true);
        world.handle.try_send(Told::Keep(1)).unwrap();
        let handle = world.handle.clone();
        let sender = thread::spawn(move || {
            let mut sending = Box::pin(handle.send(Told::Keep(2)));
            let waker = std::task::Waker::noop();
            let polled = sending.as_mut().poll(&mut std::task::Context::from_waker(waker));
            drop(sending);
            polled.is_ready()
        });
        Child::suspend(Arc::clone(&world.cell), false);
        let sent = sender.join().unwrap();
        let seen = kept(&world.handle);
        assert!(seen == [1] || (seen == [1, 2]), "{seen:?}");
        assert!(!sent || seen.len() == 2);
        assert_eq!(world.handle.try_send(Told::Keep(3)).map_err(|refused| refused.reason), Ok::<(), Refusal>(()));
        world.stop();
    });
}
