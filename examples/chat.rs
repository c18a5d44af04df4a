//! A chat room: timers, watches, pipes, streams in and out, news, quarantine, and a shutdown on Ctrl-C.
//!
//! `cargo run --example chat` tells a short story and ends; with `-- --stay` the room stays open until Ctrl-C.
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use swarmtree::{
    Context, Exit, Outlet, OutletStream, Supervised, Supervisor, System, Template, TooManyOrders, Topic, actor,
    handlers, outlet,
};

/// Passes on what members say. A line that crashes it is tried once more, then quarantined; the room goes on.
#[actor(mailbox = 64, retry = 1)]
struct Room {
    members: BTreeMap<String, MemberHandle>,
    news: Arc<Topic<String>>,
    subject: String,
    quiet: u32,
}

#[handlers]
impl Room {
    #[start]
    fn open(cx: &mut Context<Self>, news: Arc<Topic<String>>) -> Result<Self, TooManyOrders> {
        // A pipe runs beside the actor, and its outcome comes back as a message.
        cx.pipe(look_up_subject(), |subject| RoomMsg::Discuss { subject })?;
        Ok(Self { members: BTreeMap::new(), news, subject: "nothing yet".into(), quiet: 0 })
    }

    #[tell]
    fn discuss(&mut self, subject: String) {
        self.news.publish(&format!("the subject is {subject}"));
        self.subject = subject;
    }

    #[tell]
    fn join(&mut self, cx: &mut Context<Self>, name: String, member: MemberHandle) {
        // Whoever stops for good leaves the room by itself, after the last line it has sent.
        let left = name.clone();
        if cx.watch(&member, move |exit| RoomMsg::Leave { name: left, exit }).is_ok() {
            self.news.publish(&format!("{name} joins"));
            self.members.insert(name, member);
        }
    }

    #[tell]
    fn leave(&mut self, name: String, exit: Exit) {
        self.members.remove(&name);
        self.news.publish(&format!("{name} {exit}"));
    }

    #[tell]
    fn say(&mut self, from: String, line: String) {
        assert!(!line.contains('\u{0}'), "a line with a zero byte");
        self.quiet = 0;
        for (_, member) in self.members.iter().filter(|(name, _)| **name != from) {
            // The room waits for nobody: a member that does not keep up misses lines.
            let _ = member.try_hear(format!("{from}: {line}"));
        }
    }

    #[every("1s")]
    fn listen(&mut self) {
        self.quiet += 1;
        if self.quiet == 60 {
            self.news.publish(&"a minute of silence".to_owned());
        }
    }

    #[inspect]
    fn present(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }
}

async fn look_up_subject() -> String {
    tokio::time::sleep(Duration::from_millis(20)).await;
    "supervision trees".into()
}

/// One person: what is typed comes in as a stream, what is to be read goes out as one.
#[actor(mailbox = 16, restart = temporary)]
struct Member {
    name: String,
    room: RoomHandle,
    screen: Outlet<String>,
}

#[handlers]
impl Member {
    #[start]
    fn enter(
        cx: &mut Context<Self>,
        name: String,
        room: RoomHandle,
        keyboard: OutletStream<String>,
        screen: Outlet<String>,
    ) -> Result<Self, TooManyOrders> {
        // The stream is as fast as this actor: its mailbox is the backpressure.
        cx.attach(keyboard, |line| MemberMsg::Typed { line })?;
        Ok(Self { name, room, screen })
    }

    #[tell]
    async fn typed(&mut self, cx: &mut Context<Self>, line: String) {
        if line == "/quit" || self.room.say(self.name.clone(), line).await.is_err() {
            cx.stop();
        }
    }

    #[tell]
    fn hear(&mut self, line: String) {
        let _ = self.screen.try_send(line);
    }

    #[stop]
    fn depart(&mut self) {
        let _ = self.screen.try_send("goodbye".into());
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let topic = Arc::new(Topic::new());
    let mut news = topic.subscribe(64);
    let system = System::builder("chat")
        .intensity(10, "1m")
        .child(Room::spec("room", Arc::clone(&topic)))
        .child(Supervisor::dynamic("members", Template::<Member>::new()))
        .start()
        .await?;
    let mut failures = system.failures(16);
    let room = system.find::<Room>("room")?;
    let (ann, mut ann_reads) = enter(&system, &room, "ann").await?;
    let (bob, mut bob_reads) = enter(&system, &room, "bob").await?;
    for expected in ["ann joins", "bob joins", "the subject is supervision trees"] {
        assert_eq!(news.recv().await.as_deref(), Some(expected));
    }
    assert_eq!(room.present().await?, ["ann", "bob"], "an inspection passes all messages");

    ann.send("hello, bob".into()).await?;
    assert_eq!(bob_reads.recv().await.as_deref(), Some("ann: hello, bob"));
    ann.send("\u{0}".into()).await?;
    // The line crashes the room, is delivered again, and crashes it again; that counts once towards the intensity.
    for _ in 0..2 {
        println!("{}", failures.recv().await.ok_or("no report")?);
    }
    system.quiescent().await;
    print!("{}", system.tree());

    // The room has crashed twice on that line and is back, with nobody in it but all its handles valid.
    let poison = room.quarantined().pop().ok_or("nothing in quarantine")?;
    println!("quarantined after {} crashes: {}", poison.crashes, poison.failure);
    for name in ["ann", "bob"] {
        room.join(name.into(), system.find::<Member>(&format!("members/{name}"))?).await?;
    }
    room.release(poison.id, |message| *message = RoomMsg::Say { from: "ann".into(), line: "(mended)".into() });
    assert_eq!(bob_reads.recv().await.as_deref(), Some("ann: (mended)"));

    bob.send("/quit".into()).await?;
    assert_eq!(bob_reads.recv().await.as_deref(), Some("goodbye"));
    while news.recv().await.ok_or("the news ended")? != "bob stopped by itself" {}
    assert_eq!(room.present().await?, ["ann"]);

    if std::env::args().any(|argument| argument == "--stay") {
        println!("the room stays open; Ctrl-C drains and ends it");
        println!("{}", system.run_until_signal().await?);
    } else {
        system.drain(Duration::from_secs(5)).await;
    }
    assert_eq!(ann_reads.recv().await.as_deref(), Some("goodbye"), "a stop runs the stop handler");
    Ok(())
}

/// Starts a member, and has it join. What goes into the first end is typed, what comes out of the other is read.
async fn enter(
    system: &System,
    room: &RoomHandle,
    name: &str,
) -> Result<(Outlet<String>, OutletStream<String>), Box<dyn Error>> {
    let ((types, keyboard), (screen, reads)) = (outlet(16), outlet(16));
    let members = system.dynamic::<Member>("members")?;
    // A stream cannot be cloned for a next life; a temporary child has only one.
    let member = members.start_once(name, (name.to_owned(), room.clone(), keyboard, screen)).await?;
    room.join(name.to_owned(), member).await?;
    Ok((types, reads))
}
