//! Who is served next: stride scheduling among the four lanes and the aged.
//!
//! Source: C. Waldspurger, W. Weihl, "Stride Scheduling: Deterministic Proportional-Share Resource Management",
//! MIT/LCS/TM-528, 1995. Each client has a weight; its stride is inverse to that. The client of the least pass is served,
//! and its pass grows by its stride. One that has had nothing to be served with comes back at the present pass, so that
//! nobody saves up a share. Among equals the one served least recently goes first: clients that are served now and then,
//! as only some agents can do their work, come back as equals each time, and any fixed order would starve the last.

/// How many lanes there are.
pub(crate) const LANES: usize = 4;
/// The client beside the lanes: whoever has waited for long, out of any lane.
pub(crate) const AGED: usize = LANES;
/// How many clients share.
pub(crate) const CLIENTS: usize = LANES + 1;
/// The weights of the lanes, the least urgent first, and of the aged.
const WEIGHTS: [u64; CLIENTS] = [1, 2, 4, 8, 5];
/// A common multiple of the weights, so that strides are whole.
const STRIDE_ONE: u64 = 40;

/// Of so many choices at which this client could be served, at least one serves it, whatever comes in between.
///
/// Once served, its pass is one stride ahead of the present one, and every other client's is not behind. So each other is
/// served at most once more than its weight holds this one's before this one's pass is the present one; and from then on
/// only those go first that have not been served since.
pub(crate) fn served_within(client: usize) -> u64 {
    let weight = WEIGHTS.get(client).copied().unwrap_or(1);
    let others = WEIGHTS.iter().enumerate().filter(|(other, _)| *other != client);
    1 + others.map(|(_, other)| other / weight + 1).sum::<u64>()
}

/// How far a client is.
#[derive(Debug, Clone, Copy)]
struct Client {
    pass: u64,
    stride: u64,
    /// When it was last served, as a count of choices.
    served: u64,
}

/// All clients, the lanes first.
#[derive(Debug, Clone)]
pub(crate) struct Stride {
    clients: [Client; CLIENTS],
    /// The pass of whoever was served last.
    present: u64,
    choices: u64,
}

impl Stride {
    pub(crate) fn new() -> Self {
        let clients =
            WEIGHTS.map(|weight| STRIDE_ONE / weight).map(|stride| Client { pass: stride, stride, served: 0 });
        Self { clients, present: 0, choices: 0 }
    }

    /// Serves one of those that can be served now; none if nobody can.
    pub(crate) fn pick(&mut self, can: [bool; CLIENTS]) -> Option<usize> {
        let present = self.present;
        let able = self.clients.iter_mut().enumerate().filter(|(at, _)| can[*at]);
        let (at, client) = able.min_by_key(|(_, client)| (client.pass.max(present), client.served))?;
        self.choices += 1;
        self.present = client.pass.max(present);
        (client.pass, client.served) = (self.present + client.stride, self.choices);
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use crate::agents::stride::{AGED, CLIENTS, STRIDE_ONE, Stride, WEIGHTS, served_within};

    #[test]
    fn the_bounds_are_those_of_the_guide() {
        assert_eq!((0..CLIENTS).map(served_within).collect::<Vec<_>>(), [24, 13, 8, 5, 6]);
        assert!(WEIGHTS.iter().all(|weight| STRIDE_ONE.is_multiple_of(*weight)));
    }

    #[test]
    fn all_backlogged_share_by_weight() {
        let mut stride = Stride::new();
        let mut served = [0_u64; CLIENTS];
        for _ in 0..2000 {
            served[stride.pick([true; CLIENTS]).unwrap()] += 1;
        }
        assert_eq!(served, [100, 200, 400, 800, 500]);
    }

    #[test]
    fn nobody_saves_up_a_share_while_it_has_nothing_to_do() {
        let mut stride = Stride::new();
        for _ in 0..1000 {
            stride.pick([false, false, false, true, false]);
        }
        let mut both = [false; CLIENTS];
        (both[0], both[3]) = (true, true);
        let low = (0..90).filter(|_| stride.pick(both) == Some(0)).count();
        assert!((10..=11).contains(&low), "low has one part of nine, not {low} of 90");
    }

    #[test]
    fn nobody_is_served_while_nobody_can_be() {
        assert_eq!(Stride::new().pick([false; CLIENTS]), None);
    }

    proptest! {
        /// Whatever the others do, and however often a client has nothing to be served with in between.
        #[test]
        fn everyone_is_served_within_its_bound(courses in proptest::collection::vec(any::<[bool; CLIENTS]>(), 1..600)) {
            let mut stride = Stride::new();
            let mut passed_over = [0_u64; CLIENTS];
            for can in courses {
                let served = stride.pick(can);
                for client in 0..=AGED {
                    passed_over[client] += u64::from(can[client]);
                    if served == Some(client) {
                        passed_over[client] = 0;
                    }
                    assert!(passed_over[client] < served_within(client), "client {client}");
                }
            }
        }
    }
}
