//! Filter and sort of the list of revaluations, as clients write them.

use async_graphql::{Enum, InputObject};
use entity::{id::kind, prelude::Numbered};
use inventory::{costing::rows::RevaluationFilter, numbering::core::Patterns};
use platform::storage::Nested;

use crate::{
    catalog::Direction,
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::{
        document_filter::DocumentFilter,
        filters::{below, texts},
    },
};

/// Revaluations that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StockRevaluationFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<StockRevaluationFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<StockRevaluationFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<StockRevaluationFilter>>,
    /// Condition on the ID of the revaluation.
    pub id: Option<IdFilter>,
    /// Number of the revaluation, or the beginning of its reference. References are looked for as the text is written, in capitals, in small letters
    /// and with a capital first; a text of fewer than three characters must be the whole reference. An empty text finds nothing.
    pub search: Option<String>,
    /// Number of the revaluation.
    pub number: Option<StringFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Product of at least one line.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Member or integration that created the revaluation.
    pub created_by: Option<IdFilter>,
    /// Time at which the revaluation was created.
    pub created_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(StockRevaluationFilter);
crate::keyed_filter!(
    StockRevaluationFilter, "product" product ProductSku, "createdBy" created_by MemberEmail;
    [] "createdAt" created_at
);

impl StockRevaluationFilter {
    /// Converts to the filter of the rows. Numbers of revaluations have no letters, so no patterns
    /// are needed.
    pub(super) fn read(self) -> Answer<Nested<RevaluationFilter>> {
        read_nested(self, &mut Self::tests)
    }

    /// The tests of one filter, without those inside it.
    fn tests(self, path: &Path) -> Answer<RevaluationFilter> {
        let document = DocumentFilter {
            id: self.id,
            search: self.search,
            number: self.number,
            created_at: self.created_at,
            updated_at: None,
            product: self.product,
            sku: self.sku,
        };
        Ok(RevaluationFilter {
            document: document.read::<kind::RevaluationId>((Numbered::Revaluation, &Patterns::default()), path)?,
            external_ref: texts(self.external_ref, &below(path, "externalRef"))?,
            created_by: self.created_by.map(|filter| filter.of_any_kind(&field_path(path, "createdBy"))).transpose()?.flatten(),
        })
    }
}

/// Sort order of a list of revaluations.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct StockRevaluationSort {
    /// Field by which the revaluations are sorted.
    pub field: StockRevaluationSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which revaluations can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockRevaluationSortField {
    /// Number of the revaluation, which is the order in which they were created.
    Number,
}

/// Whether the last revaluation comes first, which is the default.
pub(super) fn is_descending(sort: Option<StockRevaluationSort>) -> bool {
    sort.is_none_or(|StockRevaluationSort { field: StockRevaluationSortField::Number, direction }| direction == Direction::Desc)
}
