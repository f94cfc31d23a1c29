//! Which movements, as clients ask for them.

use async_graphql::InputObject;
use inventory::stock::rows::{MovementFilterSpec, TextTest};

use super::MovementKind;
use crate::graphql::{
    fault::TopError,
    filters::{DateTimeFilter, IdFilter, StringFilter},
};

/// Movements that match all of these.
#[derive(Debug, Clone, Default, InputObject)]
pub struct MovementFilter {
    /// Kinds of movement to include; an empty list matches nothing.
    pub kind: Option<Vec<MovementKind>>,
    /// Stores with an entry in the movement.
    pub store: Option<IdFilter>,
    /// Products with an entry in the movement.
    pub product: Option<IdFilter>,
    /// Documents that the movements belong to.
    pub reference: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Range of the time at which the movement happened.
    pub occurred_at: Option<DateTimeFilter>,
}

impl MovementFilter {
    /// The filter as rows understand it.
    pub fn spec(filter: Option<&Self>) -> Result<MovementFilterSpec, TopError> {
        let Some(filter) = filter else { return Ok(MovementFilterSpec::default()) };
        let (occurred_from, occurred_before) = filter.occurred_at.as_ref().map(DateTimeFilter::range).unwrap_or_default();
        Ok(MovementFilterSpec {
            kinds: filter.kind.as_ref().map(|kinds| kinds.iter().map(|kind| (*kind).into()).collect()),
            stores: filter.store.as_ref().map(|f| f.ids(&["filter", "store"])).transpose()?.flatten(),
            products: filter.product.as_ref().map(|f| f.ids(&["filter", "product"])).transpose()?.flatten(),
            references: filter.reference.as_ref().map(|f| f.of_any_kind(&["filter", "reference"])).transpose()?.flatten(),
            external_ref: filter.external_ref.as_ref().map(texts).transpose()?.unwrap_or_default(),
            occurred_from,
            occurred_before,
        })
    }
}

fn texts(filter: &StringFilter) -> Result<Vec<TextTest>, TopError> {
    filter.check(&["filter", "externalRef"])?;
    let listed = filter.one_of.clone().map(TextTest::In);
    let same = filter.eq.clone().map(|text| TextTest::In(vec![text]));
    let begins = filter.starts_with.clone().map(TextTest::StartsWith);
    let has = filter.contains.clone().map(TextTest::Contains);
    Ok([listed, same, begins, has].into_iter().flatten().collect())
}
