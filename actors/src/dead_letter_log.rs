//! Keeps the latest dead letters of a system, to be looked at and sent again.

use std::collections::VecDeque;

use swarmtree::{Context, DeadLetter, StartError, System, actor, handlers};

/// Keeps the latest dead letters of a system, from its own start on, up to a limit; older ones are dropped.
///
/// Start it with the system and the limit: `system.spawn::<DeadLetterLog>("dead-letters", (system.clone(), 100))`.
#[actor(mailbox = 64)]
pub struct DeadLetterLog {
    kept: VecDeque<DeadLetter>,
    limit: usize,
    seen: u64,
}

/// Letters that may come before the log gets a core.
const BURST: usize = 256;

#[handlers]
impl DeadLetterLog {
    /// Subscribes. Of a burst that comes before this actor gets a core the latest 256 letters are seen, or as many as it keeps.
    #[start]
    fn open(cx: &mut Context<Self>, system: System, limit: usize) -> Result<Self, StartError> {
        cx.attach(system.dead_letters(limit.max(BURST)), |letter| DeadLetterLogMsg::Keep { letter })?;
        Ok(Self { kept: VecDeque::new(), limit: limit.max(1), seen: 0 })
    }

    /// Keeps one letter.
    #[tell]
    fn keep(&mut self, letter: DeadLetter) {
        if self.kept.len() >= self.limit {
            self.kept.pop_front();
        }
        self.kept.push_back(letter);
        self.seen += 1;
    }

    /// The letters kept now, oldest first. Their messages can be taken once, see [`DeadLetter::take`].
    #[ask]
    fn latest(&self) -> Vec<DeadLetter> {
        self.kept.iter().cloned().collect()
    }

    /// How many letters came in so far, the dropped ones included.
    #[ask]
    fn seen(&self) -> u64 {
        self.seen
    }
}
