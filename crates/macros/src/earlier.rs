//! A field under the name that it had: `was` in a method's attribute.

use proc_macro2::TokenStream;
use syn::{Attribute, Error, Ident, ImplItemFn, Result, parse_quote};

use crate::{argument::EarlierName, check};

/// Returns a copy of the method under its earlier name: the same arguments, checks, body and
/// directives, with a deprecation notice.
///
/// # Errors
/// The field's attribute sets `name` or `deprecation` as well.
pub fn earlier_method(
    was: &EarlierName,
    method: &ImplItemFn,
    rest: &[Attribute],
    graphql_arguments: &[TokenStream],
) -> Result<ImplItemFn> {
    let name = check::camel(&method.sig.ident.to_string());
    let is_other = |graphql_arguments: &TokenStream, word: &str| graphql_arguments.to_string().starts_with(&format!("{word} ="));
    if graphql_arguments
        .iter()
        .any(|graphql_arguments| is_other(graphql_arguments, "name") || is_other(graphql_arguments, "deprecation"))
    {
        return Err(Error::new(was.name.span(), "a field with `was` is named by its method, and stays"));
    }
    let EarlierName { name: earlier, day, last_day } = was;
    let text = format!("Deprecated name of `{name}`.");
    let notice = format!("{}: use {name}. Removed after {last_day}.", day.value());
    let mut copy = method.clone();
    copy.sig.ident = Ident::new(&snake(&earlier.value()), method.sig.ident.span());
    copy.attrs = vec![parse_quote!(#[doc = #text])];
    copy.attrs.extend(rest.iter().filter(|attribute| !attribute.path().is_ident("doc")).cloned());
    copy.attrs.push(parse_quote!(#[graphql(#(#graphql_arguments,)* name = #earlier, deprecation = #notice)]));
    Ok(copy)
}

/// A name of the schema as Rust has it.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use crate::resolvers::tests::{assert_expands_to, expanded};

    #[test]
    fn an_earlier_name_is_the_same_method_with_a_notice() {
        assert_expands_to(
            quote! {
                /// Plans a stocktake.
                #[mutation(permit = CountWrite, was("countCreate", "2026-11-25"))]
                #[expect(dead_code)]
                async fn stocktake_create(&self, ctx: &Context<'_>, input: Input) -> Answer<Payload> { made(ctx, permit, input).await }
            },
            quote! {
                /// Plans a stocktake.
                #[expect(dead_code)]
                #[graphql(
                    directive = ::graphql::directives::requires::apply(
                        <::iam::access::kind::CountWrite as ::iam::access::Permission>::info().code.to_owned()
                    )
                )]
                async fn stocktake_create(&self, ctx: &Context<'_>, input: Input) -> Answer<Payload> {
                    let permit = ::graphql::context::ContextExt::permit::<::iam::access::kind::CountWrite>(ctx)?;
                    made(ctx, permit, input).await
                }
                #[doc = "Deprecated name of `stocktakeCreate`."]
                #[expect(dead_code)]
                #[graphql(
                    directive = ::graphql::directives::requires::apply(
                        <::iam::access::kind::CountWrite as ::iam::access::Permission>::info().code.to_owned()
                    ),
                    name = "countCreate",
                    deprecation = "2026-11-25: use stocktakeCreate. Removed after 2027-11-25."
                )]
                async fn count_create(&self, ctx: &Context<'_>, input: Input) -> Answer<Payload> {
                    let permit = ::graphql::context::ContextExt::permit::<::iam::access::kind::CountWrite>(ctx)?;
                    made(ctx, permit, input).await
                }
            },
        );
    }

    #[test]
    fn keys_are_kept_under_the_earlier_name() {
        let text = expanded(quote! {
            #[mutation(once, was("memberUpdateRoles", "2028-02-29"))]
            async fn member_roles_set(&self, ctx: &Context<'_>, input: Input) -> Answer<Payload> { set(ctx, input).await }
        });
        let text = text.unwrap();
        let sent = quote!(crate::graphql::once::SentKey::input("memberUpdateRoles", input.idempotency_key.clone())).to_string();
        assert_eq!(text.matches(&sent).count(), 2, "{text}");
        assert!(text.contains("2028-02-29: use memberRolesSet. Removed after 2029-03-01."), "{text}");
    }

    #[test]
    fn a_notice_without_a_day_is_refused() {
        let refused = |arguments: TokenStream, text: &str| {
            let method = quote!(
                #[field(#arguments)]
                async fn one(&self) -> One {
                    one()
                }
            );
            assert_eq!(expanded(method).unwrap_err().to_string(), text);
        };
        refused(quote!(was("two")), "the earlier name and the day of the notice are expected");
        refused(quote!(was("two", "soon")), "a day is expected, as in 2026-11-25");
        refused(quote!(was("two", "2026-11-xx")), "a day is expected, as in 2026-11-25");
        refused(quote!(was("two", "2026-11-25"), name = "three"), "a field with `was` is named by its method, and stays");
    }
}
