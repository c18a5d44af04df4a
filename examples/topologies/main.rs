//! Topologies: every shape of a swarm, drawn before it runs, sent through, broken and healed, grown and shrunk, and changed into
//! another one under load; and one that is refused because it could lock up.
//!
//! `cargo run --example topologies`; the members of all these swarms are in `member.rs`.
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

mod grow;
mod member;
mod morph;
mod refused;
mod shapes;
mod stage;

use crate::stage::Told;

#[tokio::main]
async fn main() -> Told {
    shapes::tell_of_all().await?;
    grow::tell_of_growth().await?;
    morph::tell_of_morphs().await?;
    refused::tell_of_refusals().await
}
