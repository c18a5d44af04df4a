//! The message enum: one variant for each tell, ask and timer.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::block::Block;
use crate::capsule;
use crate::docs;
use crate::handler::{Handler, Kind};
use crate::naming;
use crate::signature::{self, Input};

/// How the enum is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// With serde's derives, for capsules.
    Recorded,
}

/// The enum, but for its visibility.
pub(crate) fn declare(block: &Block, form: Form) -> TokenStream {
    let (message, declared, bounds) = (&block.message, block.declared(), block.bounds());
    let variants = block.messages().map(|handler| variant(block, handler, form));
    let (derives, skip) = match form {
        Form::Plain => (None, None),
        Form::Recorded => (Some(capsule::of_message()), Some(quote!(#[serde(skip)]))),
    };
    let unused = unused(block).map(|types| {
        quote! {
            #skip
            #[doc(hidden)]
            __Types(::core::convert::Infallible, ::core::marker::PhantomData<fn() -> (#(#types,)*)>),
        }
    });
    let doc = format!("What can be sent to `{}`: one variant for each of its handlers.", block.actor);
    quote! {
        #[doc = #doc]
        #derives
        enum #message #declared #bounds {
            #(#variants,)*
            #unused
        }
    }
}

/// The variant with its fields by their names: as an expression it takes variables, as a pattern it binds them.
pub(crate) fn shape(block: &Block, handler: &Handler) -> TokenStream {
    let (message, variant, fields) = (&block.message, &handler.variant, names(handler));
    if fields.is_empty() { quote!(#message::#variant) } else { quote!(#message::#variant { #(#fields),* }) }
}

/// The names of a message's fields. As a variable the reply port is hygienic: no argument can be mistaken for it.
fn names(handler: &Handler) -> Vec<TokenStream> {
    let fields = handler.inputs.iter().filter_map(Input::field).map(|field| field.name.to_token_stream());
    let port = handler.is_ask().then(|| quote_spanned!(Span::mixed_site()=> reply));
    fields.chain(port).collect()
}

fn variant(block: &Block, handler: &Handler, form: Form) -> TokenStream {
    let (variant, name) = (&handler.variant, naming::plain(&handler.name));
    let doc = docs::or_line(&handler.docs, &format!("Has `{name}` called."));
    let mut fields: Vec<TokenStream> = Vec::new();
    for field in handler.inputs.iter().filter_map(Input::field) {
        let field_name = &field.name;
        let ty = match &handler.kind {
            Kind::Mail { letter } => {
                let letter = block.outside(letter);
                quote!(::swarmtree::Mail<#letter>)
            }
            Kind::Tell { .. } | Kind::Ask { .. } | Kind::Every { .. } | Kind::Inspect { .. } => {
                block.outside(&field.ty)
            }
        };
        let doc = format!("The `{}` of `{name}`.", naming::plain(field_name));
        let serde = (form == Form::Recorded).then(|| capsule::attributes(field));
        fields.push(quote!(#[doc = #doc] #serde #field_name: #ty));
    }
    if let Kind::Ask { reply, .. } = &handler.kind {
        let reply = block.outside(reply);
        fields.push(quote!(#[doc = "Where the answer goes."] reply: ::swarmtree::Reply<#reply>));
    }
    if fields.is_empty() { quote!(#doc #variant) } else { quote!(#doc #variant { #(#fields),* }) }
}

/// Its `Message`.
pub(crate) fn implement(block: &Block) -> TokenStream {
    let (impl_generics, _, _) = block.generics.split_for_impl();
    let (ty, bounds) = (block.message_type(), block.bounds());
    let kinds = block.messages().map(|handler| naming::plain(&handler.name));
    let arms = block.messages().enumerate().map(|(index, handler)| {
        let variant = &handler.variant;
        quote!(Self::#variant { .. } => #index)
    });
    let types = unused(block).map(|_| quote!(Self::__Types(never, _) => match *never {},));
    let kind = if block.messages().next().is_none() && types.is_none() {
        quote!(match *self {})
    } else {
        quote!(match self { #(#arms,)* #types })
    };
    let break_off = break_off(block);
    // What the function counts is known to nobody before it runs.
    let bytes = block.bytes.as_ref().map(|weigh| {
        quote! {
            const BYTES_LEAST: usize = 0;

            fn bytes(&self) -> usize {
                #weigh(self)
            }
        }
    });
    quote! {
        impl #impl_generics ::swarmtree::Message for #ty #bounds {
            const KINDS: &'static [&'static str] = &[#(#kinds),*];

            fn kind(&self) -> usize {
                #kind
            }

            #break_off

            #bytes
        }
    }
}

/// `Message::break_off`, where a message has anything that somebody waits for.
fn break_off(block: &Block) -> Option<TokenStream> {
    let arms: Vec<TokenStream> = block
        .messages()
        .filter_map(|handler| {
            let variant = &handler.variant;
            if handler.is_ask() {
                return Some(quote!(Self::#variant { reply, .. } => reply.break_off()));
            }
            let mail = handler.inputs.iter().find_map(Input::field).filter(|_| handler.is_mail())?;
            let name = &mail.name;
            Some(quote!(Self::#variant { #name } => ::swarmtree::Message::break_off(#name)))
        })
        .collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn break_off(&mut self) {
                #[allow(unreachable_patterns)]
                match self {
                    #(#arms,)*
                    _ => {}
                }
            }
        }
    })
}

/// How the message carries the mail of a swarm, where a handler takes any.
pub(crate) fn carry(block: &Block) -> TokenStream {
    let (impl_generics, _, _) = block.generics.split_for_impl();
    let (ty, bounds) = (block.message_type(), block.bounds());
    let carried = block.messages().filter_map(|handler| {
        let Kind::Mail { letter } = &handler.kind else { return None };
        let (letter, variant) = (block.outside(letter), &handler.variant);
        let name = &handler.inputs.iter().find_map(Input::field)?.name;
        Some(quote! {
            impl #impl_generics ::swarmtree::Carries<#letter> for #ty #bounds {
                fn carry(#name: ::swarmtree::Mail<#letter>) -> Self {
                    Self::#variant { #name }
                }

                fn mail(self) -> ::core::option::Option<::swarmtree::Mail<#letter>> {
                    #[allow(unreachable_patterns)]
                    match self {
                        Self::#variant { #name } => ::core::option::Option::Some(#name),
                        _ => ::core::option::Option::None,
                    }
                }
            }
        })
    });
    quote!(#(#carried)*)
}

/// Refuses asks that return `Result<T, Fail>` behind an alias: as an answer its error would fail nobody. Of a generic actor
/// the type cannot be named here.
pub(crate) fn check_aliases(block: &Block) -> TokenStream {
    let text = "an alias of `Result<T, Fail>` is not looked through, and its error would fail nobody: write it out";
    let asks = block.messages().filter(|_| block.generics.params.is_empty());
    let answers = asks.filter_map(|handler| match &handler.kind {
        Kind::Ask { reply, is_deferred: false, .. } => Some(reply),
        Kind::Ask { .. } | Kind::Tell { .. } | Kind::Every { .. } | Kind::Inspect { .. } | Kind::Mail { .. } => None,
    });
    let checks = answers.filter(|ty| signature::is_alias_of_result(ty)).map(|ty| {
        let (at, ty) = (ty.span().resolved_at(Span::mixed_site()), block.outside(ty));
        quote_spanned! {at=>
            const _: () = {
                struct __Answer<T>(::core::marker::PhantomData<T>);
                trait __Plain {
                    const FAILS: bool = false;
                }
                impl<T> __Plain for __Answer<T> {}
                #[allow(dead_code)]
                impl<T> __Answer<::core::result::Result<T, ::swarmtree::Fail>> {
                    const FAILS: bool = true;
                }
                ::core::assert!(!<__Answer<#ty>>::FAILS, #text);
            };
        }
    });
    quote!(#(#checks)*)
}

/// The type parameters that no message mentions by themselves, and that the enum would not compile with.
pub(crate) fn unused(block: &Block) -> Option<Vec<&Ident>> {
    let mut written = TokenStream::new();
    for handler in block.messages() {
        for field in handler.inputs.iter().filter_map(Input::field) {
            field.ty.to_tokens(&mut written);
        }
        handler.reply().to_tokens(&mut written);
    }
    let parameters = block.generics.type_params().map(|parameter| &parameter.ident);
    let unused: Vec<&Ident> = parameters.filter(|parameter| !mentions(&written, parameter)).collect();
    (!unused.is_empty()).then_some(unused)
}

/// Whether a type parameter stands there by itself; a projection such as `T::Item` does not constrain it.
fn mentions(written: &TokenStream, parameter: &Ident) -> bool {
    let mut tokens = written.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Ident(ident) if ident == parameter => {
                !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':')
            }
            TokenTree::Group(group) => mentions(&group.stream(), parameter),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        if found {
            return true;
        }
    }
    false
}
