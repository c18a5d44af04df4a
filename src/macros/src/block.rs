//! The impl block under `#[handlers]`, read as a whole.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Generics, ImplItem, ItemImpl, Path, Token, Type};

use crate::attribute;
use crate::errors::Errors;
use crate::handler::{self, Handler, Hook, Kind, Member};
use crate::naming;
use crate::owned;
use crate::signature;

/// Everything the generated items are made of.
pub(crate) struct Block {
    /// The last segment of the actor's type.
    pub(crate) actor: Ident,
    /// The actor's type as written.
    pub(crate) ty: Type,
    pub(crate) generics: Generics,
    pub(crate) message: Ident,
    pub(crate) handle: Ident,
    /// What weighs a message, if the block says so.
    pub(crate) bytes: Option<Path>,
    /// The types of actors that its handlers ask.
    pub(crate) asks: Vec<Ident>,
    /// None only beside an error.
    pub(crate) start: Option<Hook>,
    /// The error, if no method is meant to be the start.
    pub(crate) start_missing: Option<syn::Error>,
    pub(crate) stop: Option<Hook>,
    pub(crate) handlers: Vec<Handler>,
}

/// The arguments of `#[handlers]`: `bytes = weigh` and `asks(Hub, Desk)`, each at most once.
#[derive(Default)]
pub(crate) struct Arguments {
    bytes: Option<Path>,
    asks: Option<Vec<Ident>>,
}

/// Methods of the generated handle, which a handler of that name would hide.
const TAKEN: [&str; 12] = [
    "clone",
    "drain",
    "is_stopped",
    "kill",
    "path",
    "restart",
    "resume",
    "stop",
    "stopped",
    "suspend",
    "urgent",
    "within",
];

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let read = if name == "bytes" && arguments.bytes.is_none() {
                weigh(input).map(|path| arguments.bytes = Some(path))
            } else if name == "asks" && arguments.asks.is_none() {
                asked(input).map(|types| arguments.asks = Some(types))
            } else {
                Err(input.error("once"))
            };
            if read.is_err() {
                let text = "`#[handlers]` takes `bytes = path::to::weigh` and `asks(Hub, Desk)`, each once; limits and policies \
                            belong to `#[actor(..)]`";
                return Err(syn::Error::new_spanned(&name, text));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

/// The function that weighs.
fn weigh(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// The names of the actors that are asked.
fn asked(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    let types;
    syn::parenthesized!(types in input);
    let types = Punctuated::<Path, Token![,]>::parse_terminated(&types)?;
    Ok(types.into_iter().filter_map(|path| path.segments.last().map(|segment| segment.ident.clone())).collect())
}

impl Block {
    /// Reads the block, and takes the attributes of its methods away. None if it cannot be one of an actor.
    pub(crate) fn read(item: &mut ItemImpl, arguments: Arguments, errors: &mut Errors) -> Option<Self> {
        let actor = errors.take(actor(item))?;
        errors.take(owns_its_state(item))?;
        let mut block = Self {
            message: naming::generated(&format!("{actor}Msg"), actor.span()),
            handle: naming::generated(&format!("{actor}Handle"), actor.span()),
            actor,
            ty: (*item.self_ty).clone(),
            generics: item.generics.clone(),
            bytes: arguments.bytes,
            asks: arguments.asks.unwrap_or_default(),
            start: None,
            start_missing: None,
            stop: None,
            handlers: Vec::new(),
        };
        let mut start_seen = false;
        for member in &mut item.items {
            let ImplItem::Fn(method) = member else { continue };
            start_seen |= method.attrs.iter().any(|one| one.path().is_ident("start"));
            let Some(Some(given)) = errors.take(attribute::take(&mut method.attrs)) else { continue };
            let member = errors.take(handler::read(method, &given));
            signature::strip(&mut method.sig);
            if let Some(member) = member {
                errors.take(block.add(member, &method.sig.ident));
            }
        }
        if !start_seen {
            block.start_missing = Some(start_missing(&block.actor));
        }
        Some(block)
    }

    /// The generics as declared, without their where clause, for the items that stand beside the actor.
    pub(crate) fn declared(&self) -> TokenStream {
        let generics = &self.generics;
        owned::without_self(quote!(#generics), &self.ty)
    }

    /// The where clause, for the items that stand beside the actor.
    pub(crate) fn bounds(&self) -> TokenStream {
        let bounds = &self.generics.where_clause;
        owned::without_self(quote!(#bounds), &self.ty)
    }

    /// The message's type.
    pub(crate) fn message_type(&self) -> TokenStream {
        let (message, (_, arguments, _)) = (&self.message, self.generics.split_for_impl());
        quote!(#message #arguments)
    }

    /// The handle's type.
    pub(crate) fn handle_type(&self) -> TokenStream {
        let (handle, (_, arguments, _)) = (&self.handle, self.generics.split_for_impl());
        quote!(#handle #arguments)
    }

    /// A type that was written inside the block, for items beside it.
    pub(crate) fn outside(&self, ty: &Type) -> TokenStream {
        owned::without_self(quote!(#ty), &self.ty)
    }

    /// The handlers that are reached by messages, in the order of the source.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Handler> {
        self.handlers.iter().filter(|handler| handler.has_message())
    }

    fn add(&mut self, member: Member, name: &Ident) -> syn::Result<()> {
        let twice = |role| {
            syn::Error::new_spanned(
                name,
                format!("the block has a `#[{role}]` already: keep one, and call this from there"),
            )
        };
        match member {
            Member::Start(_) if self.start.is_some() => return Err(twice("start")),
            Member::Stop(_) if self.stop.is_some() => return Err(twice("stop")),
            Member::Start(hook) => self.start = Some(hook),
            Member::Stop(hook) => self.stop = Some(hook),
            Member::Handler(handler) => {
                self.has_room_for(&handler)?;
                self.handlers.push(*handler);
            }
        }
        Ok(())
    }

    /// Refuses names that would hide or double another one.
    fn has_room_for(&self, handler: &Handler) -> syn::Result<()> {
        let name = naming::plain(&handler.name);
        let wrong = |text: String| Err(syn::Error::new_spanned(&handler.name, text));
        if !matches!(handler.kind, Kind::Every { .. } | Kind::Mail { .. }) && TAKEN.contains(&name.as_str()) {
            return wrong(format!(
                "every handle has a method `{name}` already, and this would hide it: rename the handler, for example \
                 `{name}_{}`",
                self.actor.to_string().to_lowercase()
            ));
        }
        for other in &self.handlers {
            if let (Kind::Mail { letter: mine }, Kind::Mail { letter }) = (&handler.kind, &other.kind)
                && quote!(#mine).to_string() == quote!(#letter).to_string()
            {
                return wrong(format!(
                    "`{}` takes this mail already: keep one of the two, or tell the messages apart inside of it",
                    other.name
                ));
            }
            let theirs = naming::plain(&other.name);
            if handler.has_message() && other.has_message() && handler.variant == other.variant {
                let message = &handler.variant;
                return wrong(format!("`{theirs}` and `{name}` would both be the message `{message}`: rename one"));
            }
            if tries(other, &theirs, &name) || tries(handler, &name, &theirs) {
                return wrong(format!(
                    "a tell has a `try_` method on its handle, so `{theirs}` and `{name}` get in each other's way: \
                     rename one"
                ));
            }
        }
        Ok(())
    }
}

fn start_missing(actor: &Ident) -> syn::Error {
    let text = format!(
        "nothing here makes the `{actor}`: mark the function that does with `#[start]`, as in `#[start] fn new() -> Self`"
    );
    syn::Error::new_spanned(actor, text)
}

/// Whether a tell's own `try_` method has the other one's name.
fn tries(handler: &Handler, name: &str, other: &str) -> bool {
    matches!(handler.kind, Kind::Tell { .. }) && other.strip_prefix("try_") == Some(name)
}

fn actor(item: &ItemImpl) -> syn::Result<Ident> {
    if let Some((_, path, _)) = &item.trait_ {
        let text = "`#[handlers]` belongs on the actor's own `impl` block, not on that of a trait: move the handlers there, \
                    and call the trait's methods from them";
        return Err(syn::Error::new_spanned(path, text));
    }
    match signature::last_segment(&item.self_ty) {
        Some(segment) => Ok(segment.ident.clone()),
        None => {
            let text = "an actor is a struct or an enum of this module: write `impl Name { .. }`";
            Err(syn::Error::new_spanned(&item.self_ty, text))
        }
    }
}

fn owns_its_state(item: &ItemImpl) -> syn::Result<()> {
    let text = "an actor owns its state and outlives who started it: it has no lifetimes; hold a `String`, an `Arc<T>` or \
                a clone instead of a reference";
    if let Some(lifetime) = item.generics.lifetimes().next() {
        return Err(syn::Error::new_spanned(lifetime, text));
    }
    owned::check(&item.self_ty).map_err(|_| syn::Error::new_spanned(&item.self_ty, text))
}
