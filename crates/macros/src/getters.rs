//! Getters of leaf values: methods that await nothing become functions.
//!
//! async-graphql makes three coroutines of an `async fn` (the method, the wrapper of its body, the
//! field's resolution), and a function becomes part of one that all fields of the type share. Half
//! of two thousand methods are such getters, so rustc compiles less.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, ImplItem, ImplItemFn, PathArguments, PathSegment, ReturnType, Type, parse_quote};

/// Types without fields, and without an error of their own: of others the path of a field's error would be that of the object.
const LEAVES: [&str; 14] = [
    "CurrencyCode",
    "Cursor",
    "Date",
    "DateTime",
    "Decimal",
    "ID",
    "Json",
    "Long",
    "Quantity",
    "String",
    "bool",
    "f64",
    "i32",
    "str",
];
const WRAPPER_TYPES: [&str; 2] = ["Option", "Vec"];

/// Fields of interfaces: `derive(Interface)` awaits the methods of these names.
const OF_INTERFACES: [&str; 11] =
    ["code", "docs", "field", "id", "message", "replayed", "retryable", "seq", "updated_at", "value", "version"];

fn is_one_of(names: &[&str], segment: &PathSegment) -> bool {
    names.iter().any(|name| segment.ident == name)
}

fn is_leaf(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_leaf(&reference.elem),
        Type::Slice(slice) => is_leaf(&slice.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last_segment| match &last_segment.arguments {
            PathArguments::None => is_one_of(&LEAVES, last_segment),
            PathArguments::AngleBracketed(_) => {
                is_one_of(&WRAPPER_TYPES, last_segment) && inner(last_segment).is_some_and(is_leaf)
            }
            PathArguments::Parenthesized(_) => false,
        }),
        _ => false,
    }
}

/// The type that a type is of, if it is of one.
fn inner(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// Whether a method returns a leaf, or an `Answer` of one.
fn returns_a_leaf(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else { return false };
    let answer_type = match &**ty {
        Type::Path(path) => path.path.segments.last().filter(|last_segment| last_segment.ident == "Answer").and_then(inner),
        _ => None,
    };
    is_leaf(answer_type.unwrap_or(ty))
}

pub fn has_await(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "await",
        TokenTree::Group(group) => has_await(group.stream()),
        _ => false,
    })
}

fn is_getter(method: &ImplItemFn) -> bool {
    method.sig.asyncness.is_some()
        && !OF_INTERFACES.iter().any(|name| method.sig.ident == name)
        && returns_a_leaf(&method.sig.output)
        && !has_await(method.block.to_token_stream())
}

/// Removes `async` from a getter. The allowed lints are those that would apply to a function, but
/// not to an `async fn`.
pub fn simplify(item: &mut ImplItem) {
    if let ImplItem::Fn(method) = item
        && is_getter(method)
    {
        method.sig.asyncness = None;
        method.attrs.push(parse_quote!(#[allow(
            clippy::misnamed_getters,
            clippy::needless_question_mark,
            clippy::ref_option,
            clippy::trivially_copy_pass_by_ref,
            clippy::unnecessary_literal_bound,
            clippy::unnecessary_wraps,
            clippy::unused_self,
            clippy::wrong_self_convention,
            reason = "a field of the schema"
        )]));
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use crate::resolvers::{expand, tests::expanded};

    fn is_async(method: TokenStream) -> bool {
        expanded(method).unwrap().contains("async fn one")
    }

    #[test]
    fn a_getter_of_a_leaf_is_a_function() {
        for output in [
            quote!(&str),
            quote!(bool),
            quote!(Option<scalars::Long>),
            quote!(Vec<String>),
            quote!(&[String]),
            quote!(Answer<Option<Quantity>>),
        ] {
            assert!(!is_async(quote! { async fn one(&self) -> #output { self.0.one() } }), "{output}");
        }
        assert!(!is_async(quote! {
            #[field(permit = StoreRead)]
            async fn one(&self, ctx: &Context<'_>) -> Answer<Long> { Ok(self.1) }
        }));
    }

    #[test]
    fn what_waits_or_has_fields_stays() {
        for method in [
            quote! { async fn one(&self) -> bool { self.two().await } },
            quote! { async fn one(&self) -> bool { [self.two().await][0] } },
            quote! { async fn one(&self) -> Money { self.0 } },
            quote! { async fn one(&self) -> Vec<Answer<Long>> { self.0 } },
            quote! { async fn one(&self) -> Option<Answer<Long>> { self.0 } },
            quote! { async fn one(&self) -> Answer<Payload> { self.0 } },
        ] {
            assert!(is_async(method.clone()), "{method}");
        }
        let of_an_interface = expanded(quote! { async fn version(&self) -> Long { self.0 } }).unwrap();
        assert!(of_an_interface.contains("async fn version"), "{of_an_interface}");
        let stream = expand(quote!(subscription), quote!(impl Streams { async fn one(&self) -> Vec<Long> { self.0 } })).unwrap();
        assert!(stream.to_string().contains("async fn one"), "{stream}");
    }
}
