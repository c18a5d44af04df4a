//! Small swarms run through all they can do, in any order: a wedge can be reached exactly where the check refuses.
//!
//! Which message a member takes next, what a handler sends, and what comes from outside is open at each step, so that all that
//! a swarm of these edges may do is among the states. It knows nothing of cycles' weights.

use std::collections::BTreeSet;

use crate::topology::builder::Topology;
use crate::topology::liveness::verdict::Facts;
use crate::topology::rank::EdgeKind;

/// The most states that are looked at for one swarm.
const STATES_LIMIT: usize = 60_000;

/// Who waits for the message in hand to be handled, if somebody does.
type Asker = Option<u8>;

/// What one member is doing; `permit` says whether it holds one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Doing {
    Idle,
    Handling { permit: bool, asker: Asker },
    Sending { to: u8, asker: Asker },
    Asking { to: u8, asker: Asker },
}

/// A member: what it does, and what its mailbox holds: messages, requests by asker, and messages from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct One {
    doing: Doing,
    told: u8,
    asked: BTreeSet<u8>,
    foreign: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    free: u8,
    all: Vec<One>,
}

struct Swarm {
    edges: Vec<(u8, u8, EdgeKind)>,
    mailbox: u8,
    open: Vec<bool>,
}

impl State {
    fn room(&self, at: u8, swarm: &Swarm) -> bool {
        let one = &self.all[at as usize];
        usize::from(one.told) + one.asked.len() + usize::from(one.foreign) < usize::from(swarm.mailbox)
    }

    fn doing(&self, at: u8) -> Doing {
        self.all[at as usize].doing
    }

    /// The same, changed.
    fn but(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next
    }

    /// Whether members wait for each other in a cycle.
    fn wedged(&self, swarm: &Swarm) -> bool {
        let waits_for = |at: u8| match self.doing(at) {
            Doing::Sending { to, .. } if !self.room(to, swarm) => Some(to),
            Doing::Asking { to, .. } => Some(to),
            Doing::Sending { .. } | Doing::Idle | Doing::Handling { .. } => None,
        };
        let all = 0..u8::try_from(self.all.len()).unwrap();
        all.clone().any(|start| all.clone().try_fold(start, |at, _| waits_for(at)).is_some())
    }

    /// Each permit is free, with a message that is queued or being sent, or with a handler.
    fn permits(&self) -> usize {
        let held = |one: &One| {
            let doing = match one.doing {
                Doing::Idle => 0,
                Doing::Handling { permit, .. } => usize::from(permit),
                Doing::Sending { .. } | Doing::Asking { .. } => 1,
            };
            doing + usize::from(one.told) + one.asked.len()
        };
        usize::from(self.free) + self.all.iter().map(held).sum::<usize>()
    }

    fn next(&self, swarm: &Swarm) -> Vec<Self> {
        let mut next = Vec::new();
        for at in 0..u8::try_from(self.all.len()).unwrap() {
            self.arrive(at, swarm, &mut next);
            match self.doing(at) {
                Doing::Idle => self.take(at, &mut next),
                Doing::Handling { permit, asker } => {
                    next.push(self.but(|state| state.finish(at, permit, asker)));
                    for (_, to, kind) in swarm.edges.iter().filter(|edge| edge.0 == at) {
                        next.extend(self.send(at, *to, *kind, permit, asker, swarm));
                    }
                }
                Doing::Sending { to, asker } if self.room(to, swarm) => next.push(self.but(|state| {
                    state.all[to as usize].told += 1;
                    state.all[at as usize].doing = Doing::Handling { permit: false, asker };
                })),
                Doing::Sending { .. } | Doing::Asking { .. } => {}
            }
        }
        next
    }

    /// From outside of the swarm, with a permit; from elsewhere, to an open member, without.
    fn arrive(&self, at: u8, swarm: &Swarm, next: &mut Vec<Self>) {
        if self.room(at, swarm) && self.free > 0 {
            next.push(self.but(|state| {
                state.free -= 1;
                state.all[at as usize].told += 1;
            }));
        }
        if self.room(at, swarm) && swarm.open[at as usize] {
            next.push(self.but(|state| state.all[at as usize].foreign += 1));
        }
    }

    fn take(&self, at: u8, next: &mut Vec<Self>) {
        let one = &self.all[at as usize];
        let handle = |permit, asker| Doing::Handling { permit, asker };
        if one.told > 0 {
            next.push(self.but(|state| {
                let one = &mut state.all[at as usize];
                (one.told, one.doing) = (one.told - 1, handle(true, None));
            }));
        }
        if one.foreign > 0 {
            next.push(self.but(|state| {
                let one = &mut state.all[at as usize];
                (one.foreign, one.doing) = (one.foreign - 1, handle(false, None));
            }));
        }
        for asker in &one.asked {
            next.push(self.but(|state| {
                let one = &mut state.all[at as usize];
                one.asked.remove(asker);
                one.doing = handle(true, Some(*asker));
            }));
        }
    }

    /// The message is handled; who asked goes on, with the permit it kept.
    fn finish(&mut self, at: u8, permit: bool, asker: Asker) {
        self.free += u8::from(permit);
        self.all[at as usize].doing = Doing::Idle;
        if let Some(asker) = asker
            && let Doing::Asking { asker: above, .. } = self.doing(asker)
        {
            self.all[asker as usize].doing = Doing::Handling { permit: true, asker: above };
        }
    }

    /// The first send takes over the handler's permit, a later one takes a free one. An ask takes a free one for the
    /// request, and one more if the handler has none. Who finds none is refused.
    fn send(&self, at: u8, to: u8, kind: EdgeKind, permit: bool, asker: Asker, swarm: &Swarm) -> Option<Self> {
        let cost = u8::from(!permit) + u8::from(kind == EdgeKind::Ask);
        let free = self.free.checked_sub(cost)?;
        Some(self.but(|state| {
            state.free = free;
            let handling = Doing::Handling { permit: false, asker };
            let (doing, told) = match kind {
                EdgeKind::Ask => (Doing::Asking { to, asker }, 0),
                EdgeKind::Wait if !self.room(to, swarm) => (Doing::Sending { to, asker }, 0),
                EdgeKind::Wait | EdgeKind::Credit => (handling, 1),
                EdgeKind::Shed => unreachable!("the model has no edges that drop"),
            };
            state.all[at as usize].doing = doing;
            state.all[to as usize].told += told;
            if kind == EdgeKind::Ask {
                state.all[to as usize].asked.insert(at);
            }
        }))
    }
}

/// Whether a wedge can be reached; none if there were too many states to look at.
fn wedges(swarm: &Swarm, permits: u8) -> Option<bool> {
    let idle = One { doing: Doing::Idle, told: 0, asked: BTreeSet::new(), foreign: 0 };
    let start = State { free: permits, all: vec![idle; swarm.open.len()] };
    let (mut seen, mut open) = (BTreeSet::from([start.clone()]), vec![start]);
    while let Some(state) = open.pop() {
        assert_eq!(state.permits(), usize::from(permits));
        if state.wedged(swarm) {
            return Some(true);
        }
        if seen.len() > STATES_LIMIT {
            return None;
        }
        open.extend(state.next(swarm).into_iter().filter(|next| seen.insert(next.clone())));
    }
    Some(false)
}

/// Runs a swarm through all its states with this many permits and compares; says whether it can wedge, if that was found out.
fn compare(edges: &[(u8, u8, EdgeKind)], mailbox: u8, open: &[bool], permits: u8) -> Option<bool> {
    let swarm = Swarm { edges: edges.to_vec(), mailbox, open: open.to_vec() };
    let listed = edges.iter().map(|&(from, to, kind)| (from.into(), to.into(), kind));
    let topology = Topology::custom(listed).mailbox(mailbox.into()).in_flight(permits.into());
    let facts: Vec<Facts> = open.iter().map(|open| Facts { open: *open, asks: vec![] }).collect();
    let verdict = topology.layout(open.len()).unwrap().check(&facts);
    let wedges = wedges(&swarm, permits)?;
    assert_eq!(wedges, verdict.is_err(), "{permits} permits, {edges:?}, mailboxes of {mailbox}, {open:?}: {verdict:?}");
    Some(wedges)
}

#[test]
fn a_wedge_can_be_reached_exactly_where_the_check_refuses() {
    let mut rng = fastrand::Rng::with_seed(7);
    let (mut wedged, mut free) = (0, 0);
    for _ in 0..150 {
        let members = rng.u8(1..=3);
        let mut edges = Vec::new();
        for (from, to) in (0..members).flat_map(|from| (0..members).map(move |to| (from, to))) {
            let tell = [Some(EdgeKind::Wait), Some(EdgeKind::Credit), None, None][rng.usize(0..4)];
            edges.extend(tell.map(|kind| (from, to, kind)));
            edges.extend((rng.usize(0..4) == 0).then_some((from, to, EdgeKind::Ask)));
        }
        let open: Vec<bool> = (0..members).map(|_| rng.usize(0..4) == 0).collect();
        match compare(&edges, rng.u8(1..=2), &open, rng.u8(1..=4)) {
            Some(true) => wedged += 1,
            Some(false) => free += 1,
            None => {}
        }
    }
    assert!(wedged > 20 && free > 40, "{wedged} wedge, {free} do not: the comparison is not vacuous");
}

#[test]
fn a_cycle_wedges_with_what_it_needs_and_not_with_one_message_less() {
    use EdgeKind::{Ask, Wait};
    for kinds in [vec![Wait], vec![Ask], vec![Wait, Wait], vec![Ask, Wait], vec![Ask, Ask], vec![Ask, Ask, Wait]] {
        let members = u8::try_from(kinds.len()).unwrap();
        let edges: Vec<_> = (0..members).map(|at| (at, (at + 1) % members, kinds[at as usize])).collect();
        let waits = u8::try_from(kinds.iter().filter(|kind| **kind == Wait).count()).unwrap();
        let needs = members + waits + u8::from(waits == 0);
        let open = vec![false; members.into()];
        assert_eq!(compare(&edges, 1, &open, needs - 1), Some(false), "{kinds:?}");
        assert_eq!(compare(&edges, 1, &open, needs), Some(true), "{kinds:?}");
    }
}
