//! A supervisor at work: a reader and a parser that depends on it, crashes, restarts, and at last an escalation.
//!
//! `cargo run --example restart`
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use swarmtree::{Exit, Fail, Supervised, Supervisor, System, actor, handlers};

/// Reads lines.
#[actor]
struct Reader {
    lines: u32,
}

#[handlers]
impl Reader {
    #[start]
    fn open() -> Self {
        Self { lines: 0 }
    }

    #[tell]
    fn read(&mut self) {
        self.lines += 1;
    }

    #[ask]
    fn lines(&self) -> u32 {
        self.lines
    }
}

/// Parses what the reader reads, and does not survive letters.
#[actor]
struct Parser {
    sum: i64,
}

#[handlers]
impl Parser {
    #[start]
    fn open() -> Self {
        Self { sum: 0 }
    }

    #[tell]
    fn parse(&mut self, line: String) -> Result<(), Fail> {
        self.sum += line.parse::<i64>().map_err(|error| Fail::new(format!("{line:?}: {error}")))?;
        Ok(())
    }

    #[ask]
    fn sum(&self) -> i64 {
        self.sum
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The parser depends on the reader: a crash of the reader restarts both, one of the parser only itself.
    let intake = Supervisor::rest_for_one("intake")
        .intensity(2, "10s")
        .child(Reader::spec("reader", ()))
        .child(Parser::spec("parser", ()));
    let system = System::builder("restart").intensity(0, "10s").child(intake).start().await?;
    let mut failures = system.failures(16);
    print!("{}", system.tree());
    println!("a failure of the reader would restart {:?}", system.blast_radius("intake/reader").map(|b| b.restarts));

    let reader = system.find::<Reader>("intake/reader")?;
    let parser = system.find::<Parser>("intake/parser")?;
    reader.read().await?;
    parser.parse("40".into()).await?;
    parser.parse("forty".into()).await?;
    parser.parse("2".into()).await?;
    println!("{}", failures.recv().await.ok_or("no report")?);
    assert_eq!(parser.sum().await?, 2, "the parser began anew, and lost no other line");
    assert_eq!(reader.lines().await?, 1, "the reader went on");

    reader.kill();
    println!("{}", failures.recv().await.ok_or("no report")?);
    assert_eq!(parser.sum().await?, 0, "both began anew");
    assert_eq!(reader.lines().await?, 0);

    parser.parse("zwei".into()).await?;
    println!("{}", failures.recv().await.ok_or("no report")?);
    assert_eq!(system.stopped().await, Exit::Escalated, "three failures were one too many, for the root too");
    Ok(())
}
