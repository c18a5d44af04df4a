//! Durations as people write them: `"5s"`, `"100ms"`, `"1m 30s"`, and ranges `"100ms..10s"`.

use std::time::Duration;

/// What could not be read as a duration or as a range of durations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no duration: {why}; write for example \"5s\", \"250ms\" or \"100ms..10s\"")]
pub struct SpanError {
    text: String,
    why: String,
}

/// A span of time: a [`Duration`], or text such as `"5s"` that is read when the whole spec is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span(Result<Duration, SpanError>);

impl Span {
    /// The duration, or what is wrong with the text.
    ///
    /// # Errors
    /// [`SpanError`] where the text is no duration.
    pub fn get(self) -> Result<Duration, SpanError> {
        self.0
    }
}

impl From<Duration> for Span {
    fn from(duration: Duration) -> Self {
        Self(Ok(duration))
    }
}

impl From<&str> for Span {
    fn from(text: &str) -> Self {
        Self(read(text))
    }
}

/// A range of time, from its shortest to its longest: `"100ms..10s"`, or a pair of durations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanRange(Result<(Duration, Duration), SpanError>);

impl SpanRange {
    /// Both ends, or what is wrong with the text.
    ///
    /// # Errors
    /// [`SpanError`] where the text is no range, or where it runs backwards.
    pub fn get(self) -> Result<(Duration, Duration), SpanError> {
        self.0
    }
}

impl From<(Duration, Duration)> for SpanRange {
    fn from((least, most): (Duration, Duration)) -> Self {
        Self(ordered(least, most, &format!("{least:?}..{most:?}")))
    }
}

impl From<&str> for SpanRange {
    fn from(text: &str) -> Self {
        Self(read_range(text))
    }
}

fn read(text: &str) -> Result<Duration, SpanError> {
    humantime::parse_duration(text.trim()).map_err(|error| SpanError { text: text.to_owned(), why: error.to_string() })
}

fn read_range(text: &str) -> Result<(Duration, Duration), SpanError> {
    let Some((least, most)) = text.split_once("..") else {
        return Err(SpanError { text: text.to_owned(), why: "a range has two ends, with `..` between".to_owned() });
    };
    ordered(read(least)?, read(most)?, text)
}

fn ordered(least: Duration, most: Duration, text: &str) -> Result<(Duration, Duration), SpanError> {
    if least > most {
        return Err(SpanError { text: text.to_owned(), why: "the range runs backwards".to_owned() });
    }
    Ok((least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_people_write_it() {
        assert_eq!(Span::from("1m 30s").get(), Ok(Duration::from_secs(90)));
        assert_eq!(SpanRange::from("100ms..10s").get(), Ok((Duration::from_millis(100), Duration::from_secs(10))));
    }

    #[test]
    fn a_wrong_span_says_how_to_write_it() {
        let error = Span::from("soon").get().unwrap_err().to_string();
        assert!(error.contains("\"soon\"") && error.contains("\"5s\""), "{error}");
        assert!(SpanRange::from("10s..1s").get().unwrap_err().to_string().contains("backwards"));
        assert!(SpanRange::from("10s").get().unwrap_err().to_string().contains("two ends"));
    }
}
