//! A handler's signature: who it takes, what it is given, what comes of it.

#![expect(clippy::wildcard_enum_match_arm, reason = "the grammar grows; what is not named takes the general way")]

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, GenericArgument, Pat, PatType, PathArguments, PathSegment, Receiver, Signature, Type};

use crate::naming;
use crate::owned;

/// How a method takes its actor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Nothing,
    Shared,
    Mutable,
}

/// One parameter after `self`.
pub(crate) enum Input {
    Context,
    Exit,
    /// The reply port, of an ask that is answered later, with the type of its answer.
    Port(Type),
    Value(Field),
}

/// A parameter that travels in a message.
pub(crate) struct Field {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// What serde is to know of it.
    pub(crate) serde: Vec<Attribute>,
}

/// Which special parameters a role may take beside its values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    Context,
    ContextAndExit,
    ContextAndPort,
}

/// What a method returns, as far as the actor's life goes.
pub(crate) enum Outcome {
    Nothing,
    Value(Type),
    /// `Result<(), Fail>`: an error fails the actor.
    Fallible,
    /// `Result<T, Fail>`: the value, or an error that fails the actor.
    FallibleValue(Type),
}

/// Refuses what no handler can be, and reads how it takes its actor.
pub(crate) fn taken(signature: &Signature) -> syn::Result<Taken> {
    if let Some(parameter) = signature.generics.params.first() {
        let text = "a handler is not generic, because its message is one type: name the type, box it, or make the actor \
                    generic";
        return Err(syn::Error::new_spanned(parameter, text));
    }
    if let Some(unsafety) = &signature.unsafety {
        return Err(syn::Error::new_spanned(unsafety, "the runtime calls handlers: make it safe to call"));
    }
    match signature.receiver() {
        None => Ok(Taken::Nothing),
        Some(Receiver { reference: Some(_), mutability, colon_token: None, .. }) => {
            Ok(if mutability.is_some() { Taken::Mutable } else { Taken::Shared })
        }
        Some(other) => {
            let text = "the actor lives on after the message: take `&mut self` or `&self`";
            Err(syn::Error::new_spanned(other, text))
        }
    }
}

/// The parameters after `self`, in the order of the source.
pub(crate) fn inputs(signature: &Signature, special: Special) -> syn::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for (position, argument) in signature.inputs.iter().enumerate() {
        let FnArg::Typed(argument) = argument else { continue };
        let input = match special_input(&argument.ty, special)? {
            Some(input) => input,
            None => Input::Value(field(argument, position)?),
        };
        if inputs.iter().any(|other| same_special(other, &input)) {
            return Err(syn::Error::new_spanned(argument, "this parameter stands twice; keep one"));
        }
        inputs.push(input);
    }
    Ok(inputs)
}

/// What comes of a call.
pub(crate) fn outcome(signature: &Signature) -> Outcome {
    let Some(ty) = owned::reply(&signature.output) else { return Outcome::Nothing };
    match failing(ty) {
        Some(Type::Tuple(unit)) if unit.elems.is_empty() => Outcome::Fallible,
        Some(value) => Outcome::FallibleValue(value.clone()),
        None => Outcome::Value(ty.clone()),
    }
}

/// The last segment of a type's path.
pub(crate) fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// The types between the angle brackets of a segment.
pub(crate) fn type_arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

impl Input {
    /// What is passed to the method for it. Names of its own are hygienic; those of fields are the user's.
    pub(crate) fn passed(&self) -> TokenStream {
        let here = Span::mixed_site();
        match self {
            Self::Context => quote_spanned!(here=> cx),
            Self::Exit => quote_spanned!(here=> exit),
            Self::Port(_) => quote_spanned!(here=> ::swarmtree::Reply::detach(reply)),
            Self::Value(field) => {
                let name = &field.name;
                quote_spanned!(here=> #name)
            }
        }
    }

    /// The field it is in the message, if it is one.
    pub(crate) fn field(&self) -> Option<&Field> {
        match self {
            Self::Value(field) => Some(field),
            Self::Context | Self::Exit | Self::Port(_) => None,
        }
    }
}

fn special_input(ty: &Type, special: Special) -> syn::Result<Option<Input>> {
    if let Type::Reference(reference) = ty {
        let name = last_segment(&reference.elem).map(|segment| segment.ident.to_string());
        match (name.as_deref(), reference.mutability.is_some(), special) {
            (Some("Context"), true, _) => return Ok(Some(Input::Context)),
            (Some("Context"), false, _) => {
                return Err(syn::Error::new_spanned(ty, "the context is taken as `cx: &mut Context<Self>`"));
            }
            (Some("Exit"), false, Special::ContextAndExit) => return Ok(Some(Input::Exit)),
            _ => return Ok(None),
        }
    }
    let own = |segment: &PathSegment| matches!(type_arguments(segment).as_slice(), [Type::Path(ty)] if ty.path.is_ident("Self"));
    if last_segment(ty).is_some_and(|segment| segment.ident == "Context" && own(segment)) {
        return Err(syn::Error::new_spanned(ty, "the context is taken as `cx: &mut Context<Self>`"));
    }
    if special != Special::ContextAndPort {
        return Ok(None);
    }
    let Some(segment) = last_segment(ty).filter(|segment| segment.ident == "Reply") else { return Ok(None) };
    match type_arguments(segment).as_slice() {
        [value] => {
            owned::check(value)?;
            Ok(Some(Input::Port((*value).clone())))
        }
        _ => Ok(None),
    }
}

/// Takes the attributes for serde away from a method's parameters: they belong to the fields of its message.
pub(crate) fn strip(signature: &mut Signature) {
    for argument in &mut signature.inputs {
        if let FnArg::Typed(argument) = argument {
            argument.attrs.retain(|one| !is_serde(one));
        }
    }
}

fn is_serde(attribute: &Attribute) -> bool {
    cfg!(feature = "capsule") && attribute.path().is_ident("serde")
}

fn same_special(one: &Input, other: &Input) -> bool {
    matches!(
        (one, other),
        (Input::Context, Input::Context) | (Input::Exit, Input::Exit) | (Input::Port(_), Input::Port(_))
    )
}

/// A parameter as a field: `mut` and leading underscores are the method's own business, `_` gets a name.
fn field(PatType { attrs, pat: pattern, ty, .. }: &PatType, position: usize) -> syn::Result<Field> {
    owned::check(ty)?;
    let unnamed = || naming::generated(&format!("argument_{position}"), pattern.span());
    let name = match &**pattern {
        Pat::Wild(_) => unnamed(),
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            let written = pattern.ident.unraw().to_string();
            match written.trim_start_matches('_') {
                "" => unnamed(),
                short if short.len() == written.len() => pattern.ident.clone(),
                short => syn::parse_str::<Ident>(short)
                    .map(|name| naming::generated(&name.to_string(), pattern.ident.span()))
                    .unwrap_or_else(|_| pattern.ident.clone()),
            }
        }
        other => {
            let text = "a parameter becomes a field of the message: give it one name, and take it apart in the body";
            return Err(syn::Error::new_spanned(other, text));
        }
    };
    Ok(Field { name, ty: (**ty).clone(), serde: attrs.iter().filter(|one| is_serde(one)).cloned().collect() })
}

/// Whether it could be an alias of a `Result`, by its name or by its missing error.
pub(crate) fn may_be_alias(ty: &Type) -> bool {
    let named = |segment: &PathSegment| segment.ident.to_string().starts_with(char::is_uppercase);
    let bare = |segment: &PathSegment| segment.arguments.is_none() && named(segment) && segment.ident != "String";
    is_alias_of_result(ty) || last_segment(ty).is_some_and(bare)
}

/// Whether it is called `Result`, and names no error of its own.
pub(crate) fn is_alias_of_result(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Result" && type_arguments(segment).len() < 2)
}

/// The `T` of `Result<T, Fail>`, seen by name: aliases are not looked through.
fn failing(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == "Result")?;
    match type_arguments(segment).as_slice() {
        [value, error] if last_segment(error).is_some_and(|segment| segment.ident == "Fail") => Some(value),
        _ => None,
    }
}
