//! `#[actor(...)]`: the limits and policies of an actor's type.

#![expect(clippy::wildcard_enum_match_arm, reason = "the grammar grows; what is not named takes the general way")]

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, Token};

use crate::errors::Errors;
use crate::literal;

/// Every option, in the order of the documentation.
const NAMES: [&str; 9] =
    ["mailbox", "mailbox_bytes", "overflow", "restart", "retry", "in_place", "turn", "ask_timeout", "capsule"];

/// The largest mailbox, as `swarmtree::CAPACITY_LIMIT` has it.
const CAPACITY_LIMIT: u64 = 1 << 24;

/// The most messages between two views.
const CAPSULE_LIMIT: u64 = 1 << 16;

/// The options as given, each as a field of `swarmtree::Options`.
#[derive(Default)]
pub(crate) struct Options {
    fields: Vec<TokenStream>,
    /// Whether messages are delivered again, and so are kept while they are handled.
    pub(crate) retries: bool,
    /// Of how many messages its crashes leave capsules; none leave any.
    pub(crate) capsule: Option<Literal>,
}

/// One `name = value`.
struct Given {
    name: Ident,
    value: Expr,
}

impl Parse for Given {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        if !NAMES.contains(&name.to_string().as_str()) {
            return Err(syn::Error::new_spanned(
                &name,
                format!("there is no option `{name}`; the options of an actor are {}", listed(&NAMES)),
            ));
        }
        if !input.peek(Token![=]) {
            return Err(syn::Error::new_spanned(&name, format!("`{name}` takes a value: `{name} = ..`")));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let given = Punctuated::<Given, Token![,]>::parse_terminated(input)?;
        let (mut errors, mut seen) = (Errors::default(), Vec::new());
        let mut options = Self::default();
        for option in &given {
            let name = option.name.to_string();
            if seen.contains(&name) {
                errors.push(syn::Error::new_spanned(&option.name, format!("`{name}` is given twice; keep one")));
                continue;
            }
            if name == "capsule" {
                options.capsule = errors.take(option.capsule()).flatten();
            } else if let Some(value) = errors.take(option.read(&name)) {
                let field = &option.name;
                options.retries |= name == "retry" && value.to_string() != "0";
                options.fields.push(quote!(#field: #value));
            }
            seen.push(name);
        }
        errors.check()?;
        Ok(options)
    }
}

impl Options {
    /// The value of `Actor::OPTIONS`.
    pub(crate) fn tokens(&self) -> TokenStream {
        let fields = &self.fields;
        if fields.is_empty() {
            return quote!(::swarmtree::Options::DEFAULT);
        }
        // The capsule is none of its fields.
        let rest = (fields.len() + 1 < NAMES.len()).then(|| quote!(..::swarmtree::Options::DEFAULT));
        quote!(::swarmtree::Options { #(#fields,)* #rest })
    }
}

impl Given {
    fn read(&self, name: &str) -> syn::Result<TokenStream> {
        match name {
            "mailbox" => self.number(name, 1, CAPACITY_LIMIT),
            "mailbox_bytes" => self.bytes(),
            "overflow" => self.word(&[
                ("wait", quote!(::swarmtree::Overflow::Wait)),
                ("reject", quote!(::swarmtree::Overflow::Reject)),
                ("drop_newest", quote!(::swarmtree::Overflow::DropNewest)),
                ("drop_oldest", quote!(::swarmtree::Overflow::DropOldest)),
            ]),
            "restart" => self.word(&[
                ("permanent", quote!(::swarmtree::Restart::Permanent)),
                ("transient", quote!(::swarmtree::Restart::Transient)),
                ("temporary", quote!(::swarmtree::Restart::Temporary)),
            ]),
            "retry" => self.number(name, 0, u64::from(u32::MAX)),
            "in_place" => self.flag(),
            "turn" => self.number(name, 1, u64::from(u32::MAX)),
            _ => self.duration(),
        }
    }

    /// How many messages; zero is none.
    fn capsule(&self) -> syn::Result<Option<Literal>> {
        if !cfg!(feature = "capsule") {
            let text = "crash capsules are a feature of swarmtree: enable it with `swarmtree = { .., features = [\"capsule\"] }`";
            return Err(syn::Error::new_spanned(&self.name, text));
        }
        let wrong =
            || self.wrong(format!("`capsule` is how many messages it holds, a whole number up to {CAPSULE_LIMIT}"));
        let Some(Lit::Int(number)) = self.literal() else { return Err(wrong()) };
        let messages =
            number.base10_parse::<u64>().ok().filter(|messages| *messages <= CAPSULE_LIMIT).ok_or_else(wrong)?;
        Ok((messages > 0).then(|| Literal::u64_unsuffixed(messages)))
    }

    fn number(&self, name: &str, least: u64, most: u64) -> syn::Result<TokenStream> {
        let Some(Lit::Int(number)) = self.literal() else {
            return Err(self.wrong(format!("`{name}` is a whole number between {least} and {most}")));
        };
        let number = Literal::u64_unsuffixed(literal::number(number, &format!("`{name}`"), least, most)?);
        Ok(quote!(#number))
    }

    fn bytes(&self) -> syn::Result<TokenStream> {
        let bytes = match self.literal() {
            Some(Lit::Int(number)) => number.base10_parse::<u64>().ok().filter(|bytes| *bytes > 0),
            Some(Lit::Str(text)) => literal::bytes(&text.value()),
            _ => None,
        };
        let Some(bytes) = bytes else {
            return Err(self.wrong(
                "`mailbox_bytes` is a size above zero, such as 65536, \"64KiB\" or \"1MiB\"; leave it out for no bound",
            ));
        };
        let bytes = Literal::u64_unsuffixed(bytes);
        Ok(quote!(#bytes))
    }

    fn word(&self, words: &[(&str, TokenStream)]) -> syn::Result<TokenStream> {
        let written = match &self.value {
            Expr::Path(path) => path.path.get_ident().map(Ident::to_string),
            _ => None,
        };
        let found = words.iter().find(|(word, _)| written.as_deref() == Some(*word));
        found.map(|(_, value)| value.clone()).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(format!("`{}` is one of {}, without quotes", self.name, listed(&words)))
        })
    }

    fn flag(&self) -> syn::Result<TokenStream> {
        match self.literal() {
            Some(Lit::Bool(flag)) => Ok(quote!(#flag)),
            _ => Err(self.wrong("`in_place` is `true` or `false`")),
        }
    }

    fn duration(&self) -> syn::Result<TokenStream> {
        let of = format!("`{}`", self.name);
        let Some(literal) = self.literal() else {
            return Err(self.wrong(format!("{of} is a duration in quotes, such as \"5s\"")));
        };
        literal::duration_of(literal, &of).map(literal::duration_tokens)
    }

    fn literal(&self) -> Option<&Lit> {
        match &self.value {
            Expr::Lit(ExprLit { lit, .. }) => Some(lit),
            _ => None,
        }
    }

    fn wrong(&self, text: impl std::fmt::Display) -> syn::Error {
        syn::Error::new_spanned(&self.value, text)
    }
}

/// Names as a sentence lists them.
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
