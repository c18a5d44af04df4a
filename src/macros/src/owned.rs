//! Messages are owned: what may stand in the type of an argument or of a reply.

#![expect(clippy::wildcard_enum_match_arm, reason = "the grammar grows; what is not named takes the general way")]

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Lifetime, PathArguments, ReturnType, Type, TypeParamBound, TypeTraitObject};

/// Refuses borrowed types, hidden ones, those left out, and those that are known by name to stay in their thread; `'static` is
/// as good as owned.
pub(crate) fn check(ty: &Type) -> syn::Result<()> {
    match ty {
        Type::Reference(reference) => {
            if reference.mutability.is_some() || !reference.lifetime.as_ref().is_some_and(is_static) {
                return Err(borrowed(ty));
            }
            check(&reference.elem)
        }
        Type::ImplTrait(hidden) => Err(syn::Error::new_spanned(
            hidden,
            "messages are plain data: name the type instead of `impl Trait`, or make the actor generic over it",
        )),
        Type::Array(array) => check(&array.elem),
        Type::Group(group) => check(&group.elem),
        Type::Paren(paren) => check(&paren.elem),
        Type::Slice(slice) => check(&slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter().try_for_each(check),
        Type::TraitObject(object) => check_object(object),
        Type::Path(path) => {
            if let Some(last) = path.path.segments.last().filter(|last| last.ident == "Rc") {
                return Err(syn::Error::new_spanned(
                    last,
                    "a message goes from thread to thread: take an `Arc` instead of an `Rc`",
                ));
            }
            path.path.segments.iter().try_for_each(|segment| check_arguments(&segment.arguments))
        }
        Type::Ptr(pointer) => Err(syn::Error::new_spanned(
            pointer,
            "a message owns what it carries: take a `Box<T>` or an `Arc<T>` instead of a pointer",
        )),
        Type::Infer(infer) => Err(syn::Error::new_spanned(infer, "name the type: it becomes part of a message")),
        // Of the rest none can borrow: function pointers may name lifetimes, but they are their own.
        _ => Ok(()),
    }
}

/// The type behind `->`; none for `()`.
pub(crate) fn reply(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => match &**ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => None,
            _ => Some(ty),
        },
    }
}

/// Writes the actor's type in place of `Self`, which means something else inside the generated items.
pub(crate) fn without_self(tokens: TokenStream, actor: &Type) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => quote::quote!(#actor),
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), without_self(group.stream(), actor));
                inside.set_span(group.span());
                TokenTree::Group(inside).into()
            }
            other => other.into(),
        })
        .collect()
}

fn check_arguments(arguments: &PathArguments) -> syn::Result<()> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return Ok(()) };
    arguments.args.iter().try_for_each(|argument| match argument {
        GenericArgument::Type(ty) => check(ty),
        GenericArgument::Lifetime(lifetime) if !is_static(lifetime) => Err(borrowed(lifetime)),
        GenericArgument::AssocType(assoc) => check(&assoc.ty),
        _ => Ok(()),
    })
}

/// A trait of the standard library that does not include `Send` must be given it; of others only the compiler knows.
fn check_object(object: &TypeTraitObject) -> syn::Result<()> {
    const NOT_SEND: [&str; 6] = ["Any", "Error", "Fn", "FnMut", "FnOnce", "Future"];
    let names = object.bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    });
    let names: Vec<String> = names.collect();
    if !names.iter().any(|name| name == "Send")
        && let Some(name) = names.iter().find(|name| NOT_SEND.contains(&name.as_str()))
    {
        let more = if name == "Error" { "Send + Sync" } else { "Send" };
        let text = format!("a message goes from thread to thread: add `+ {more}` to the `dyn {name}`");
        return Err(syn::Error::new_spanned(object, text));
    }
    object.bounds.iter().try_for_each(check_bound)
}

fn check_bound(bound: &TypeParamBound) -> syn::Result<()> {
    match bound {
        TypeParamBound::Lifetime(lifetime) if !is_static(lifetime) => Err(borrowed(lifetime)),
        TypeParamBound::Trait(bound) => {
            bound.path.segments.iter().try_for_each(|segment| check_arguments(&segment.arguments))
        }
        _ => Ok(()),
    }
}

fn is_static(lifetime: &Lifetime) -> bool {
    lifetime.ident == "static"
}

fn borrowed(at: &impl ToTokens) -> syn::Error {
    syn::Error::new_spanned(
        at,
        "messages are owned: they outlive their sender; take `String` instead of `&str`, `Vec<T>` or `Arc<[T]>` \
         instead of `&[T]`, an `Arc<T>` or a clone instead of `&T`",
    )
}
