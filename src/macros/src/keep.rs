//! `Actor::keep`: a copy of a message, for actors that retry.
//!
//! Written out instead of derived, so that only what travels must be `Clone`, and the error stands at what is not.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::block::Block;
use crate::handler::Handler;
use crate::message;
use crate::signature::Input;

/// The function; the bridge leaves it out where nothing is retried.
pub(crate) fn expand(block: &Block) -> TokenStream {
    let (here, message) = (Span::mixed_site(), &block.message);
    let arms = block.messages().map(|handler| {
        let (pattern, copy) = (message::shape(block, handler), copy(block, handler));
        quote!(#pattern => #copy)
    });
    let types = message::unused(block).map(|_| quote_spanned!(here=> #message::__Types(never, _) => match *never {},));
    let copy = if block.messages().next().is_none() && types.is_none() {
        quote_spanned!(here=> match *message {})
    } else {
        quote_spanned!(here=> ::core::option::Option::Some(match message { #(#arms,)* #types }))
    };
    quote_spanned! {here=>
        const KEEPS: bool = true;

        fn keep(message: &Self::Msg) -> ::core::option::Option<Self::Msg> {
            #copy
        }
    }
}

fn copy(block: &Block, handler: &Handler) -> TokenStream {
    let (message, variant, here) = (&block.message, &handler.variant, Span::mixed_site());
    let fields = handler.inputs.iter().filter_map(Input::field).map(|field| {
        let (name, at) = (&field.name, field.ty.span().resolved_at(here));
        quote_spanned!(at=> #name: ::core::clone::Clone::clone(#name))
    });
    let port = handler.is_ask().then(|| quote_spanned!(here=> reply: ::core::clone::Clone::clone(reply)));
    let fields: Vec<TokenStream> = fields.chain(port).collect();
    if fields.is_empty() { quote!(#message::#variant) } else { quote!(#message::#variant { #(#fields),* }) }
}
