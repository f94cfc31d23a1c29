//! The impl block of a type: each method's attribute becomes async-graphql's, and statements before its body.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    Attribute, Error, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Meta, Result, Token, parse::Parser, parse_quote, parse2,
    punctuated::Punctuated, spanned::Spanned,
};

use crate::{
    argument::{Argument, KeyPlace, SpannedArgument, attribute},
    boxed, check, earlier, getters, pages, tagged,
};

type Arguments = Punctuated<SpannedArgument, Token![,]>;

/// # Errors
/// Anything but an impl block, an argument that does not exist, occurs twice or is in the wrong
/// place, and a check that a method cannot make.
pub fn expand(arguments: TokenStream, block: TokenStream) -> Result<TokenStream> {
    let mut block: ItemImpl = parse2(block)?;
    let (target, arguments) = of_block(arguments)?;
    for spanned in &arguments {
        if let Argument::Connection(connection) = &spanned.argument {
            connection.complete(&mut block.items);
        }
    }
    block.items = tagged::expand(block.items)?;
    let mut former_methods = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            pages::describe(method);
            former_methods.extend(rewrite(method)?.map(ImplItem::Fn));
        }
    }
    block.items.extend(former_methods);
    if target != "Subscription" {
        block.items.iter_mut().for_each(getters::simplify);
        block.items.iter_mut().for_each(boxed::apply);
    }
    let type_arguments = arguments.iter().filter(|spanned| !matches!(spanned.argument, Argument::Connection(_)));
    let arguments = type_arguments.map(checked_of_block).collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        #[::async_graphql::#target(#(#arguments),*)]
        #block
    })
}

/// Returns the async-graphql attribute that the block gets, and its arguments.
fn of_block(arguments: TokenStream) -> Result<(Ident, Vec<SpannedArgument>)> {
    let arguments: Vec<SpannedArgument> = Arguments::parse_terminated.parse2(arguments)?.into_iter().collect();
    let mut target = "Object";
    let mut rest = Vec::new();
    for spanned in arguments {
        match &spanned.argument {
            Argument::Other(other) if other.to_string() == "subscription" => target = "Subscription",
            Argument::Other(other) if other.to_string() == "complex" => target = "ComplexObject",
            _ => rest.push(spanned),
        }
    }
    Ok((Ident::new(target, Span::call_site()), rest))
}

fn checked_of_block(spanned: &SpannedArgument) -> Result<TokenStream> {
    match &spanned.argument {
        argument @ (Argument::Requires(_) | Argument::Cost(_) | Argument::Shared | Argument::Other(_)) => {
            attribute(argument).ok_or_else(|| Error::new(spanned.span, "not an argument of a type"))
        }
        _ => Err(Error::new(spanned.span, "not an argument of a type: it is one of a method")),
    }
}

/// Kind of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Mutation,
    Field,
}

fn purpose(attribute: &Attribute) -> Option<Purpose> {
    let is = |name| attribute.path().is_ident(name);
    if is("mutation") { Some(Purpose::Mutation) } else { is("field").then_some(Purpose::Field) }
}

/// The arguments of a method become async-graphql's attribute, an argument, and statements. Answers with the method of its earlier name, where it has one.
fn rewrite(method: &mut ImplItemFn) -> Result<Option<ImplItemFn>> {
    let (own_attributes, mut rest): (Vec<_>, Vec<_>) = method.attrs.drain(..).partition(|attr| purpose(attr).is_some());
    if let Some(second) = own_attributes.get(1) {
        return Err(Error::new(second.span(), "one attribute a resolver"));
    }
    let (Some(own_attribute), Some(purpose)) = (own_attributes.first(), own_attributes.first().and_then(purpose)) else {
        method.attrs = rest;
        return Ok(None);
    };
    if let Some(other) = rest.iter().find(|attr| attr.path().is_ident("graphql")) {
        return Err(Error::new(other.span(), "one attribute a resolver: write this into the other one"));
    }
    let arguments: Vec<SpannedArgument> = match &own_attribute.meta {
        Meta::List(list) => Arguments::parse_terminated.parse2(list.tokens.clone())?.into_iter().collect(),
        other => return Err(Error::new(other.span(), "arguments are expected in parentheses")),
    };
    check_arguments(&arguments, purpose)?;
    let checks = check::build_checks(&arguments, method)?;
    let was = arguments.iter().find_map(|spanned| match &spanned.argument {
        Argument::Was(was) => Some(was),
        _ => None,
    });
    let key_place = arguments.iter().find_map(|spanned| match spanned.argument {
        Argument::Once(place) => Some((place, spanned.span)),
        _ => None,
    });
    method.block = if let Some((place, span)) = key_place {
        // Keys of calls under the earlier name are found under both.
        let name = was.map_or_else(|| check::camel(&method.sig.ident.to_string()), |was| was.name.value());
        let call = check::build_once_call(place, span, method, &name)?;
        parse_quote!({ #checks #call })
    } else {
        let statements = method.block.stmts.drain(..).collect::<Vec<_>>();
        parse_quote!({ #checks #(#statements)* })
    };
    for spanned in &arguments {
        match &spanned.argument {
            Argument::DryRun(_) => method.sig.inputs.push(validate_only()),
            Argument::Once(KeyPlace::Argument) => method.sig.inputs.push(idempotency_key()),
            _ => {}
        }
    }
    let graphql_arguments: Vec<TokenStream> = arguments.iter().filter_map(|spanned| attribute(&spanned.argument)).collect();
    let former_method = was.map(|was| earlier::earlier_method(was, method, &rest, &graphql_arguments)).transpose()?;
    if !graphql_arguments.is_empty() {
        rest.push(parse_quote!(#[graphql(#(#graphql_arguments),*)]));
    }
    method.attrs = rest;
    Ok(former_method)
}

fn validate_only() -> FnArg {
    let text = "Validate only; nothing is written. Lists of other objects below the answer are as they are now.";
    parse_quote!(#[graphql(desc = #text, default = false)] validate_only: bool)
}

fn idempotency_key() -> FnArg {
    let text = "Idempotency key. A repeated call with the same key and input returns the first result. Null takes each call as a new one.";
    parse_quote!(#[graphql(desc = #text)] idempotency_key: Option<String>)
}

/// Arguments that define who may call; a method has exactly one.
fn is_access(argument: &Argument) -> bool {
    matches!(argument, Argument::Permit(..) | Argument::Authenticated | Argument::Public)
}

/// Whether the arguments are a method's, each there once, and fit each other.
fn check_arguments(arguments: &[SpannedArgument], purpose: Purpose) -> Result<()> {
    for (index, SpannedArgument { argument, span }) in arguments.iter().enumerate() {
        let fault = |text| Err(Error::new(*span, text));
        let is_same =
            |previous: &&SpannedArgument| std::mem::discriminant(&previous.argument) == std::mem::discriminant(argument);
        match argument {
            Argument::Other(_) => {}
            Argument::Requires(_) | Argument::Shared | Argument::Connection(_) => {
                return fault("an argument of a type: a method has `permit`");
            }
            Argument::Emits(_) | Argument::DryRun(_) | Argument::Once(_) if purpose == Purpose::Field => {
                return fault("an argument of `mutation`");
            }
            _ if arguments[..index].iter().any(|previous| is_same(&previous)) => return fault("this is said already"),
            _ if is_access(argument) && arguments[..index].iter().any(|previous| is_access(&previous.argument)) => {
                return fault("who may call is said already");
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
pub mod tests {
    use proc_macro2::TokenStream;
    use quote::{ToTokens, quote};
    use syn::{ItemImpl, Result, parse_str};

    use super::expand;
    use crate::boxed;

    /// Expands a block whose only method is this one.
    pub fn expanded(method: TokenStream) -> Result<String> {
        expand(TokenStream::new(), quote!(impl StockMutation { #method })).map(|block| block.to_string())
    }

    /// Asserts the expansion of a method; `wanted` is written without the boxes of bodies.
    pub fn assert_expands_to(method: TokenStream, wanted: TokenStream) {
        let wanted = quote!(#[::async_graphql::Object()] impl StockMutation { #wanted }).to_string();
        // Parsed and printed again: `>>` is one token in a type that was parsed.
        let [found, mut wanted] = [expanded(method).unwrap(), wanted].map(|text| parse_str::<ItemImpl>(&text).unwrap());
        wanted.items.iter_mut().for_each(boxed::apply);
        assert_eq!(found.to_token_stream().to_string(), wanted.to_token_stream().to_string());
    }

    fn assert_fails_with(method: TokenStream, text: &str) {
        assert_eq!(expanded(method).unwrap_err().to_string(), text);
    }

    #[test]
    fn a_permit_is_said_and_taken() {
        assert_expands_to(
            quote! {
                /// Changes stock.
                #[mutation(permit = StockAdjust, emits(STOCK_CHANGED, events::LOT_CHANGED))]
                async fn stock_adjust(&self, ctx: &Context<'_>, input: Input) -> Answer<Payload> { shell(ctx, permit, input).await }
            },
            quote! {
                /// Changes stock.
                #[graphql(
                    directive = ::graphql::directives::requires::apply(
                        <::iam::access::kind::StockAdjust as ::iam::access::Permission>::info().code.to_owned()
                    ),
                    directive = ::graphql::directives::emits::apply(::std::vec![STOCK_CHANGED.text(), events::LOT_CHANGED.text()])
                )]
                async fn stock_adjust(&self, ctx: &Context<'_>, input: Input) -> Answer<Payload> {
                    let permit = ::graphql::context::ContextExt::permit::<::iam::access::kind::StockAdjust>(ctx)?;
                    shell(ctx, permit, input).await
                }
            },
        );
    }

    #[test]
    fn what_is_asked_in_the_body_is_only_said() {
        assert_expands_to(
            quote! {
                #[field(permit(StockRead, in_body), cost = "5")]
                async fn lot(&self) -> Option<Lot> { None }
            },
            quote! {
                #[graphql(
                    directive = ::graphql::directives::requires::apply(
                        <::iam::access::kind::StockRead as ::iam::access::Permission>::info().code.to_owned()
                    ),
                    directive = ::graphql::directives::cost::apply("5".to_owned())
                )]
                async fn lot(&self) -> Option<Lot> { None }
            },
        );
    }

    #[test]
    fn other_arguments_are_async_graphqls() {
        assert_expands_to(
            quote!(
                #[field(list_size(assumed = 5, fields("nodes", "edges")), name = "parts", paged)]
                async fn all(&self) -> Vec<Part> {
                    all()
                }
            ),
            quote! {
                #[graphql(
                    directive = ::graphql::directives::list_size::apply(
                        ::core::option::Option::Some(5),
                        ::core::option::Option::None,
                        ::core::option::Option::Some(::std::vec!["nodes".to_owned(), "edges".to_owned()])
                    ),
                    name = "parts",
                    directive = ::graphql::directives::paged::apply()
                )]
                async fn all(&self) -> Vec<Part> { all() }
            },
        );
        let untouched = quote!(
            #[graphql(skip)]
            fn own(&self) {}
        );
        assert_expands_to(untouched.clone(), untouched);
    }

    #[test]
    fn a_type_has_arguments_of_its_own() {
        let of = |arguments: TokenStream| expand(arguments, quote!(impl Count {})).map(|block| block.to_string());
        let wanted = quote! {
            #[::async_graphql::Object(
                name = "StockCount",
                directive = ::graphql::directives::requires::apply(
                    <::iam::access::kind::CountRead as ::iam::access::Permission>::info().code.to_owned()
                ),
                directive = ::graphql::directives::shared::apply()
            )]
            impl Count {}
        };
        assert_eq!(of(quote!(name = "StockCount", requires = CountRead, shared)).unwrap(), wanted.to_string());
        assert_eq!(
            of(quote!(subscription)).unwrap(),
            quote!(
                #[::async_graphql::Subscription()]
                impl Count {}
            )
            .to_string()
        );
        assert_eq!(
            of(quote!(complex)).unwrap(),
            quote!(
                #[::async_graphql::ComplexObject()]
                impl Count {}
            )
            .to_string()
        );
        assert_eq!(of(quote!(permit = CountRead)).unwrap_err().to_string(), "not an argument of a type: it is one of a method");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let with = |arguments: TokenStream| {
            quote!(
                #[field(#arguments)]
                async fn one(&self, ctx: &Context<'_>) -> Answer<One> {
                    one()
                }
            )
        };
        assert_fails_with(with(quote!(emits(CREATED))), "an argument of `mutation`");
        assert_fails_with(with(quote!(dry_run)), "an argument of `mutation`");
        assert_fails_with(with(quote!(requires = StoreRead)), "an argument of a type: a method has `permit`");
        assert_fails_with(with(quote!(paged, paged)), "this is said already");
        assert_fails_with(with(quote!(permit = StoreRead, public)), "who may call is said already");
        assert_fails_with(with(quote!(permit(StoreRead, late))), "`in_body` is expected");
        assert_fails_with(
            with(quote!(mask = StoreRead)),
            "`mask` answers with null: the method returns an `Option<…>` or an `Answer<Option<…>>`",
        );
        assert_fails_with(with(quote!("text")), "an argument of this attribute is expected");
        assert_fails_with(
            quote!(
                #[field(permit = StoreRead)]
                async fn one(&self) -> Answer<One> {
                    one()
                }
            ),
            "the check asks the context: the method takes a `ctx: &Context<'_>`",
        );
        assert_fails_with(
            quote!(
                #[field(permit = StoreRead)]
                async fn one(&self, ctx: &Context<'_>) -> One {
                    one()
                }
            ),
            "the check may refuse: the method returns an `Answer<…>` or an `Option<Answer<…>>`",
        );
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        assert_fails_with(
            quote!(
                #[mutation(dry_run)]
                async fn one(&self) -> Answer<One> {
                    one()
                }
            ),
            "the body does not use `dry_run`: with validateOnly it would write",
        );
        assert_fails_with(
            quote!(
                #[field(public)]
                #[graphql(name = "two")]
                async fn one(&self) -> One {
                    one()
                }
            ),
            "one attribute a resolver: write this into the other one",
        );
        assert_fails_with(
            quote!(
                #[field(public)]
                #[mutation(public)]
                async fn one(&self) -> One {
                    one()
                }
            ),
            "one attribute a resolver",
        );
        assert_fails_with(
            quote!(
                #[field]
                async fn one(&self) -> One {
                    one()
                }
            ),
            "arguments are expected in parentheses",
        );
    }
}
