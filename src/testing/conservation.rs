//! In equals out.

use crate::actor::handle::Handle;
use crate::mailbox::message::Message;
use crate::system::running::System;

/// Asserts that an actor's books balance.
///
/// # Panics
/// If they do not, with the ledger.
#[track_caller]
pub fn assert_balanced<M: Message>(handle: &Handle<M>) {
    if let Some(mailbox) = handle.snapshot().mailbox {
        assert!(mailbox.ledger.is_balanced(), "{} is out of balance: {:?}", handle.path(), mailbox.ledger);
    }
}

/// Asserts that the books of every actor in the tree balance.
///
/// # Panics
/// If one does not, with its path and its ledger.
#[track_caller]
pub fn assert_system_balanced(system: &System) {
    for actor in system.snapshot() {
        if let Some(mailbox) = &actor.mailbox {
            assert!(mailbox.ledger.is_balanced(), "{} is out of balance: {:?}", actor.path, mailbox.ledger);
        }
    }
}
