//! An actor is as visible as its type, wherever it stands, without a warning.
#![deny(warnings, unreachable_pub)]

use swarmtree::{Actor, actor, handlers};

mod inner {
    use swarmtree::{actor, handlers};

    #[derive(Debug)]
    pub(crate) struct Secret;

    #[actor(overflow = reject, restart = temporary)]
    pub(crate) struct Vault;

    #[handlers]
    impl Vault {
        #[start]
        fn open() -> Self {
            Self
        }

        #[tell]
        fn keep(&mut self, secret: Secret) {
            drop(secret);
        }

        #[ask]
        fn start(&self) -> Option<Secret> {
            None
        }
    }
}

fn uses(vault: &inner::VaultHandle) {
    drop(vault.keep(inner::Secret));
    drop(vault.start());
}

fn main() {
    #[actor]
    struct Local {
        sum: u64,
    }

    #[handlers]
    impl Local {
        #[start]
        fn new(sum: u64) -> Self {
            Self { sum }
        }

        #[tell]
        fn add(&mut self, more: u64) {
            self.sum += more;
        }
    }

    let _ = (uses, Local::start, LocalMsg::Add { more: 1 });
    assert_eq!(inner::Vault::OPTIONS.overflow, swarmtree::Overflow::Reject);
}
