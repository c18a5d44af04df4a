//! What was measured, as a table or as JSON lines.

use std::time::Duration;

use serde::Serialize;

use crate::cases::{Case, Kind, Plan};

/// One shape, one size, one way to send.
pub(crate) struct Row {
    shape: &'static str,
    members: usize,
    kind: Kind,
    messages: usize,
    hops: usize,
    swarm: Vec<Duration>,
    plain: Vec<Duration>,
}

/// A row in figures: medians.
#[derive(Debug, Serialize)]
struct Figures {
    shape: &'static str,
    members: usize,
    kind: &'static str,
    hops_per_message: f64,
    messages_per_second: f64,
    ns_per_hop: f64,
    floor_ns_per_hop: f64,
}

impl Row {
    pub(crate) fn new(case: &Case, plan: &Plan) -> Self {
        Self {
            shape: case.name,
            members: case.members,
            kind: plan.kind,
            messages: plan.messages,
            hops: plan.hops,
            swarm: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// One round: in the swarm, and plainly.
    pub(crate) fn add(&mut self, [swarm, plain]: [Duration; 2]) {
        self.swarm.push(swarm);
        self.plain.push(plain);
    }

    fn figures(&self) -> Figures {
        let (swarm, plain) = (median(&self.swarm), median(&self.plain));
        Figures {
            shape: self.shape,
            members: self.members,
            kind: match self.kind {
                Kind::Unicast => "unicast",
                Kind::Broadcast => "broadcast",
            },
            hops_per_message: self.hops as f64 / self.messages as f64,
            messages_per_second: self.messages as f64 / swarm,
            ns_per_hop: swarm * 1e9 / self.hops as f64,
            floor_ns_per_hop: plain * 1e9 / self.hops as f64,
        }
    }
}

fn median(rounds: &[Duration]) -> f64 {
    let mut seconds: Vec<f64> = rounds.iter().map(Duration::as_secs_f64).collect();
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn print_table(rows: &[Row]) {
    println!("| shape | members | | hops a message | messages/s | ns a hop | plain | ratio |");
    println!("|---|---|---|---|---|---|---|---|");
    for row in rows.iter().map(Row::figures) {
        println!(
            "| {} | {} | {} | {:.1} | {:.0} | {:.0} | {:.0} | {:.2} |",
            row.shape,
            row.members,
            row.kind,
            row.hops_per_message,
            row.messages_per_second,
            row.ns_per_hop,
            row.floor_ns_per_hop,
            row.ns_per_hop / row.floor_ns_per_hop
        );
    }
}

pub(crate) fn print_json(rows: &[Row]) -> Result<(), serde_json::Error> {
    for row in rows {
        println!("{}", serde_json::to_string(&row.figures())?);
    }
    Ok(())
}
