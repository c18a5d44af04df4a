//! Durations and sizes as people write them, checked while compiling.

#![expect(clippy::wildcard_enum_match_arm, reason = "the grammar grows; what is not named takes the general way")]

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Lit, LitInt, LitStr};

/// Reads `"5s"`, `"250ms"` or `"1m 30s"`. Zero is refused: no deadline and no period is zero.
pub(crate) fn duration(text: &LitStr) -> syn::Result<Duration> {
    let written = text.value();
    match humantime::parse_duration(written.trim()) {
        Ok(duration) if duration.is_zero() => {
            Err(syn::Error::new_spanned(text, format!("{written:?} is no time at all; write for example \"5s\"")))
        }
        Ok(duration) => Ok(duration),
        Err(why) => {
            let mend = "write for example \"5s\", \"250ms\" or \"1m 30s\"";
            Err(syn::Error::new_spanned(text, format!("{written:?} is no duration: {why}; {mend}")))
        }
    }
}

/// Reads a text that must be a duration; another literal gets the error that says so.
pub(crate) fn duration_of(literal: &Lit, of: &str) -> syn::Result<Duration> {
    match literal {
        Lit::Str(text) => duration(text),
        other => Err(syn::Error::new_spanned(other, format!("{of} is a duration in quotes, such as \"5s\""))),
    }
}

/// The duration as an expression.
pub(crate) fn duration_tokens(duration: Duration) -> TokenStream {
    let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
    if nanos == 0 {
        quote!(::core::time::Duration::from_secs(#secs))
    } else {
        quote!(::core::time::Duration::new(#secs, #nanos))
    }
}

/// Reads a whole number within bounds.
pub(crate) fn number(literal: &LitInt, of: &str, least: u64, most: u64) -> syn::Result<u64> {
    match literal.base10_parse::<u64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        Ok(_) | Err(_) => {
            Err(syn::Error::new_spanned(literal, format!("{of} is a whole number between {least} and {most}")))
        }
    }
}

/// The units of a size, longest first where one ends with another.
const UNITS: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

/// Reads `"1MiB"`, `"64 kB"` or `"512"`; nothing and what overflows is none.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(unit, bytes)| text.strip_suffix(unit).map(|digits| (digits, *bytes)))
        .unwrap_or((text, 1));
    let number: u64 = digits.trim().replace('_', "").parse().ok()?;
    number.checked_mul(unit).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let check = |text, expected| assert_eq!(bytes(text), expected, "{text}");
        check("1MiB", Some(1 << 20));
        check("64 kB", Some(64_000));
        check("512", Some(512));
        check("1_000 B", Some(1_000));
        check("0", None);
        check("", None);
        check("-1", None);
        check("1.5MiB", None);
        check("1 mile", None);
        check("99999999999 GiB", None);
    }

    #[test]
    fn a_bad_duration_names_the_mend() {
        let check = |text: &str, expected: &str| {
            let error = duration(&LitStr::new(text, Span::call_site())).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("write for example"), "{error}");
        };
        check("soon", "\"soon\" is no duration");
        check("5", "\"5\" is no duration");
        check("0s", "no time at all");
    }
}
