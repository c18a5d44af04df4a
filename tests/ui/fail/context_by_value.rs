use swarmtree::{Context, System, actor, handlers};

#[actor]
struct Counter;

#[handlers]
impl Counter {
    #[start]
    fn open(_cx: Context<Self>) -> Self {
        Self
    }
}

#[actor]
struct Other;

#[handlers]
impl Other {
    #[start]
    fn open() -> Self {
        Self
    }
}

async fn find(system: &System) {
    let _ = system.find::<OtherHandle>("other");
}

fn main() {}
