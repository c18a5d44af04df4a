//! Properties of a mailbox under any sequence of operations: bounds hold, order holds, books balance.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use proptest::prelude::*;

use crate::exit::{Cause, Failure};
use crate::mailbox::aside::{Crashed, Fate, Origin};
use crate::mailbox::lane::Ticket;
use crate::mailbox::lanes::{Bounds, Lanes, Taken, Waiting};
use crate::mailbox::message::{Lane, Message};
use crate::mailbox::refused::Refusal;
use crate::spec::Overflow;

/// Its number, and what it weighs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parcel(u32, usize);

impl Message for Parcel {
    fn bytes(&self) -> usize {
        self.1
    }
}

#[derive(Debug, Clone)]
enum Op {
    Offer { urgent: bool, weight: usize },
    Enroll { weight: usize },
    Withdraw(usize),
    Take,
    Settle { handled: usize },
    Crash { kept: bool },
    Stash,
    Unstash,
    Capacity(usize),
    Release,
    Discard,
    Forfeit,
    Drain,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<bool>(), 1..40_usize).prop_map(|(urgent, weight)| Op::Offer { urgent, weight }),
        2 => (1..40_usize).prop_map(|weight| Op::Enroll { weight }),
        1 => (0..4_usize).prop_map(Op::Withdraw),
        4 => Just(Op::Take),
        4 => (0..4_usize).prop_map(|handled| Op::Settle { handled }),
        2 => any::<bool>().prop_map(|kept| Op::Crash { kept }),
        1 => Just(Op::Stash),
        1 => Just(Op::Unstash),
        1 => (1..8_usize).prop_map(Op::Capacity),
        1 => Just(Op::Release),
        1 => Just(Op::Discard),
        1 => Just(Op::Forfeit),
        1 => Just(Op::Drain),
    ]
}

/// A mailbox with the turn and the senders around it.
struct World {
    lanes: Lanes<Parcel>,
    batch: VecDeque<Parcel>,
    taken: Option<Taken>,
    tickets: Vec<Ticket>,
    sent: u32,
    stamp: Option<Instant>,
    /// What comes out of the stash or of quarantine, or into the stash from a redelivery, may stand above the bound.
    unstashed: bool,
}

impl World {
    fn new(bounds: Bounds, metered: bool) -> Self {
        let stamp = metered.then(Instant::now);
        Self {
            lanes: Lanes::new(bounds),
            batch: VecDeque::new(),
            taken: None,
            tickets: Vec::new(),
            sent: 0,
            stamp,
            unstashed: false,
        }
    }

    fn parcel(&mut self, weight: usize) -> Parcel {
        self.sent += 1;
        Parcel(self.sent, weight)
    }

    fn settle(&mut self, handled: usize) {
        let Some(taken) = self.taken.take() else { return };
        let handled = handled.min(self.batch.len());
        self.batch.drain(..handled);
        let handled = u32::try_from(handled).unwrap();
        self.lanes.progress(taken.lane, handled, handled);
        self.lanes.settle(taken.lane, &mut self.batch, self.stamp);
    }

    fn crash(&mut self, kept: bool) {
        let Some(taken) = self.taken.take() else { return };
        let Some(message) = self.batch.pop_front() else { return };
        self.lanes.settle(taken.lane, &mut self.batch, self.stamp);
        let failure = Arc::new(Failure::new(Cause::Panic, String::new()));
        let crashed =
            if kept { Crashed::Kept { message, kind: "parcel", crashes: taken.crashes + 1 } } else { Crashed::Lost };
        let fate = self.lanes.crash(crashed, 2, &failure);
        assert!(kept || matches!(fate, Fate::Dead(None)));
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Offer { urgent, weight } => {
                let parcel = self.parcel(*weight);
                let lane = if *urgent { Lane::Urgent } else { Lane::Normal };
                if let Err(refused) = self.lanes.offer(lane, parcel.clone(), self.stamp) {
                    assert_eq!(refused.message, parcel, "a refused message comes back");
                }
            }
            Op::Enroll { weight } => {
                let parcel = self.parcel(*weight);
                if let Err(refused) = self.lanes.offer(Lane::Normal, parcel, self.stamp)
                    && matches!(refused.reason, Refusal::Full { .. })
                {
                    self.tickets.push(self.lanes.enroll(Lane::Normal, refused.message, Waker::noop().clone()));
                }
            }
            Op::Withdraw(at) if *at < self.tickets.len() => {
                let ticket = self.tickets.remove(*at);
                let _ = self.lanes.withdraw(Lane::Normal, ticket);
            }
            Op::Take if self.taken.is_none() => self.taken = self.lanes.take(3, &mut self.batch, self.stamp, |_| {}),
            Op::Settle { handled } => self.settle(*handled),
            Op::Crash { kept } => self.crash(*kept),
            Op::Stash if self.taken.is_some() && !self.batch.is_empty() => {
                let message = self.batch.front().cloned().unwrap();
                // A redelivery had given up its weight, and takes it again.
                self.unstashed |= self.taken.as_ref().is_some_and(|taken| taken.crashes > 0);
                if self.lanes.stash(message, Origin::Batch).is_ok() {
                    self.batch.pop_front();
                    self.settle(0);
                }
            }
            Op::Unstash => {
                self.unstashed |= self.lanes.unstash() > 0;
            }
            Op::Capacity(capacity) => self.lanes.set_capacity(*capacity),
            Op::Release => {
                let first = self.lanes.quarantine().first().map(|kept| kept.id);
                if let Some((id, message)) = first.and_then(|id| Some((id, self.lanes.lend(id)?))) {
                    self.unstashed = true;
                    self.lanes.requeue(id, message, self.stamp);
                }
            }
            Op::Discard => {
                if let Some(kept) = self.lanes.quarantine().first() {
                    assert!(self.lanes.discard(kept.id).is_some());
                }
            }
            Op::Forfeit => {
                self.taken = None;
                self.batch.clear();
                self.lanes.forfeit(false);
            }
            Op::Drain => {
                self.settle(0);
                self.lanes.drain();
            }
            Op::Withdraw(_) | Op::Take | Op::Stash => {}
        }
        let mut wakers = Vec::new();
        self.lanes.admit(self.stamp, &mut wakers);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_books_balance(
        ops in prop::collection::vec(op(), 1..200),
        capacity in 1..8_usize,
        bytes in prop_oneof![Just(0_usize), 40..200_usize],
        overflow in prop_oneof![
            Just(Overflow::Wait), Just(Overflow::Reject), Just(Overflow::DropNewest), Just(Overflow::DropOldest),
        ],
        metered in any::<bool>(),
    ) {
        let mut world = World::new(Bounds { capacity, bytes, overflow }, metered);
        for op in &ops {
            world.run(op);
            let ledger = world.lanes.ledger();
            prop_assert!(ledger.is_balanced(), "after {op:?}: {ledger:?}");
            let empty = ledger.queued == 0;
            prop_assert!(!empty || world.lanes.held() == 0, "after {op:?}: {} bytes of nothing", world.lanes.held());
            prop_assert!(world.lanes.held() <= bytes || bytes == 0 || world.unstashed);
        }
    }

    #[test]
    fn a_lane_never_holds_more_than_its_capacity(
        ops in prop::collection::vec((any::<bool>(), 1..3_usize), 1..100),
        capacity in 1..8_usize,
    ) {
        let bounds = Bounds { capacity, bytes: 0, overflow: Overflow::Reject };
        let mut world = World::new(bounds, false);
        for (push, handled) in ops {
            if push {
                world.run(&Op::Offer { urgent: false, weight: 1 });
            } else {
                world.run(&Op::Take);
                world.run(&Op::Settle { handled });
            }
            // The one in hand takes no room.
            prop_assert!(world.lanes.depth(Lane::Normal) <= capacity + usize::from(world.taken.is_some()));
        }
    }

    #[test]
    fn messages_come_out_in_the_order_they_went_in(
        ops in prop::collection::vec((0..3_u8, 0..4_usize), 1..200),
        capacity in 1..8_usize,
    ) {
        let mut world = World::new(Bounds { capacity, bytes: 0, overflow: Overflow::Wait }, false);
        let mut seen = Vec::new();
        for (what, handled) in ops {
            match what {
                0 => world.run(&Op::Enroll { weight: 1 }),
                1 => world.run(&Op::Take),
                _ => {
                    seen.extend(world.batch.iter().take(handled).map(|parcel| parcel.0));
                    world.run(&Op::Settle { handled });
                }
            }
        }
        prop_assert!(seen.is_sorted(), "{seen:?}");
    }
}

#[test]
fn a_stopped_mailbox_gives_a_waiting_message_back() {
    let mut world = World::new(Bounds { capacity: 1, bytes: 0, overflow: Overflow::Wait }, false);
    world.run(&Op::Enroll { weight: 1 });
    world.run(&Op::Enroll { weight: 1 });
    world.lanes.close();
    let ticket = world.tickets[0];
    let seen = world.lanes.look(Lane::Normal, ticket, Waker::noop());
    assert!(matches!(seen, Waiting::Refused(Parcel(2, 1))));
}

#[test]
fn a_message_heavier_than_the_bound_is_refused_for_ever() {
    let mut world = World::new(Bounds { capacity: 4, bytes: 10, overflow: Overflow::DropOldest }, false);
    let refused = world.lanes.offer(Lane::Normal, Parcel(1, 11), None).err().unwrap();
    assert_eq!(refused.reason, Refusal::TooLarge { bytes: 11, limit: 10 });
}
