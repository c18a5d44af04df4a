//! Crash capsules: what they hold, and that they are lived through again as it was.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use swarmtree::capsule::{CAPSULE_FILES_LIMIT, Capsule, Crash, LoadError, Recording, ReplayError, Replayed, instant};
use swarmtree::{
    Actor, Cause, Context, Fail, Handle, Handled, Message, OrderId, Reply, StartError, Supervisor, System, actor,
    handlers,
};

use crate::kit::soon;

/// Takes notes.
#[actor(mailbox = 4096)]
struct Clerk;

#[handlers]
impl Clerk {
    #[start]
    fn open() -> Self {
        Self
    }

    #[tell]
    fn note(&mut self, line: String) {
        drop(line);
    }

    #[ask]
    fn price(&self) -> u64 {
        7
    }
}

/// Works well for a while. Each of its bugs depends on what came before.
#[derive(Serialize, Deserialize)]
#[actor(capsule = 8, mailbox = 4096)]
struct Machine {
    clerk: ClerkHandle,
    me: Handle<MachineMsg>,
    #[serde(with = "instant")]
    born: Instant,
    stack: Vec<u32>,
    fuel: u8,
    luck: u64,
    ticks: u32,
    ratio: f64,
    waiting: Vec<Reply<usize>>,
    timer: Option<OrderId>,
}

#[handlers]
impl Machine {
    #[start]
    fn open(cx: &mut Context<Self>, clerk: ClerkHandle) -> Self {
        let (me, born) = ((*cx.handle()).clone(), cx.now());
        let (stack, waiting) = (Vec::new(), Vec::new());
        Self { clerk, me, born, stack, fuel: 0, luck: cx.random(), ticks: 0, ratio: 0.1, waiting, timer: None }
    }

    #[tell]
    fn push(&mut self, number: u32) {
        self.clerk.try_note(format!("push {number}")).unwrap();
        self.stack.push(number);
        assert!(self.stack.len() < 12, "the stack overflows with {:?}", self.stack);
    }

    #[tell]
    fn divide(&mut self) {
        let (by, number) = (self.stack.pop().unwrap_or(1), self.stack.pop().unwrap_or(1));
        self.stack.push(number / by);
        self.ratio *= 1.1 + f64::from(number) * 0.7;
        assert!(self.ratio < 1.0, "a ratio of {}", self.ratio);
    }

    #[ask]
    fn peek(&mut self, at: usize, cx: &mut Context<Self>) -> u32 {
        self.fuel = self.fuel.checked_add(at as u8 + 80).expect("the tank overflows");
        cx.handle().try_push(1).unwrap();
        assert!(self.stack.len() != 7 || at == 0, "no number {at} of seven");
        self.stack.get(at).copied().unwrap_or(0)
    }

    #[ask]
    fn later(&mut self, reply: Reply<usize>) {
        assert!(!reply.is_closed(), "nobody waits");
        self.waiting.push(reply);
        if self.waiting.len() > 3 {
            self.waiting.drain(..).enumerate().for_each(|(at, reply)| drop(reply.send(at)));
        }
    }

    #[tell]
    fn gamble(&mut self, cx: &mut Context<Self>) {
        let drawn = cx.random();
        self.luck = self.luck.rotate_left(7) ^ drawn;
        assert!(!self.luck.is_multiple_of(11), "out of luck with {}", self.luck);
    }

    #[tell]
    fn age(&mut self, cx: &mut Context<Self>) {
        let age = cx.now().duration_since(self.born);
        assert!(!age.as_nanos().is_multiple_of(9), "too old after {age:?} in life {}", cx.incarnation());
    }

    #[tell]
    async fn refine(&mut self, cx: &mut Context<Self>) -> Result<(), Fail> {
        tokio::task::yield_now().await;
        let begun = cx.now();
        tokio::time::sleep(Duration::from_millis(3)).await;
        if self.stack.len() > 9 && cx.now() > begun {
            return Err(Fail::new(format!("nothing to refine in {}", self.stack.len())));
        }
        Ok(())
    }

    #[tell]
    fn wind_up(&mut self, cx: &mut Context<Self>) {
        self.timer.take().into_iter().for_each(|timer| cx.cancel(timer));
        self.timer = cx.after(Duration::from_millis(2), MachineMsg::Tick).ok();
        cx.pipe(async {}, |()| MachineMsg::Tick).unwrap();
        self.me.try_send(MachineMsg::Push { number: 0 }).unwrap();
    }

    #[tell]
    fn tick(&mut self) {
        self.ticks += 1;
        assert_ne!(self.ticks, 4, "the clock strikes {}", self.ticks);
    }

    #[tell]
    fn postpone(&mut self, cx: &mut Context<Self>, times: u32) {
        if times > 0 {
            cx.stash(MachineMsg::Postpone { times: times - 1 }).unwrap();
        } else {
            assert!(self.stack.iter().sum::<u32>() < 12, "postponed for too long");
        }
        if self.stack.len().is_multiple_of(2) {
            cx.unstash_all();
        }
    }
}

/// Some message, and what comes of it may be a crash.
async fn poke(machine: &MachineHandle, rng: &mut splitmix::Rng) {
    let _answered = match rng.below(12) {
        0..=3 => return machine.push(rng.below(6) as u32).await.unwrap(),
        4 => return machine.divide().await.unwrap(),
        5 => {
            let at = rng.below(2) as usize;
            machine.ask(|reply| MachineMsg::Peek { at, reply }).await.is_ok()
        }
        6 => return machine.gamble().await.unwrap(),
        7 => return machine.age().await.unwrap(),
        8 => return machine.refine().await.unwrap(),
        9 => return machine.wind_up().await.unwrap(),
        10 => return machine.postpone(rng.below(3) as u32).await.unwrap(),
        _ => machine.within(Duration::from_millis(4)).later().await.is_ok(),
    };
}

/// A small generator of the tests' own.
mod splitmix {
    pub(super) struct Rng(pub(super) u64);

    impl Rng {
        /// SplitMix64 (Steele, Lea and Flood).
        pub(super) fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) % limit
        }
    }
}

/// A crash that random messages led to.
async fn crashed(seed: u64) -> Capsule {
    let system = System::builder("plant").seed(seed).intensity(10_000, "1h").start().await.unwrap();
    let mut capsules = system.capsules(64);
    let clerk = system.spawn::<Clerk>("clerk", ()).await.unwrap();
    let machine = system.spawn::<Machine>("hall/machine", clerk).await.unwrap();
    let mut rng = splitmix::Rng(seed);
    let capsule = loop {
        poke(&machine, &mut rng).await;
        tokio::time::advance(Duration::from_nanos(rng.below(1_000_000))).await;
        if let Some(capsule) = capsules.try_recv() {
            break capsule;
        }
    };
    system.kill().await;
    (*capsule).clone()
}

#[tokio::test(start_paused = true)]
async fn a_hundred_of_a_hundred_crashes_are_the_same_when_replayed() {
    let mut texts = std::collections::BTreeMap::<String, u32>::new();
    let mut survived = Vec::new();
    for seed in 0..100 {
        let capsule = crashed(seed).await;
        assert!((1..=16).contains(&capsule.steps.len()), "{} messages", capsule.steps.len());
        *texts.entry(capsule.crash.text.chars().take(8).collect()).or_default() += 1;
        // As it comes from a file.
        let capsule = Capsule::from_json(&capsule.to_json()).unwrap();
        let replayed = capsule.replay::<Machine>().await.unwrap();
        if replayed != Replayed::Same(capsule.crash.clone()) {
            survived.push(format!("seed {seed}: {replayed:?}\n{}", capsule.to_json()));
        }
    }
    assert!(survived.is_empty(), "{} of 100 differ, the first is {}", survived.len(), survived[0]);
    assert!(texts.len() >= 11, "the same bugs over and over: {texts:?}");
}

const FOLDER: &str = "SWARMTREE_TEST_CAPSULES";

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(std::fs::remove_dir_all(&folder));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The other half of the next test: replays what lies in the folder, and writes beside it how that ended.
#[tokio::test(start_paused = true)]
async fn what_the_fresh_process_does() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    for seed in 0..100 {
        let capsule = Capsule::load(folder.join(format!("{seed}.json"))).unwrap();
        let (Replayed::Same(crash) | Replayed::Other(crash)) = capsule.replay::<Machine>().await.unwrap() else {
            continue;
        };
        std::fs::write(folder.join(format!("{seed}.replayed")), serde_json::to_string(&crash).unwrap()).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_fresh_process_raises_the_same_hundred_failures() {
    let folder = folder("fresh");
    let mut capsules = Vec::new();
    for seed in 0..100 {
        let capsule = crashed(1000 + seed).await;
        capsule.save(folder.join(format!("{seed}.json"))).unwrap();
        capsules.push(capsule);
    }
    let fresh = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "capsules::what_the_fresh_process_does", "--nocapture"])
        .env(FOLDER, &folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&fresh.stderr);
    assert!(fresh.status.success(), "{said}");
    for (seed, capsule) in capsules.into_iter().enumerate() {
        let replayed = std::fs::read_to_string(folder.join(format!("{seed}.replayed"))).unwrap();
        assert_eq!(serde_json::from_str::<Crash>(&replayed).unwrap(), capsule.crash, "seed {seed}");
        // The panic hook has shown it where it happened.
        let is_shown = capsule.crash.location.is_none_or(|location| said.contains(&location));
        assert!(is_shown && (capsule.crash.cause != Cause::Panic || said.contains(&capsule.crash.text)), "{said}");
    }
}

/// By hand: sums up, and fails at 13. Or at once, if it is told to.
#[derive(Serialize, Deserialize)]
struct Sum {
    sum: u64,
    #[serde(skip)]
    _secret: String,
}

#[derive(Debug, Serialize, Deserialize)]
enum SumMsg {
    Add(u64),
    Divide(f64),
    Beside,
}

impl Message for SumMsg {
    const KINDS: &'static [&'static str] = &["add", "divide", "beside"];

    fn kind(&self) -> usize {
        match self {
            Self::Add(_) => 0,
            Self::Divide(_) => 1,
            Self::Beside => 2,
        }
    }
}

impl Actor for Sum {
    type Msg = SumMsg;
    type Args = u64;
    type Handle = Handle<SumMsg>;

    const CAPSULE: Option<Recording<Self, SumMsg>> = Some(Recording::last(2));

    async fn start(sum: u64, _: &mut Context<Self>) -> Result<Self, StartError> {
        Ok(Self { sum, _secret: "hunter2".to_owned() })
    }

    fn handle(&mut self, message: SumMsg, cx: &mut Context<Self>) -> Handled<SumMsg> {
        match message {
            SumMsg::Add(more) => self.sum += more,
            SumMsg::Divide(by) => self.sum = (self.sum as f64 / by) as u64,
            SumMsg::Beside => drop(cx.pipe(async { panic!("beside") }, |()| SumMsg::Add(0))),
        }
        if self.sum == 13 { Handled::Fail(Fail::new("unlucky")) } else { Handled::Done }
    }
}

async fn unlucky(numbers: &[u64]) -> Capsule {
    let system = System::builder("sums").intensity(1000, "1h").start().await.unwrap();
    let mut capsules = system.capsules(8);
    let sum = system.spawn::<Sum>("sum", 0).await.unwrap();
    for number in numbers {
        sum.send(SumMsg::Add(*number)).await.unwrap();
    }
    let capsule = soon("a capsule", capsules.recv()).await.unwrap();
    system.stop().await;
    (*capsule).clone()
}

#[tokio::test(start_paused = true)]
async fn a_capsule_holds_the_view_and_the_messages_since() {
    let capsule = unlucky(&[1, 1, 1, 1, 1, 8]).await;
    let messages: Vec<&str> = capsule.steps.iter().map(|step| step.message.as_str()).collect();
    assert_eq!(
        (capsule.view.as_str(), &*messages),
        (r#"{"sum":2}"#, &[r#"{"Add":1}"#, r#"{"Add":1}"#, r#"{"Add":1}"#, r#"{"Add":8}"#][..])
    );
    assert_eq!(
        (capsule.path.as_str(), capsule.incarnation, capsule.actor.as_str()),
        ("sum", 1, std::any::type_name::<Sum>())
    );
    assert_eq!(capsule.crash.to_string(), "failed: unlucky, on add");
    let replayed = capsule.replay::<Sum>().await.unwrap();
    assert_eq!(replayed, Replayed::Same(capsule.crash.clone()));
    assert!(!capsule.to_json().contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn an_edited_capsule_ends_otherwise() {
    let text = unlucky(&[1, 12]).await.to_json();
    let lucky = Capsule::from_json(&text.replace(r#"{"Add":12}"#, r#"{"Add":3}"#)).unwrap();
    assert_eq!(lucky.replay::<Sum>().await, Ok(Replayed::Survived));
    let earlier = Capsule::from_json(&text.replace(r#"{"sum":0}"#, r#"{"sum":12}"#)).unwrap();
    assert!(matches!(earlier.replay::<Sum>().await, Ok(Replayed::Other(crash)) if crash == earlier.crash));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_replayed_says_the_mend() {
    let text = unlucky(&[13]).await.to_json();
    let capsule = Capsule::from_json(&text).unwrap();
    let error = capsule.replay::<Machine>().await.unwrap_err();
    assert!(error.to_string().contains("::Sum`, not of `it::capsules::Machine`"), "{error}");

    let newer = text.replace(r#""version": 1"#, r#""version": 2"#);
    let error = Capsule::from_json(&newer).unwrap_err();
    assert!(matches!(error, LoadError::Newer { version: 2 }) && error.to_string().contains("update swarmtree"));

    let other = Capsule::from_json(&text.replace(r#"{"sum":0}"#, r#"{"total":0}"#)).unwrap();
    let error = other.replay::<Sum>().await.unwrap_err();
    assert!(matches!(error, ReplayError::View { .. }) && error.to_string().contains("missing field `sum`"), "{error}");

    let other = Capsule::from_json(&text.replace(r#"{"Add":13}"#, r#"{"Minus":13}"#)).unwrap();
    let error = other.replay::<Sum>().await.unwrap_err();
    assert!(matches!(error, ReplayError::Message { at: 0, .. }) && error.to_string().contains("`Minus`"), "{error}");

    assert!(matches!(Capsule::from_json("{}"), Err(LoadError::Broken { .. })));
    assert!(matches!(Capsule::load("/nowhere/at/all"), Err(LoadError::Unreadable { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_failed_beside_the_handlers_is_told_and_survives() {
    let system = System::builder("sums").start().await.unwrap();
    let mut capsules = system.capsules(8);
    let sum = system.spawn::<Sum>("sum", 0).await.unwrap();
    sum.send(SumMsg::Beside).await.unwrap();
    let capsule = soon("a capsule", capsules.recv()).await.unwrap();
    assert_eq!((capsule.crash.text.as_str(), &capsule.crash.message), ("beside", &None));
    assert_eq!(capsule.replay::<Sum>().await, Ok(Replayed::Survived));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_folder_holds_the_newest_capsules_before_their_failures_are_told() {
    let folder = folder("newest");
    std::fs::write(folder.join("00.json"), "mine").unwrap();
    let a = Supervisor::one_for_one("a").intensity(1000, "1h");
    let system = System::builder("sums").child(a).capsules(&folder).start().await.unwrap();
    let mut failures = system.failures(8);
    let sum = system.spawn::<Sum>("a/sum", 0).await.unwrap();
    for _ in 0..CAPSULE_FILES_LIMIT + 3 {
        sum.send(SumMsg::Add(13)).await.unwrap();
        soon("a failure", failures.recv()).await.unwrap();
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), CAPSULE_FILES_LIMIT + 1, "and the one that is none");
    assert!(files[1].to_string_lossy().ends_with("-a.sum-4.capsule.json"), "{files:?}");
    assert!(matches!(Capsule::load(&files[1]).unwrap().replay::<Sum>().await, Ok(Replayed::Same(_))));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_refuses_harms_nobody() {
    let file = folder("refuses").join("file");
    std::fs::write(&file, "no folder").unwrap();
    let system = System::builder("sums").capsules(&file).start().await.unwrap();
    let sum = system.spawn::<Sum>("sum", 0).await.unwrap();
    sum.send(SumMsg::Add(13)).await.unwrap();
    sum.send(SumMsg::Add(1)).await.unwrap();
    system.quiescent().await;
    assert_eq!((sum.snapshot().incarnation, sum.inspect(|sum: &Sum| sum.sum).await), (2, Ok(1)));
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn recording_begins_with_the_first_who_listens() {
    let system = System::builder("sums").start().await.unwrap();
    let sum = system.spawn::<Sum>("sum", 0).await.unwrap();
    sum.send(SumMsg::Add(5)).await.unwrap();
    system.quiescent().await;
    let mut capsules = system.capsules(8);
    sum.send(SumMsg::Add(8)).await.unwrap();
    let capsule = soon("a capsule", capsules.recv()).await.unwrap();
    assert_eq!((capsule.view.as_str(), capsule.steps.len()), (r#"{"sum":5}"#, 1));
    system.stop().await;
    assert!(capsules.recv().await.is_none(), "the system has ended");
}

/// Has a message that cannot be written.
#[derive(Serialize, Deserialize)]
#[actor(capsule = 4)]
struct Odd {
    odd: std::collections::BTreeMap<(u32, u32), u32>,
}

#[handlers]
impl Odd {
    #[start]
    fn open() -> Self {
        Self { odd: [((1, 2), 3)].into() }
    }

    #[tell]
    fn crash(&mut self) {
        panic!("odd");
    }

    #[tell]
    fn tell(&mut self, #[serde(skip)] _secret: String, _known: u32) {}

    #[ask]
    fn len(&self) -> usize {
        self.odd.len()
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_written_costs_the_capsule_alone() {
    let system = System::builder("odd").start().await.unwrap();
    let (mut capsules, mut failures) = (system.capsules(8), system.failures(8));
    let odd = system.spawn::<Odd>("odd", ()).await.unwrap();
    assert_eq!(odd.len().await, Ok(1));
    odd.crash().await.unwrap();
    soon("a failure", failures.recv()).await.unwrap();
    assert!(capsules.try_recv().is_none());
    assert_eq!(odd.len().await, Ok(1));
    system.stop().await;
}

#[test]
fn serde_attributes_of_parameters_reach_the_message() {
    let message = OddMsg::Tell { secret: "hunter2".to_owned(), known: 7 };
    assert_eq!(serde_json::to_string(&message).unwrap(), r#"{"Tell":{"known":7}}"#);
}

#[test]
fn handles_and_instants_are_restored_by_replays_only() {
    let error = serde_json::from_str::<ClerkHandle>(r#""clerk""#).unwrap_err();
    assert!(error.to_string().contains("only a capsule's replay"), "{error}");
    assert!(instant::serialize(&Instant::now(), serde_json::value::Serializer).is_err());
}
