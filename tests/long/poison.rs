//! A few poisonous messages among very many others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use swarmtree::testing::assert_balanced;
use swarmtree::{Actor, ActorSpec, Context, Fail, Handle, Handled, Message, StartError, Supervisor, System};

use crate::figures::{alone, soon, two_threads};

const POISON: usize = 10;
const RETRY: u32 = 2;

/// What an actor did, over all its lives.
struct Deeds {
    /// How often each message was handled to its end.
    handled: Vec<AtomicU8>,
    /// How often a poisonous one crashed it.
    crashes: AtomicU32,
    /// From the crash to the next begin of a handler.
    down: Mutex<(Option<Instant>, Duration)>,
}

struct Taster {
    deeds: Arc<Deeds>,
    work: u32,
}

#[derive(Clone, Copy)]
enum Dose {
    Food(usize),
    Poison,
    Fail,
}

impl Message for Dose {}

impl Actor for Taster {
    const KEEPS: bool = true;
    type Msg = Dose;
    type Args = (Arc<Deeds>, u32);
    type Handle = Handle<Dose>;

    async fn start((deeds, work): (Arc<Deeds>, u32), _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self { deeds, work })
    }

    fn handle(&mut self, dose: Dose, cx: &mut Context<Self>) -> Handled<Dose> {
        if cx.incarnation() > 1 {
            let (since, sum) = &mut *self.deeds.down.lock();
            *sum += since.take().map_or(Duration::ZERO, |since| since.elapsed());
        }
        let crash = || {
            self.deeds.crashes.fetch_add(1, Ordering::Relaxed);
            self.deeds.down.lock().0 = Some(Instant::now());
        };
        match dose {
            Dose::Food(number) => {
                (0..self.work).for_each(|step| _ = std::hint::black_box(step));
                self.deeds.handled[number].fetch_add(1, Ordering::Relaxed);
                Handled::Done
            }
            Dose::Poison => {
                crash();
                panic!("poison")
            }
            Dose::Fail => {
                crash();
                Handled::Fail(Fail::new("poison"))
            }
        }
    }

    fn keep(dose: &Dose) -> Option<Dose> {
        Some(*dose)
    }
}

async fn taste(messages: usize, poison: Dose, work: u32, what: &str) {
    let handled = (0..messages).map(|_| AtomicU8::new(0)).collect();
    let deeds = Arc::new(Deeds { handled, crashes: AtomicU32::new(0), down: Mutex::default() });
    let spec = ActorSpec::<Taster>::new("taster", (Arc::clone(&deeds), work)).retry(RETRY);
    // As many as there are poisonous messages, and not one more.
    let inner = Supervisor::one_for_one("inner").intensity(u32::try_from(POISON).unwrap(), "1h").child(spec);
    let system = System::builder("poison").child(inner).start().await.unwrap();
    let _quiet = system.failures(1);
    let taster = system.find::<Taster>("inner/taster").unwrap();
    let mut rng = fastrand::Rng::with_seed(3);
    let poisonous: Vec<usize> = rng.choose_multiple(0..messages, POISON);
    let begun = Instant::now();
    for number in 0..messages {
        taster.send(if poisonous.contains(&number) { poison } else { Dose::Food(number) }).await.unwrap();
    }
    soon("rest", system.quiescent()).await;
    let time = begun.elapsed();
    for (number, times) in deeds.handled.iter().enumerate() {
        let times = times.load(Ordering::Relaxed);
        assert_eq!(times, u8::from(!poisonous.contains(&number)), "message {number}");
    }
    let crashes = u32::try_from(POISON).unwrap() * (RETRY + 1);
    assert_eq!(deeds.crashes.load(Ordering::Relaxed), crashes);
    assert_eq!(taster.snapshot().incarnation, crashes + 1);
    assert_eq!(taster.quarantined().len(), POISON);
    assert_eq!(system.actor("inner").unwrap().snapshot().incarnation, 1, "the intensity was not exhausted");
    assert_balanced(&taster);
    let down = deeds.down.lock().1;
    let up = (1.0 - down.as_secs_f64() / time.as_secs_f64()) * 100.0;
    println!("{POISON} {what} among {messages}: {crashes} crashes, down {down:.1?} of {time:.1?}, up {up:.3} %");
    soon("the end", system.stop()).await;
}

fn all(messages: usize) {
    let _alone = alone();
    let runtime = two_threads();
    for (poison, what) in [(Dose::Poison, "panics"), (Dose::Fail, "failures on purpose")] {
        runtime.block_on(taste(messages, poison, 0, &format!("{what}, no work otherwise")));
        runtime.block_on(taste(messages, poison, 3_000, &format!("{what}, some work otherwise")));
    }
}

#[test]
fn a_few_poisonous_messages_cost_their_retries_and_nothing_else() {
    all(20_000);
}

#[test]
#[ignore = "takes seconds"]
fn ten_poisonous_messages_in_a_million_cost_their_retries_and_nothing_else() {
    all(1_000_000);
}
