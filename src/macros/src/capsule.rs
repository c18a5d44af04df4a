//! Messages as crash capsules hold them: the same enum, derived for serde. `#[handlers]` writes both, and the bridge of
//! `#[actor]` takes the one that its options ask for. Without the feature `capsule` there is only the plain one.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Visibility;
use syn::spanned::Spanned;

use crate::block::Block;
use crate::message::{self, Form};
use crate::options::Options;
use crate::signature::Field;

const IS_ENABLED: bool = cfg!(feature = "capsule");

/// What `#[handlers]` passes through the bridge.
pub(crate) fn recorded(block: &Block) -> Option<TokenStream> {
    let message = IS_ENABLED.then(|| message::declare(block, Form::Recorded))?;
    Some(quote!(recorded { #message }))
}

/// How the bridge takes it.
pub(crate) fn pattern() -> Option<TokenStream> {
    IS_ENABLED.then(|| quote!(recorded { $(#[$recorded_doc:meta])* enum $($recorded:tt)* }))
}

/// The enum that the bridge lets through.
pub(crate) fn choice(visibility: &Visibility, options: &Options) -> TokenStream {
    if options.capsule.is_some() {
        quote!($(#[$recorded_doc])* #visibility enum $($recorded)*)
    } else {
        quote!($(#[$message_doc])* #visibility enum $($message)*)
    }
}

/// The declaration in `impl Actor`. A state that cannot be recorded is complained of at its name.
pub(crate) fn constant(state: &Ident, options: &Options) -> Option<TokenStream> {
    let messages = options.capsule.as_ref()?;
    let recording = quote_spanned!(state.span()=> ::swarmtree::capsule::Recording::last(#messages));
    Some(quote! {
        const CAPSULE: ::core::option::Option<::swarmtree::capsule::Recording<Self, Self::Msg>> =
            ::core::option::Option::Some(#recording);
    })
}

/// The attributes of the enum. What a generic actor's messages need is in its own bounds.
pub(crate) fn of_message() -> TokenStream {
    let derives = derives();
    quote!(#derives #[serde(bound = "")])
}

/// The attributes of a field: the user's, or the way on which a type that serde does not know is complained of once, with
/// the mend.
pub(crate) fn attributes(field: &Field) -> TokenStream {
    match field.serde.as_slice() {
        [] => quote_spanned!(field.ty.span()=> #[serde(with = "::swarmtree::capsule::field")]),
        given => quote!(#(#given)*),
    }
}

fn derives() -> TokenStream {
    quote! {
        #[derive(::swarmtree::capsule::serde::Serialize, ::swarmtree::capsule::serde::Deserialize)]
        #[serde(crate = "::swarmtree::capsule::serde")]
    }
}

/// Handles travel in states and messages, so each can be recorded: as the path that it leads to.
pub(crate) fn of_handle() -> Option<TokenStream> {
    let derives = IS_ENABLED.then(derives)?;
    Some(quote!(#derives #[serde(transparent, bound = "")]))
}
