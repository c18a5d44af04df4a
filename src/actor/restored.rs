//! What is not plain data and still travels in capsules: handles as paths, replies as whether anybody waits, and points in time.

use std::sync::{Arc, Weak};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::actor::ask::{Reply, Slot};
use crate::actor::cell::{Cell, Class};
use crate::actor::child::{Nobody, Owner};
use crate::actor::handle::Handle;
use crate::actor::options::Options;
use crate::actor::scope::{Scope, Stage};
use crate::actor::waits::Located;
use crate::descriptor::Descriptor;
use crate::mailbox::message::Message;
use crate::path::Path;
use crate::spec::Overflow;

const OUTSIDE: &str = "only a capsule's replay makes handles and replies: they lead to somebody nowhere else";

impl<M: Message> Serialize for Handle<M> {
    /// As its path.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.path().as_str())
    }
}

impl<'de, M: Message> Deserialize<'de> for Handle<M> {
    /// Within a replay: the address of the actor itself, or of somebody who drops what it is sent.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = Path::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        let stage = Scope::get().and_then(|scope| scope.stage).ok_or_else(|| D::Error::custom(OUTSIDE))?;
        let own = Arc::clone(&stage.own).downcast::<Cell<M>>().ok();
        let own = own.filter(|own| Located::path(&**own) == path);
        Ok(Self::new(own.unwrap_or_else(|| dropping(&stage, &path))))
    }
}

/// An address whose lanes are always full: what is sent there is accepted and dropped, so that asks end at once.
fn dropping<M: Message>(stage: &Stage, path: &Path) -> Arc<Cell<M>> {
    let (parent, name) = path.split_last().map_or((Path::root(), ""), |(parent, name)| (parent, name));
    let class = Class {
        hub: Arc::clone(&stage.hub),
        owner: Weak::<Nobody>::new() as Weak<dyn Owner>,
        parent,
        options: Options { mailbox: 0, overflow: Overflow::DropNewest, ..Options::DEFAULT },
        attendance: None,
        descriptor: Descriptor { actor: "", handlers: &[], asks: &[] },
        actor: "",
    };
    Cell::new(Arc::new(class), name.into())
}

impl<T> Serialize for Reply<T> {
    /// As whether anybody waits for it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(!self.is_closed())
    }
}

impl<'de, T> Deserialize<'de> for Reply<T> {
    /// Within a replay: a port that is as open as it was, and leads nowhere.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is_open = bool::deserialize(deserializer)?;
        if Scope::get().is_none_or(|scope| scope.stage.is_none()) {
            return Err(D::Error::custom(OUTSIDE));
        }
        let (reply, awaiting) = Slot::open(None);
        if is_open {
            awaiting.look_away();
        }
        Ok(reply)
    }
}

/// For an `Instant` in a state or a message: `#[serde(with = "swarmtree::capsule::instant")]`. It keeps its distance from the
/// beginning of the actor's life, and means nothing outside of capsules.
pub mod instant {
    use std::time::{Duration, Instant};

    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::actor::scope::Scope;

    const OUTSIDE: &str = "a point in time means nothing outside of a capsule";

    /// As nanoseconds since the life began.
    ///
    /// # Errors
    /// Outside of capsules.
    pub fn serialize<S: Serializer>(instant: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
        let began = Scope::get().ok_or_else(|| S::Error::custom(OUTSIDE))?.began;
        let since = |late: Instant, early: Instant| i64::try_from(late.duration_since(early).as_nanos());
        let nanos = if *instant < began { since(began, *instant).map(|early| -early) } else { since(*instant, began) };
        nanos.map_err(S::Error::custom)?.serialize(serializer)
    }

    /// As far from the beginning of the replay.
    ///
    /// # Errors
    /// Outside of capsules, or before the beginning of this machine's clock.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Instant, D::Error> {
        let nanos = i64::deserialize(deserializer)?;
        let began = Scope::get().ok_or_else(|| D::Error::custom(OUTSIDE))?.began;
        let distance = Duration::from_nanos(nanos.unsigned_abs());
        let instant = if nanos < 0 { began.checked_sub(distance) } else { began.checked_add(distance) };
        instant.ok_or_else(|| D::Error::custom("a point in time is beyond this machine's clock"))
    }
}
