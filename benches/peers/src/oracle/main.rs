//! The comparison of `tests/otp`, for swarmtree and its peers: who ends schedules as Erlang/OTP's own supervisor does.
//!
//! Feature by feature, since nobody but swarmtree offers them all: `features` draws schedules that need one and little
//! else, `sight` says how closely the traces are compared, and each adapter (`on_kameo`, `on_ractor`, `on_swarmtree`) says
//! what its peer offers. What a peer does not offer is not counted. `driver` runs a schedule on a peer that knows neither
//! names nor a snapshot of its tree: `cast` keeps both.
#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "shares the modules of a test")]

#[path = "../../../../tests/otp/erlang.rs"]
mod erlang;
#[path = "../../../../tests/otp/generate.rs"]
mod generate;
#[path = "../../../../tests/otp/ours.rs"]
mod ours;
#[path = "../../../../tests/otp/puppet.rs"]
mod puppet;
#[path = "../../../../tests/otp/schedule.rs"]
mod schedule;
#[path = "../../../../tests/otp/shrink.rs"]
mod shrink;
#[path = "../../../../tests/otp/stage.rs"]
mod stage;
#[path = "../../../../tests/otp/term.rs"]
mod term;
#[path = "../../../../tests/otp/trace.rs"]
#[allow(dead_code, reason = "a record and a tally are the test's")]
mod trace;

mod cast;
mod driver;
mod features;
mod lens;
mod on_kameo;
mod on_ractor;
mod on_swarmtree;
mod peer;
mod report;
mod sight;

use std::panic;
use std::process::ExitCode;

use clap::Parser;

use crate::erlang::Erlang;
use crate::features::Feature;
use crate::peer::{Offer, Peer};
use crate::report::{Cell, Row};
use crate::schedule::Schedule;

const PEERS: [&dyn Peer; 3] = [&on_swarmtree::OnSwarmtree, &on_kameo::OnKameo, &on_ractor::OnRactor];

/// Runs random schedules on Erlang/OTP, swarmtree and its peers, and prints who ends them alike.
#[derive(Debug, Parser)]
#[command(name = "oracle")]
struct Options {
    /// Schedules for each feature.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    schedules: u32,

    /// Where the seeds begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Show so many differences of each peer at each feature, as small as they go.
    #[arg(long, default_value_t = 0)]
    show: usize,

    /// Only features whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let Ok(oracle) = Erlang::start() else {
        eprintln!("no `escript` on the PATH (Debian: erlang-base)");
        return ExitCode::FAILURE;
    };
    // What panics inside a peer shows in its trace.
    panic::set_hook(Box::new(|_| {}));
    let features = Feature::ALL.into_iter().filter(|feature| feature.name().contains(&options.only));
    let rows: Vec<Row> = features.map(|feature| compare(feature, &options, &oracle)).collect();
    report::print(&PEERS.map(Peer::name), &rows, options.schedules);
    ExitCode::SUCCESS
}

fn compare(feature: Feature, options: &Options, oracle: &Erlang) -> Row {
    let drawn = (options.seed..).filter_map(|seed| feature.schedule(seed));
    let schedules: Vec<Schedule> = drawn.take(options.schedules as usize).collect();
    let expected = oracle.run_all(&schedules);
    let sight = feature.sight();
    let cell = |peer: &'static dyn Peer| {
        let note = match peer.offers(feature) {
            Offer::No(why) => return Cell::NotOffered(why),
            Offer::Yes(note) => note,
        };
        let (mut agreed, mut hung, mut shown) = (0, 0, 0);
        for (schedule, expected) in schedules.iter().zip(&expected) {
            match peer::run_within_limit(peer, schedule) {
                None => hung += 1,
                Some(found) if sight.agrees(expected, &found) => agreed += 1,
                Some(_) if shown < options.show => {
                    shown += 1;
                    report::show(peer, feature, schedule, oracle);
                }
                Some(_) => {}
            }
        }
        Cell::Counted { agreed, hung, note }
    };
    Row { feature, cells: PEERS.map(cell).into() }
}
