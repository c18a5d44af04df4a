//! `#[handlers]`: the block as it is, and beside it what the actor needs to run.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{ImplItem, ItemImpl};

use crate::actor_impl;
use crate::attribute;
use crate::block::{Arguments, Block};
use crate::capsule;
use crate::errors::{self, Errors};
use crate::handle;
use crate::keep;
use crate::message::{self, Form};
use crate::naming;

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
    if block.is_none() {
        strip(&mut item);
    }
    // Beside a mistake the rest is still generated: one wrong handler should not make every use of the actor an error.
    let generated = block.map(|block| generate(&block));
    let expanded = quote!(#item #generated);
    match errors.check() {
        Ok(()) => expanded,
        Err(error) => errors::beside(&error, expanded),
    }
}

/// Takes the attributes away unread: in a block that cannot be an actor's they would be errors of their own.
fn strip(item: &mut ItemImpl) {
    for member in &mut item.items {
        if let ImplItem::Fn(method) = member {
            drop(attribute::take(&mut method.attrs));
        }
    }
}

/// What goes through the bridge that `#[actor]` built. Behind itself it leaves another one, through which nothing goes but
/// the complaint about a second block.
fn generate(block: &Block) -> TokenStream {
    let bridge = naming::bridge(&block.actor);
    let (again, missing) = (again(&block.actor), block.start_missing.as_ref().map(syn::Error::to_compile_error));
    let (message, message_impl) = (message::declare(block, Form::Plain), message::implement(block));
    let recorded = capsule::recorded(block);
    let (handle, handle_impls) = (handle::declare(block), handle::implement(block));
    let (aliases, carry) = (message::check_aliases(block), message::carry(block));
    let (head, body, keep) = (actor_impl::head(block), actor_impl::body(block), keep::expand(block));
    quote! {
        #bridge! {
            again { #again }
            message { #message }
            #recorded
            handle { #handle }
            actor { { #head } { #body } }
            keep { #keep }
            beside {
                #missing
                #message_impl
                #handle_impls
                #aliases
                #carry

                #[allow(unused_macros)]
                macro_rules! #bridge {
                    (again { $($again:tt)* } $($rest:tt)*) => { $($again)* };
                }
            }
        }
    }
}

fn again(actor: &Ident) -> TokenStream {
    let text = format!(
        "`{actor}` has its `#[handlers]` above: an actor has one such block, so move these into it; methods without a role \
         may stand in any `impl {actor}`"
    );
    syn::Error::new_spanned(actor, text).to_compile_error()
}
