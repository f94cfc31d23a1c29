//! Filters and sorts of lists, as clients write them.

use async_graphql::{Enum, InputObject};
use iam::access::{Caller, Permission, kind};
use inventory::orders::rows::{Filter, IdColumn, OrderSort, Sorted, Span, TextTest};
use platform::path;
use uuid::Uuid;

use super::{
    enums::OrderStatus,
    links::{DateTimeFilter, Direction, IdFilter, StringFilter, argument},
};
use crate::{
    graphql::{fault::TopError, filters::plain, refusal::Path},
    payments::{PaymentStatus, RefundStatus},
};

/// Filter of orders. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct OrderFilter {
    /// All of these hold.
    pub and: Option<Vec<OrderFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<OrderFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<OrderFilter>>,
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
    /// Range of the time at which the order was placed.
    pub placed_at: Option<DateTimeFilter>,
    /// Kinds of hold that the order has, compared exactly; an empty list matches nothing. Flags
    /// (SHORT) are no holds.
    pub hold: Option<Vec<String>>,
    /// True for orders with a hold, false for orders without one.
    pub is_held: Option<bool>,
    /// Payment statuses to include; an empty list matches nothing.
    pub payment_status: Option<Vec<PaymentStatus>>,
    /// Refund statuses to include; an empty list matches nothing.
    pub refund_status: Option<Vec<RefundStatus>>,
}

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
}

/// The newest first, unless something else is asked for.
pub fn sorted(order: Option<OrderOrder>) -> Sorted {
    order.map_or(Sorted { by: OrderSort::PlacedAt, descending: true }, |order| Sorted {
        by: order.field.into(),
        descending: order.direction == Direction::Desc,
    })
}

/// How deep filters stand inside each other, and how many tests they have in all.
const MOST_DEPTH: usize = 5;
const MOST_TESTS: usize = 100;
/// Values of one `in`.
const MOST_VALUES: usize = 1_000;

impl OrderFilter {
    /// The filter for the rows. Ids of another kind, and more than is taken, are refused with their path; a test of the customer is FORBIDDEN
    /// to a caller who is not told whom an order is of.
    pub fn read(filter: Option<Self>, caller: &Caller) -> Result<Filter, TopError> {
        let Some(filter) = filter else { return Ok(Filter::default()) };
        let mut left = MOST_TESTS;
        let filter = filter.compile(&path!["filter"], 1, &mut left)?;
        if filter.asks_of(IdColumn::Customer) {
            customers_seen(caller)?;
        }
        Ok(filter)
    }

    fn compile(self, at: &Path, depth: usize, left: &mut usize) -> Result<Filter, TopError> {
        if depth > MOST_DEPTH {
            return Err(TopError::bad_input(format!("filters stand at most {MOST_DEPTH} deep inside each other"), at.clone()));
        }
        let mut all = Vec::new();
        for (index, part) in self.and.into_iter().flatten().enumerate() {
            all.push(part.compile(&below(&below(at, "and"), &index), depth + 1, left)?);
        }
        if let Some(parts) = self.or {
            let at = below(at, "or");
            let parts = parts.into_iter().enumerate();
            let any: Result<_, _> = parts.map(|(index, part)| part.compile(&below(&at, &index), depth + 1, left)).collect();
            all.push(Filter::Any(any?));
        }
        if let Some(part) = self.not {
            all.push(Filter::Not(Box::new(part.compile(&below(at, "not"), depth + 1, left)?)));
        }
        all.extend(self.status.map(|list| Filter::Status(list.into_iter().map(Into::into).collect())));
        for test in ids::<entity::id::kind::StoreId>(self.store, &below(at, "store"))? {
            all.push(Filter::Ids(IdColumn::Store, test));
        }
        for test in ids::<entity::id::kind::ChannelId>(self.channel, &below(at, "channel"))? {
            all.push(Filter::Ids(IdColumn::Channel, test));
        }
        for test in ids::<entity::id::kind::CustomerId>(self.customer, &below(at, "customer"))? {
            all.push(Filter::Ids(IdColumn::Customer, test));
        }
        all.extend(texts(self.external_ref, &below(at, "externalRef"))?.into_iter().map(Filter::ExternalRef));
        all.extend(self.placed_at.map(|test| Filter::PlacedAt(span(&test))));
        if let Some(kinds) = self.hold {
            all.push(Filter::Hold(hold_kinds(kinds, &below(at, "hold"))?));
        }
        all.extend(self.is_held.map(Filter::IsHeld));
        all.extend(self.payment_status.map(|list| Filter::Payment(list.into_iter().map(Into::into).collect())));
        all.extend(self.refund_status.map(|list| Filter::Refund(list.into_iter().map(Into::into).collect())));
        *left = left
            .checked_sub(all.len().max(1))
            .ok_or_else(|| TopError::bad_input(format!("a filter has at most {MOST_TESTS} tests"), path!["filter"]))?;
        Ok(Filter::All(all))
    }
}

/// Whoever is not told whom a document is of does not find it out by asking for theirs either.
pub fn customers_seen(caller: &Caller) -> Result<(), TopError> {
    if caller.sees_customers() { Ok(()) } else { Err(TopError::Forbidden(kind::CustomerRead::info().code)) }
}

fn below(at: &Path, name: &(impl ToString + ?Sized)) -> Path {
    let mut path = at.clone();
    path.push(name.to_string());
    path
}

/// The tests of an id filter: one for `eq`, one for `in`.
pub(crate) fn ids<K: entity::id::Kind>(filter: Option<IdFilter>, at: &Path) -> Result<Vec<Vec<Uuid>>, TopError> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let mut tests = Vec::new();
    if let Some(id) = filter.eq {
        tests.push(vec![argument::<K>(&id, || below(at, "eq"))?.uuid()]);
    }
    if let Some(list) = filter.one_of {
        let at = below(at, "in");
        few(list.len(), &at)?;
        let ids: Result<_, _> = list
            .iter()
            .enumerate()
            .map(|(index, id)| argument::<K>(id, || below(&at, &index)).map(entity::id::Id::uuid))
            .collect();
        tests.push(ids?);
    }
    Ok(tests)
}

/// The tests of a text filter, with no NUL in them.
pub(crate) fn texts(filter: Option<StringFilter>, at: &Path) -> Result<Vec<TextTest>, TopError> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let sound = |text: String, name: &str| plain(&text, || below(at, name)).map(|()| text);
    let mut tests = Vec::new();
    if let Some(text) = filter.eq {
        tests.push(TextTest::In(vec![sound(text, "eq")?]));
    }
    if let Some(list) = filter.one_of {
        few(list.len(), &below(at, "in"))?;
        tests.push(TextTest::In(list.into_iter().map(|text| sound(text, "in")).collect::<Result<_, _>>()?));
    }
    if let Some(text) = filter.starts_with {
        tests.push(TextTest::StartsWith(sound(text, "startsWith")?));
    }
    if let Some(text) = filter.contains {
        tests.push(TextTest::Contains(sound(text, "contains")?));
    }
    Ok(tests)
}

/// Kinds of holds, with no NUL in them.
fn hold_kinds(kinds: Vec<String>, at: &Path) -> Result<Vec<String>, TopError> {
    few(kinds.len(), at)?;
    for (index, kind) in kinds.iter().enumerate() {
        plain(kind, || below(at, &index))?;
    }
    Ok(kinds)
}

fn few(count: usize, at: &Path) -> Result<(), TopError> {
    if count <= MOST_VALUES {
        return Ok(());
    }
    Err(TopError::bad_input(format!("at most {MOST_VALUES} values are taken"), at.clone()))
}

/// From `gte` to before `lt`.
pub(crate) fn span(test: &DateTimeFilter) -> Span {
    Span { from: test.gte.map(|at| at.0), before: test.lt.map(|at| at.0) }
}
