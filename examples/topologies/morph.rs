//! A swarm changes its shape under load, and no word is lost, doubled or overtaken.

use std::time::{Duration, Instant};

use swarmtree::{EdgeKind, Rank, Swarm, Topology, Undeliverable};

use crate::member::Word;
use crate::stage::{Stage, Told};

const MEMBERS: u32 = 6;
/// Words that each member says to the next one.
const WORDS: u64 = 4_000;

/// Tells of a swarm that is a mesh, a ring, a star, a pipeline and a mesh again while words flow.
pub(crate) async fn tell_of_morphs() -> Told {
    println!("\n== one swarm changes its shape under load ==\n");
    let stage = Stage::open(Topology::mesh(), MEMBERS as usize, &[]).await?;
    let senders: Vec<_> = (1..MEMBERS).map(|to| tokio::spawn(flow(stage.swarm.clone(), Rank(to)))).collect();
    let all = senders.len() * WORDS as usize;
    // A pipeline needs no credits, but what its handlers have in hand at its end goes on with one in the mesh.
    let pipeline = Topology::pipeline().edges(EdgeKind::Credit);
    let shapes = [Topology::ring(), Topology::star(), pipeline, Topology::mesh()];
    for (nth, shape) in shapes.into_iter().enumerate() {
        stage.has_heard(all * (nth + 1) / 6).await?;
        let (from, begun) = (stage.swarm.layout().shape(), Instant::now());
        let under_way = stage.swarm.ledger().under_way;
        let epoch = stage.swarm.morph(shape, Duration::from_secs(10)).await?;
        let (to, took, heard) = (stage.swarm.layout().shape(), begun.elapsed(), stage.notes.heard.borrow().len());
        println!(
            "epoch {epoch}: {from} -> {to} after {heard} of {all} words, {under_way} of them under way, in {} µs",
            took.as_micros()
        );
    }
    for sender in senders {
        sender.await??;
    }
    stage.system.quiescent().await;
    in_order(&stage, all);
    println!("\nall {all} words were heard, each once and in order: {:?}", stage.swarm.ledger());
    stage.close().await;
    Ok(())
}

/// Words from the member before to this one. A pipeline and a ring lead there too.
async fn flow(swarm: Swarm<Word>, to: Rank) -> Result<(), Undeliverable> {
    let from = Rank(to.0 - 1);
    for word in 0..WORDS {
        swarm.send(from, Word::Tell(to, word)).await.map_err(|refused| refused.reason)?;
    }
    Ok(())
}

/// What each member heard is what was said to it, in that order.
fn in_order(stage: &Stage, all: usize) {
    let (log, refused) = (stage.notes.heard.borrow(), stage.notes.refused.borrow());
    assert_eq!((log.len(), refused.as_slice()), (all, [].as_slice()));
    for to in (1..MEMBERS).map(Rank) {
        let heard = log.iter().filter(|heard| heard.by == to).map(|heard| heard.word);
        assert!(heard.eq(0..WORDS), "{to} heard each word once, and in order");
    }
}
