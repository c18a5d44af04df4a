//! One run, from the first row to the report.

use std::io::BufRead;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use swarmtree::shutdown_signal;
use tokio::task::JoinHandle;

use crate::input::{FlightsFile, Source, Unusable};
use crate::lines::Lines;
use crate::options::Options;
use crate::progress;
use crate::reader::{Crash, Ending, Gauge, feed};
use crate::report::Report;
use crate::swarm::{Broken, Swarm, Trouble};
use crate::table::grouped;

/// How long an interrupted reader may take to notice. One that waits for a pipe may never.
const HALT_LIMIT: Duration = Duration::from_secs(1);

/// A run that came to a report.
pub(crate) struct Finished {
    pub(crate) report: Report,
    /// What the reader of the report should know besides.
    pub(crate) remarks: Vec<String>,
    pub(crate) exit_code: u8,
}

/// Why a run came to none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// There is no row to read.
    #[error(transparent)]
    Input(#[from] Unusable),
    /// The tree did not start, or did not answer.
    #[error(transparent)]
    Swarm(#[from] Broken),
    /// The async runtime did not start, or lost a task.
    #[error("the async runtime failed: {0}")]
    Runtime(std::io::Error),
    /// The report could not be written down.
    #[error("the report is no JSON: {0}")]
    Json(serde_json::Error),
    /// Interrupted before the first row, or again while the last ones were on their way.
    #[error("interrupted before there was anything to report")]
    Killed,
}

impl Failed {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) => UNUSABLE,
            Self::Swarm(_) | Self::Runtime(_) | Self::Json(_) => BROKEN,
            Self::Killed => INTERRUPTED,
        }
    }
}

/// The exit codes that `--help` explains.
const BROKEN_OFF: u8 = 1;
const UNUSABLE: u8 = 2;
const BROKEN: u8 = 3;
const INTERRUPTED: u8 = 130;

/// Reads all flights through the swarm, and reports.
pub(crate) async fn run(options: &Options) -> Result<Finished, Failed> {
    let begun = Instant::now();
    let source = options.flights.clone().map_or(Source::January, Source::File);
    let gauge = Arc::new(Gauge::default());
    let mut interrupt = pin!(shutdown_signal());
    // The interrupt is looked at first, so that from here on none ends the process unheard.
    let (FlightsFile { lines, columns }, rows_expected) = tokio::select! {
        biased;
        _ = &mut interrupt => return Err(Failed::Killed),
        opened = open(source.clone(), options, &gauge) => opened?,
    };
    let crashes = options.poison.map_or(0, |every| rows_expected / every);
    let trouble = Trouble { poison: options.poison, crashes_expected: u32::try_from(crashes).unwrap_or(u32::MAX) };
    let swarm = Swarm::start(columns, trouble).await?;
    let crash = options.crash_carrier.map(|carrier| Crash {
        carrier,
        after_row: (rows_expected / 2).max(1),
        carriers: swarm.carriers.clone(),
        struck: None,
    });
    let reading = read(lines, &swarm, &gauge, crash);
    let (ending, mut crash) = halted_by(interrupt, reading, &gauge, source.bytes()).await;
    tokio::select! {
        () = settle(&swarm, &ending, crash.as_mut()) => {}
        _ = shutdown_signal() => {
            swarm.system.kill().await;
            return Err(Failed::Killed);
        }
    }
    let took = begun.elapsed();
    let gathered = Report::gather(swarm, gauge.rows.load(Ordering::Relaxed)).await?;
    let report = Report { took, ..gathered };
    Ok(finish(report, &ending, &source, crash.as_ref()))
}

/// Opens the flights on a thread that may block, and counts them before where trouble is to be planned: so many crashes
/// are allowed, and half-way is known.
async fn open(source: Source, options: &Options, gauge: &Gauge) -> Result<(FlightsFile, u64), Failed> {
    let (position, is_planned) =
        (Arc::clone(&gauge.bytes), options.poison.is_some() || options.crash_carrier.is_some());
    let opening = tokio::task::spawn_blocking(move || {
        let rows = if is_planned { source.survey()? } else { 0 };
        Ok((source.open(&position)?, rows))
    });
    opening.await.map_err(|error| Failed::Runtime(error.into()))?
}

/// What the reader's thread brings back.
type Reading = JoinHandle<(Ending, Option<Crash>)>;

/// Starts the reader on a thread that may block.
fn read(
    mut lines: Lines<impl BufRead + Send + 'static>,
    swarm: &Swarm,
    gauge: &Arc<Gauge>,
    mut crash: Option<Crash>,
) -> Reading {
    let (parsers, gauge) = (swarm.parsers.clone(), Arc::clone(gauge));
    tokio::task::spawn_blocking(move || {
        let ending = feed(&mut lines, &parsers, &gauge, crash.as_mut());
        (ending, crash)
    })
}

/// Waits for the reader, with a progress bar. An interrupt halts it; what it has read goes through to the report.
async fn halted_by<T>(
    interrupt: impl Future<Output = T>,
    mut reading: Reading,
    gauge: &Gauge,
    bytes: Option<u64>,
) -> (Ending, Option<Crash>) {
    let ended = tokio::select! {
        ended = &mut reading => Some(ended),
        () = progress::show(gauge, bytes) => None,
        _ = interrupt => {
            gauge.halt.store(true, Ordering::Relaxed);
            tokio::time::timeout(HALT_LIMIT, reading).await.ok()
        }
    };
    // A reader that is stuck, or that panicked, has halted as far as the rows are concerned.
    ended.and_then(Result::ok).unwrap_or((Ending::Halted, None))
}

/// Waits until every row has reached everybody whom it concerns.
async fn settle(swarm: &Swarm, ending: &Ending, crash: Option<&mut Crash>) {
    swarm.system.quiescent().await;
    // A carrier that showed up after half-way only, and at last, is killed now.
    if let (Ending::Complete | Ending::BrokenOff { .. }, Some(crash)) = (ending, crash) {
        crash.strike(u64::MAX);
        swarm.system.quiescent().await;
    }
}

/// The exit code, and what has to be said besides the figures.
fn finish(mut report: Report, ending: &Ending, source: &Source, crash: Option<&Crash>) -> Finished {
    let mut exit_code = match ending {
        Ending::Complete => 0,
        Ending::BrokenOff { .. } => BROKEN_OFF,
        Ending::Halted => INTERRUPTED,
        Ending::Refused => BROKEN,
    };
    let mut remarks: Vec<String> = ending.complaint(source).into_iter().collect();
    for (code, lost) in report.lost.iter().filter(|(code, _)| crash.is_none_or(|crash| crash.carrier != **code)) {
        remarks.push(format!("carrier {code} has lost {} of its {} flights", grouped(lost.flights), grouped(lost.of)));
        exit_code = BROKEN;
    }
    if report.rows == 0 && exit_code == 0 {
        remarks.push(format!("{source} holds no row below its header"));
    }
    if let Some(crash) = crash {
        report.crash = Some(told(crash, &report, ending));
        if crash.struck.is_none() && exit_code == 0 {
            exit_code = UNUSABLE;
        }
    }
    if !report.is_balanced() {
        remarks.push(format!(
            "the books do not balance: {} rows, {} flights, {} rejected; {:?}",
            report.rows,
            report.total().flights,
            report.rejected,
            report.ledger
        ));
        exit_code = BROKEN;
    }
    Finished { report, remarks, exit_code }
}

/// What the carrier's crash has cost.
fn told(crash: &Crash, report: &Report, ending: &Ending) -> String {
    let code = crash.carrier;
    let Some(row) = crash.struck else {
        let why = if matches!(ending, Ending::Halted) { "the run was interrupted" } else { "no flight of it was seen" };
        return format!("Carrier {code} was not killed: {why}.");
    };
    let (row, lost) = (grouped(row.min(report.rows)), report.lost.get(&code));
    lost.map_or_else(
        || format!("Carrier {code} was killed after row {row}; it had no state to lose."),
        |lost| {
            let (flights, of) = (grouped(lost.flights), grouped(lost.of));
            format!(
                "Carrier {code} was killed after row {row}: {flights} of its {of} flights were lost with its state."
            )
        },
    )
}
