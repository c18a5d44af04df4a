//! OTP's own `supervisor`: one BEAM that runs schedules side by side, fed and read line by line.

use std::cell::RefCell;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use crate::schedule::Schedule;
use crate::term;
use crate::trace::{Subject, Trace};

/// A running oracle.
pub(crate) struct Erlang {
    process: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

/// Why there is no oracle.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoEscript;

impl Erlang {
    /// Starts the oracle if `escript` can be found.
    pub(crate) fn start() -> Result<Self, NoEscript> {
        let paths = env::var_os("PATH").unwrap_or_default();
        let escript = env::split_paths(&paths).map(|path| path.join("escript")).find(|path| path.is_file());
        let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let script = folders.map(|folder| folder.join("tests/otp/oracle.escript")).find(|path| path.is_file()).unwrap();
        let mut oracle = Command::new(escript.ok_or(NoEscript)?);
        let mut process = oracle.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Ok(Self { process, pipes: RefCell::new((stdin, stdout)) })
    }

    /// Runs many schedules side by side.
    pub(crate) fn run_all(&self, schedules: &[Schedule]) -> Vec<Trace> {
        let mut pipes = self.pipes.borrow_mut();
        let (stdin, stdout) = &mut *pipes;
        thread::scope(|scope| {
            scope.spawn(move || {
                for (number, schedule) in schedules.iter().enumerate() {
                    stdin.write_all(term::line(number, schedule).as_bytes()).unwrap();
                }
                stdin.flush().unwrap();
            });
            let mut traces: Vec<Option<Trace>> = vec![None; schedules.len()];
            let mut line = String::new();
            for _ in schedules {
                line.clear();
                stdout.read_line(&mut line).unwrap();
                let (number, steps) =
                    line.trim_end().split_once(' ').unwrap_or_else(|| panic!("the oracle says {line:?}"));
                let number: usize = number.parse().unwrap();
                let schedule = &schedules[number];
                assert!(!steps.starts_with("broken"), "the oracle is broken: {steps}\nat {}", schedule.literal());
                traces[number] = Some(Trace::canonical(schedule, steps));
            }
            traces.into_iter().map(Option::unwrap).collect()
        })
    }
}

impl Subject for Erlang {
    fn run(&self, schedule: &Schedule) -> Trace {
        self.run_all(std::slice::from_ref(schedule)).remove(0)
    }
}

impl Drop for Erlang {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
