//! Agents and tasks that run: a swarm whose coordinator drives the board.

pub(crate) mod behaviour;
pub(crate) mod coordinator;
pub(crate) mod desk;
pub(crate) mod job;
pub(crate) mod running;
pub(crate) mod submitted;
pub(crate) mod subprocess;
pub(crate) mod word;
pub(crate) mod worker;
