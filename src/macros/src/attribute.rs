//! What a method's attribute says: `#[start]`, `#[tell(urgent)]`, `#[ask(timeout = "1s")]` and so on.

use std::time::Duration;

use proc_macro2::{Ident, Span};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Lit, Meta, Token};

use crate::literal;

/// The role of a method in its actor.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Start,
    Stop,
    Tell { urgent: bool },
    Ask { urgent: bool, timeout: Option<Duration> },
    Every { period: Duration },
    Inspect,
    Mail,
}

/// A role, and where it was given.
pub(crate) struct Given {
    pub(crate) role: Role,
    pub(crate) span: Span,
}

const ROLES: [&str; 7] = ["start", "stop", "tell", "ask", "every", "inspect", "mail"];

/// Takes the role's attribute away from a method, if it has one.
pub(crate) fn take(attributes: &mut Vec<Attribute>) -> syn::Result<Option<Given>> {
    let mut taken = Vec::new();
    attributes.retain(|attribute| {
        let ours = attribute.path().get_ident().is_some_and(|name| ROLES.contains(&name.to_string().as_str()));
        if ours {
            taken.push(attribute.clone());
        }
        !ours
    });
    let mut taken = taken.into_iter();
    let Some(first) = taken.next() else { return Ok(None) };
    if let Some(second) = taken.next() {
        let text = "a method has one role: keep one of its attributes, or split it into two methods";
        return Err(syn::Error::new_spanned(&second, text));
    }
    if let Some(condition) = attributes.iter().find(|one| one.path().is_ident("cfg") || one.path().is_ident("cfg_attr"))
    {
        let text = "a handler is there in every build, because messages are numbered: put the condition into its body";
        return Err(syn::Error::new_spanned(condition, text));
    }
    Ok(Some(Given { role: read(&first)?, span: first.span() }))
}

fn read(attribute: &Attribute) -> syn::Result<Role> {
    let name = attribute.path().get_ident().map(Ident::to_string).unwrap_or_default();
    match name.as_str() {
        "start" => bare(attribute, Role::Start, "`#[start]` takes nothing; what it needs are the method's parameters"),
        "stop" => bare(attribute, Role::Stop, "`#[stop]` takes nothing; its time limit belongs to the child's spec"),
        "inspect" => bare(attribute, Role::Inspect, "`#[inspect]` takes nothing; it goes ahead of all messages anyway"),
        "mail" => bare(attribute, Role::Mail, "`#[mail]` takes nothing; the edges of its swarm say how mail travels"),
        "every" => every(attribute),
        "tell" => {
            let asked = Arguments::read(attribute, &["urgent"])?;
            Ok(Role::Tell { urgent: asked.urgent })
        }
        _ => {
            let asked = Arguments::read(attribute, &["urgent", "timeout"])?;
            Ok(Role::Ask { urgent: asked.urgent, timeout: asked.timeout })
        }
    }
}

fn bare(attribute: &Attribute, role: Role, otherwise: &str) -> syn::Result<Role> {
    match &attribute.meta {
        Meta::Path(_) => Ok(role),
        Meta::List(_) | Meta::NameValue(_) => Err(syn::Error::new_spanned(attribute, otherwise)),
    }
}

fn every(attribute: &Attribute) -> syn::Result<Role> {
    let Meta::List(list) = &attribute.meta else {
        return Err(syn::Error::new_spanned(attribute, "`#[every]` needs its period: `#[every(\"30s\")]`"));
    };
    let period = list.parse_args::<Lit>().map_err(|_| {
        syn::Error::new_spanned(list, "`#[every]` takes its period and nothing else: `#[every(\"30s\")]`")
    })?;
    Ok(Role::Every { period: literal::duration_of(&period, "the period")? })
}

/// The arguments of `#[tell]` and `#[ask]`.
#[derive(Default)]
struct Arguments {
    urgent: bool,
    timeout: Option<Duration>,
}

/// `urgent`, or `timeout = "1s"`.
struct Argument {
    name: Ident,
    value: Option<Lit>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        let value = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        Ok(Self { name, value })
    }
}

impl Arguments {
    fn read(attribute: &Attribute, known: &[&str]) -> syn::Result<Self> {
        let mut arguments = Self::default();
        let list = match &attribute.meta {
            Meta::Path(_) => return Ok(arguments),
            Meta::List(list) => list.parse_args_with(Punctuated::<Argument, Token![,]>::parse_terminated)?,
            Meta::NameValue(pair) => return Err(syn::Error::new_spanned(pair, help(attribute, known))),
        };
        for argument in list {
            let unknown = || syn::Error::new_spanned(&argument.name, help(attribute, known));
            if !known.contains(&argument.name.to_string().as_str()) {
                return Err(unknown());
            }
            match (argument.name == "urgent", &argument.value) {
                (true, None) => arguments.urgent = true,
                (false, Some(value)) => arguments.timeout = Some(literal::duration_of(value, "`timeout`")?),
                (true, Some(_)) | (false, None) => return Err(unknown()),
            }
        }
        Ok(arguments)
    }
}

fn help(attribute: &Attribute, known: &[&str]) -> String {
    let name = attribute.path().get_ident().map(Ident::to_string).unwrap_or_default();
    let forms = if known.contains(&"timeout") { "`urgent` and `timeout = \"1s\"`" } else { "only `urgent`" };
    format!("`#[{name}]` takes {forms}; capacity and overflow belong to `#[actor(..)]`")
}
