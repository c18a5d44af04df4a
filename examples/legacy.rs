//! An existing ractor actor under our supervision: restarted after a panic, stopped in order, seen in the tree.
//!
//! `cargo run --example legacy`

use std::error::Error;

use ractor::{ActorProcessingErr, ActorRef, RpcReplyPort};
use swarmtree::{ChildSpec, Supervisor, System};

/// As it stood before, not a line changed, but that it can be cloned.
#[derive(Clone)]
struct Greeter;

/// What it is sent.
enum Greeting {
    /// Greet somebody.
    Hello(String, RpcReplyPort<String>),
    /// Something it cannot take.
    Nonsense,
}

impl ractor::Actor for Greeter {
    type Msg = Greeting;
    type State = String;
    type Arguments = String;

    async fn pre_start(&self, _: ActorRef<Greeting>, word: String) -> Result<String, ActorProcessingErr> {
        Ok(word)
    }

    async fn handle(
        &self,
        _: ActorRef<Greeting>,
        greeting: Greeting,
        word: &mut String,
    ) -> Result<(), ActorProcessingErr> {
        match greeting {
            Greeting::Hello(name, reply) => reply.send(format!("{word}, {name}"))?,
            Greeting::Nonsense => return Err("nonsense".into()),
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let legacy = Supervisor::one_for_one("legacy").intensity(3, "10s").child(ChildSpec::ractor(
        "greeter",
        Greeter,
        "Hello".to_owned(),
    ));
    let system = System::builder("moving").child(legacy).start().await?;
    let mut failures = system.failures(16);

    let greeter = system.actor("legacy/greeter")?;
    let before = greeter.ractor::<Greeting>().ok_or("no greeter")?;
    before.cast(Greeting::Nonsense)?;

    let report = failures.recv().await.ok_or("the failure was not reported")?;
    assert!(report.to_string().contains("nonsense"), "{report}");
    system.quiescent().await;

    // A restart makes another ractor actor: ask the tree for the present one.
    let now = greeter.ractor::<Greeting>().ok_or("the greeter is not back")?;
    assert_ne!(before.get_id(), now.get_id());
    let greeting = ractor::call!(now, |reply| Greeting::Hello("tree".to_owned(), reply))?;
    assert_eq!(greeting, "Hello, tree");
    assert!(system.tree().contains("greeter (ractor Greeter)"), "{}", system.tree());

    system.stop().await;
    assert!(greeter.ractor::<Greeting>().is_none());
    Ok(())
}
