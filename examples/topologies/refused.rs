//! A shape that could lock up is refused before it starts, with the cycle and a way out.

use swarmtree::{EdgeKind, Rank, SwarmError, Topology};

use crate::member::Word;
use crate::stage::{Stage, Told};

const NAMES: [&str; 3] = ["intake", "triage", "rework"];

/// Tells of a loop of members that would wait for each other.
pub(crate) async fn tell_of_refusals() -> Told {
    println!("\n== what could lock up is refused ==\n");
    let unsafe_loop = [(0, 1, EdgeKind::Wait), (1, 2, EdgeKind::Wait), (2, 1, EdgeKind::Wait)];
    let refused = Stage::open(Topology::custom(unsafe_loop).mailbox(8), 3, &NAMES).await;
    let Some(SwarmError::Wedge(wedge)) =
        refused.err().and_then(|error| error.downcast::<SwarmError>().ok().map(|e| *e))
    else {
        return Err("a loop of waiting edges was let in".into());
    };
    println!("{wedge}\n");
    assert_eq!(wedge.cycle.to_string(), "triage -wait-> rework -wait-> triage");

    // What it says is done: messages on the way back have credits, and nobody waits there.
    let relaxed = wedge.relax.ok_or("a way out")?;
    let safe_loop = unsafe_loop.map(|(from, to, kind)| {
        let is_relaxed = (from, to) == (relaxed.from.index(), relaxed.to.index());
        (from, to, if is_relaxed { EdgeKind::Credit } else { kind })
    });
    let stage = Stage::open(Topology::custom(safe_loop).mailbox(8), 3, &NAMES).await?;
    println!("with {} -> {} as a credit edge it starts:\n\n{}", relaxed.from, relaxed.to, stage.swarm.layout());
    println!("its edges, for other tools to draw:\n\n{}", stage.swarm.layout().mermaid());
    stage.swarm.send(Rank(2), Word::Tell(Rank(1), 1)).await?;
    assert_eq!(stage.heard(1).await.len(), 1);
    stage.close().await;

    let mistaken = Topology::ring().successors(1).layout(5).err();
    println!("and what is none at all: {}", mistaken.as_ref().map(ToString::to_string).unwrap_or_default());
    assert!(mistaken.is_some());
    Ok(())
}
