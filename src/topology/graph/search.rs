//! A custom graph: shortest ways and broadcast trees by breadth-first search, ties going to the lowest slot.

use std::sync::OnceLock;

use crate::topology::graph::live::Live;
use crate::topology::rank::EdgeKind;
use crate::topology::shape::Links;

/// No way.
const NONE: u32 = u32::MAX;

/// What was found out, a row per live slot, each made at its first use.
#[derive(Debug)]
pub(in crate::topology) struct Tables {
    ways: Vec<OnceLock<Way>>,
    parents: Vec<OnceLock<Box<[u32]>>>,
}

/// The ways to one destination, by the index of who sends: the next slot, and the steps left.
#[derive(Debug)]
struct Way {
    next: Box<[u32]>,
    steps: Box<[u32]>,
}

impl Tables {
    pub(in crate::topology) fn new(live: usize) -> Self {
        let rows = || (0..live).map(|_| OnceLock::new());
        Self { ways: rows().collect(), parents: (0..live).map(|_| OnceLock::new()).collect() }
    }

    /// The next slot on a shortest way, and the way's length.
    pub(in crate::topology) fn way(&self, links: &Links, live: &Live, from: u32, to: u32) -> Option<(u32, usize)> {
        let (from, at) = (live.index(from)?, live.index(to)?);
        let way = self.ways[at].get_or_init(|| ways_to(links, live, to));
        let steps = way.steps[from];
        (steps != NONE).then(|| (way.next[from], steps as usize))
    }

    /// To whom `at` passes on what began at `origin`.
    pub(in crate::topology) fn broadcast(&self, links: &Links, live: &Live, origin: u32, at: u32) -> Vec<u32> {
        let Some(row) = live.index(origin) else { return Vec::new() };
        let parents = self.parents[row].get_or_init(|| parents(links, live, origin));
        let child = |to: &u32| live.index(*to).is_some_and(|index| parents[index] == at);
        links.tells(at).iter().map(|(to, _)| *to).filter(child).collect()
    }
}

/// How many steps each live slot is away, by index, along the edges that `next` gives.
fn steps<'a>(live: &Live, start: u32, next: impl Fn(u32) -> &'a [(u32, EdgeKind)]) -> Box<[u32]> {
    let mut steps = vec![NONE; live.len()].into_boxed_slice();
    let mut line = vec![start];
    let mut count = 0;
    while !line.is_empty() {
        let mut behind = Vec::new();
        for slot in line {
            if let Some(index) = live.index(slot).filter(|index| steps[*index] == NONE) {
                steps[index] = count;
                behind.extend(next(slot).iter().map(|(to, _)| *to));
            }
        }
        line = behind;
        count += 1;
    }
    steps
}

fn ways_to(links: &Links, live: &Live, to: u32) -> Way {
    let steps = steps(live, to, |slot| links.tellers(slot));
    let next = |(index, slot): (usize, &u32)| {
        let nearer = |next: &u32| {
            let there = live.index(*next).map_or(NONE, |next| steps[next]);
            there != NONE && there + 1 == steps[index]
        };
        links.tells(*slot).iter().map(|(next, _)| *next).find(nearer).unwrap_or(NONE)
    };
    let next = live.slots().iter().enumerate().map(next).collect();
    Way { next, steps }
}

fn parents(links: &Links, live: &Live, origin: u32) -> Box<[u32]> {
    let steps = steps(live, origin, |slot| links.tells(slot));
    let parent = |(index, slot): (usize, &u32)| {
        let nearer = |parent: &u32| {
            let there = live.index(*parent).map_or(NONE, |parent| steps[parent]);
            there != NONE && there + 1 == steps[index]
        };
        links.tellers(*slot).iter().map(|(parent, _)| *parent).find(nearer).unwrap_or(NONE)
    };
    live.slots().iter().enumerate().map(parent).collect()
}
