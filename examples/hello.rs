//! A first actor: `cargo run --example hello`

use swarmtree::{System, actor, handlers};

/// Greets people, and counts them.
#[actor(mailbox = 16)]
struct Greeter {
    word: String,
    greeted: u64,
}

#[handlers]
impl Greeter {
    #[start]
    fn open(word: String) -> Self {
        Self { word, greeted: 0 }
    }

    #[ask]
    fn greet(&mut self, name: String) -> String {
        self.greeted += 1;
        format!("{}, {name}! You are number {}.", self.word, self.greeted)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let system = System::start("hello").await?;
    let greeter = system.spawn::<Greeter>("greeter", "Hello".into()).await?;
    let greeting = greeter.greet("world".into()).await?;
    assert_eq!(greeting, "Hello, world! You are number 1.");
    system.stop().await;
    Ok(())
}
