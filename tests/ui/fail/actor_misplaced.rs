//! `#[actor]` stands on the type of the state.
use swarmtree::actor;

struct Airport;

#[actor]
impl Airport {}

#[actor]
fn airport() {}

fn main() {}
