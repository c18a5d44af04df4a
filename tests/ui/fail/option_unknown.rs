//! An option that does not exist lists those that do.
use swarmtree::actor;

#[actor(mailbox = 64, capacity = 256)]
struct Airport;

#[actor(turn)]
struct Harbour;

#[actor(retry = 1, retry = 2)]
struct Station;

fn main() {}
