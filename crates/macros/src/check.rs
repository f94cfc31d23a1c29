//! Code before a resolver's body: the checks that its arguments promise, and the names that they
//! give to the body.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Error, FnArg, GenericArgument, Ident, ImplItemFn, Pat, PathArguments, Result, ReturnType, Type};

use crate::argument::{Argument, CheckPlace, DryRun, KeyPlace, SessionKind, SpannedArgument};

/// Form in which a resolver returns a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// `Answer<T>`.
    Error,
    /// `Option<Answer<T>>`.
    SomeError,
}

/// The order of the checks, whatever the order of the arguments. A key has no session: its first refusal is that it cannot step up.
fn rank(argument: &Argument) -> usize {
    match argument {
        Argument::Permit(..) | Argument::Authenticated => 0,
        Argument::StepUp => 1,
        Argument::Session(_) => 2,
        _ => 3,
    }
}

/// The statements that come before the body.
///
/// # Errors
/// A check in a method that has no context, or whose return type cannot express the check's
/// refusal.
pub fn build_checks(arguments: &[SpannedArgument], method: &ImplItemFn) -> Result<TokenStream> {
    let mut checks: Vec<&SpannedArgument> = arguments.iter().collect();
    checks.sort_by_key(|spanned| rank(&spanned.argument));
    // A session, and a step-up, which needs one, imply an authenticated caller.
    let has_session = arguments.iter().any(|spanned| matches!(spanned.argument, Argument::Session(_) | Argument::StepUp));
    let mut statements = TokenStream::new();
    for SpannedArgument { argument, span } in checks {
        let check = Check { method, span: *span };
        statements.extend(match argument {
            Argument::Permit(kind, CheckPlace::Before) => {
                check.bind_from_context("permit", &quote!(permit::<::iam::access::kind::#kind>))?
            }
            Argument::Authenticated if !has_session => check.bind_from_context("caller", &quote!(caller))?,
            Argument::StepUp => check.bind_from_context("", &quote!(step_up))?,
            Argument::Session(SessionKind::Any) => check.bind_from_context("session", &quote!(session))?,
            Argument::Session(SessionKind::ToEnrol) => check.bind_from_context("session", &quote!(session_to_enrol))?,
            Argument::Mask(kind, CheckPlace::Before) => check.check_mask(kind)?,
            Argument::DryRun(DryRun::RolledBack) => check.check_rolled_back()?,
            Argument::DryRun(_) => check.dry_run()?,
            _ => TokenStream::new(),
        });
    }
    Ok(statements)
}

/// The body as a call that is done once for each key.
///
/// # Errors
/// A method without a context, or without the argument that has the key.
pub fn build_once_call(place: KeyPlace, span: Span, method: &ImplItemFn, name: &str) -> Result<TokenStream> {
    let ctx = Check { method, span }.context()?;
    let has_input = method.sig.inputs.iter().any(|input| {
        matches!(input, FnArg::Typed(argument)
        if matches!(&*argument.pat, Pat::Ident(name) if name.ident == "input"))
    });
    if place == KeyPlace::Input && !has_input {
        return Err(Error::new(span, "the key is a field of `input`, which the method does not take: write `once(argument)`"));
    }
    let sent_key = match place {
        KeyPlace::Input => quote!(crate::graphql::once::SentKey::input(#name, input.idempotency_key.clone())),
        KeyPlace::Argument => quote!(crate::graphql::once::SentKey::argument(#name, idempotency_key)),
    };
    let statements = &method.block.stmts;
    Ok(quote!(crate::graphql::once::once(#ctx, #sent_key, ::std::boxed::Box::pin(async move { #(#statements)* })).await))
}

/// A name as the schema has it.
pub fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first_word = words.next().unwrap_or_default().to_owned();
    words.fold(first_word, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

struct Check<'a> {
    method: &'a ImplItemFn,
    /// Span of the argument.
    span: Span,
}

impl Check<'_> {
    fn spanned_error<T>(&self, text: &str) -> Result<T> {
        Err(Error::new(self.span, text))
    }

    /// Requests a value from the context, and binds it if the body uses the name.
    fn bind_from_context(&self, name: &str, context_method: &TokenStream) -> Result<TokenStream> {
        let ctx = self.context()?;
        let call = quote!(::graphql::context::ContextExt::#context_method(#ctx));
        let value = match self.refusal()? {
            Refusal::Error => quote!(#call?),
            Refusal::SomeError => quote!(match #call {
                ::core::result::Result::Ok(given) => given,
                ::core::result::Result::Err(error) => return ::core::option::Option::Some(::core::result::Result::Err(error)),
            }),
        };
        if name.is_empty() || !mentions(&self.method.block.to_token_stream(), name) {
            return Ok(quote!(#value;));
        }
        let name = Ident::new(name, Span::call_site());
        Ok(quote!(let #name = #value;))
    }

    fn check_mask(&self, kind: &Ident) -> Result<TokenStream> {
        let ctx = self.context()?;
        let masked = match outer_type(&self.method.sig.output) {
            Some((name, _)) if name == "Option" => quote!(::core::option::Option::None),
            Some((name, Some(inner))) if is_answer(name) && split_type(inner).is_some_and(|(inner, _)| inner == "Option") => {
                quote!(::core::result::Result::Ok(::core::option::Option::None))
            }
            _ => {
                return self
                    .spanned_error("`mask` answers with null: the method returns an `Option<…>` or an `Answer<Option<…>>`");
            }
        };
        Ok(quote!(if !::graphql::context::ContextExt::holds::<::iam::access::kind::#kind>(#ctx) { return #masked; }))
    }

    fn dry_run(&self) -> Result<TokenStream> {
        if !mentions(&self.method.block.to_token_stream(), "dry_run") {
            return self.spanned_error("the body does not use `dry_run`: with validateOnly it would write");
        }
        let name = Ident::new("dry_run", Span::call_site());
        Ok(quote!(let #name = crate::graphql::dry_run::mode(validate_only);))
    }

    fn check_rolled_back(&self) -> Result<TokenStream> {
        match self.refusal()? {
            Refusal::Error => Ok(quote!(crate::graphql::dry_run::check_rolled_back(validate_only)?;)),
            Refusal::SomeError => self.spanned_error("a mutation returns an `Answer<…>`"),
        }
    }

    /// The name of the argument `ctx: &Context<'_>`.
    fn context(&self) -> Result<Ident> {
        for input in &self.method.sig.inputs {
            let FnArg::Typed(argument) = input else { continue };
            let (Type::Reference(reference), Pat::Ident(name)) = (&*argument.ty, &*argument.pat) else { continue };
            if split_type(&reference.elem).is_some_and(|(name, _)| name == "Context") {
                return Ok(name.ident.clone());
            }
        }
        self.spanned_error("the check asks the context: the method takes a `ctx: &Context<'_>`")
    }

    fn refusal(&self) -> Result<Refusal> {
        match outer_type(&self.method.sig.output) {
            Some((name, _)) if is_answer(name) => Ok(Refusal::Error),
            Some((name, Some(inner))) if name == "Option" && split_type(inner).is_some_and(|(inner, _)| is_answer(inner)) => {
                Ok(Refusal::SomeError)
            }
            _ => self.spanned_error("the check may refuse: the method returns an `Answer<…>` or an `Option<Answer<…>>`"),
        }
    }
}

fn is_answer(name: &Ident) -> bool {
    name == "Answer" || name == "Result"
}

fn outer_type(output: &ReturnType) -> Option<(&Ident, Option<&Type>)> {
    match output {
        ReturnType::Type(_, output_type) => split_type(output_type),
        ReturnType::Default => None,
    }
}

/// The name of a type, and the first type that it is of.
fn split_type(ty: &Type) -> Option<(&Ident, Option<&Type>)> {
    let Type::Path(path) = ty else { return None };
    let last_segment = path.path.segments.last()?;
    let first_argument = match &last_segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    };
    Some((&last_segment.ident, first_argument))
}

/// Whether a name is used, also within a macro call. A method of that name does not count.
pub fn mentions(tokens: &TokenStream, name: &str) -> bool {
    let mut is_method = false;
    tokens.clone().into_iter().any(|token| {
        let is_match = match &token {
            TokenTree::Ident(ident) => ident == name && !is_method,
            TokenTree::Group(group) => mentions(&group.stream(), name),
            _ => false,
        };
        is_method = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
        is_match
    })
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::mentions;
    use crate::resolvers::tests::{assert_expands_to, expanded};

    #[test]
    fn a_permit_that_the_body_does_not_use_is_only_asked_for() {
        let text = expanded(quote! {
            #[field(permit = StoreRead)]
            async fn groups(&self, ctx: &Context<'_>) -> Answer<Vec<Group>> { groups(ctx).await }
        });
        let asked = quote!(::graphql::context::ContextExt::permit::<::iam::access::kind::StoreRead>(ctx)?;).to_string();
        assert!(text.unwrap().contains(&format!("{{ {asked} groups")), "no name is bound");
    }

    #[test]
    fn a_nullable_field_answers_with_the_error() {
        let text = expanded(quote! {
            #[field(permit = StoreRead)]
            async fn store(&self, ctx: &Context<'_>, by: StoreRef) -> Option<Answer<Store>> { find(ctx, permit, by).await }
        });
        let refused = quote!(return ::core::option::Option::Some(::core::result::Result::Err(error))).to_string();
        assert!(text.unwrap().contains(&refused));
    }

    #[test]
    fn checks_have_one_order() {
        let text = expanded(quote! {
            #[mutation(step_up, session, permit = MemberWrite)]
            async fn member_remove(&self, ctx: &Context<'_>, id: ID) -> Answer<Payload> { remove(session, id).await }
        });
        let asked = quote! {
            ::graphql::context::ContextExt::permit::<::iam::access::kind::MemberWrite>(ctx)?;
            ::graphql::context::ContextExt::step_up(ctx)?;
            let session = ::graphql::context::ContextExt::session(ctx)?;
        };
        assert!(text.unwrap().contains(&asked.to_string()));
    }

    #[test]
    fn a_session_is_an_authenticated_callers() {
        let asks = |text: &str, what: &str| text.contains(&format!("ContextExt :: {what} (ctx)"));
        let method = |arguments: TokenStream| {
            expanded(quote!(
                #[field(#arguments)]
                async fn viewer(&self, ctx: &Context<'_>) -> Answer<Viewer> {
                    seen()
                }
            ))
            .unwrap()
        };
        assert!(asks(&method(quote!(authenticated)), "caller"));
        let text = method(quote!(authenticated, session(to_enrol)));
        assert!(asks(&text, "session_to_enrol") && !asks(&text, "caller"));
        assert!(!method(quote!(public)).contains("ContextExt"));
    }

    #[test]
    fn a_masked_field_is_null() {
        let masked = |output: TokenStream, null: TokenStream| {
            assert_expands_to(
                quote!(#[field(mask = ProductCostRead)] async fn cost(&self, ctx: &Context<'_>) -> #output { cost() }),
                quote! {
                    #[graphql(directive = ::graphql::directives::mask::apply(
                        <::iam::access::kind::ProductCostRead as ::iam::access::Permission>::info().code.to_owned()
                    ))]
                    async fn cost(&self, ctx: &Context<'_>) -> #output {
                        if !::graphql::context::ContextExt::holds::<::iam::access::kind::ProductCostRead>(ctx) { return #null; }
                        cost()
                    }
                },
            );
        };
        masked(quote!(Option<Money>), quote!(::core::option::Option::None));
        masked(quote!(Option<Answer<Money>>), quote!(::core::option::Option::None));
        masked(quote!(Answer<Option<Money>>), quote!(::core::result::Result::Ok(::core::option::Option::None)));
    }

    #[test]
    fn a_dry_run_is_the_last_argument() {
        assert_expands_to(
            quote! {
                #[mutation(dry_run(record))]
                async fn store_create(&self, input: Input) -> Answer<Payload> { create(input, Ask { key: None, mode: dry_run }).await }
            },
            quote! {
                async fn store_create(
                    &self,
                    input: Input,
                    #[graphql(desc = "Validate only; nothing is written. Lists of other objects below the answer are as they are now.", default = false)] validate_only: bool
                ) -> Answer<Payload> {
                    let dry_run = crate::graphql::dry_run::mode(validate_only);
                    create(input, Ask { key: None, mode: dry_run }).await
                }
            },
        );
    }

    #[test]
    fn a_name_is_used_where_it_is_no_method() {
        assert!(mentions(&quote!(step!(Payload, ctx, permit, input)), "permit"));
        assert!(!mentions(&quote!(ctx.permit::<Read>()), "permit"));
    }

    #[test]
    fn a_call_that_is_done_once_stands_behind_its_checks() {
        assert_expands_to(
            quote! {
                #[mutation(permit = RoleWrite, once, dry_run(rolled_back))]
                async fn role_create(&self, ctx: &Context<'_>, input: Input) -> Answer<Payload> { made(ctx, permit, input).await }
            },
            quote! {
                #[graphql(
                    directive = ::graphql::directives::requires::apply(
                        <::iam::access::kind::RoleWrite as ::iam::access::Permission>::info().code.to_owned()
                    )
                )]
                async fn role_create(
                    &self,
                    ctx: &Context<'_>,
                    input: Input,
                    #[graphql(desc = "Validate only; nothing is written. Lists of other objects below the answer are as they are now.", default = false)] validate_only: bool
                ) -> Answer<Payload> {
                    let permit = ::graphql::context::ContextExt::permit::<::iam::access::kind::RoleWrite>(ctx)?;
                    crate::graphql::dry_run::check_rolled_back(validate_only)?;
                    crate::graphql::once::once(
                        ctx,
                        crate::graphql::once::SentKey::input("roleCreate", input.idempotency_key.clone()),
                        ::std::boxed::Box::pin(async move { made(ctx, permit, input).await })
                    )
                    .await
                }
            },
        );
        let text = expanded(quote! {
            #[mutation(public, once(argument))]
            async fn api_key_roll(&self, ctx: &Context<'_>, id: ID) -> Answer<Payload> { rolled(ctx, id).await }
        });
        let sent = quote!(crate::graphql::once::SentKey::argument("apiKeyRoll", idempotency_key)).to_string();
        assert!(text.unwrap().contains(&sent));
        let missing = expanded(quote! {
            #[mutation(once)]
            async fn one(&self, ctx: &Context<'_>, id: ID) -> Answer<One> { one() }
        });
        let text = "the key is a field of `input`, which the method does not take: write `once(argument)`";
        assert_eq!(missing.unwrap_err().to_string(), text);
    }
}
