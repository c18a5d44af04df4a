//! A capsule is of so many messages.
use swarmtree::actor;

#[actor(capsule = "16")]
struct Text;

#[actor(capsule = 70000)]
struct TooMany;

#[actor(capsule)]
struct Bare;

fn main() {}
