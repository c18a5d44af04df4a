//! The handle: the actor's address with a method for each of its handlers.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use crate::actor_impl;
use crate::block::Block;
use crate::capsule;
use crate::descriptor::{lane, optional};
use crate::docs;
use crate::handler::{Handler, Kind};
use crate::message;
use crate::naming;
use crate::signature::{Input, Outcome};

/// The type, but for its visibility.
pub(crate) fn declare(block: &Block) -> TokenStream {
    let (handle, declared, bounds) = (&block.handle, block.declared(), block.bounds());
    let message = block.message_type();
    let recorded = capsule::of_handle();
    let doc = format!("The address of `{}`: each of its handlers is a method here.", block.actor);
    quote! {
        #[doc = #doc]
        #[doc = ""]
        #[doc = "Cheap to clone, and valid across restarts. It dereferences to what every handle can do."]
        #recorded
        struct #handle #declared (::swarmtree::Handle<#message>) #bounds;
    }
}

/// Its methods, and what every handle can do.
pub(crate) fn implement(block: &Block) -> TokenStream {
    let (impl_generics, _, _) = block.generics.split_for_impl();
    let (ty, bounds) = (block.handle_type(), block.bounds());
    let methods = block.handlers.iter().map(|handler| method(block, handler));
    let common = common(block);
    quote! {
        impl #impl_generics #ty #bounds {
            #(#methods)*

            /// The same address; its messages travel in the urgent lane.
            #[must_use]
            pub fn urgent(&self) -> Self {
                Self(self.0.urgent())
            }

            /// The same address; its asks have this deadline instead of the declared one.
            #[must_use]
            pub fn within(&self, deadline: ::core::time::Duration) -> Self {
                Self(self.0.within(deadline))
            }
        }

        #common
    }
}

/// The traits by which the newtype behaves like the handle inside. Written out, for a derive would bound its parameters.
fn common(block: &Block) -> TokenStream {
    let (impl_generics, _, _) = block.generics.split_for_impl();
    let (ty, message, bounds) = (block.handle_type(), block.message_type(), block.bounds());
    let name = naming::plain(&block.handle);
    let format = format!("{name}({{}})");
    quote! {
        impl #impl_generics ::core::convert::From<::swarmtree::Handle<#message>> for #ty #bounds {
            fn from(handle: ::swarmtree::Handle<#message>) -> Self {
                Self(handle)
            }
        }

        impl #impl_generics ::core::ops::Deref for #ty #bounds {
            type Target = ::swarmtree::Handle<#message>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl #impl_generics ::core::clone::Clone for #ty #bounds {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        impl #impl_generics ::core::fmt::Debug for #ty #bounds {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, #format, self.0.path())
            }
        }

        impl #impl_generics ::core::cmp::PartialEq for #ty #bounds {
            /// Whether both are the same address.
            fn eq(&self, other: &Self) -> bool {
                self.0 == other.0
            }
        }

        impl #impl_generics ::core::cmp::Eq for #ty #bounds {}
    }
}

fn method(block: &Block, handler: &Handler) -> TokenStream {
    match &handler.kind {
        Kind::Tell { urgent } => tell(block, handler, *urgent),
        Kind::Ask { .. } => ask(block, handler),
        Kind::Every { .. } | Kind::Mail { .. } => quote!(),
        Kind::Inspect { view } => {
            let (name, view) = (own_name(handler), block.outside(view));
            let (ty, seen) = (&block.ty, &handler.name);
            let docs = docs::or_line(&handler.docs, &format!("Looks at the actor through `{}`.", handler.name));
            let more = docs::then(&[
                "Goes ahead of all messages, however many are queued.",
                "# Errors\n[`AskError`](::swarmtree::AskError), where nobody could look in time.",
            ]);
            quote! {
                #docs #more
                pub async fn #name(&self) -> ::core::result::Result<#view, ::swarmtree::AskError> {
                    self.0.inspect(<#ty>::#seen).await
                }
            }
        }
    }
}

fn tell(block: &Block, handler: &Handler, urgent: bool) -> TokenStream {
    let (name, message, shape) = (own_name(handler), block.message_type(), message::shape(block, handler));
    let try_name = naming::generated(&format!("try_{}", naming::plain(&handler.name)), handler.name.span());
    let parameters = parameters(block, handler);
    let plain = naming::plain(&handler.name);
    let docs = docs::or_line(&handler.docs, &format!("Sends `{}`.", handler.variant));
    let more = docs::then(&[
        "A full mailbox does as its overflow policy says; by default the future waits for room.",
        "# Errors\nThe future yields [`Refused`](::swarmtree::Refused) with the message and the reason.",
    ]);
    let try_docs = docs::or_line(&[], &format!("Sends `{}` without waiting; see [`Self::{plain}`].", handler.variant));
    let try_more =
        docs::then(&["# Errors\n[`Refused`](::swarmtree::Refused) gives the message back, with the reason."]);
    let (send, try_send) = if urgent {
        let lane = lane(true);
        (quote!(send_in(#lane, #shape)), quote!(try_send_in(#lane, #shape)))
    } else {
        (quote!(send(#shape)), quote!(try_send(#shape)))
    };
    quote! {
        #docs #more
        pub fn #name(&self, #(#parameters),*) -> ::swarmtree::Sending<'_, #message> {
            self.0.#send
        }

        #try_docs #try_more
        pub fn #try_name(&self, #(#parameters),*) -> ::core::result::Result<(), ::swarmtree::Refused<#message>> {
            self.0.#try_send
        }
    }
}

fn ask(block: &Block, handler: &Handler) -> TokenStream {
    let Kind::Ask { urgent, timeout, reply, .. } = &handler.kind else { return quote!() };
    let (name, kind, ty) = (own_name(handler), naming::plain(&handler.name), &block.ty);
    let (lane, timeout, reply) = (lane(*urgent), optional(*timeout), block.outside(reply));
    let parameters = parameters(block, handler);
    let arguments: Vec<&Ident> = handler.inputs.iter().filter_map(Input::field).map(|field| &field.name).collect();
    let ((here, begin), shape) = (here(block, handler, &reply), message::shape(block, handler));
    let docs = docs::or_line(&handler.docs, &format!("Asks through `{kind}`, and waits for the answer."));
    let more =
        docs::then(&["# Errors\n[`AskError`](::swarmtree::AskError); errors of the domain travel inside the answer."]);
    let site = proc_macro2::Span::mixed_site();
    let body = quote_spanned! {site=>
        let call = ::swarmtree::Call::<#ty, _, _> {
            kind: #kind,
            lane: #lane,
            timeout: #timeout,
            here: #here,
            message: |(#(#arguments,)*), reply| #shape,
        };
        self.0.call(call, (#(#arguments,)*)).await
    };
    quote_spanned! {site=>
        #docs #more
        pub async fn #name(&self, #(#parameters),*) -> ::core::result::Result<#reply, ::swarmtree::AskError> {
            #body
        }

        #begin
    }
}

/// The handler as it runs on the caller's core, if it answers by returning; and the function it takes for that.
fn here(block: &Block, handler: &Handler, reply: &TokenStream) -> (TokenStream, TokenStream) {
    if matches!(handler.kind, Kind::Ask { is_deferred: true, .. }) {
        return (quote!(::core::option::Option::None), quote!());
    }
    let site = proc_macro2::Span::mixed_site();
    let ty = &block.ty;
    let fields: Vec<_> = handler.inputs.iter().filter_map(Input::field).collect();
    let arguments: Vec<&Ident> = fields.iter().map(|field| &field.name).collect();
    let actor = quote_spanned!(site=> actor);
    let call = actor_impl::call(&quote!(<#ty>), &handler.name, false, Some(&actor), &handler.inputs);
    let fails = matches!(handler.outcome, Outcome::Fallible | Outcome::FallibleValue(_));
    if !handler.is_async {
        let answer = if fails { call } else { quote!(::core::result::Result::Ok(#call)) };
        let here = quote_spanned! {site=>
            ::core::option::Option::Some(::swarmtree::Here::Sync(|actor, (#(#arguments,)*), cx| #answer))
        };
        return (here, quote!());
    }
    // A function of its own: whether it is `Send` may depend on the method that names it, where actors ask their like.
    let begin = naming::generated(&format!("__begin_{}", naming::plain(&handler.name)), site);
    let types = fields.iter().map(|field| block.outside(&field.ty));
    let wrap = (!fails).then(|| quote_spanned!(site=> .map(::core::result::Result::Ok)));
    let function = quote_spanned! {site=>
        fn #begin(
            mut lent: ::swarmtree::Lent<#ty>,
            (#(#arguments,)*): (#(#types,)*),
        ) -> ::swarmtree::Begun<#ty, #reply> {
            ::std::boxed::Box::pin(async move {
                let (actor, cx) = lent.parts();
                let outcome = ::swarmtree::Lent::<#ty>::caught(#call).await #wrap;
                (lent, outcome)
            })
        }
    };
    (quote_spanned!(site=> ::core::option::Option::Some(::swarmtree::Here::Async(Self::#begin))), function)
}

/// The method's name on the handle; lints about the actor's own method leave it alone.
fn own_name(handler: &Handler) -> Ident {
    let mut name = handler.name.clone();
    name.set_span(name.span().resolved_at(proc_macro2::Span::call_site()));
    name
}

fn parameters(block: &Block, handler: &Handler) -> Vec<TokenStream> {
    let fields = handler.inputs.iter().filter_map(Input::field);
    let parameters = fields.map(|field| {
        let (name, ty) = (&field.name, block.outside(&field.ty));
        quote!(#name: #ty)
    });
    parameters.collect()
}
