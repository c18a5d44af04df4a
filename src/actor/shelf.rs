//! Where a system's capsules go: to whoever subscribed, and into a folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::actor::capsule::Capsule;
use crate::actor::panics::catch;
use crate::actor::topic::Topic;

/// Capsules that a folder holds; one more takes the place of the oldest.
pub const CAPSULE_FILES_LIMIT: usize = 64;

/// What the files end with; others in the folder are left alone.
const ENDING: &str = ".capsule.json";
/// Letters of an actor's path in a file's name.
const NAME_LIMIT: usize = 100;

pub(crate) struct Shelf {
    pub(crate) topic: Topic<Arc<Capsule>>,
    folder: OnceLock<PathBuf>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        Self { topic: Topic::new(), folder: OnceLock::new() }
    }

    /// Keeps the capsules in a folder from now on.
    pub(crate) fn keep_in(&self, folder: PathBuf) {
        drop(self.folder.set(folder));
    }

    /// Whether anybody wants capsules, so that actors have to record.
    pub(crate) fn is_wanted(&self) -> bool {
        self.topic.has_subscribers() || self.folder.get().is_some()
    }

    /// Takes a capsule. It is on the disk before anybody hears of the failure, for the process may not live much longer.
    pub(crate) fn put(&self, capsule: Capsule) {
        if let Some(folder) = self.folder.get() {
            match catch(|| write(folder, &capsule)).unwrap_or_else(|failure| Err(io::Error::other(failure.text))) {
                Ok(file) => {
                    tracing::info!(target: "swarmtree::capsule", path = %capsule.path, file = %file.display(), "a crash capsule");
                }
                Err(error) => {
                    let folder = folder.display();
                    tracing::error!(target: "swarmtree::capsule", path = %capsule.path, %folder, %error, "a crash capsule is lost");
                }
            }
        }
        self.topic.publish(&Arc::new(capsule));
    }
}

/// Writes a capsule into a file of its own, and makes room for the next one.
fn write(folder: &Path, capsule: &Capsule) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '.' };
    let name: String = capsule.path.chars().map(plain).take(NAME_LIMIT).collect();
    // So wide that names sort by time.
    let file = folder.join(format!("{since:020}-{name}-{}{ENDING}", capsule.incarnation));
    File::create_new(&file)?.write_all(capsule.to_json().as_bytes())?;
    prune(folder)?;
    Ok(file)
}

/// Removes the oldest capsules above the limit.
fn prune(folder: &Path) -> io::Result<()> {
    let names = fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ENDING)).collect();
    names.sort_unstable();
    let above = names.len().saturating_sub(CAPSULE_FILES_LIMIT);
    for name in names.into_iter().take(above) {
        // Another actor that failed may have been faster.
        drop(fs::remove_file(folder.join(name)));
    }
    Ok(())
}
