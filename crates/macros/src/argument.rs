//! The arguments of `#[mutation(…)]`, `#[field(…)]` and `#[resolvers(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Error, Ident, LitInt, LitStr, Path, Result, Token, parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

use crate::connection::Connection;

/// Place of a permission check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckPlace {
    /// Before the body, by the macro.
    Before,
    /// In the body.
    Body,
}

/// Method by which `validateOnly` prevents writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRun {
    Document,
    Record,
    /// The shell takes no mode: its writes are rolled back instead of committed.
    RolledBack,
}

/// Place of an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// A field of the argument `input`.
    Input,
    /// A separate argument of the field.
    Argument,
}

/// An earlier name of a field, and the day of its notice: the field is also served under this name,
/// deprecated.
pub struct EarlierName {
    pub name: LitStr,
    pub day: LitStr,
    /// The same day a year later: the last on which the name is guaranteed.
    pub last_day: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKind {
    Any,
    ToEnrol,
}

/// A list's size: the assumed number of objects, the arguments that set the number, and the fields
/// that hold the list.
#[derive(Default)]
pub struct ListSize {
    assumed: Option<LitInt>,
    arguments: Option<Vec<LitStr>>,
    fields: Option<Vec<LitStr>>,
}

pub enum Argument {
    Permit(Ident, CheckPlace),
    Mask(Ident, CheckPlace),
    /// Argument of a type: described in the schema, not checked.
    Requires(Ident),
    Authenticated,
    Public,
    StepUp,
    Session(SessionKind),
    Emits(Vec<Path>),
    DryRun(DryRun),
    Once(KeyPlace),
    Was(EarlierName),
    Cost(LitStr),
    Paged,
    Personal,
    Shared,
    ListSize(ListSize),
    /// Argument of a type: a page, with the fields of every page.
    Connection(Box<Connection>),
    /// Async-graphql's.
    Other(TokenStream),
}

/// An argument and where it is written.
pub struct SpannedArgument {
    pub argument: Argument,
    pub span: Span,
}

impl Parse for SpannedArgument {
    fn parse(input: ParseStream) -> Result<Self> {
        let name = input
            .fork()
            .parse::<Ident>()
            .map_err(|error| Error::new(error.span(), "an argument of this attribute is expected"))?;
        let span = name.span();
        let argument = match name.to_string().as_str() {
            "permit" => {
                consume_name(input).and_then(|()| parse_permission(input)).map(|(kind, place)| Argument::Permit(kind, place))
            }
            "mask" => consume_name(input).and_then(|()| parse_permission(input)).map(|(kind, place)| Argument::Mask(kind, place)),
            "requires" => consume_name(input).and_then(|()| parse_after_equals(input)).map(Argument::Requires),
            "cost" => consume_name(input).and_then(|()| parse_after_equals(input)).map(Argument::Cost),
            "authenticated" => consume_name(input).map(|()| Argument::Authenticated),
            "public" => consume_name(input).map(|()| Argument::Public),
            "step_up" => consume_name(input).map(|()| Argument::StepUp),
            "paged" => consume_name(input).map(|()| Argument::Paged),
            "personal" => consume_name(input).map(|()| Argument::Personal),
            "shared" => consume_name(input).map(|()| Argument::Shared),
            "session" => consume_name(input).and_then(|()| session(input)).map(Argument::Session),
            "emits" => consume_name(input).and_then(|()| events(input, span)).map(Argument::Emits),
            "dry_run" => consume_name(input).and_then(|()| dry_run(input)).map(Argument::DryRun),
            "once" => consume_name(input).and_then(|()| key_place(input)).map(Argument::Once),
            "was" => consume_name(input).and_then(|()| parse_earlier_name(input, span)).map(Argument::Was),
            "list_size" => consume_name(input).and_then(|()| list_size(input)).map(Argument::ListSize),
            "connection" => consume_name(input)
                .and_then(|()| Connection::parse(input))
                .map(|connection| Argument::Connection(Box::new(connection))),
            _ => input.parse::<syn::Meta>().map(|other| Argument::Other(other.into_token_stream())),
        };
        Ok(Self { argument: argument?, span })
    }
}

/// Consumes the name that the caller has peeked at.
fn consume_name(input: ParseStream) -> Result<()> {
    input.parse::<Ident>().map(drop)
}

fn parse_after_equals<T: Parse>(input: ParseStream) -> Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// `= Kind`, or `(Kind, in_body)`.
fn parse_permission(input: ParseStream) -> Result<(Ident, CheckPlace)> {
    if input.peek(Token![=]) {
        return parse_after_equals(input).map(|kind| (kind, CheckPlace::Before));
    }
    let content;
    parenthesized!(content in input);
    let kind = content.parse()?;
    content.parse::<Token![,]>()?;
    let place: Ident = content.parse()?;
    if place == "in_body" { Ok((kind, CheckPlace::Body)) } else { Err(Error::new(place.span(), "`in_body` is expected")) }
}

/// The identifier in parentheses behind a name, if there is one.
fn variant(input: ParseStream) -> Result<Option<Ident>> {
    if !input.peek(syn::token::Paren) {
        return Ok(None);
    }
    let content;
    parenthesized!(content in input);
    content.parse().map(Some)
}

fn session(input: ParseStream) -> Result<SessionKind> {
    match variant(input)? {
        None => Ok(SessionKind::Any),
        Some(name) if name == "to_enrol" => Ok(SessionKind::ToEnrol),
        Some(name) => Err(Error::new(name.span(), "`to_enrol` is expected")),
    }
}

fn dry_run(input: ParseStream) -> Result<DryRun> {
    match variant(input)? {
        None => Ok(DryRun::Document),
        Some(name) if name == "record" => Ok(DryRun::Record),
        Some(name) if name == "rolled_back" => Ok(DryRun::RolledBack),
        Some(name) => Err(Error::new(name.span(), "`record` or `rolled_back` is expected")),
    }
}

fn key_place(input: ParseStream) -> Result<KeyPlace> {
    match variant(input)? {
        None => Ok(KeyPlace::Input),
        Some(name) if name == "argument" => Ok(KeyPlace::Argument),
        Some(name) => Err(Error::new(name.span(), "`argument` is expected")),
    }
}

/// `("countCreate", "2026-11-25")`.
fn parse_earlier_name(input: ParseStream, span: Span) -> Result<EarlierName> {
    let [name, day] = <[LitStr; 2]>::try_from(parse_list::<LitStr>(input)?)
        .map_err(|_| Error::new(span, "the earlier name and the day of the notice are expected"))?;
    let text = day.value();
    let parts: Vec<&str> = text.split('-').collect();
    let &[year, month, of_month] = parts.as_slice() else {
        return Err(Error::new(day.span(), "a day is expected, as in 2026-11-25"));
    };
    let is_day = [(year, 4), (month, 2), (of_month, 2)]
        .iter()
        .all(|(part, length)| part.len() == *length && part.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(next) = year.parse::<u32>().ok().filter(|_| is_day).map(|year| year + 1) else {
        return Err(Error::new(day.span(), "a day is expected, as in 2026-11-25"));
    };
    // The last day of February is not in every year.
    let rest = if (month, of_month) == ("02", "29") { "03-01".to_owned() } else { format!("{month}-{of_month}") };
    Ok(EarlierName { name, day, last_day: format!("{next}-{rest}") })
}

/// Parses a parenthesized list with commas.
fn parse_list<T: Parse>(input: ParseStream) -> Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

fn events(input: ParseStream, span: Span) -> Result<Vec<Path>> {
    let events = parse_list(input)?;
    if events.is_empty() {
        Err(Error::new(span, "an event is expected; leave `emits` out where there is none"))
    } else {
        Ok(events)
    }
}

fn list_size(input: ParseStream) -> Result<ListSize> {
    let content;
    parenthesized!(content in input);
    let mut size = ListSize::default();
    while !content.is_empty() {
        let name: Ident = content.parse()?;
        match name.to_string().as_str() {
            "assumed" => size.assumed = Some(parse_after_equals(&content)?),
            "arguments" => size.arguments = Some(parse_list(&content)?),
            "fields" => size.fields = Some(parse_list(&content)?),
            _ => return Err(Error::new(name.span(), "`assumed`, `arguments` or `fields` is expected")),
        }
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(size)
}

/// The argument of async-graphql's attribute; `None` if it adds nothing to the schema.
pub fn attribute(argument: &Argument) -> Option<TokenStream> {
    let directive_path = match argument {
        Argument::Other(other) => return Some(other.clone()),
        Argument::Session(_) | Argument::DryRun(_) | Argument::Once(_) | Argument::Was(_) | Argument::Connection(_) => {
            return None;
        }
        Argument::Permit(kind, _) | Argument::Requires(kind) => with_code("requires", kind),
        Argument::Mask(kind, _) => with_code("mask", kind),
        Argument::Authenticated => quote!(authenticated::apply()),
        Argument::Public => quote!(public::apply()),
        Argument::StepUp => quote!(step_up::apply(::graphql::directives::MaxAge(::core::option::Option::None))),
        Argument::Emits(events) => quote!(emits::apply(::std::vec![#(#events.text()),*])),
        Argument::Cost(weight) => quote!(cost::apply(#weight.to_owned())),
        Argument::Paged => quote!(paged::apply()),
        Argument::Personal => quote!(personal::apply()),
        Argument::Shared => quote!(shared::apply()),
        Argument::ListSize(size) => size.to_attribute_argument(),
    };
    Some(quote!(directive = ::graphql::directives::#directive_path))
}

/// A directive that names a permission, by the name that the permission has.
fn with_code(directive: &str, kind: &Ident) -> TokenStream {
    let directive = Ident::new(directive, Span::call_site());
    quote!(#directive::apply(<::iam::access::kind::#kind as ::iam::access::Permission>::info().code.to_owned()))
}

impl ListSize {
    fn to_attribute_argument(&self) -> TokenStream {
        let some = |value: Option<TokenStream>| {
            value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
        };
        let texts = |texts: &Option<Vec<LitStr>>| some(texts.as_ref().map(|texts| quote!(::std::vec![#(#texts.to_owned()),*])));
        let (assumed, arguments, fields) =
            (some(self.assumed.as_ref().map(ToTokens::to_token_stream)), texts(&self.arguments), texts(&self.fields));
        quote!(list_size::apply(#assumed, #arguments, #fields))
    }
}
