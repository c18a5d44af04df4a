//! Work that another program does.

use std::ffi::OsString;
use std::fmt;
use std::process::Stdio;
use std::str::FromStr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::agents::crew::behaviour::Behaviour;
use crate::agents::crew::job::Job;

/// The longest answer of a program, in bytes; one that says more has failed.
pub const ANSWER_LIMIT: u64 = 1 << 20;

/// A program that is started once for each task: the payload comes as text on its standard input, its standard output is the
/// result, and an exit with anything but 0 is a failure. Its standard error is the application's.
///
/// It is killed where nobody wants the task any more or the agent is gone, and the runtime reaps it, which therefore must
/// have its I/O driver enabled (`enable_all`).
#[derive(Debug, Clone)]
#[must_use = "a program is started for tasks alone"]
pub struct Subprocess {
    program: OsString,
    arguments: Vec<OsString>,
}

impl Subprocess {
    /// A program by its path, or by its name where the `PATH` leads to it.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), arguments: Vec::new() }
    }

    /// One more argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// What agents of a type do with it.
    pub fn behaviour<P, R>(self) -> Behaviour<P, R>
    where
        P: fmt::Display + Send + Sync + 'static,
        R: FromStr<Err: fmt::Display> + Send + Sync + 'static,
    {
        Behaviour::future(move |job: Job<P, R>| {
            let program = self.clone();
            async move { program.answer(job.payload.to_string()).await?.parse::<R>().map_err(|error| error.to_string()) }
        })
    }

    async fn answer(self, payload: String) -> Result<String, String> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", self.program.display()))?;
        let answer = converse(&mut child, payload).await;
        if answer.is_err() {
            // It may be waiting for somebody to read on.
            let _ = child.start_kill();
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        let answer = answer?;
        if status.success() { Ok(answer) } else { Err(format!("{}: {status}", self.program.display())) }
    }
}

/// Writes the payload while it reads the answer, as either may be more than a pipe holds.
async fn converse(child: &mut Child, payload: String) -> Result<String, String> {
    if let Some(mut stdin) = child.stdin.take() {
        // A program need not read all that it is told; it ends with the program, as the pipe breaks then.
        tokio::spawn(async move { stdin.write_all(payload.as_bytes()).await });
    }
    let mut answer = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let reading = stdout.take(ANSWER_LIMIT + 1).read_to_end(&mut answer).await;
        reading.map_err(|error| error.to_string())?;
    }
    if u64::try_from(answer.len()).is_ok_and(|bytes| bytes > ANSWER_LIMIT) {
        return Err(format!("it said more than {ANSWER_LIMIT} bytes"));
    }
    String::from_utf8(answer).map_err(|error| error.to_string())
}
