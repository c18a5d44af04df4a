//! Where an actor stands in its tree: names, and paths made of them.

use std::fmt;
use std::sync::Arc;

/// The longest name in bytes.
pub const NAME_BYTES_LIMIT: usize = 255;

/// Why a text cannot name an actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A name was empty.
    #[error("a name is empty; give every actor a name, and write paths without a slash at either end")]
    Empty,
    /// A name was longer than [`NAME_BYTES_LIMIT`].
    #[error("a name of {bytes} bytes is longer than {NAME_BYTES_LIMIT}; shorten {start:?}...")]
    TooLong {
        /// How long it was.
        bytes: usize,
        /// How it begins.
        start: String,
    },
    /// A name holds a slash, which stands between names, or a control character.
    #[error("the name {name:?} holds {found:?}; a name may hold anything but slashes and control characters")]
    Forbidden {
        /// The name as given.
        name: String,
        /// The first character that is not allowed.
        found: char,
    },
}

/// Checks one name: not empty, at most [`NAME_BYTES_LIMIT`] bytes, no slash, no control character.
///
/// # Errors
/// [`NameError`] says what is wrong with it.
pub(crate) fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > NAME_BYTES_LIMIT {
        return Err(NameError::TooLong { bytes: name.len(), start: name.chars().take(32).collect() });
    }
    match name.chars().find(|c| *c == '/' || c.is_control()) {
        Some(found) => Err(NameError::Forbidden { name: name.to_owned(), found }),
        None => Ok(()),
    }
}

/// An actor's place below the root: its ancestors' names and its own, with slashes between. Cheap to clone.
///
/// The root supervisor's path is empty and prints as `/`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Path(Arc<str>);

impl Path {
    /// The root of a tree.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path such as `orders/order/42`; an empty text is the root.
    ///
    /// # Errors
    /// [`NameError`] for the first of its names that is none.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if !text.is_empty() {
            text.split('/').try_for_each(check_name)?;
        }
        Ok(Self(text.into()))
    }

    /// The path of a child of this one.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.into()) } else { Self(format!("{}/{name}", self.0).into()) }
    }

    /// The path above, and the last name; none for the root.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, &str)> {
        match self.0.rsplit_once('/') {
            Some((above, name)) => Some((Self(above.into()), name)),
            None if self.0.is_empty() => None,
            None => Some((Self::root(), &self.0)),
        }
    }

    /// Its names from the top.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The path as text; empty for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A type's name without the modules that lead to it; the names of its parameters stay whole.
pub(crate) fn short_name(name: &'static str) -> &'static str {
    let leading = name.find('<').unwrap_or(name.len());
    let begin = name.get(..leading).and_then(|path| path.rfind("::")).map_or(0, |at| at + 2);
    name.get(begin..).unwrap_or(name)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_its_names_with_slashes_between() {
        let path = Path::parse("orders/order/42").unwrap();
        assert_eq!(path, Path::root().child("orders").child("order").child("42"));
        assert_eq!(path.names().collect::<Vec<_>>(), ["orders", "order", "42"]);
        assert_eq!(path.split_last().unwrap(), (Path::parse("orders/order").unwrap(), "42"));
        assert_eq!(Path::root().split_last(), None);
        assert_eq!(Path::root().to_string(), "/");
    }

    #[test]
    fn a_short_name_keeps_its_parameters() {
        assert_eq!(short_name("app::shop::Order"), "Order");
        assert_eq!(short_name("app::Shelf<app::Book, std::string::String>"), "Shelf<app::Book, std::string::String>");
        assert_eq!(short_name("u64"), "u64");
    }

    #[test]
    fn a_wrong_name_says_the_mend() {
        assert_eq!(Path::parse("a//b"), Err(NameError::Empty));
        assert!(check_name("a/b").unwrap_err().to_string().contains("slashes"));
        assert!(check_name(&"x".repeat(256)).unwrap_err().to_string().contains("shorten"));
    }
}
