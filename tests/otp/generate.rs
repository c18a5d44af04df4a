//! Schedules drawn from a seed.

use crate::schedule::{
    Auto, Child, How, Id, LONG_PERIOD, Op, PASS_MS, Policy, Restart, SHORT_PERIOD, STOP_MS, Schedule, Shutdown, Start,
    Strategy, Sup, Worker,
};

const NODES_LIMIT: u8 = 11;
const DEPTH_LIMIT: usize = 3;

/// The same schedule for the same seed, always.
pub(crate) fn schedule(seed: u64) -> Schedule {
    let mut draw = Draw {
        rng: fastrand::Rng::with_seed(seed),
        last: 0,
        limit: NODES_LIMIT,
        timed: false,
        workers: Vec::new(),
        sups: Vec::new(),
    };
    draw.timed = draw.chance(2);
    let root = draw.sup(None, 0);
    let refuses = if draw.chance(4) { draw.any_worker().into_iter().collect() } else { Vec::new() };
    let ops = draw.ops();
    Schedule { root, refuses, ops }
}

/// What the operations must know of a supervisor.
struct Known {
    id: Id,
    dynamic: bool,
    nests: bool,
    brutal: bool,
    auto: Auto,
    /// Its workers.
    workers: Vec<Id>,
}

struct Draw {
    rng: fastrand::Rng,
    last: Id,
    /// No more nodes than up to this one.
    limit: Id,
    timed: bool,
    workers: Vec<Id>,
    sups: Vec<Known>,
}

impl Draw {
    /// True so many times in a hundred.
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.rng.usize(0..all.len())]
    }

    fn id(&mut self) -> Id {
        self.last += 1;
        self.last
    }

    fn any_worker(&mut self) -> Option<Id> {
        if self.workers.is_empty() { None } else { Some(self.workers[self.rng.usize(0..self.workers.len())]) }
    }

    // ---- The tree.

    fn sup(&mut self, above: Option<Auto>, depth: usize) -> Sup {
        let id = self.id();
        let strategy = match self.rng.u32(0..100) {
            0..30 => Strategy::OneForOne,
            30..58 => Strategy::OneForAll,
            58..88 => Strategy::RestForOne,
            _ => Strategy::Dynamic,
        };
        let auto = self.one_of(&[Auto::Never, Auto::Never, Auto::Never, Auto::Any, Auto::All]);
        let intensity = self.one_of(&[0, 1, 1, 2, 3, 5]);
        let period = if self.timed { SHORT_PERIOD } else { LONG_PERIOD };
        let template = self.worker_policy(auto);
        // OTP accepts a template without significance there, though it means nothing; we refuse it.
        let idle = strategy == Strategy::Dynamic && !template.significant;
        let auto = if idle { Auto::Never } else { auto };
        // The root has no supervisor above that would start it again.
        let mut policy = above.map_or(Policy::ROOT, |auto| {
            let policy = self.worker_policy(auto);
            Policy { shutdown: Shutdown::Infinity, deaf: false, ..policy }
        });
        let at = self.sups.len();
        self.sups.push(Known {
            id,
            dynamic: strategy == Strategy::Dynamic,
            nests: false,
            brutal: false,
            auto,
            workers: Vec::new(),
        });
        let children = if strategy == Strategy::Dynamic { Vec::new() } else { self.children(at, auto, depth) };
        if above.is_some() && !self.sups[at].nests && self.chance(8) {
            policy.shutdown = Shutdown::Brutal;
            self.sups[at].brutal = true;
        }
        Sup { id, policy, strategy, intensity, period, auto, template, children }
    }

    fn children(&mut self, at: usize, auto: Auto, depth: usize) -> Vec<Child> {
        let mut children = Vec::new();
        for _ in 0..self.rng.u32(0..5) {
            if self.last >= self.limit {
                break;
            }
            if depth + 1 < DEPTH_LIMIT && self.chance(35) {
                self.sups[at].nests = true;
                children.push(Child::Sup(self.sup(Some(auto), depth + 1)));
            } else {
                children.push(self.worker(at, auto));
            }
        }
        children
    }

    fn worker(&mut self, at: usize, auto: Auto) -> Child {
        let (id, policy) = (self.id(), self.worker_policy(auto));
        self.know(at, id);
        Child::Worker(Worker { id, policy })
    }

    fn know(&mut self, at: usize, id: Id) {
        self.workers.push(id);
        self.sups[at].workers.push(id);
    }

    fn worker_policy(&mut self, auto: Auto) -> Policy {
        let restart = match self.rng.u32(0..100) {
            0..55 => Restart::Permanent,
            55..80 => Restart::Transient,
            _ => Restart::Temporary,
        };
        let shutdown = match self.rng.u32(0..10) {
            0..7 => Shutdown::Timeout(STOP_MS),
            7..9 => Shutdown::Brutal,
            _ => Shutdown::Infinity,
        };
        let significant = auto != Auto::Never && restart != Restart::Permanent && self.chance(65);
        let deaf = shutdown != Shutdown::Infinity && self.chance(8);
        Policy { restart, shutdown, significant, deaf }
    }

    // ---- What is done to it.

    fn ops(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        for at in 0..self.sups.len() {
            if self.sups[at].dynamic {
                for _ in 0..self.rng.u32(0..4) {
                    ops.push(self.spawn(at));
                }
            }
        }
        for _ in 0..self.rng.u32(1..13) {
            self.op(&mut ops);
        }
        ops
    }

    fn op(&mut self, ops: &mut Vec<Op>) {
        let Some(worker) = self.any_worker() else { return self.add(ops) };
        match self.rng.u32(0..100) {
            0..38 => ops.push(self.finish(worker)),
            38..58 => self.trouble(worker, ops),
            58..68 => {
                let id = self.any_node();
                ops.push(Op::Terminate(id));
            }
            68..78 => {
                let id = self.any_node();
                let earlier = ops.iter().rev().find_map(|op| if let Op::Terminate(id) = op { Some(*id) } else { None });
                ops.push(Op::Restart(if self.chance(60) { earlier.unwrap_or(id) } else { id }));
            }
            78..85 => {
                let id = self.any_node();
                if self.chance(60) {
                    ops.push(Op::Terminate(id));
                }
                ops.push(Op::Delete(id));
            }
            85..93 => self.add(ops),
            93..97 => self.kill_supervisor(ops),
            _ if self.timed && !ops.contains(&Op::Pass(PASS_MS)) => ops.push(Op::Pass(PASS_MS)),
            _ => ops.push(Op::Release),
        }
    }

    fn finish(&mut self, worker: Id) -> Op {
        let how = self.one_of(&[How::Normal, How::Error, How::Error, How::Kill]);
        Op::Finish(worker, how)
    }

    /// A worker, or a supervisor other than the root.
    fn any_node(&mut self) -> Id {
        let sups: Vec<Id> = self.sups.iter().skip(1).map(|sup| sup.id).collect();
        if !sups.is_empty() && self.chance(25) {
            return self.one_of(&sups);
        }
        self.any_worker().unwrap_or(1)
    }

    /// Starts that will go wrong, and a failure that makes them happen.
    fn trouble(&mut self, worker: Id, ops: &mut Vec<Op>) {
        let mut hangs = false;
        let mut next = Vec::new();
        for _ in 0..self.one_of(&[1, 1, 2, 3]) {
            let start = self.one_of(&[Start::Fail, Start::Fail, Start::Fail, Start::Hang, Start::HangFail]);
            hangs |= start != Start::Fail;
            next.push(start);
        }
        ops.push(Op::Starts(worker, next));
        let siblings = self.sups.iter().map(|sup| &sup.workers).find(|workers| workers.contains(&worker));
        let siblings = siblings.cloned().unwrap_or_default();
        if self.chance(85) && !siblings.is_empty() {
            let sibling = self.one_of(&siblings);
            let end = self.finish(sibling);
            ops.push(end);
        }
        if hangs {
            for _ in 0..self.one_of(&[0, 1, 2]) {
                let other = if siblings.is_empty() { worker } else { self.one_of(&siblings) };
                let end = self.finish(other);
                ops.push(end);
            }
            if self.chance(80) {
                ops.push(Op::Release);
            }
        }
    }

    fn kill_supervisor(&mut self, ops: &mut Vec<Op>) {
        let killable: Vec<Id> = self.sups.iter().filter(|sup| !sup.nests).map(|sup| sup.id).collect();
        if !killable.is_empty() {
            let id = self.one_of(&killable);
            ops.push(Op::Finish(id, How::Kill));
        }
    }

    fn add(&mut self, ops: &mut Vec<Op>) {
        let at = self.rng.usize(0..self.sups.len());
        if self.last > 100 {
            return;
        }
        let (to, auto) = (self.sups[at].id, self.sups[at].auto);
        if self.sups[at].dynamic {
            let spawn = self.spawn(at);
            return ops.push(spawn);
        }
        let child = if !self.sups[at].brutal && self.chance(20) {
            self.sups[at].nests = true;
            self.limit = self.last + 4;
            Child::Sup(self.sup(Some(auto), DEPTH_LIMIT))
        } else {
            self.worker(at, auto)
        };
        if self.chance(10) {
            let start = self.one_of(&[Start::Fail, Start::Fail, Start::Hang, Start::HangFail]);
            ops.push(Op::Starts(self.last, vec![start]));
        }
        ops.push(Op::Add(to, child));
    }

    fn spawn(&mut self, at: usize) -> Op {
        let id = self.id();
        self.know(at, id);
        Op::Spawn(self.sups[at].id, id)
    }
}
