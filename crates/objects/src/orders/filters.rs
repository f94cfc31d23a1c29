//! Filters and sorts of lists, as clients write them.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, Enum, InputObject};
use entity::prelude::Numbered;
use iam::access::{Caller, Permission, kind};
use inventory::{
    catalog::rows::customer::email_blind,
    ledger::Ledger,
    numbering::core::Patterns,
    orders::rows::{
        Filter, IdColumn, NoteTest, OrderMetadataTest, OrderSort, OrdersSorted, SearchTest, SearchWord, TagTest, TotalTest,
    },
};
use platform::path;

pub use super::leaf_tests::check_list_length;
pub use super::leaf_tests::{below, ids, span, texts};
use super::{
    document_filter::{DocumentFilter, compile_allocated_tests},
    enums::OrderStatus,
    links::{DateTimeFilter, Direction, IdFilter, StringFilter},
};
use crate::{
    catalog::{MetadataFilter, metadata_tests},
    graphql::{
        context::ContextExt,
        fault::TopError,
        filters::{MAX_TESTS, MoneyFilter, StoreIdFilter, refuse_nul, searchable},
        nested::{check_depth, too_many_tests},
        refusal::Path,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    payments::{PaymentStatus, RefundStatus},
};

/// Filter of orders. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct OrderFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<OrderFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<OrderFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<OrderFilter>>,
    /// The order itself.
    pub id: Option<IdFilter>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<OrderStatus>>,
    /// Stores that sold the order.
    pub store: Option<IdFilter>,
    /// Channels to include.
    pub channel: Option<IdFilter>,
    /// Customers to include. Needs customer.read.
    pub customer: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Register at which the order was placed, compared exactly.
    pub register: Option<StringFilter>,
    /// Range of the time at which the order was placed.
    pub placed_at: Option<DateTimeFilter>,
    /// Kinds of hold that the order has, compared exactly; an empty list matches nothing. Flags
    /// (SHORT) are no holds.
    pub hold: Option<Vec<String>>,
    /// True for orders with a hold, false for orders without one, null for both.
    pub is_held: Option<bool>,
    /// Payment statuses to include; an empty list matches nothing.
    pub payment_status: Option<Vec<PaymentStatus>>,
    /// Refund statuses to include; an empty list matches nothing.
    pub refund_status: Option<Vec<RefundStatus>>,
    /// Number of the order, with or without its letters, as in SO-000007.
    pub number: Option<StringFilter>,
    /// Product of at least one line of the order. Refused by `orderChanged`.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals. Refused by `orderChanged`.
    pub sku: Option<StringFilter>,
    /// Total of the order.
    pub total: Option<MoneyFilter>,
    /// Store that holds stock for the order, or that goods of the order were sent from. Refused by `orderChanged`.
    pub allocated_store: Option<StoreIdFilter>,
    /// Time at which the order was created here, which may be later than it was placed. Refused by `orderChanged`.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the order last changed. Refused by `orderChanged`.
    pub updated_at: Option<DateTimeFilter>,
    /// Words, at most 8: each is the number of the order or the beginning of its reference or, with customer.read, of its customer's, or with
    /// customer.contact.read the e-mail address of its customer. References are looked for as the word is written, in capitals, in small letters
    /// and with a capital first; a word of fewer than three characters must be the whole reference. A text without words finds nothing. Refused by
    /// `orderChanged`.
    pub search: Option<String>,
    /// Note for the customer or for staff, in any spelling of the letters A to Z. It narrows what the other tests leave; by itself it goes through
    /// all orders. Refused by `orderChanged`.
    pub note: Option<StringFilter>,
    /// Keys of the metadata, at most 10, all of which must match. It narrows what the other tests leave. Refused by `orderChanged`.
    pub metadata: Option<Vec<MetadataFilter>>,
    /// Tag of the order, in any spelling of the letters A to Z. Each operator may be met by another tag. Refused by `orderChanged`.
    pub tag: Option<StringFilter>,
}

::graphql::nested_filter!(OrderFilter);
crate::keyed_filter!(
    OrderFilter,
    "store" store StoreCode,
    "channel" channel ChannelCode,
    "customer" customer CustomerExternalRef,
    "product" product ProductSku;
    [store] "placedAt" placed_at, "createdAt" created_at, "updatedAt" updated_at
);

/// Sort order of a list of orders; orders with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct OrderOrder {
    /// Field by which the orders are sorted.
    pub field: OrderOrderField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which orders can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "OrderSort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum OrderOrderField {
    /// Time at which the order was placed.
    PlacedAt,
    /// Number of the order.
    Number,
    /// Total of the order, in minor units.
    Total,
    /// Time at which the order last changed.
    UpdatedAt,
}

crate::sorts::rows_sorted!(OrderOrder => OrdersSorted);

/// Maximum words of a search.
const MAX_WORDS: usize = 8;
/// Additional tests that each word of a search counts for.
const TESTS_PER_WORD: usize = 3;

/// Context in which filters are read: the tenant's patterns of numbers, the caller, and the
/// `email_blind` of each address that is searched for.
struct FilterContext<'a> {
    patterns: &'a Patterns,
    caller: &'a Caller,
    blinds: &'a HashMap<String, Vec<u8>>,
}

impl OrderFilter {
    /// Compiles the filter for the rows, with the tenant's patterns if it has a condition on
    /// numbers.
    pub async fn compile_filter(ctx: &Context<'_>, filter: Option<Self>) -> Result<Filter, TopError> {
        let caller = ctx.caller()?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?;
        let none = HashMap::new();
        if !filter.as_ref().is_some_and(Self::has_number_condition) {
            return Self::read(filter, caller, (&Patterns::default(), &none));
        }
        // An invalid filter is refused before anything is queried.
        Self::read(filter.clone(), caller, (&Patterns::default(), &none))?;
        let mut addresses = HashSet::new();
        filter.iter().for_each(|filter| filter.addresses(&mut addresses));
        let email_blinds = load_email_blinds(ctx, addresses).await?;
        Self::read(filter, caller, (numbering::patterns(ctx).await?.as_ref(), &email_blinds))
    }

    /// Adds the words of its searches, and of those in nested filters, that are e-mail addresses.
    fn addresses(&self, emails: &mut HashSet<String>) {
        let words = self.search.iter().flat_map(|text| text.split_whitespace());
        emails.extend(words.filter(|word| word.contains('@')).map(str::to_owned));
        let nested_filters = [&self.and, &self.or].into_iter().flatten().flatten().chain(self.not.as_deref());
        nested_filters.for_each(|filter| filter.addresses(emails));
    }

    /// Whether this filter, or one inside it, has a condition on numbers.
    fn has_number_condition(&self) -> bool {
        let mut parts = [&self.and, &self.or].into_iter().flatten().flatten();
        self.number.is_some()
            || self.search.is_some()
            || parts.any(Self::has_number_condition)
            || self.not.as_deref().is_some_and(Self::has_number_condition)
    }

    /// IDs of another kind, and lists that are too long, are refused with their path; a test of the
    /// customer is FORBIDDEN for a caller who may not see the customers of orders.
    fn read(
        filter: Option<Self>,
        caller: &Caller,
        (patterns, blinds): (&Patterns, &HashMap<String, Vec<u8>>),
    ) -> Result<Filter, TopError> {
        let Some(filter) = filter else { return Ok(Filter::default()) };
        let mut remaining_tests = MAX_TESTS;
        let context = FilterContext { patterns, caller, blinds };
        filter.compile(&path!["filter"], 0, &mut remaining_tests, &context)
    }

    /// The same for reports of sales, whose filter applies to orders and returns alike.
    pub async fn compile_sales_filter(ctx: &Context<'_>, filter: Option<Self>) -> Result<Filter, TopError> {
        let filter = resolve_filter_keys(ctx, filter, "filter").await?;
        // No patterns are needed, since a condition on numbers is refused below.
        let filter = Self::read(filter, ctx.caller()?, (&Patterns::default(), &HashMap::new()))?;
        if filter.applies_to_returns() {
            return Ok(filter);
        }
        let message =
            "reports of sales are filtered by status, store, channel, customer, externalRef and placedAt, which returns have too";
        Err(TopError::bad_input(message, path!["filter"]))
    }

    fn compile(
        self,
        at: &Path,
        depth: usize,
        remaining_tests: &mut usize,
        context: &FilterContext<'_>,
    ) -> Result<Filter, TopError> {
        check_depth(depth, || at.clone())?;
        // Each word is searched in several ways.
        let words = self.search.as_deref().map_or(0, |text| text.split_whitespace().count());
        let mut filters = Vec::new();
        for (index, part) in self.and.into_iter().flatten().enumerate() {
            filters.push(part.compile(&below(&below(at, "and"), &index), depth + 1, remaining_tests, context)?);
        }
        if let Some(parts) = self.or {
            let at = below(at, "or");
            let parts = parts.into_iter().enumerate();
            let any: Result<_, _> =
                parts.map(|(index, part)| part.compile(&below(&at, &index), depth + 1, remaining_tests, context)).collect();
            filters.push(Filter::Any(any?));
        }
        if let Some(part) = self.not {
            filters.push(Filter::Not(Box::new(part.compile(&below(at, "not"), depth + 1, remaining_tests, context)?)));
        }
        filters.extend(self.status.map(|list| Filter::Status(list.into_iter().map(Into::into).collect())));
        for test in ids::<entity::id::kind::OrderId>(self.id, &below(at, "id"))? {
            filters.push(Filter::Ids(IdColumn::Order, test));
        }
        for test in ids::<entity::id::kind::StoreId>(self.store, &below(at, "store"))? {
            filters.push(Filter::Ids(IdColumn::Store, test));
        }
        for test in ids::<entity::id::kind::ChannelId>(self.channel, &below(at, "channel"))? {
            filters.push(Filter::Ids(IdColumn::Channel, test));
        }
        let mut customer = self.customer;
        let is_guest = customer.as_mut().and_then(|test| test.is_null.take());
        filters.extend(is_guest.map(|is_guest| Filter::HasCustomer(!is_guest)));
        let customer_path = below(at, "customer");
        let customers = ids::<entity::id::kind::CustomerId>(customer, &customer_path)?;
        if is_guest.is_some() || !customers.is_empty() {
            require_customer_access(context.caller).map_err(|error| error.at(customer_path))?;
        }
        filters.extend(customers.into_iter().map(|test| Filter::Ids(IdColumn::Customer, test)));
        filters.extend(texts(self.external_ref, &below(at, "externalRef"))?.into_iter().map(Filter::ExternalRef));
        filters.extend(texts(self.register, &below(at, "register"))?.into_iter().map(Filter::Register));
        filters.extend(self.placed_at.map(|test| Filter::PlacedAt(span(&test))));
        if let Some(kinds) = self.hold {
            filters.push(Filter::Hold(hold_kinds(kinds, &below(at, "hold"))?));
        }
        filters.extend(self.is_held.map(Filter::IsHeld));
        filters.extend(self.payment_status.map(|list| Filter::Payment(list.into_iter().map(Into::into).collect())));
        filters.extend(self.refund_status.map(|list| Filter::Refund(list.into_iter().map(Into::into).collect())));
        let document = DocumentFilter {
            number: self.number,
            created_at: self.created_at,
            updated_at: self.updated_at,
            product: self.product,
            sku: self.sku,
            ..DocumentFilter::default()
        };
        let document = document.read::<entity::id::kind::OrderId>((Numbered::Order, context.patterns), at)?;
        filters.extend(document.into_iter().map(Filter::Document));
        filters.extend(self.total.map(|test| total(&test, &below(at, "total"))).transpose()?);
        for test in compile_allocated_tests(self.allocated_store, &below(at, "allocatedStore"))? {
            filters.push(Filter::Allocated(test));
        }
        filters.extend(self.search.map(|text| search(&text, context, &below(at, "search"))).transpose()?);
        filters.extend(texts(self.note, &below(at, "note"))?.into_iter().map(|test| Filter::Note(NoteTest(test))));
        filters.extend(texts(self.tag, &below(at, "tag"))?.into_iter().map(|test| Filter::Tag(TagTest(test))));
        filters.extend(metadata_tests(self.metadata, at)?.into_iter().map(|test| Filter::Metadata(OrderMetadataTest(test))));
        *remaining_tests = remaining_tests
            .checked_sub(filters.len().max(1) + words * TESTS_PER_WORD)
            .ok_or_else(|| too_many_tests(path!["filter"]))?;
        Ok(Filter::All(filters))
    }
}

/// Refuses a filter by customer for callers who may not see the customers of documents: the filter
/// would reveal them.
pub fn require_customer_access(caller: &Caller) -> Result<(), TopError> {
    if caller.sees_customers() { Ok(()) } else { Err(TopError::Forbidden(kind::CustomerRead::info().code)) }
}

/// Returns the `email_blind` of customers with these addresses; empty for a caller who may not see
/// addresses.
async fn load_email_blinds(ctx: &Context<'_>, addresses: HashSet<String>) -> Result<HashMap<String, Vec<u8>>, TopError> {
    let mut blinds_by_address = HashMap::new();
    if addresses.is_empty() || !ctx.holds::<kind::CustomerContactRead>() {
        return Ok(blinds_by_address);
    }
    if addresses.len() > MAX_WORDS {
        return Err(TopError::limit_exceeded(format!("at most {MAX_WORDS} e-mail addresses are taken"), path!["filter"]));
    }
    let scope = ctx.permit::<kind::CustomerContactRead>()?.scope(ctx.required_data::<Ledger>()?.database());
    for address in addresses {
        if let Some(blind) = email_blind(&scope, &address).await? {
            blinds_by_address.insert(address, blind);
        }
    }
    Ok(blinds_by_address)
}

/// Compiles the words of a search of orders.
fn search(text: &str, context: &FilterContext<'_>, at: &Path) -> Result<Filter, TopError> {
    searchable(text, || at.clone())?;
    let word = |text: &str| SearchWord {
        text: text.to_owned(),
        number: context.patterns.number(Numbered::Order, text),
        blind: context.blinds.get(text).cloned(),
    };
    let words: Vec<SearchWord> = text.split_whitespace().map(word).collect();
    if words.len() > MAX_WORDS {
        let message = format!("{} has {} words: at most {MAX_WORDS} are taken", at.join("."), words.len());
        return Err(TopError::limit_exceeded(message, at.clone()));
    }
    Ok(Filter::Search(SearchTest { words, sees_customers: context.caller.sees_customers() }))
}

fn total(test: &MoneyFilter, at: &Path) -> Result<Filter, TopError> {
    let range = test.range(at)?;
    Ok(Filter::Total(TotalTest { currency: range.currency, least: range.least, most: range.most }))
}

/// Kinds of holds, with no NUL in them.
fn hold_kinds(kinds: Vec<String>, at: &Path) -> Result<Vec<String>, TopError> {
    check_list_length(kinds.len(), at)?;
    for (index, kind) in kinds.iter().enumerate() {
        refuse_nul(kind, || below(at, &index))?;
    }
    Ok(kinds)
}
