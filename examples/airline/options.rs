//! What the command line says.

use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use crate::code::CarrierCode;

/// An airline's operations as a swarm of actors, on real flights out of New York City.
///
/// Exit codes: 0, every row is a flight or was rejected; 1, the input broke off, and what came before was counted;
/// 2, unusable input or arguments; 3, the books do not balance; 130, interrupted, and what came before was counted.
#[derive(Debug, Parser)]
#[command(name = "airline")]
pub(crate) struct Options {
    /// A file of flights, plain or gzip; without it, the flights of January 2013.
    #[arg(long, value_name = "FILE")]
    pub(crate) flights: Option<PathBuf>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Draw who sends to whom, as a Mermaid flowchart, and end.
    #[arg(long)]
    pub(crate) draw: bool,
    /// Have the parser panic on every N-th row.
    #[arg(long, value_name = "N", value_parser = every)]
    pub(crate) poison: Option<NonZeroU64>,
    /// Kill this carrier's actor when half of the rows are read.
    #[arg(long, value_name = "CODE", value_parser = carrier)]
    pub(crate) crash_carrier: Option<CarrierCode>,
}

impl Options {
    /// Reads the command line; ends the program on `--help` and on what it does not understand.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|error| {
            match (error.kind(), error.get(ContextKind::InvalidArg)) {
                // A file by itself is what people try first.
                (ErrorKind::UnknownArgument, Some(ContextValue::String(file))) if !file.starts_with('-') => {
                    let mend = format!("unexpected argument '{file}'; name a file of flights with --flights {file}");
                    Self::command().error(ErrorKind::UnknownArgument, mend).exit()
                }
                _ => error.exit(),
            }
        })
    }
}

fn every(text: &str) -> Result<NonZeroU64, String> {
    text.parse().map_err(|_| "it takes a whole number from 1 on: 1000 for every thousandth row".to_owned())
}

fn carrier(text: &str) -> Result<CarrierCode, String> {
    CarrierCode::read(&text.to_ascii_uppercase())
        .ok_or_else(|| "a carrier has two letters or digits, such as UA".to_owned())
}
