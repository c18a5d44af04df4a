//! stub
use proc_macro::TokenStream;
/// stub
#[proc_macro_attribute]
pub fn actor(_a: TokenStream, i: TokenStream) -> TokenStream { i }
/// stub
#[proc_macro_attribute]
pub fn handlers(_a: TokenStream, i: TokenStream) -> TokenStream { i }
