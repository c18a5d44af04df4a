//! `#[handlers]`: the block as it is, and beside it what the actor needs to run.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemImpl;

use crate::actor_impl;
use crate::block::{Arguments, Block};
use crate::errors::{self, Errors};
use crate::handle;
use crate::message;

/// The block without the attributes of its methods, the messages, the handle, and the implementation of `Actor`.
pub(crate) fn expand(arguments: TokenStream, written: TokenStream) -> TokenStream {
    let mut item: ItemImpl = match syn::parse2(written.clone()) {
        Ok(item) => item,
        Err(error) => {
            let is_impl = written.clone().into_iter().any(|token| token.to_string() == "impl");
            let text = "`#[handlers]` belongs on the actor's `impl` block";
            let error = if is_impl { error } else { syn::Error::new_spanned(&written, text) };
            return errors::beside(&error, written);
        }
    };
    let mut errors = Errors::default();
    let arguments = errors.take(syn::parse2::<Arguments>(arguments)).unwrap_or_default();
    let block = Block::read(&mut item, arguments, &mut errors);
    // Beside a mistake the rest is still generated: one wrong handler should not make every use of the actor an error.
    let generated = block.map(|block| {
        let (message, handle, actor) = (message::expand(&block), handle::expand(&block), actor_impl::expand(&block));
        quote!(#message #handle #actor)
    });
    let expanded = quote!(#item #generated);
    match errors.check() {
        Ok(()) => expanded,
        Err(error) => errors::beside(&error, expanded),
    }
}
