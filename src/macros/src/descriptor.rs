//! The static description of an actor, for introspection.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use crate::block::Block;
use crate::handler::{Handler, Kind};
use crate::literal;
use crate::naming;

/// The value of `Actor::DESCRIPTOR`.
pub(crate) fn expand(block: &Block) -> TokenStream {
    let actor = naming::plain(&block.actor);
    let handlers = block.handlers.iter().map(|handler| one(block, handler));
    let asks = block.asks.iter().map(naming::plain);
    quote! {
        ::swarmtree::Descriptor { actor: #actor, handlers: &[#(#handlers),*], asks: &[#(#asks),*] }
    }
}

/// The lane as an expression.
pub(crate) fn lane(urgent: bool) -> TokenStream {
    if urgent { quote!(::swarmtree::Lane::Urgent) } else { quote!(::swarmtree::Lane::Normal) }
}

/// An optional duration as an expression.
pub(crate) fn optional(duration: Option<Duration>) -> TokenStream {
    if let Some(duration) = duration {
        let duration = literal::duration_tokens(duration);
        quote!(::core::option::Option::Some(#duration))
    } else {
        quote!(::core::option::Option::None)
    }
}

fn one(block: &Block, handler: &Handler) -> TokenStream {
    let (kind, urgent, time) = match &handler.kind {
        Kind::Tell { urgent } => (quote!(Tell), *urgent, None),
        Kind::Ask { urgent, timeout, .. } => (quote!(Ask), *urgent, *timeout),
        Kind::Every { period } => (quote!(Every), false, Some(*period)),
        Kind::Inspect { .. } => (quote!(Inspect), false, None),
        Kind::Mail { .. } => (quote!(Mail), false, None),
    };
    let (name, is_async, lane, time) = (naming::plain(&handler.name), handler.waits(), lane(urgent), optional(time));
    let reply = if let Some(ty) = handler.reply() {
        let written = written(block.outside(ty));
        quote!(::core::option::Option::Some(#written))
    } else {
        quote!(::core::option::Option::None)
    };
    quote! {
        ::swarmtree::HandlerDescriptor {
            name: #name,
            kind: ::swarmtree::HandlerKind::#kind,
            lane: #lane,
            is_async: #is_async,
            reply: #reply,
            time: #time,
        }
    }
}

/// Spaces that nobody writes.
const TIGHT: [(&str, &str); 11] = [
    (" <", "<"),
    ("< ", "<"),
    (" >", ">"),
    (" ::", "::"),
    (":: ", "::"),
    (" ,", ","),
    (" ;", ";"),
    ("& ", "&"),
    ("Fn (", "Fn("),
    ("FnMut (", "FnMut("),
    ("FnOnce (", "FnOnce("),
];

/// A type as people write it. Tokens know no spaces, so those that `to_string` puts everywhere are taken out again.
fn written(ty: TokenStream) -> String {
    let mut text = ty.to_string().replace('\n', " ");
    for (spaced, tight) in TIGHT {
        text = text.replace(spaced, tight);
    }
    text.replace("->", " -> ").replace("  ", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_shown_as_people_write_them() {
        let check = |ty: &str| assert_eq!(written(ty.parse().unwrap()), ty);
        check("Result<Vec<u8>, std::io::Error>");
        check("(u32, &'static str)");
        check("[u8; 4]");
        check("Box<dyn Fn(u32) -> u32 + Send>");
        check("Option<()>");
    }
}
