//! Crash capsules: what an actor was, and what it had been sent, when a handler failed.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::exit::{Cause, Failure};

/// The version of what is written now. Older ones are read, newer ones refused.
pub const CAPSULE_VERSION: u32 = 1;

/// All that is known of a crash: the actor's state some messages before, these messages, and how the last one ended.
/// [`Capsule::replay`] goes through it again.
///
/// It holds state and messages **in clear**, as JSON: leave out what is secret with `#[serde(skip)]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Capsule {
    /// The version of this format.
    pub version: u32,
    /// The name of the system.
    pub system: String,
    /// Where the actor stood.
    pub path: String,
    /// The actor's type, as [`std::any::type_name`] has it.
    pub actor: String,
    /// Which of its lives ended, counted from 1.
    pub incarnation: u32,
    /// How it failed.
    pub crash: Crash,
    /// Where `cx.random()` stood at the time of the view.
    pub seed: u64,
    /// The actor's state before the first of the messages.
    pub view: Json,
    /// What it handled since, in order; the last one's handler failed.
    pub steps: Vec<Step>,
}

/// A message that was handled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// The message.
    pub message: Json,
    /// What `cx.now()` said meanwhile, in nanoseconds since this life began: the first 1,024 readings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub now: Vec<u64>,
}

/// How a handler failed: a [`Failure`] as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crash {
    /// A panic, or `Fail` on purpose.
    pub cause: Cause,
    /// The panic's text, or the reason given.
    pub text: String,
    /// `file:line:column` of a panic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The kind of message that was being handled; none where what failed ran beside the handlers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl From<&Failure> for Crash {
    fn from(failure: &Failure) -> Self {
        Self {
            cause: failure.cause,
            text: failure.text.clone(),
            location: failure.location.clone(),
            message: failure.message.map(str::to_owned),
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.cause == Cause::Panic { "panicked" } else { "failed" };
        write!(f, "{verb}: {}", self.text)?;
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        if let Some(message) = &self.message {
            write!(f, ", on {message}")?;
        }
        Ok(())
    }
}

/// A value as JSON text, kept as it was written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    fn of<T: Serialize>(value: &T) -> Result<Self, String> {
        serde_json::value::to_raw_value(value).map(Self).map_err(|error| error.to_string())
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(self.as_str()).map_err(|error| error.to_string())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a capsule can hold: whatever serde writes and reads.
#[diagnostic::on_unimplemented(
    message = "a capsule cannot hold `{Self}`",
    label = "not to be written and read by serde",
    note = "put `#[derive(serde::Serialize, serde::Deserialize)]` on `{Self}`; a field that cannot be derived takes \
            `#[serde(skip)]`, and an `Instant` `#[serde(with = \"swarmtree::capsule::instant\")]`; handles and replies need \
            nothing"
)]
pub trait Recorded: Serialize + DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Recorded for T {}

/// How the macros have an argument written and read, so that one which cannot be is an error of [`Recorded`].
pub mod field {
    use serde::{Deserializer, Serializer};

    use crate::actor::capsule::Recorded;

    /// As it is.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<T: Recorded, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }

    /// As it is.
    ///
    /// # Errors
    /// The deserializer's.
    pub fn deserialize<'de, T: Recorded, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}

/// How an actor of type `A` is recorded: as `Actor::CAPSULE` it says that its crashes leave capsules.
pub struct Recording<A, M> {
    pub(crate) messages: usize,
    pub(crate) view: fn(&A) -> Result<Json, String>,
    pub(crate) message: fn(&M) -> Result<Json, String>,
    pub(crate) restore: fn(&Json) -> Result<A, String>,
    pub(crate) read: fn(&Json) -> Result<M, String>,
}

impl<A: Recorded, M: Recorded> Recording<A, M> {
    /// A capsule holds at least so many of the last messages (all of a shorter life), and at most twice as many: the state is
    /// written once in so many messages. At least 1.
    #[must_use]
    pub const fn last(messages: usize) -> Self {
        Self {
            messages: if messages == 0 { 1 } else { messages },
            view: Json::of,
            message: Json::of,
            restore: Json::read,
            read: Json::read,
        }
    }
}

impl<A, M> fmt::Debug for Recording<A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({})", self.messages)
    }
}

/// Why a file is no capsule.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("cannot read {}: {error}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It was written by a newer version of this crate.
    #[error("a capsule of version {version}, and this program reads up to {CAPSULE_VERSION}: update swarmtree")]
    Newer {
        /// Its version.
        version: u32,
    },
    /// It is no capsule, or not a whole one.
    #[error("no capsule: {error}")]
    Broken {
        /// Where it is broken.
        error: String,
    },
}

impl Capsule {
    /// Reads a capsule from its file.
    ///
    /// # Errors
    /// [`LoadError`], which says what the file is instead.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, LoadError> {
        let file = file.as_ref();
        let unreadable = |error| LoadError::Unreadable { file: file.to_owned(), error };
        Self::from_json(&fs::read_to_string(file).map_err(unreadable)?)
    }

    /// Reads a capsule from JSON.
    ///
    /// # Errors
    /// [`LoadError`], but never [`LoadError::Unreadable`].
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let broken = |error: serde_json::Error| LoadError::Broken { error: error.to_string() };
        let Version { version } = serde_json::from_str(text).map_err(broken)?;
        if version > CAPSULE_VERSION {
            return Err(LoadError::Newer { version });
        }
        serde_json::from_str(text).map_err(broken)
    }

    /// The capsule as JSON, a message a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written: what is of the user is text already.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Writes the capsule into a file, and replaces what is there.
    ///
    /// # Errors
    /// What the system says.
    pub fn save(&self, file: impl AsRef<Path>) -> io::Result<()> {
        fs::write(file, self.to_json())
    }
}
