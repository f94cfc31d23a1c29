//! Which movements, as clients ask for them.

use async_graphql::InputObject;
use inventory::{
    catalog::core::text,
    stock::rows::{MovementFilterSpec, TextTest},
};

use super::{MovementKind, ReasonCode};
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
    /// Reasons of the movement; an empty list matches nothing.
    pub reason_code: Option<Vec<ReasonCode>>,
    /// Member, API key or integration that made the movement.
    pub actor: Option<IdFilter>,
    /// SKU of the product of at least one entry, in any spelling of capitals.
    pub sku: Option<StringFilter>,
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
            external_ref: filter.external_ref.as_ref().map(|f| texts(f, "externalRef")).transpose()?.unwrap_or_default(),
            occurred_from,
            occurred_before,
            reasons: filter.reason_code.as_ref().map(|reasons| reasons.iter().map(|reason| (*reason).into()).collect()),
            actors: filter.actor.as_ref().map(|f| f.of_any_kind(&["filter", "actor"])).transpose()?.flatten(),
            skus: filter.sku.as_ref().map(|f| texts(f, "sku")).transpose()?.unwrap_or_default().into_iter().map(folded).collect(),
        })
    }
}

/// SKUs are compared by their folded form.
fn folded(test: TextTest) -> TextTest {
    match test {
        TextTest::In(texts) => TextTest::In(texts.iter().map(|one| text::fold(one.trim())).collect()),
        TextTest::StartsWith(prefix) => TextTest::StartsWith(text::fold(&prefix)),
        TextTest::Contains(part) => TextTest::Contains(text::fold(&part)),
    }
}

fn texts(filter: &StringFilter, name: &str) -> Result<Vec<TextTest>, TopError> {
    filter.check(&["filter", name])?;
    let listed = filter.one_of.clone().map(TextTest::In);
    let same = filter.eq.clone().map(|text| TextTest::In(vec![text]));
    let begins = filter.starts_with.clone().map(TextTest::StartsWith);
    let has = filter.contains.clone().map(TextTest::Contains);
    Ok([listed, same, begins, has].into_iter().flatten().collect())
}
