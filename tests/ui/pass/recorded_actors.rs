//! Actors whose crashes leave capsules, in all shapes.
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use swarmtree::capsule::Capsule;
use swarmtree::{Handle, Reply, actor, handlers};

/// Holds the last thing it was given.
#[actor(capsule = 16, retry = 1, mailbox = 64)]
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Shelf<T>
where
    T: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    last: Option<T>,
    waiting: Vec<Reply<T>>,
    next: Option<ShelfHandle<T>>,
}

#[handlers]
impl<T> Shelf<T>
where
    T: Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    #[start]
    fn open(next: Option<ShelfHandle<T>>) -> Self {
        Self { last: None, waiting: Vec::new(), next }
    }

    /// Puts a thing there.
    #[tell]
    fn put(&mut self, #[serde(default)] _label: Option<String>, thing: T) {
        assert!(self.waiting.len() < 9 && self.next.is_none());
        self.last = Some(thing);
    }

    #[tell]
    fn chain(&mut self, next: ShelfHandle<T>, _plain: Handle<ShelfMsg<T>>) {
        self.next = Some(next);
    }

    #[ask]
    fn last(&mut self, reply: Reply<T>) {
        self.waiting.push(reply);
    }

    #[every("1s")]
    async fn look(&mut self) {}
}

/// Has no messages, and a parameter that none of them mentions.
#[derive(Serialize, Deserialize)]
#[actor(capsule = 1)]
struct Quiet<T: Send + 'static>(#[serde(skip)] std::marker::PhantomData<T>);

#[handlers]
impl<T: Send + 'static> Quiet<T> {
    #[start]
    fn open() -> Self {
        Self(std::marker::PhantomData)
    }
}

/// Says that it is not recorded.
#[actor(capsule = 0)]
struct Off;

#[handlers]
impl Off {
    #[start]
    fn open() -> Self {
        Self
    }

    #[tell]
    fn note(&mut self, _of: std::time::Instant) {}
}

fn main() {
    let _ = |capsule: Capsule| async move {
        let _ = capsule.replay::<Shelf<u32>>().await;
        let _ = capsule.replay::<Quiet<u32>>().await;
    };
}
