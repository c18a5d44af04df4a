//! A progress bar for whoever waits at a terminal.

use std::io::{IsTerminal, stderr};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::reader::Gauge;
use crate::table::grouped;

/// How often the bar is drawn.
const EVERY: Duration = Duration::from_millis(100);

/// Draws the bar on stderr until it is dropped; nothing at all where that is no terminal. `bytes` is the file's size.
pub(crate) async fn show(gauge: &Gauge, bytes: Option<u64>) {
    if !stderr().is_terminal() {
        return std::future::pending().await;
    }
    let bar = Bar(bytes.map_or_else(ProgressBar::no_length, ProgressBar::new));
    let template = if bytes.is_some() { "{bar:40} {percent:>3}%  {msg}" } else { "{spinner} {msg}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.0.set_style(style);
    }
    let begun = Instant::now();
    loop {
        tokio::time::sleep(EVERY).await;
        let rows = gauge.rows.load(Ordering::Relaxed);
        let millis = begun.elapsed().as_millis().max(1);
        let per_second = u64::try_from(u128::from(rows) * 1000 / millis).unwrap_or(u64::MAX);
        bar.0.set_position(gauge.bytes.load(Ordering::Relaxed));
        bar.0.set_message(format!("{} rows, {} rows/s", grouped(rows), grouped(per_second)));
    }
}

/// Takes the bar off the screen before anything else is printed.
struct Bar(ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
