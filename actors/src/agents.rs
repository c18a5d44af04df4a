//! Agents and tasks: a working swarm, and its decisions in one state machine without a clock or a runtime.
//!
//! A [`Board`] is told what happens (a [`Plan`] is submitted, an [`Agent`] joins, an [`Event`] occurs) and says what is to
//! be done ([`Action`]). It is the one authority on who has what: what it shows is what it decides by.
//!
//! - **Demand.** Agents pull: one is given tasks only up to what it has asked for, and never more than its concurrency
//!   at once. A slow agent asks less often and so gets less, instead of a longer queue.
//! - **Order.** Four lanes of [`Priority`] and the aged share all assignments; [`Priority::served_within`] is the bound on
//!   waiting. What nobody who asks can do blocks nobody else.
//! - **Choice.** Of those who ask, can do it and have no other replica of it, the one whose tasks in hand times mean
//!   service time are least.
//! - **Dependencies.** A task waits until all that it depends on are done, and gets their results with its payload. If one
//!   of them ends otherwise it is [skipped](Outcome::Skipped), with the task with which it began. Circles are refused.
//! - **Attempts.** An attempt that fails, or whose agent is lost, is followed by another one in the old place of the queue,
//!   elsewhere if anybody else can do it, until the task's retries are used up; then it has failed, with all causes. Each
//!   attempt has a number of its own: news of one that was given up is passed over.
//! - **Ends.** Each accepted task ends exactly once, and what its agents have found by then is kept whatever the outcome.
//! - **Bounds.** Tasks, agents, dependencies, retries, remembered ends and the log are bounded by [`BoardOptions`]; a plan
//!   beyond them is refused and comes back.
//!
//! A [`Crew`] is a swarm that drives a board: a coordinator, of rank 0, and agents, which do what the [`Behaviours`] of their types say.
//!
//! - **Presence comes by the tree, work by mail.** An agent's state holds its presence, which ends with it, so a killed agent shows in
//!   [`Crew::status`] before its supervisor restarts it. Assignments and reports go along the edges of the topology; both are
//!   kept until they are acknowledged, and said again after a loss.
//! - **The board outlives the coordinator**, which holds nothing that a crash could lose. Plans are taken while it is down.
//! - **A behaviour may run more than once for a task**: after an attempt was lost, and, rarely, when a word of one that has ended
//!   comes late. Its task ends once.
//! - **Shapes must lead both ways** between rank 0 and each other member; a pipeline and a dual mesh are refused.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use swarmtree::{System, Topology};
//! use swarmtree_actors::agents::{Agent, Behaviour, Behaviours, BoardOptions, Crew, Job, Plan, Task};
//!
//! let system = System::start("words").await?;
//! let count = |job: &Job<&str, usize>| Ok::<_, String>(job.payload.len() + job.found().sum::<usize>());
//! let behaviours = Behaviours::new().register("counter", Behaviour::function(count));
//! let agents = [Agent::new("anna", "counter"), Agent::new("boris", "counter")];
//! let crew = Crew::start(&system, "crew", Topology::star(), BoardOptions::default(), behaviours, agents).await?;
//!
//! let tasks = [Task::new("one", "a"), Task::new("two", "few"), Task::new("all", "").after(["one", "two"])];
//! let submitted = crew.submit(Plan::balanced(tasks))?;
//! assert_eq!(submitted.outcome("all").await?.results[0].result, 4);
//! # system.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The board alone:
//!
//! ```
//! use std::time::Instant;
//! use swarmtree_actors::agents::{Action, Agent, Board, BoardOptions, Event, Outcome, Plan, Task};
//!
//! let now = Instant::now();
//! let mut board: Board<&str, u32> = Board::new(BoardOptions::default());
//! board.submit(Plan::balanced([Task::new("count", "words"), Task::new("sum", "counts").after(["count"])]), now)?;
//! board.join(Agent::new("agents/a", "counter"), now)?;
//! for found in [7, 49] {
//!     let actions = board.on(Event::Demanded { agent: "agents/a".into(), more: 1 }, now);
//!     let assigned = actions.iter().find_map(|action| match action {
//!         Action::Assign(assignment) => Some(assignment.attempt),
//!         Action::Cancel { .. } | Action::Ended(_) | Action::Log(_) => None,
//!     });
//!     let attempt = assigned.ok_or("there is work")?;
//!     let _ended = board.on(Event::Finished { attempt, result: Ok(found) }, now);
//! }
//! let sum = board.ended(&"sum".into()).ok_or("it has ended")?;
//! assert_eq!((&sum.outcome, sum.results[0].result), (&Outcome::Done, 49));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod agent;
mod aimd;
mod board;
mod capabilities;
mod crew;
mod dispatch;
mod endings;
mod entry;
mod event;
mod graph;
mod lanes;
mod note;
mod outcome;
mod plan;
mod roster;
mod state;
mod status;
mod stride;
mod task;

#[cfg(test)]
mod attempts;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use crate::agents::admission::{Refusal, Refused};
pub use crate::agents::agent::{Agent, AgentId};
pub use crate::agents::aimd::WidthDecision;
pub use crate::agents::board::JoinError;
pub use crate::agents::capabilities::Capabilities;
pub use crate::agents::crew::behaviour::{Behaviour, Behaviours};
pub use crate::agents::crew::job::Job;
pub use crate::agents::crew::running::{Crew, CrewError, CrewStatus, Undrained};
pub use crate::agents::crew::submitted::{NoOutcome, Submitted};
pub use crate::agents::crew::subprocess::{ANSWER_LIMIT, Subprocess};
pub use crate::agents::event::{Action, Assignment, Event};
pub use crate::agents::lanes::Share;
pub use crate::agents::note::Note;
pub use crate::agents::outcome::{AgentResult, AttemptError, AttemptId, Ended, FailedAttempt, Outcome};
pub use crate::agents::plan::{Adaptive, Plan, Strategy};
pub use crate::agents::roster::AgentState;
pub use crate::agents::state::{Board, BoardOptions};
pub use crate::agents::status::{AgentStatus, Counts, TaskState, TaskStatus};
pub use crate::agents::task::{Fan, Join, Priority, Task, TaskId};
