//! `impl Actor`: how an incarnation starts, and which method each message calls.
//!
//! Variables of the generated bodies are hygienic (`mixed_site`), so that arguments may have any name.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::block::Block;
use crate::descriptor;
use crate::handler::{Handler, Hook, Kind};
use crate::literal;
use crate::message;
use crate::signature::{Field, Input, Outcome};

/// What stands before the braces.
pub(crate) fn head(block: &Block) -> TokenStream {
    let ((impl_generics, _, bounds), ty) = (block.generics.split_for_impl(), &block.ty);
    quote!(impl #impl_generics ::swarmtree::Actor for #ty #bounds)
}

/// What stands between them, but for what only the type knows.
pub(crate) fn body(block: &Block) -> TokenStream {
    let (message, handle) = (block.message_type(), block.handle_type());
    let descriptor = descriptor::expand(block);
    let (arguments, start) = start(block);
    let (handle_fn, handle_async) = (handle_fn(block), handle_async(block));
    let stop = block.stop.as_ref().map(stop);
    quote! {
        type Msg = #message;
        #arguments
        type Handle = #handle;
        const DESCRIPTOR: ::swarmtree::Descriptor = #descriptor;

        #start
        #handle_fn
        #handle_async
        #stop
    }
}

/// The declared type of the arguments, and the function.
fn start(block: &Block) -> (TokenStream, TokenStream) {
    let here = Span::mixed_site();
    let timers = block.handlers.iter().filter_map(|handler| timer(block, handler));
    let fields: Vec<&Field> = block.start.iter().flat_map(|hook| &hook.inputs).filter_map(Input::field).collect();
    let (names, types): (Vec<_>, Vec<_>) = fields.iter().map(|field| (&field.name, &field.ty)).unzip();
    let site = block.start.as_ref().map_or(Span::call_site(), |hook| hook.name.span());
    let (taken, ty, at) = match (names.as_slice(), types.as_slice()) {
        ([name], [ty]) => (quote!(#name), quote!(#ty), ty.span()),
        (names, types) => (quote!((#(#names),*)), quote!((#(#types),*)), site),
    };
    // Here the compiler complains of a type that is less visible than the actor.
    let at = at.resolved_at(Span::call_site());
    let ty = quote_spanned!(at=> type Args = #ty;);
    // Without `#[start]` there is an error already, and a body that never runs keeps further ones away.
    let body = block.start.as_ref().map_or_else(
        || quote!(::core::unreachable!()),
        |hook| {
            let call = call(&quote!(Self), &hook.name, hook.is_async, None, &hook.inputs);
            let at = hook.output.as_ref().map_or(here, |ty| ty.span().resolved_at(here));
            let started = quote_spanned!(at=> ::swarmtree::Started::<Self>::started(actor));
            quote_spanned! {here=>
                let #taken = args;
                let actor = #call;
                let actor = #started?;
                #(#timers)*
                ::core::result::Result::Ok(actor)
            }
        },
    );
    let start = quote_spanned! {here=>
        async fn start(
            args: Self::Args,
            cx: &mut ::swarmtree::Context<Self>,
        ) -> ::core::result::Result<Self, ::swarmtree::StartError> {
            #body
        }
    };
    (ty, start)
}

/// The order for a timer, once the actor is made.
fn timer(block: &Block, handler: &Handler) -> Option<TokenStream> {
    let Kind::Every { period } = &handler.kind else { return None };
    let (period, message) = (literal::duration_tokens(*period), message::shape(block, handler));
    Some(quote_spanned! {Span::mixed_site()=>
        ::swarmtree::Context::every(cx, #period, || #message)?;
    })
}

fn stop(hook: &Hook) -> TokenStream {
    let here = Span::mixed_site();
    let actor = quote_spanned!(here=> self);
    let call = call(&quote!(Self), &hook.name, hook.is_async, Some(&actor), &hook.inputs);
    quote_spanned! {here=>
        async fn stop(&mut self, exit: &::swarmtree::Exit, cx: &mut ::swarmtree::Context<Self>) {
            #call
        }
    }
}

/// `Actor::handle`: synchronous handlers to their end, the others handed back.
fn handle_fn(block: &Block) -> TokenStream {
    let here = Span::mixed_site();
    let arms = block.messages().filter(|handler| !handler.waits()).map(|handler| {
        let (pattern, body) = (message::shape(block, handler), dispatched(handler, &Ends::sync()));
        quote_spanned!(here=> #pattern => { #body })
    });
    let waiting = rest(block, Handler::waits)
        .map(|pattern| quote_spanned!(here=> message @ (#pattern) => ::swarmtree::Handled::Async(message),));
    quote_spanned! {here=>
        fn handle(
            &mut self,
            message: Self::Msg,
            cx: &mut ::swarmtree::Context<Self>,
        ) -> ::swarmtree::Handled<Self::Msg> {
            match message {
                #(#arms)*
                #waiting
            }
        }
    }
}

/// `Actor::handle_async`, where a handler is asynchronous.
fn handle_async(block: &Block) -> Option<TokenStream> {
    let here = Span::mixed_site();
    let waiting = |handler: &&Handler| handler.waits();
    block.messages().find(waiting)?;
    let arms = block.messages().filter(waiting).map(|handler| {
        let (pattern, body) = (message::shape(block, handler), dispatched(handler, &Ends::waiting()));
        quote_spanned!(here=> #pattern => { #body })
    });
    let done = rest(block, |handler| !handler.waits())
        .map(|pattern| quote_spanned!(here=> #pattern => ::core::result::Result::Ok(()),));
    Some(quote_spanned! {here=>
        async fn handle_async(
            &mut self,
            message: Self::Msg,
            cx: &mut ::swarmtree::Context<Self>,
        ) -> ::core::result::Result<(), ::swarmtree::Fail> {
            match message {
                #(#arms)*
                #done
            }
        }
    })
}

/// Some of the variants as one pattern, if there are any.
fn rest(block: &Block, which: impl Fn(&Handler) -> bool) -> Option<TokenStream> {
    let message = &block.message;
    let variants: Vec<_> = block.messages().filter(|handler| which(handler)).map(|handler| &handler.variant).collect();
    (!variants.is_empty()).then(|| quote!(#(#message::#variants { .. })|*))
}

/// How a dispatched call ends, in `handle` or in `handle_async`.
struct Ends {
    done: TokenStream,
    fail: TokenStream,
}

impl Ends {
    fn sync() -> Self {
        Self { done: quote!(::swarmtree::Handled::Done), fail: quote!(::swarmtree::Handled::Fail) }
    }

    fn waiting() -> Self {
        Self { done: quote!(::core::result::Result::Ok(())), fail: quote!(::core::result::Result::Err) }
    }
}

/// Calls the method, sends its answer, and says how it ended.
fn dispatched(handler: &Handler, ends: &Ends) -> TokenStream {
    let here = Span::mixed_site();
    let Ends { done, fail } = ends;
    let actor = quote_spanned!(here=> self);
    let call = call(&quote!(Self), &handler.name, handler.is_async, Some(&actor), &handler.inputs);
    if let Some(mail) = handler.inputs.iter().find_map(Input::field).filter(|_| handler.is_mail()) {
        return arrived(handler, &mail.name, &call);
    }
    let answers = matches!(handler.kind, Kind::Ask { is_deferred: false, .. });
    match &handler.outcome {
        Outcome::Fallible | Outcome::FallibleValue(_) => {
            let (value, answer) = if answers {
                (quote_spanned!(here=> answer), quote_spanned!(here=> let _ = reply.send(answer);))
            } else {
                (quote!(()), quote!())
            };
            quote_spanned! {here=>
                match #call {
                    ::core::result::Result::Ok(#value) => {
                        #answer
                        #done
                    }
                    ::core::result::Result::Err(fail) => #fail(fail),
                }
            }
        }
        // The error of `send` is an answer that nobody waits for any more.
        Outcome::Nothing | Outcome::Value(_) if answers => quote_spanned! {here=>
            let answer = #call;
            let _ = reply.send(answer);
            #done
        },
        Outcome::Nothing | Outcome::Value(_) => quote!(#call; #done),
    }
}

/// Passes mail on that is on its way, and calls the method with mail that has arrived.
fn arrived(handler: &Handler, mail: &syn::Ident, call: &TokenStream) -> TokenStream {
    let here = Span::mixed_site();
    let outcome = match &handler.outcome {
        Outcome::Fallible | Outcome::FallibleValue(_) => quote!(#call),
        Outcome::Nothing | Outcome::Value(_) => quote_spanned! {here=>
            {
                #call;
                ::core::result::Result::Ok(())
            }
        },
    };
    quote_spanned! {here=>
        match ::swarmtree::Mail::arrive(#mail).await {
            ::core::option::Option::Some(#mail) => #outcome,
            ::core::option::Option::None => ::core::result::Result::Ok(()),
        }
    }
}

/// A call of one of the user's methods.
pub(crate) fn call(
    ty: &TokenStream,
    name: &syn::Ident,
    is_async: bool,
    actor: Option<&TokenStream>,
    inputs: &[Input],
) -> TokenStream {
    let arguments = actor.cloned().into_iter().chain(inputs.iter().map(Input::passed));
    let wait = is_async.then(|| quote!(.await));
    quote!(#ty::#name(#(#arguments),*) #wait)
}
