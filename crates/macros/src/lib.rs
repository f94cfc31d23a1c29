//! Procedural macros of this workspace: one derive macro and one attribute macro.

mod argument;
mod boxed;
mod check;
mod connection;
mod earlier;
mod getters;
mod pages;
mod record;
mod resolvers;
mod tagged;

use proc_macro::TokenStream;

/// Ties a struct to columns of a table: the select list, reading a row in the order of that list, and the values of bulk writes.
/// `entity::record` has the traits and describes the attributes.
#[proc_macro_derive(Record, attributes(record, sea_orm))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    record::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// One attribute for each resolver: `#[resolvers]` replaces `#[Object]`, and a field makes the checks that its directives announce in the schema.
///
/// ```ignore
/// #[resolvers]
/// impl StockMutation {
///     /// Changes stock by deltas, all or none.
///     #[mutation(permit = StockAdjust, emits(STOCK_CHANGED), dry_run)]
///     async fn stock_adjust(&self, ctx: &Context<'_>, #[graphql(desc = "What changed.")] input: StockAdjustInput) -> Answer<StockPayload> {
///         let ledger = ctx.required_data::<Ledger>()?;
///         // `permit` and `dry_run` are variables: an argument that provides a value binds it under its own name.
///         stock_payload(ctx, shell::stock_adjust(ledger, permit, input, dry_run).await).await
///     }
/// }
/// ```
///
/// # On the impl block
///
/// `#[resolvers]` is `#[Object]`, `#[resolvers(subscription)]` is `#[Subscription]`, `#[resolvers(complex)]` is `#[ComplexObject]`. Directives of the type:
/// `requires = Kind`, which is not checked, as objects come from fields that check; `shared`; `cost = "0.05"`. Other arguments
/// (`name = "StockCount"`) are async-graphql's.
///
/// `connection(page, NoteEdge, Note)` names the field that has the `CountedPage`, the type of its edges and that of its nodes: `edges`, `nodes`, `pageInfo`
/// and `totalCount` are the type's first fields. A field of the block with one of these names replaces the generated one, in its place.
///
/// `tagged!("supplier", self.0.id, ProductRead);` among its methods adds the fields `tags` and `metadata`; the permission is left out where the
/// object has none of its own for them.
///
/// # On a method
///
/// `#[mutation(…)]` on methods that change data, `#[field(…)]` on all others. Directives are in the schema in the order in which they are written.
///
/// | argument | in the schema | before the body | in the body |
/// |---|---|---|---|
/// | `permit = Kind` | `@requires` | FORBIDDEN without the permission | `permit: Permit<kind::Kind>` |
/// | `mask = Kind` | `@mask` | null without the permission | |
/// | `authenticated` | `@authenticated` | UNAUTHENTICATED without a caller | `caller: &Caller` |
/// | `public` | `@public` | | |
/// | `step_up` | `@stepUp` | STEP_UP_REQUIRED without a fresh authentication | |
/// | `session`, `session(to_enrol)` | | FORBIDDEN without a session | `session: &Session` |
/// | `emits(NAME, …)` | `@emits` of the declared events | | |
/// | `dry_run`, `dry_run(record)` | the argument `validateOnly` | | `dry_run`: the mode that the shell takes |
/// | `dry_run(rolled_back)` | the argument `validateOnly` | INTERNAL where the task would commit | nothing: the shell's writes are rolled back instead of committed |
/// | `once`, `once(argument)` | `once(argument)`: the argument `idempotencyKey`; else it is a field of `input` | the answer of an earlier call with the key | the whole body is the call |
/// | `was("countCreate", "2026-11-25")` | a copy of the field under its earlier name, with a notice of that day and the same directives | the same | the same |
/// | `cost = "5"`, `paged`, `personal`, `list_size(assumed = 5, arguments("first"), fields("nodes"))` | their directives | | |
///
/// An `async fn` of an object that returns a scalar (or an `Option`, a `Vec` or an `Answer` of one) and awaits nothing becomes a function, unless an interface
/// has a field of its name: Rust code calls such a method without `await`.
///
/// The arguments of a page, `first` and `last: Option<i32>` and `after` and `before: Option<Cursor>`, get their texts from this macro if the method has none for
/// them.
///
/// Checks are made in a fixed order, independent of the order of the arguments: permission or caller, fresh authentication, session, mask. They come before
/// the body, and after async-graphql has parsed the arguments. `permit(Kind, in_body)` and `mask(Kind, in_body)` add the directive only:
/// the body checks, at another moment or with another rule, and a comment says why. Other arguments (`name = "…"`) are async-graphql's.
///
/// A permission is named by its type in `iam::access::kind`, an event by its constant, so a name that does not exist does not compile.
#[proc_macro_attribute]
pub fn resolvers(arguments: TokenStream, block: TokenStream) -> TokenStream {
    resolvers::expand(arguments.into(), block.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
