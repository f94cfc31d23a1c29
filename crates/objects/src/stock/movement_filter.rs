//! Filter and sort of movements, as inputs of the API.

use async_graphql::{Enum, InputObject};
use inventory::stock::rows::{MovementFilterSpec, MovementSort as By, MovementsSorted, TextTest};
use platform::{path, storage::Nested};

use super::{
    MovementKind, ReasonCode,
    lot_filter::{LotCodeFilter, codes},
    text_conditions::{fold_values, texts},
};
use crate::{
    catalog::Direction,
    graphql::{
        fault::TopError,
        filters::{DateTimeFilter, IdFilter, StringFilter},
        nested::{field_path, read_nested},
    },
};

/// Movements that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct MovementFilter {
    /// Conditions that must all hold; an empty list holds for everything. Refused by reports.
    pub and: Option<Vec<MovementFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing. Refused by reports.
    pub or: Option<Vec<MovementFilter>>,
    /// Condition that must not hold. Refused by reports.
    pub not: Option<Box<MovementFilter>>,
    /// Kinds of movement to include; an empty list matches nothing.
    pub kind: Option<Vec<MovementKind>>,
    /// Stores with an entry in the movement.
    pub store: Option<IdFilter>,
    /// Products with an entry in the movement.
    pub product: Option<IdFilter>,
    /// Documents that the movements belong to. By `key`, numbers of documents that you may see, with or without their letters, as in SO-000007: orders,
    /// purchase orders, transfers, stocktakes, returns and returns to suppliers; then without `eq` and `in`.
    pub reference: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Range of the time at which the movement happened.
    pub occurred_at: Option<DateTimeFilter>,
    /// Range of the time at which the movement was recorded here, which may be later than it happened.
    pub recorded_at: Option<DateTimeFilter>,
    /// Reasons of the movement; an empty list matches nothing.
    pub reason_code: Option<Vec<ReasonCode>>,
    /// Member, API key or integration that made the movement.
    pub actor: Option<IdFilter>,
    /// SKU of the product of at least one entry, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Code of the lot of at least one entry; case is ignored.
    pub lot: Option<LotCodeFilter>,
}

::graphql::nested_filter!(MovementFilter);
crate::keyed_filter!(
    MovementFilter, "store" store StoreCode, "product" product ProductSku, "actor" actor MemberEmail;
    [store] "occurredAt" occurred_at, "recordedAt" recorded_at
);

/// Sort order of a list of movements; movements with equal values are sorted in the order in which they were recorded.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct MovementSort {
    /// Field by which the movements are sorted.
    pub field: MovementSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which movements can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MovementSortField {
    /// Order in which the movements were recorded.
    RecordedAt,
    /// Time at which the movement happened, which may be earlier than it was recorded.
    OccurredAt,
}

crate::sorts::rows_sorted!(MovementSort => MovementsSorted);

impl MovementFilter {
    /// The filter of a list as rows understand it.
    pub fn nested(filter: Option<Self>) -> Result<Nested<MovementFilterSpec>, TopError> {
        read_nested(filter.unwrap_or_default(), &mut |filter: Self, at| filter.spec_at(at))
    }

    /// Compiles the filter of a report, which sums the matching entries: nested filters are
    /// refused.
    pub fn spec(filter: Option<&Self>) -> Result<MovementFilterSpec, TopError> {
        let Some(filter) = filter else { return Ok(MovementFilterSpec::default()) };
        let nested_fields = [("and", filter.and.is_some()), ("or", filter.or.is_some()), ("not", filter.not.is_some())];
        if let Some((name, _)) = nested_fields.into_iter().find(|(_, is_given)| *is_given) {
            return Err(TopError::bad_input("reports of movements take no filters inside filters", path!["filter", name]));
        }
        filter.spec_at(&["filter".to_owned()])
    }

    fn spec_at(&self, at: &[String]) -> Result<MovementFilterSpec, TopError> {
        let (occurred_from, occurred_before) = self.occurred_at.as_ref().map(DateTimeFilter::range).unwrap_or_default();
        let (recorded_from, recorded_before) = self.recorded_at.as_ref().map(DateTimeFilter::range).unwrap_or_default();
        let texts = |filter: &Option<StringFilter>, name: &str| {
            filter.as_ref().map(|filter| texts(filter, &field_path(at, name))).transpose().map(Option::unwrap_or_default)
        };
        let any_kind_ids = |filter: &Option<IdFilter>, name: &str| {
            Ok::<_, TopError>(filter.as_ref().map(|filter| filter.of_any_kind(&field_path(at, name))).transpose()?.flatten())
        };
        let mut reference = self.reference.clone();
        let is_null = reference.as_mut().and_then(|test| test.is_null.take());
        Ok(MovementFilterSpec {
            kinds: self.kind.as_ref().map(|kinds| kinds.iter().map(|kind| (*kind).into()).collect()),
            stores: self.store.as_ref().map(|filter| filter.ids(&field_path(at, "store"))).transpose()?.flatten(),
            products: self.product.as_ref().map(|filter| filter.ids(&field_path(at, "product"))).transpose()?.flatten(),
            references: any_kind_ids(&reference, "reference")?,
            has_reference: is_null.map(|is_null| !is_null),
            external_ref: texts(&self.external_ref, "externalRef")?,
            occurred_from,
            occurred_before,
            recorded: [recorded_from, recorded_before],
            reasons: self.reason_code.as_ref().map(|reasons| reasons.iter().map(|reason| (*reason).into()).collect()),
            actors: any_kind_ids(&self.actor, "actor")?,
            skus: texts(&self.sku, "sku")?.into_iter().map(fold_values).collect(),
            lots: lots(self.lot.as_ref(), &field_path(at, "lot"))?,
        })
    }
}

/// Compiles the tests of a lot's code, all of which must hold.
fn lots(filter: Option<&LotCodeFilter>, at: &[&str]) -> Result<Vec<TextTest>, TopError> {
    let Some(filter) = filter else { return Ok(Vec::new()) };
    let (codes, prefixes) = codes(filter.clone(), at)?;
    Ok(codes.map(TextTest::In).into_iter().chain(prefixes.map(TextTest::StartsWith)).collect())
}
