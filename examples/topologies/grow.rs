//! Swarms grow and shrink while they run, below their cap.

use swarmtree::{Rank, SwarmError, Topology};

use crate::member::Word;
use crate::stage::{Stage, Told, by_and_hops};

/// Tells of members that come and go.
pub(crate) async fn tell_of_growth() -> Told {
    println!("\n== members come and go ==\n");
    mesh().await?;
    hierarchy().await
}

async fn mesh() -> Told {
    let stage = Stage::open(Topology::mesh().max_agents(4), 2, &[]).await?;
    println!("a mesh of two: {}", stage.knows(Rank(0)));
    let joined = [stage.join().await?, stage.join().await?];
    println!("two join:      {}", stage.knows(Rank(0)));
    assert_eq!(joined, [Rank(2), Rank(3)]);

    let crowded = stage.join().await;
    assert_eq!(crowded, Err(SwarmError::Crowded { max_agents: 4 }));
    println!("a fifth:       {}", said(crowded));

    for word in 0..100 {
        stage.swarm.send(Rank(2), Word::Say(word)).await?;
    }
    stage.swarm.remove(Rank(2)).await?;
    println!("2 is removed:  {}", stage.knows(Rank(0)));
    let refused = stage.swarm.send(Rank(2), Word::Say(0)).await;
    println!("it is gone:    {}", said(refused));
    let handled = stage.notes.heard.borrow().len();
    println!("before it left it handled {handled} of the 100 words that it had got");
    assert_eq!(handled, 100);
    assert_eq!(stage.join().await?, Rank(2), "its place was free");
    stage.close().await;
    Ok(())
}

async fn hierarchy() -> Told {
    let stage = Stage::open(Topology::hierarchical(2).max_agents(7), 4, &[]).await?;
    println!("\na hierarchy of four:\n{}", stage.system.tree());
    let kept = stage.swarm.remove(Rank(1)).await;
    assert_eq!(kept, Err(SwarmError::HasSubordinates { rank: Rank(1), subordinates: vec![Rank(3)] }));
    println!("1 is not removed: {}", said(kept));
    while stage.join().await.is_ok() {}
    println!("\nand with all who have a place:\n{}", stage.system.tree());
    stage.swarm.send(Rank(6), Word::Tell(Rank(3), 1)).await?;
    let heard = stage.heard(1).await;
    println!("6 sends to 3: {}", stage.way(Rank(6), Rank(3)));
    assert_eq!(by_and_hops(&heard), [(Rank(3), 4)]);
    stage.close().await;
    Ok(())
}

fn said<T, E: ToString>(outcome: Result<T, E>) -> String {
    outcome.map_or_else(|refusal| refusal.to_string(), |_| "nothing is wrong".to_owned())
}
