//! Documentation of generated items. Users deny `missing_docs`, so every one has some.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Attribute;

/// The user's own documentation, or one line in its place.
pub(crate) fn or_line(written: &[Attribute], line: &str) -> TokenStream {
    if written.is_empty() {
        return quote!(#[doc = #line]);
    }
    quote!(#(#written)*)
}

/// Paragraphs after what stands above.
pub(crate) fn then(paragraphs: &[&str]) -> TokenStream {
    let lines = paragraphs.iter().flat_map(|text| std::iter::once("").chain(text.lines()));
    quote!(#(#[doc = #lines])*)
}
