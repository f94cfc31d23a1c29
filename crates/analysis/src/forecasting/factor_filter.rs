//! The filter of the list of factor series, as clients write it.

use async_graphql::InputObject;
use platform::storage::Nested;
use services::forecasting::rows::FactorFilter;

use super::enums::FactorKind;
use crate::{
    graphql::{
        fault::Answer,
        filters::{DateFilter, DateTimeFilter, IdFilter, StringFilter, searchable},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::{below, span, texts},
    purchasing::filter::day_span,
};

/// Factor series that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct FactorSeriesFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<FactorSeriesFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<FactorSeriesFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<FactorSeriesFilter>>,
    /// Code of the series, compared exactly.
    pub code: Option<StringFilter>,
    /// Part of the code or the name, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// Kinds of factor to include; an empty list matches nothing.
    pub kind: Option<Vec<FactorKind>>,
    /// Stores that the series is for. A series for all stores does not match.
    pub store: Option<IdFilter>,
    /// Products that the series is for. A series for all products or for a category does not match.
    pub product: Option<IdFilter>,
    /// Categories that the series is for, these only. A series for all products or for one does not match.
    pub category: Option<IdFilter>,
    /// Country whose stores the series is for, as two capital letters, compared exactly.
    pub country: Option<StringFilter>,
    /// First day on which the series is known.
    pub from: Option<DateFilter>,
    /// Last day on which the series is known.
    pub until: Option<DateFilter>,
    /// Time of the series' last change.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(FactorSeriesFilter);
crate::keyed_filter!(
    FactorSeriesFilter,
    "store" store StoreCode,
    "product" product ProductSku,
    "category" category CategorySlug;
    [store] "from" from, "until" until, "updatedAt" updated_at
);

impl FactorSeriesFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<Nested<FactorFilter>> {
        read_nested(self, &mut Self::tests)
    }

    /// The tests of one filter, without those inside it.
    fn tests(self, path: &Path) -> Answer<FactorFilter> {
        if let Some(text) = &self.search {
            searchable(text, || below(path, "search"))?;
        }
        Ok(FactorFilter {
            codes: texts(self.code, &below(path, "code"))?,
            search: self.search,
            kinds: self.kind.map(|list| list.into_iter().map(Into::into).collect()),
            stores: self.store.map(|filter| filter.ids(&field_path(path, "store"))).transpose()?.flatten(),
            products: self.product.map(|filter| filter.ids(&field_path(path, "product"))).transpose()?.flatten(),
            categories: self.category.map(|filter| filter.ids(&field_path(path, "category"))).transpose()?.flatten(),
            countries: texts(self.country, &below(path, "country"))?,
            from: day_span(self.from, &below(path, "from"))?,
            until: day_span(self.until, &below(path, "until"))?,
            updated_at: self.updated_at.map(|test| span(&test)),
        })
    }
}
