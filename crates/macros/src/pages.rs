//! The arguments of pages: every list has them, and their texts are these alone.

use quote::ToTokens;
use syn::{Attribute, FnArg, ImplItemFn, Pat, parse_quote};

const FIRST: &str = "Rows in this page, 1 to 250. Null for 50.";
/// Description of `first` in a list that can also be read from its end.
const FIRST_OR_LAST: &str = "Rows in this page, 1 to 250. Null for 50, or where last is given.";
const LAST: &str = "Rows in this page counted from the end of the list, 1 to 250. Null counts from the start, as first says.";
const AFTER: &str = "Cursor of the last row of the page before. Null starts with the first row.";
const BEFORE: &str = "Cursor of the first row of the page after. Null ends with the last row.";

fn argument_name(input: &FnArg) -> Option<String> {
    let FnArg::Typed(argument) = input else { return None };
    match &*argument.pat {
        Pat::Ident(pattern) => Some(pattern.ident.to_string()),
        _ => None,
    }
}

/// Describes the arguments of a page that the method leaves without a text of their own.
pub fn describe(method: &mut ImplItemFn) {
    let has_last = method.sig.inputs.iter().any(|input| argument_name(input).as_deref() == Some("last"));
    for input in &mut method.sig.inputs {
        let Some(name) = argument_name(input) else { continue };
        let FnArg::Typed(argument) = input else { continue };
        if argument.attrs.iter().any(|existing| existing.path().is_ident("graphql")) {
            continue;
        }
        let text = match (name.as_str(), argument.ty.to_token_stream().to_string().replace(' ', "").as_str()) {
            ("first", "Option<i32>") if has_last => FIRST_OR_LAST,
            ("first", "Option<i32>") => FIRST,
            ("last", "Option<i32>") => LAST,
            ("after", "Option<Cursor>") => AFTER,
            ("before", "Option<Cursor>") => BEFORE,
            _ => continue,
        };
        let attribute: Attribute = parse_quote!(#[graphql(desc = #text)]);
        argument.attrs.push(attribute);
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::resolvers::tests::assert_expands_to;

    #[test]
    fn arguments_of_pages_have_their_texts() {
        assert_expands_to(
            quote! {
                async fn notes(&self, first: Option<i32>, after: Option<Cursor>) -> Notes { notes(first, after) }
            },
            quote! {
                async fn notes(
                    &self,
                    #[graphql(desc = #FIRST)] first: Option<i32>,
                    #[graphql(desc = #AFTER)] after: Option<Cursor>
                ) -> Notes { notes(first, after) }
            },
        );
        assert_expands_to(
            quote! {
                async fn rows(&self, first: Option<i32>, last: Option<i32>, before: Option<Cursor>) -> Rows { rows() }
            },
            quote! {
                async fn rows(
                    &self,
                    #[graphql(desc = #FIRST_OR_LAST)] first: Option<i32>,
                    #[graphql(desc = #LAST)] last: Option<i32>,
                    #[graphql(desc = #BEFORE)] before: Option<Cursor>
                ) -> Rows { rows() }
            },
        );
    }

    #[test]
    fn a_text_of_its_own_stays() {
        let own = quote! {
            async fn notes(&self, #[graphql(desc = "Events in this page.")] first: Option<i32>, after: Option<Time>) -> Notes { notes() }
        };
        assert_expands_to(own.clone(), own);
    }
}
