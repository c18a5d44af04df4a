//! Every shape: drawn, sent through, broadcast over, and healed.

use swarmtree::{EdgeKind, Rank, Topology};

use crate::member::Word;
use crate::stage::{Stage, Told, by_and_hops};

/// A shape, and what it promises.
struct Shape {
    title: &'static str,
    topology: Topology,
    members: usize,
    names: &'static [&'static str],
    /// One member, another one, and how many edges lie between them.
    send: (u32, u32, u32),
    /// How many edges a broadcast takes to the farthest member.
    depth: u32,
    /// Who is killed, and how many edges the same way has meanwhile.
    kill: (u32, u32),
}

const NUMBERS: &[&str] = &[];

/// Tells of all shapes in turn.
pub(crate) async fn tell_of_all() -> Told {
    for shape in library().into_iter().chain(own()) {
        tell_of(shape).await?;
    }
    Ok(())
}

fn library() -> [Shape; 6] {
    let shape = |title, topology, members, send, depth, kill| Shape {
        title,
        topology,
        members,
        names: NUMBERS,
        send,
        depth,
        kill,
    };
    [
        shape("a hierarchy divides and gathers", Topology::hierarchical(2), 7, (3, 6, 4), 2, (1, 4)),
        shape("a mesh is for equals", Topology::mesh(), 4, (0, 3, 1), 1, (2, 1)),
        shape("a ring closes around whoever is down", Topology::ring(), 6, (4, 1, 3), 5, (5, 2)),
        shape("a star coordinates; its leaves wait for their hub", Topology::star(), 5, (1, 4, 2), 1, (0, 2)),
        shape(
            "a pipeline restarts the stages behind the one that failed",
            Topology::pipeline(),
            4,
            (0, 3, 3),
            3,
            (1, 3),
        ),
        shape("a dual mesh keeps reads apart from writes", Topology::dual_mesh(3, 2), 6, (0, 5, 2), 2, (2, 2)),
    ]
}

fn own() -> [Shape; 2] {
    let diamond = [(0, 1), (0, 2), (1, 3), (2, 3)].map(|(from, to)| (from, to, EdgeKind::Wait));
    let rings = Topology::star().nest(1, Topology::ring(), 3).nest(2, Topology::ring(), 3);
    [
        Shape {
            title: "a shape of one's own, with names",
            topology: Topology::custom(diamond),
            members: 4,
            names: &["reader", "left", "right", "writer"],
            send: (0, 3, 2),
            depth: 2,
            kill: (1, 2),
        },
        Shape {
            title: "a star of rings",
            topology: rings,
            members: 3,
            names: NUMBERS,
            send: (2, 5, 5),
            depth: 3,
            kill: (3, 4),
        },
    ]
}

async fn tell_of(shape: Shape) -> Told {
    println!("\n== {} ==\n", shape.title);
    let stage = Stage::open(shape.topology, shape.members, shape.names).await?;
    println!("{}", stage.swarm.layout());
    let (from, to, hops) = (Rank(shape.send.0), Rank(shape.send.1), shape.send.2);

    stage.swarm.send(from, Word::Tell(to, 1)).await?;
    let heard = stage.heard(1).await;
    println!("{from} sends to {to}: {}", stage.way(from, to));
    assert_eq!(by_and_hops(&heard), [(to, hops)]);

    stage.swarm.broadcast(Word::Say(2)).await?;
    let mut heard = stage.heard(2).await;
    heard.sort_by_key(|heard| heard.by);
    let members = stage.swarm.members();
    let depth = heard.iter().map(|heard| heard.hops - 1).max().unwrap_or_default();
    println!("a broadcast: {} copies for {} members, the last at depth {depth}", heard.len(), members.len());
    assert!(heard.iter().map(|heard| heard.by).eq(members.iter().map(|member| member.rank)), "each heard it once");
    assert_eq!(depth, shape.depth);

    heal(&stage, (from, to), (Rank(shape.kill.0), shape.kill.1)).await?;
    stage.close().await;
    Ok(())
}

/// Kills a member, sends past it while it is down, and sees it come back.
async fn heal(stage: &Stage, (from, to): (Rank, Rank), (victim, hops): (Rank, u32)) -> Told {
    let epoch = stage.swarm.epoch();
    println!("\nup: {}\n{}", stage.knows(from), stage.system.tree());
    stage.kill(victim).await?;
    assert!(!stage.member(victim)?.is_up);
    stage.swarm.send(from, Word::Tell(to, 3)).await?;
    stage.has_handled(from).await?;
    println!("{victim} is down: {}\n{}", stage.knows(from), stage.system.tree());
    stage.heal().await;
    let heard = stage.heard(3).await;
    println!("healed: {}\n{}", stage.knows(from), stage.system.tree());
    assert_eq!(by_and_hops(&heard), [(to, hops)]);
    println!("what {from} has sent to {to} meanwhile has arrived: {}", edges(hops));
    assert!(stage.swarm.epoch() >= epoch + 2, "one epoch without it at least, and one with it");
    assert!(stage.swarm.members().iter().all(|member| member.is_up), "all are up again");
    Ok(())
}

fn edges(count: u32) -> String {
    if count == 1 { "along 1 edge".to_owned() } else { format!("along {count} edges") }
}
