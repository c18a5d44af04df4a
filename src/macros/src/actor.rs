//! `#[actor]`: keeps the type as it is, and writes down for `#[handlers]` what only the type knows.

#![expect(clippy::wildcard_enum_match_arm, reason = "the grammar grows; what is not named takes the general way")]

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident, Item, Visibility};

use crate::capsule;
use crate::errors::{self, Errors};
use crate::naming;
use crate::options::Options;

/// The type, and the bridge to its handlers.
pub(crate) fn expand(arguments: TokenStream, written: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let item = errors.take(syn::parse2::<Item>(written.clone()));
    let state = item.as_ref().and_then(|item| errors.take(state(item)));
    // A mistake among the options leaves the bridge in place, so that the handlers are still checked.
    let options = errors.take(syn::parse2::<Options>(arguments)).unwrap_or_default();
    let bridge = state.map(|(name, visibility, generics)| {
        errors.take(owns_its_state(generics));
        rules(name, visibility, &options)
    });
    let expanded = quote!(#written #bridge);
    match errors.check() {
        Ok(()) => expanded,
        Err(error) => errors::beside(&error, expanded),
    }
}

fn state(item: &Item) -> syn::Result<(&Ident, &Visibility, &Generics)> {
    match item {
        Item::Struct(item) => Ok((&item.ident, &item.vis, &item.generics)),
        Item::Enum(item) => Ok((&item.ident, &item.vis, &item.generics)),
        Item::Impl(item) => {
            Err(wrong(&item.self_ty, "`#[actor]` belongs on the struct; its impl block takes `#[handlers]`"))
        }
        other => Err(wrong(other, "an actor is a struct or an enum: put `#[actor]` on the type of its state")),
    }
}

/// A macro that takes all that the handlers generate, and adds what only the type knows: its visibility, its options, and
/// whether messages are kept for a retry. Without it nothing is generated, so that its name is the one error.
///
/// A type that nobody uses is reported once, at the type; its message and its handle stay quiet.
fn rules(name: &Ident, visibility: &Visibility, options: &Options) -> TokenStream {
    let (bridge, options_value) = (naming::bridge(name), options.tokens());
    let keep = options.retries.then(|| quote!($($keep)*));
    let (recorded, message) = (capsule::pattern(), capsule::choice(visibility, options));
    let capsule = capsule::constant(name, options);
    quote! {
        #[doc(hidden)]
        #[allow(unused_macros)]
        macro_rules! #bridge {
            (
                again { $($again:tt)* }
                message { $(#[$message_doc:meta])* enum $($message:tt)* }
                #recorded
                handle { $(#[$handle_doc:meta])* struct $($handle:tt)* }
                actor { { $($head:tt)* } { $($body:tt)* } }
                keep { $($keep:tt)* }
                beside { $($beside:tt)* }
            ) => {
                #[allow(dead_code)]
                #message

                $(#[$handle_doc])*
                #[allow(dead_code)]
                #visibility struct $($handle)*

                $($head)* {
                    const OPTIONS: ::swarmtree::Options = #options_value;
                    $($body)*
                    #keep
                    #capsule
                }

                $($beside)*
            };
        }
    }
}

fn owns_its_state(generics: &Generics) -> syn::Result<()> {
    generics.lifetimes().next().map_or(Ok(()), |lifetime| {
        Err(wrong(
            lifetime,
            "an actor owns its state and outlives who started it: hold a `String`, an `Arc<T>` or a clone instead of a \
             reference, and drop the lifetime",
        ))
    })
}

fn wrong(at: &impl quote::ToTokens, text: &str) -> syn::Error {
    syn::Error::new_spanned(at, text)
}
