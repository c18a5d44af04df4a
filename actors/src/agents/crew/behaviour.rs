//! What agents of a type do.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;

use crate::agents::crew::job::Job;

type Ran<R> = Result<R, String>;
type Function<P, R> = Arc<dyn Fn(&Job<P, R>) -> Ran<R> + Send + Sync>;
type Running<R> = Pin<Box<dyn Future<Output = Ran<R>> + Send>>;

/// What agents of a type do with a task. A panic in it crashes the agent, and the task is tried elsewhere; an error is the
/// attempt's alone. Cloning shares it.
pub struct Behaviour<P, R>(Kind<P, R>);

enum Kind<P, R> {
    Function(Function<P, R>),
    Blocking(Function<P, R>),
    Future(Arc<dyn Fn(Job<P, R>) -> Running<R> + Send + Sync>),
}

impl<P, R> Behaviour<P, R>
where
    P: Send + Sync + 'static,
    R: Send + Sync + 'static,
{
    /// A function that is soon done. It runs in a task of its own beside the agent, on a thread of the runtime, which does nothing
    /// else meanwhile. It cannot be cut short: see [`Job::is_cancelled`].
    pub fn function<E: fmt::Display>(function: impl Fn(&Job<P, R>) -> Result<R, E> + Send + Sync + 'static) -> Self {
        Self(Kind::Function(Arc::new(move |job| function(job).map_err(|error| error.to_string()))))
    }

    /// A function that takes long, or waits for a disk. It runs on tokio's pool for blocking work, so that no thread of the
    /// runtime is held up. It cannot be cut short either, and goes on for a while after its agent was killed. Not for simulations,
    /// whose courses such threads are no part of.
    pub fn blocking<E: fmt::Display>(function: impl Fn(&Job<P, R>) -> Result<R, E> + Send + Sync + 'static) -> Self {
        Self(Kind::Blocking(Arc::new(move |job| function(job).map_err(|error| error.to_string()))))
    }

    /// An asynchronous function, such as one that calls out. It is dropped where it waits as soon as nobody wants the task any
    /// more.
    pub fn future<F, E>(function: impl Fn(Job<P, R>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<R, E>> + Send + 'static,
        E: fmt::Display,
    {
        Self(Kind::Future(Arc::new(move |job| {
            let running = function(job);
            Box::pin(async move { running.await.map_err(|error| error.to_string()) })
        })))
    }

    /// Whether it ends as soon as its future is dropped.
    pub(crate) fn is_cut_short(&self) -> bool {
        matches!(self.0, Kind::Future(_))
    }

    /// Does it. Panics where it does.
    pub(crate) async fn run(self, job: Job<P, R>) -> Ran<R> {
        match self.0 {
            Kind::Function(function) => function(&job),
            Kind::Future(function) => function(job).await,
            Kind::Blocking(function) => match tokio::task::spawn_blocking(move || function(&job)).await {
                Ok(ran) => ran,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => Err("the runtime ends".to_owned()),
                },
            },
        }
    }
}

impl<P, R> Clone for Behaviour<P, R> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Function(function) => Kind::Function(Arc::clone(function)),
            Kind::Blocking(function) => Kind::Blocking(Arc::clone(function)),
            Kind::Future(function) => Kind::Future(Arc::clone(function)),
        })
    }
}

impl<P, R> fmt::Debug for Behaviour<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Function(_) => "Behaviour(function)",
            Kind::Blocking(_) => "Behaviour(blocking)",
            Kind::Future(_) => "Behaviour(future)",
        })
    }
}

/// What agents do, by their type.
#[derive(Debug)]
#[must_use = "behaviours do nothing before a crew starts with them"]
pub struct Behaviours<P, R>(BTreeMap<String, Behaviour<P, R>>);

impl<P, R> Behaviours<P, R> {
    /// None yet.
    pub fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// What agents of this type do; a second one of the same type takes the place of the first.
    pub fn register(mut self, kind: impl Into<String>, behaviour: Behaviour<P, R>) -> Self {
        self.0.insert(kind.into(), behaviour);
        self
    }

    pub(crate) fn of(&self, kind: &str) -> Option<&Behaviour<P, R>> {
        self.0.get(kind)
    }
}

impl<P, R> Default for Behaviours<P, R> {
    fn default() -> Self {
        Self::new()
    }
}
