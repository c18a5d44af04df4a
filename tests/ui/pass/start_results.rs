//! What `#[start]` may return, by its own name or by an alias.
#![deny(warnings)]

use swarmtree::{StartError, Started, actor, handlers};

type Opened = Result<Airport, StartError>;
type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Opened {
        Err(StartError::new("fog"))
    }
}

#[actor]
struct Harbour;

#[handlers]
impl Harbour {
    #[start]
    async fn open() -> Result<Self, String> {
        Err("fog".to_owned())
    }
}

#[actor]
struct Station;

#[handlers]
impl Station {
    #[start]
    fn open() -> Fallible<Self> {
        Err("fog".into())
    }
}

#[actor]
struct Depot;

#[handlers]
impl Depot {
    #[start]
    fn open() -> std::io::Result<Self> {
        Err(std::io::Error::other("fog"))
    }
}

fn why<A>(started: impl Started<A>) -> Option<String> {
    started.started().err().map(|error| error.to_string())
}

fn main() {
    assert_eq!(why::<Airport>(Airport::open()).as_deref(), Some("fog"));
    assert_eq!(why::<Harbour>(Err::<Harbour, _>("fog".to_owned())).as_deref(), Some("fog"));
    assert_eq!(why::<Station>(Station::open()).as_deref(), Some("fog"));
    assert_eq!(why::<Depot>(Depot::open()).as_deref(), Some("fog"));
    let _ = Harbour::open;
}
