//! Codes of carriers and airports. They name actors, so their alphabet and length bound how many actors there can be.

use std::fmt;

/// A carrier by its two letters or digits, such as `UA` or `9E`: 1,296 at most.
pub(crate) type CarrierCode = Code<2>;
/// An airport by its three letters or digits, such as `JFK`: 46,656 at most.
pub(crate) type AirportCode = Code<3>;

/// `N` capital letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Code<const N: usize>([u8; N]);

impl<const N: usize> Code<N> {
    /// Reads a code. None if the text is not exactly `N` capital letters or digits.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).then_some(Self(bytes))
    }

    /// The code as text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Display for Code<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Code<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
