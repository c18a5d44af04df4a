//! Messages as crash capsules hold them: the same enum, derived for serde. `#[handlers]` writes both, and the bridge of
//! `#[actor]` takes the one that its options ask for. Without the feature `capsule` there is only the plain one.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Visibility;

use crate::block::Block;
use crate::message::{self, Form};
use crate::options::Options;

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

/// The derives of an enum or a handle.
pub(crate) fn derives() -> TokenStream {
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
