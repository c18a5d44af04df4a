//! The attribute macros of swarmtree: `#[actor]` and `#[handlers]`.

mod actor;
mod actor_impl;
mod attribute;
mod block;
mod descriptor;
mod docs;
mod errors;
mod handle;
mod handler;
mod handlers;
mod keep;
mod literal;
mod message;
mod naming;
mod options;
mod owned;
mod signature;

use proc_macro::TokenStream;

/// Actor.
#[proc_macro_attribute]
pub fn actor(arguments: TokenStream, item: TokenStream) -> TokenStream {
    actor::expand(arguments.into(), item.into()).into()
}

/// Handlers.
#[proc_macro_attribute]
pub fn handlers(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handlers::expand(arguments.into(), item.into()).into()
}
