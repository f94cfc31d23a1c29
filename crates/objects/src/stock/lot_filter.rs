//! Filter and sort of the list of lots.

use async_graphql::{Enum, InputObject};
use entity::{id::kind as ids, prelude::Timestamp};
use inventory::{
    catalog::core::text::fold,
    stock::rows::{
        lot_filter::{LotFilterSpec, LotSort as By, LotSorted, OnHandTest},
        lot_list::{ExpiringSort, ExpiringSorted},
    },
};
use platform::storage::Nested;

use super::{
    LotStatus,
    text_conditions::{fold_values, texts},
};
use crate::{
    catalog::Direction,
    graphql::{
        directives::cost,
        fault::{Answer, TopError},
        filters::{DateFilter, DateTimeFilter, IdFilter, MAX_VALUES, QuantityFilter, StringFilter},
        nested::{field_path, read_nested},
        refusal::Path,
        scalars::Date,
    },
    orders::filters::below,
    sorts::UNINDEXED,
};

/// Lots that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct LotFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<LotFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<LotFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<LotFilter>>,
    /// Lots to include.
    pub id: Option<IdFilter>,
    /// Products to include.
    pub product: Option<IdFilter>,
    /// SKU of the product, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Stores with stock of the lot.
    pub store: Option<IdFilter>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<LotStatus>>,
    /// Day before which the lot's expiry date is. A lot without one does not match. Null for any.
    pub expires_before: Option<Date>,
    /// Expiry date of the lot.
    pub expires_on: Option<DateFilter>,
    /// Quantity of the lot on hand in all stores that you may see, in the product's smallest unit.
    pub on_hand: Option<QuantityFilter>,
    /// Code of the lot; case is ignored.
    pub code: Option<LotCodeFilter>,
    /// Time at which the lot was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time of the lot's last change or movement. It narrows what the other tests leave; by itself it goes through all lots.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(LotFilter);
crate::keyed_filter!(
    LotFilter, "product" product ProductSku, "store" store StoreCode;
    [store] "expiresOn" expires_on, "createdAt" created_at, "updatedAt" updated_at
);

/// Codes of lots; an operator that is null is ignored. Case does not count.
#[derive(Debug, Clone, Default, InputObject)]
pub struct LotCodeFilter {
    /// Code that must be equal.
    pub eq: Option<String>,
    /// Codes of which one must be equal, at most 250; an empty list matches nothing.
    #[graphql(name = "in")]
    pub one_of: Option<Vec<String>>,
    /// Beginning of the code.
    pub starts_with: Option<String>,
}

impl LotFilter {
    /// The filter as rows understand it.
    pub fn read(filter: Option<Self>) -> Answer<Nested<LotFilterSpec>> {
        read_nested(filter.unwrap_or_default(), &mut |filter: Self, at| filter.spec(at))
    }

    fn spec(self, at: &Path) -> Answer<LotFilterSpec> {
        let (codes, code_starts) = codes(self.code.unwrap_or_default(), &field_path(at, "code"))?;
        let days = self.expires_on.map(|filter| filter.range(&below(at, "expiresOn"))).transpose()?.unwrap_or_default();
        let skus = self.sku.map(|filter| texts(&filter, &field_path(at, "sku"))).transpose()?.unwrap_or_default();
        Ok(LotFilterSpec {
            ids: self.id.map(|filter| filter.ids::<ids::LotId>(&field_path(at, "id"))).transpose()?.flatten(),
            products: self.product.map(|filter| filter.ids(&field_path(at, "product"))).transpose()?.flatten(),
            skus: skus.into_iter().map(fold_values).collect(),
            stores: self.store.map(|filter| filter.ids(&field_path(at, "store"))).transpose()?.flatten(),
            seen_in: None,
            statuses: self.status.map(|list| list.into_iter().map(Into::into).collect()),
            expires_from: days.from,
            expires_before: [self.expires_before.map(|day| day.0), days.before].into_iter().flatten().min(),
            expires: days.is_null.map(|is_null| !is_null),
            codes,
            code_starts,
            on_hand: on_hand(self.on_hand),
            created: moments(self.created_at.as_ref()),
            updated: moments(self.updated_at.as_ref()),
        })
    }
}

/// The codes and the prefix of a filter at a path, folded.
pub fn codes(code: LotCodeFilter, at: &[&str]) -> Answer<(Option<Vec<String>>, Option<String>)> {
    let mut codes = code.one_of;
    if codes.as_ref().is_some_and(|codes| codes.len() > MAX_VALUES) {
        let field = at.iter().copied().chain(["in"]).map(str::to_owned).collect();
        return Err(TopError::limit_exceeded(format!("at most {MAX_VALUES} codes"), field));
    }
    if let Some(exact_code) = code.eq {
        codes = Some(codes.map_or_else(
            || vec![exact_code.clone()],
            |list| list.into_iter().filter(|candidate| fold(candidate) == fold(&exact_code)).collect(),
        ));
    }
    // No code has a NUL character, and Postgres takes none.
    let keys = codes
        .map(|list| list.iter().filter(|candidate| !candidate.contains('\0')).map(|candidate| fold(candidate.trim())).collect());
    let starts = code.starts_with.map(|prefix| fold(prefix.trim_start()).replace('\0', "\u{10ffff}"));
    Ok((keys, starts))
}

fn on_hand(filter: Option<QuantityFilter>) -> OnHandTest {
    let (least, most) = filter.unwrap_or_default().range();
    OnHandTest { least, most, within: None }
}

fn moments(filter: Option<&DateTimeFilter>) -> [Option<Timestamp>; 2] {
    let (from, before) = filter.map(DateTimeFilter::range).unwrap_or_default();
    [from, before]
}

/// Sort order of a list of lots; lots with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct LotSort {
    /// Field by which the lots are sorted.
    pub field: LotSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which lots can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LotSortField {
    /// Code of the lot, without its capitals.
    Code,
    /// Expiry date of the lot. A lot without one counts as the latest.
    ExpiresOn,
    /// Time at which the lot was created.
    CreatedAt,
}

/// The requested order; the newest first by default.
pub fn resolve_lot_sort(sort: Option<LotSort>) -> LotSorted {
    sort.map_or_else(LotSorted::default, |LotSort { field, direction }| LotSorted {
        by: match field {
            LotSortField::Code => By::Code,
            LotSortField::ExpiresOn => By::ExpiresOn,
            LotSortField::CreatedAt => By::CreatedAt,
        },
        descending: direction == Direction::Desc,
    })
}

/// Sort order of a list of lots that expire; equal values are sorted by the ID of the lot, then by that of the store.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ExpiringLotSort {
    /// Field by which the lots are sorted.
    pub field: ExpiringLotSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which lots that expire can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "ExpiringSort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExpiringLotSortField {
    /// Expiry date of the lot.
    ExpiresOn,
    /// Quantity of the lot on hand in the store, in the product's smallest unit.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    Quantity,
}

crate::sorts::rows_sorted!(ExpiringLotSort => ExpiringSorted);
