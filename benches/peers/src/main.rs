//! Swarmtree side by side with kameo, ractor, actix and raw tokio; see `README.md`.

mod crash;
mod driver;
mod harness;
mod measure;
mod memory;
mod options;
mod peers;
mod report;
mod workloads;

use std::process::ExitCode;

use clap::Parser;

use crate::options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    crash::silence_poison();
    match harness::run(&options) {
        Ok(results) if options.json => report::print_json(&results),
        Ok(results) => report::print_table(&results, &options),
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
