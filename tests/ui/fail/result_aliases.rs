//! What fails the actor is seen by name: `Result<T, Fail>`, written out.
use swarmtree::{Fail, actor, handlers};

type Result<T> = std::result::Result<T, Fail>;
type Done = Result<()>;

#[actor]
struct Airport;

#[handlers]
impl Airport {
    #[start]
    fn open() -> Result<Self> {
        Ok(Self)
    }

    #[tell]
    fn departed(&mut self) -> Result<()> {
        Ok(())
    }

    #[every("1s")]
    fn landed(&mut self) -> Done {
        Ok(())
    }

    #[ask]
    fn report(&self) -> Result<u64> {
        Ok(1)
    }

    #[ask]
    fn count(&self) -> std::io::Result<u64> {
        Ok(1)
    }
}

fn main() {}
