//! What an actor is started from is as visible as the actor.
mod inner {
    pub(super) struct Deep;

    pub fn uses<T>() {}

    #[swarmtree::actor]
    pub struct Station;

    #[swarmtree::handlers]
    impl Station {
        #[start]
        fn open(code: String, deep: Deep) -> Self {
            drop((code, deep));
            Self
        }
    }
}

mod other {
    pub(super) struct Deep;

    pub fn uses<T>() {}

    #[swarmtree::actor]
    pub struct Depot;

    #[swarmtree::handlers]
    impl Depot {
        #[start]
        fn open(deep: Deep) -> Self {
            drop(deep);
            Self
        }
    }
}

fn main() {
    inner::uses::<inner::Station>();
    other::uses::<other::Depot>();
}
