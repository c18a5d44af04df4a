//! The names of generated items.

use proc_macro2::{Ident, Span};

/// An identifier that resolves as written by hand at the attribute, while errors still point at its origin. Lints about
/// the user's own code leave it alone.
pub(crate) fn generated(name: &str, origin: Span) -> Ident {
    Ident::new(name, origin.resolved_at(Span::call_site()))
}

/// The identifier without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

/// The message's name for a method: `stock_taken` sends `StockTaken`.
pub(crate) fn camel(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
        })
        .collect()
}

/// The macro through which `#[actor]` hands its options and the visibility of its type to `#[handlers]`. Where the
/// attribute is missing, this name is what the compiler's error says.
pub(crate) fn bridge(actor: &Ident) -> Ident {
    generated(&format!("{actor}_needs_the_actor_attribute_above_in_this_module"), actor.span())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_names_its_message() {
        let check = |method, expected| assert_eq!(camel(method), expected);
        check("departed", "Departed");
        check("stock_taken", "StockTaken");
        check("_hidden__twice_", "HiddenTwice");
        check("v2_1", "V21");
    }
}
