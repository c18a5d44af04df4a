//! Stories about whole systems, on paused time.

mod supervision;
