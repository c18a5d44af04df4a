//! One method with a role, read and checked.

use std::time::Duration;

use proc_macro2::{Ident, Span};
use syn::{Attribute, ImplItemFn, Signature, Type};

use crate::attribute::{Given, Role};
use crate::naming;
use crate::owned;
use crate::signature::{self, Input, Outcome, Special, Taken};

/// What a method with a role turned out to be.
pub(crate) enum Member {
    Start(Hook),
    Stop(Hook),
    Handler(Box<Handler>),
}

/// A method that begins or ends an incarnation.
pub(crate) struct Hook {
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    pub(crate) inputs: Vec<Input>,
    /// What it returns; nothing for a stop.
    pub(crate) output: Option<Type>,
}

/// A method that others have called.
pub(crate) struct Handler {
    pub(crate) name: Ident,
    /// Its message; an inspection has none, and leaves the name unused.
    pub(crate) variant: Ident,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) is_async: bool,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outcome: Outcome,
    pub(crate) kind: Kind,
}

/// How a handler is reached.
pub(crate) enum Kind {
    Tell {
        urgent: bool,
    },
    Ask {
        urgent: bool,
        timeout: Option<Duration>,
        reply: Type,
        is_deferred: bool,
    },
    Every {
        period: Duration,
    },
    Inspect {
        view: Type,
    },
    /// Of a swarm, with the type of its messages.
    Mail {
        letter: Type,
    },
}

impl Handler {
    /// Whether it is reached by a message.
    pub(crate) fn has_message(&self) -> bool {
        !matches!(self.kind, Kind::Inspect { .. })
    }

    /// Whether it takes `Actor::handle_async`: mail may have to be passed on, and wait for room.
    pub(crate) fn waits(&self) -> bool {
        self.is_async || self.is_mail()
    }

    pub(crate) fn is_mail(&self) -> bool {
        matches!(self.kind, Kind::Mail { .. })
    }

    /// Whether its message carries a reply port.
    pub(crate) fn is_ask(&self) -> bool {
        matches!(self.kind, Kind::Ask { .. })
    }

    /// The type it replies with.
    pub(crate) fn reply(&self) -> Option<&Type> {
        match &self.kind {
            Kind::Ask { reply, .. } => Some(reply),
            Kind::Inspect { view } => Some(view),
            Kind::Tell { .. } | Kind::Every { .. } | Kind::Mail { .. } => None,
        }
    }
}

/// Reads a method in its role.
pub(crate) fn read(method: &ImplItemFn, given: &Given) -> syn::Result<Member> {
    let signature = &method.sig;
    let taken = signature::taken(signature)?;
    match given.role {
        Role::Start => start(signature, taken).map(Member::Start),
        Role::Stop => stop(signature, taken).map(Member::Stop),
        Role::Tell { urgent } => {
            takes_self(signature, taken)?;
            let inputs = signature::inputs(signature, Special::Context)?;
            let outcome = without_answer(signature, "a tell has no answer")?;
            handler(method, inputs, outcome, Kind::Tell { urgent })
        }
        Role::Ask { urgent, timeout } => ask(method, taken, given.span, (urgent, timeout)),
        Role::Every { period } => {
            takes_self(signature, taken)?;
            let inputs = signature::inputs(signature, Special::Context)?;
            if inputs.iter().any(|input| input.field().is_some()) {
                let text = "a timer has nothing to pass: take `&mut self` and `cx` only, and keep what it needs in the \
                            actor";
                return Err(syn::Error::new_spanned(&signature.inputs, text));
            }
            let outcome = without_answer(signature, "nobody waits for a timer's answer")?;
            handler(method, inputs, outcome, Kind::Every { period })
        }
        Role::Inspect => inspect(method, taken),
        Role::Mail => mail(method, taken),
    }
}

fn start(signature: &Signature, taken: Taken) -> syn::Result<Hook> {
    if taken != Taken::Nothing {
        return Err(syn::Error::new_spanned(
            &signature.inputs,
            "`#[start]` makes the actor, so there is no `self` yet: take arguments, and return `Self` or \
             `Result<Self, StartError>`",
        ));
    }
    let Some(output) = owned::reply(&signature.output) else {
        let text = "`#[start]` makes the actor: return `Self` or `Result<Self, StartError>`";
        return Err(syn::Error::new_spanned(&signature.ident, text));
    };
    Ok(Hook {
        name: signature.ident.clone(),
        is_async: signature.asyncness.is_some(),
        inputs: signature::inputs(signature, Special::Context)?,
        output: Some(output.clone()),
    })
}

fn stop(signature: &Signature, taken: Taken) -> syn::Result<Hook> {
    takes_self(signature, taken)?;
    let inputs = signature::inputs(signature, Special::ContextAndExit)?;
    if inputs.iter().any(|input| input.field().is_some()) {
        let text = "`#[stop]` is given `exit: &Exit` and `cx: &mut Context<Self>`, and nothing else";
        return Err(syn::Error::new_spanned(&signature.inputs, text));
    }
    if let Some(output) = owned::reply(&signature.output) {
        let text = "`#[stop]` returns nothing: the actor ends whatever comes of it; log what failed";
        return Err(syn::Error::new_spanned(output, text));
    }
    let (name, is_async) = (signature.ident.clone(), signature.asyncness.is_some());
    Ok(Hook { name, is_async, inputs, output: None })
}

fn ask(
    method: &ImplItemFn,
    taken: Taken,
    attribute: Span,
    (urgent, timeout): (bool, Option<Duration>),
) -> syn::Result<Member> {
    let signature = &method.sig;
    takes_self(signature, taken)?;
    let inputs = signature::inputs(signature, Special::ContextAndPort)?;
    if let Some(field) = inputs.iter().filter_map(Input::field).find(|field| field.name == "reply") {
        let text = "`reply` is the name of the reply port in the message: give the parameter another name, or take the \
                    port itself as `reply: Reply<T>`";
        return Err(syn::Error::new_spanned(&field.name, text));
    }
    let port = inputs.iter().find_map(|input| match input {
        Input::Port(ty) => Some(ty.clone()),
        Input::Context | Input::Exit | Input::Value(_) => None,
    });
    let is_deferred = port.is_some();
    let (outcome, reply) = if let Some(reply) = port {
        (without_answer(signature, "this ask answers through its `Reply`")?, reply)
    } else {
        let outcome = signature::outcome(signature);
        let reply = match &outcome {
            Outcome::Value(ty) | Outcome::FallibleValue(ty) => ty.clone(),
            Outcome::Fallible => syn::parse_quote!(()),
            Outcome::Nothing => syn::parse_quote_spanned!(attribute=> ()),
        };
        (outcome, reply)
    };
    owned::check(&reply)?;
    handler(method, inputs, outcome, Kind::Ask { urgent, timeout, reply, is_deferred })
}

fn inspect(method: &ImplItemFn, taken: Taken) -> syn::Result<Member> {
    let signature = &method.sig;
    if taken != Taken::Shared {
        let text = "an inspection only looks: take `&self`; to change the actor use `#[ask]`";
        return Err(syn::Error::new_spanned(&signature.ident, text));
    }
    if let Some(asyncness) = &signature.asyncness {
        let text = "an inspection does not wait, it goes ahead of all messages: drop `async`, or use `#[ask]`";
        return Err(syn::Error::new_spanned(asyncness, text));
    }
    if signature.inputs.len() > 1 {
        let text = "an inspection takes `&self` alone: return the whole view, or use `#[ask]` to pass arguments";
        return Err(syn::Error::new_spanned(&signature.inputs, text));
    }
    let Some(view) = owned::reply(&signature.output).cloned() else {
        let text = "an inspection returns what it sees: add `-> View`";
        return Err(syn::Error::new_spanned(&signature.ident, text));
    };
    owned::check(&view)?;
    handler(method, Vec::new(), Outcome::Value(view.clone()), Kind::Inspect { view })
}

fn mail(method: &ImplItemFn, taken: Taken) -> syn::Result<Member> {
    let signature = &method.sig;
    takes_self(signature, taken)?;
    let inputs = signature::inputs(signature, Special::Context)?;
    let values: Vec<&Type> = inputs.iter().filter_map(Input::field).map(|field| &field.ty).collect();
    let letter = match values.as_slice() {
        [ty] => signature::last_segment(ty)
            .filter(|segment| segment.ident == "Delivery")
            .and_then(|segment| signature::type_arguments(segment).first().map(|letter| (*letter).clone())),
        _ => None,
    };
    let Some(letter) = letter else {
        let text = "mail comes as one parameter, with the type of the swarm's messages: `mail: Delivery<Word>`; an alias of \
                    it is not looked through";
        return Err(syn::Error::new_spanned(&signature.inputs, text));
    };
    let outcome = without_answer(signature, "mail has no answer of its own, a `Reply` inside it may have one")?;
    handler(method, inputs, outcome, Kind::Mail { letter })
}

fn handler(method: &ImplItemFn, inputs: Vec<Input>, outcome: Outcome, kind: Kind) -> syn::Result<Member> {
    let name = method.sig.ident.clone();
    let camel = naming::camel(&naming::plain(&name));
    if syn::parse_str::<Ident>(&camel).is_err() {
        let text = format!("`{camel}` cannot be the name of its message: rename the method");
        return Err(syn::Error::new_spanned(&name, text));
    }
    Ok(Member::Handler(Box::new(Handler {
        variant: naming::generated(&camel, name.span()),
        docs: method.attrs.iter().filter(|one| one.path().is_ident("doc")).cloned().collect(),
        is_async: method.sig.asyncness.is_some(),
        name,
        inputs,
        outcome,
        kind,
    })))
}

fn takes_self(signature: &Signature, taken: Taken) -> syn::Result<()> {
    if taken == Taken::Nothing {
        let text = "a handler works on its actor: take `&mut self` or `&self` first";
        return Err(syn::Error::new_spanned(&signature.ident, text));
    }
    Ok(())
}

/// The outcome of a method that returns nothing, or fails its actor.
fn without_answer(signature: &Signature, why: &str) -> syn::Result<Outcome> {
    match signature::outcome(signature) {
        outcome @ (Outcome::Nothing | Outcome::Fallible) => Ok(outcome),
        Outcome::Value(ty) | Outcome::FallibleValue(ty) => {
            let mend = if why.starts_with("a tell") { "make it an `#[ask]`, or return" } else { "return" };
            let alias = if signature::may_be_alias(&ty) { "; an alias of it is not looked through" } else { "" };
            let text = format!("{why}: {mend} nothing or `Result<(), Fail>`, whose error fails the actor{alias}");
            Err(syn::Error::new_spanned(&ty, text))
        }
    }
}
