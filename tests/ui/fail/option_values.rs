//! Options are checked while compiling, and say what they take.
use swarmtree::actor;

#[actor(mailbox = 0)]
struct NoRoom;

#[actor(mailbox = 16_777_217)]
struct TooMuchRoom;

#[actor(mailbox_bytes = "a lot")]
struct Heavy;

#[actor(overflow = block)]
struct Blocking;

#[actor(restart = "transient")]
struct Quoted;

#[actor(in_place = 1)]
struct Placed;

#[actor(ask_timeout = "5 fortnights", turn = 0)]
struct Late;

#[actor(ask_timeout = 5)]
struct Unitless;

fn main() {}
