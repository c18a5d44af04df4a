//! An airline's operations as a swarm of actors: one month of real flights, read row by row through a small tree of a
//! reader, a pool of parsers, and an actor for each airport and each carrier.
//!
//! ```text
//! cargo run --release --example airline
//! cargo run --release --example airline -- --poison 1000
//! cargo run --release --example airline -- --crash-carrier UA
//! cargo run --release --example airline -- --draw
//! cargo run --release --example airline -- --flights flights.csv.gz --json
//! ```
//!
//! The tree is in `swarm.rs`, who sends to whom in `shape.rs`, the actors are in `parser.rs`, `airport.rs`, `carrier.rs` and
//! `rejects.rs`, and `run.rs` is the story from the first row to the report.
#![expect(clippy::print_stderr, reason = "a program of the command line tells its troubles there")]

mod airport;
mod carrier;
mod code;
mod columns;
mod flight;
mod input;
mod json;
mod lines;
mod options;
mod parser;
mod progress;
mod reader;
mod rejects;
mod report;
mod run;
mod shape;
mod swarm;
mod table;
mod tally;

use std::io::Write;
use std::process::ExitCode;

use crate::options::Options;
use crate::run::{Failed, Finished, run};

fn main() -> ExitCode {
    let options = Options::read();
    if options.draw {
        return shape::drawn().map_or_else(|error| failed(&Failed::Swarm(error.into())), |text| written(&text));
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&Failed::Runtime(error)),
    };
    let outcome = runtime.block_on(run(&options));
    // A reader that still blocks on a pipe is left behind.
    runtime.shutdown_background();
    match outcome {
        Ok(finished) => tell(&options, &finished),
        Err(error) => failed(&error),
    }
}

fn failed(error: &Failed) -> ExitCode {
    eprintln!("airline: {error}");
    ExitCode::from(error.exit_code())
}

/// Writes to stdout. A reader of it that has gone away, as `head` does, is no trouble of ours.
fn written(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            eprintln!("airline: cannot write the report: {error}");
            ExitCode::from(3)
        }
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

/// The report goes to stdout, what is wrong with it to stderr.
fn tell(options: &Options, finished: &Finished) -> ExitCode {
    let report = &finished.report;
    let text = if options.json {
        match json::line(report) {
            Ok(line) => line + "\n",
            Err(error) => return failed(&Failed::Json(error)),
        }
    } else {
        table::text(report)
    };
    let is_written = written(&text);
    if is_written != ExitCode::SUCCESS {
        return is_written;
    }
    // The table has told of these already; the object has no place for them.
    if options.json {
        for line in table::rejected(report).iter().chain(&report.crash) {
            eprintln!("airline: {line}");
        }
    }
    for remark in &finished.remarks {
        eprintln!("airline: {remark}");
    }
    ExitCode::from(finished.exit_code)
}
