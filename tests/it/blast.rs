//! What is said of a failure beforehand. `tests/sim/blast.rs` compares it with what happens on random trees.

use std::collections::BTreeMap;
use std::time::Duration;

use swarmtree::testing::Record;
use swarmtree::{BlastRadius, Restart, Strategy, Supervised, Supervisor, System};

use crate::kit::{Args, Do, Hand, boom, find, note, one, scripted, spec};

fn texts<'a>(paths: impl IntoIterator<Item = &'a swarmtree::Path>) -> Vec<&'a str> {
    paths.into_iter().map(swarmtree::Path::as_str).collect()
}

fn until(radius: &BlastRadius) -> Vec<Option<u64>> {
    radius.escalations.iter().map(|near| near.failures_until).collect()
}

#[tokio::test(start_paused = true)]
async fn a_blast_radius_reads_as_text() {
    let record = Record::new();
    let intake = Supervisor::rest_for_one("intake")
        .intensity(1, "1h")
        .child(spec("reader", &record))
        .child(spec("parser", &record).restart(Restart::Temporary))
        .child(spec("writer", &record));
    let system = System::builder("test").intensity(0, "1h").child(intake).start().await.unwrap();
    let parser = system.find::<Hand>("intake/parser").unwrap();
    parser.suspend();
    parser.send(note("waits")).await.unwrap();
    let radius = system.blast_radius("intake/reader").unwrap();
    let expected = "\
a failure of intake/reader
  stops: intake/writer, intake/parser
  restarts: intake/reader, intake/writer
  ends for good: intake/parser
  sends to the dead letters: 1 of intake/parser
  intake: 0 of 1 restarts used, gives up with failure 2 from now
  /: 0 of 0 restarts used, gives up with failure 2 from now
";
    assert_eq!(radius.to_string(), expected);
    system.find::<Hand>("intake/reader").unwrap().send(Do::Panic("boom".into())).await.unwrap();
    system.quiescent().await;
    let radius = system.blast_radius("intake/reader").unwrap();
    let expected = "\
a failure of intake/reader
  stops: intake/writer, intake
  ends for good: intake/writer, intake/reader, intake
  makes give up: intake, /
  ends the system
  intake: 1 of 1 restarts used, gives up with the next failure
  /: 0 of 0 restarts used, gives up with the next failure
";
    assert_eq!(radius.to_string(), expected);
    assert!(radius.ends_system());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_is_down_cannot_fail() {
    let (system, a, _) = one(|spec| spec).await;
    assert_eq!(until(&system.blast_radius("a").unwrap()), [Some(1001)]);
    a.stop();
    a.stopped().await;
    let radius = system.blast_radius("a").unwrap();
    assert_eq!((texts(&radius.restarts), texts(&radius.gone), until(&radius)), (vec![], vec![], vec![None]));
    assert!(system.blast_radius("b").is_none() && system.blast_radius("").is_none());
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_that_nobody_could_wait_for() {
    let record = Record::new();
    let mut inner = scripted(&["a"], &record, Supervisor::one_for_one("s0").intensity(999_999, "1h"));
    for name in ["s1", "s2"] {
        inner = Supervisor::one_for_all(name).intensity(999_999, "1h").child(inner);
    }
    let system = System::builder("test").intensity(u32::MAX, "1h").child(inner).start().await.unwrap();
    let million = 1_000_000_u64;
    let radius = system.blast_radius("s2/s1/s0/a").unwrap();
    let counts = [Some(million), Some(million.pow(2)), Some(million.pow(3)), Some(u64::MAX)];
    assert_eq!(until(&radius), counts, "the last one as far as it can be counted");
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_pauses_is_taken_as_done() {
    let record = Record::new();
    let group = scripted(&["a", "b"], &record, Supervisor::one_for_all("group").intensity(2, "1h").backoff("1s..1s"));
    let system = System::builder("test").child(group).start().await.unwrap();
    find(&system, "group/a").send(boom()).await.unwrap();
    record.until("drop b").await;
    assert!(system.actor("group/b").unwrap().snapshot().back_in.is_some(), "it pauses");
    let paused = system.blast_radius("group/b").unwrap();
    assert_eq!(texts(&paused.stops), ["group/a"]);
    assert_eq!(texts(&paused.restarts), ["group/a", "group/b"]);
    assert_eq!(until(&paused), [Some(2), Some(5)]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(system.blast_radius("group/b").unwrap(), paused);
    system.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_in_quarantine_is_at_risk_where_its_actor_leaves() {
    let record = Record::new();
    let inner = Supervisor::one_for_one("inner").intensity(1, "1h").child(spec("declared", &record).retry(1));
    let system =
        System::builder("test").strategy(Strategy::OneForAll).intensity(9, "1h").child(inner).start().await.unwrap();
    let declared = system.find::<Hand>("inner/declared").unwrap();
    let added =
        system.start_child("inner", Hand::spec("added", Args("added".into(), record.clone())).retry(1)).await.unwrap();
    added.send(Do::Panic("poison".into())).await.unwrap();
    system.quiescent().await;
    added.suspend();
    declared.suspend();
    for to in [&added, &added, &declared] {
        to.send(note("waits")).await.unwrap();
    }
    let radius = system.blast_radius("inner/added").unwrap();
    let at_risk: BTreeMap<&str, u64> = radius.at_risk.iter().map(|at| (at.path.as_str(), at.messages)).collect();
    assert_eq!(at_risk, BTreeMap::from([("inner/added", 3)]), "two that wait and one in quarantine");
    assert_eq!(texts(&radius.gone), ["inner/added"]);
    assert_eq!(until(&radius), [Some(1), None], "it does not come back");
    let mut letters = system.dead_letters(16);
    system.actor("inner/added").unwrap().kill();
    system.quiescent().await;
    let dead: Vec<String> = std::iter::from_fn(|| letters.try_recv()).map(|letter| letter.path.to_string()).collect();
    assert_eq!(dead, ["inner/added"; 3]);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn looks_at_a_tree_in_turmoil_harm_nobody() {
    let record = Record::new();
    let inner = scripted(&["a", "b", "c"], &record, Supervisor::one_for_all("inner").intensity(2, "1h"));
    let outer = Supervisor::rest_for_one("outer").intensity(1_000_000, "1h").child(inner);
    let system = System::builder("test").intensity(0, "1h").child(outer).start().await.unwrap();
    let turmoil = system.clone();
    let turmoil = tokio::spawn(async move {
        for n in 0..300 {
            let _ = find(&turmoil, ["outer/inner/a", "outer/inner/c"][n % 2]).send(boom()).await;
            tokio::task::yield_now().await;
        }
    });
    let mut looks = 0;
    while !turmoil.is_finished() || looks == 0 {
        let radius = system.blast_radius("outer/inner/b").unwrap();
        assert_eq!(radius.escalations.len(), 3);
        looks += 1;
        tokio::task::yield_now().await;
    }
    turmoil.await.unwrap();
    system.quiescent().await;
    let radius = system.blast_radius("outer/inner/b").unwrap();
    assert!(radius.restarts.len() >= 3 && radius.failures_until_end().is_some(), "{radius}");
    system.stop().await;
}
