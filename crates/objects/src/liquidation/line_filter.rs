//! Filter and sort of the lines of a plan, as clients write them.

use async_graphql::{Context, Enum, InputObject};
use entity::prelude::Currency;
use platform::{path, storage::Nested};
use services::{
    liquidation::rows::{LineFilter, LineSort as By, LinesSorted},
    replenishment::rows::line_tests::NumberRange,
};

use super::enums::{LiquidationAction, LiquidationIssue, LiquidationLineStatus, LiquidationOutcome};
use crate::{
    catalog::Direction,
    graphql::{
        directives,
        fault::Answer,
        filters::{DateFilter, IdFilter, MoneyFilter, QuantityFilter, StringFilter, intersect_values},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::below,
    replenishment::line_filter::{CatalogueTests, amounts, days, needs_costs, quantities},
    sorts::UNINDEXED,
};

/// Lines of a plan of liquidation that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct LiquidationPlanLineFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<LiquidationPlanLineFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<LiquidationPlanLineFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<LiquidationPlanLineFilter>>,
    /// Condition on the ID of the line.
    pub id: Option<IdFilter>,
    /// Stores to include.
    pub store: Option<IdFilter>,
    /// Stores that a TRANSFER goes to. Other actions do not match.
    pub to_store: Option<IdFilter>,
    /// Products to include.
    pub product: Option<IdFilter>,
    /// SKU of the product, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Categories whose products are included; for their descendants too, use `categoryTree`. Needs product.read.
    pub category: Option<IdFilter>,
    /// Categories whose products, and those of their descendants, are included. Needs product.read.
    pub category_tree: Option<IdFilter>,
    /// Words of the SKU, name or barcodes of the product, at most 8, each of letters and digits; typos are tolerated. A text without letters and digits
    /// finds nothing; null does not search. Needs product.read.
    pub search: Option<String>,
    /// Suppliers that a RETURN goes to. Other actions do not match.
    pub supplier: Option<IdFilter>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<LiquidationLineStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<LiquidationLineStatus>>,
    /// Actions to include; an empty list matches nothing.
    pub action: Option<Vec<LiquidationAction>>,
    /// Reasons for REFUSED to include; an empty list matches nothing. Lines without a reason do not match.
    pub issue: Option<Vec<LiquidationIssue>>,
    /// Outcomes to include; an empty list matches nothing. Lines without an outcome do not match.
    pub outcome: Option<Vec<LiquidationOutcome>>,
    /// Units of the line, in the product's smallest unit.
    pub quantity: Option<QuantityFilter>,
    /// Last day of the expectation.
    pub until: Option<DateFilter>,
    /// Likely recovery, as in `expected.likely`. Currencies other than the plan's match nothing. Needs product.cost.read.
    pub expected: Option<MoneyFilter>,
    /// Cost of the free units when the plan was made. Lines without a known cost, and currencies other than the plan's, match nothing. Needs
    /// product.cost.read.
    pub value: Option<MoneyFilter>,
}

::graphql::nested_filter!(LiquidationPlanLineFilter);
crate::keyed_filter!(
    LiquidationPlanLineFilter,
    "store" store StoreCode,
    "toStore" to_store StoreCode,
    "product" product ProductSku,
    "category" category CategorySlug,
    "categoryTree" category_tree CategorySlug,
    "supplier" supplier SupplierCode;
    [store] "until" until
);

impl LiquidationPlanLineFilter {
    /// Compiles the filter of the lines of a plan in this currency for the rows, without the
    /// conditions that need the catalogue.
    pub(super) fn read(ctx: &Context<'_>, filter: Option<Self>, currency: Currency) -> Answer<Nested<LineFilter>> {
        let Some(filter) = filter else { return Ok(Nested::plain(LineFilter::default())) };
        read_nested(filter, &mut |part: Self, at| part.tests(ctx, currency, at))
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, ctx: &Context<'_>, currency: Currency, at: &Path) -> Answer<LineFilter> {
        let catalogue_filter =
            CatalogueTests { sku: self.sku, category: self.category, category_tree: self.category_tree, search: self.search };
        Ok(LineFilter {
            ids: self.id.map(|test| test.ids(&field_path(at, "id"))).transpose()?.flatten(),
            stores: self.store.map(|test| test.ids(&field_path(at, "store"))).transpose()?.flatten(),
            to_stores: self.to_store.map(|test| test.ids(&field_path(at, "toStore"))).transpose()?.flatten(),
            products: self.product.map(|test| test.ids(&field_path(at, "product"))).transpose()?.flatten(),
            of_catalogue: catalogue_filter.read(ctx, at)?,
            suppliers: self.supplier.map(|test| test.ids(&field_path(at, "supplier"))).transpose()?.flatten(),
            states: intersect_values(self.status, self.state).map(|list| list.into_iter().map(Into::into).collect()),
            actions: self.action.map(|list| list.into_iter().map(Into::into).collect()),
            issues: self.issue.map(|list| list.into_iter().map(Into::into).collect()),
            outcomes: self.outcome.map(|list| list.into_iter().map(Into::into).collect()),
            quantity: quantities(self.quantity),
            until: days(self.until, &below(at, "until"))?,
            expected: in_currency(ctx, self.expected, currency, &below(at, "expected"))?,
            value: in_currency(ctx, self.value, currency, &below(at, "value"))?,
        })
    }
}

/// A range of amounts of the plan's currency; no line has amounts of another one.
fn in_currency(ctx: &Context<'_>, test: Option<MoneyFilter>, currency: Currency, at: &Path) -> Answer<NumberRange> {
    let Some(test) = test else { return Ok(NumberRange::default()) };
    let (test_currency, amounts) = amounts(ctx, &test, at)?;
    Ok(if test_currency == currency { amounts } else { NumberRange::NONE })
}

/// Sort order of the lines of a plan of liquidation; lines with equal values are sorted by the IDs of product and store, in the same direction.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct LiquidationPlanLineSort {
    /// Field by which the lines are sorted.
    pub field: LiquidationPlanLineSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which the lines of a plan of liquidation can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum LiquidationPlanLineSortField {
    /// Cost of the free units when the plan was made. Needs product.cost.read.
    Value,
    /// ID of the product, then of the store.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Product,
    /// Likely recovery, in minor units. Needs product.cost.read.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Expected,
    /// Units of the line, in the product's smallest unit.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Quantity,
    /// Last day of the expectation.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Until,
}

crate::sorts::rows_sorted!(from LiquidationPlanLineSort => LinesSorted);

impl LiquidationPlanLineSort {
    /// The requested order, or else `default_sort`. Sorting by amounts reveals costs, so it needs the
    /// permission to see them.
    pub(super) fn sorted(ctx: &Context<'_>, sort: Option<Self>, default_sort: LinesSorted) -> Answer<LinesSorted> {
        let Some(sort) = sort else { return Ok(default_sort) };
        if matches!(sort.field, LiquidationPlanLineSortField::Value | LiquidationPlanLineSortField::Expected) {
            needs_costs(ctx, &path!["sort"])?;
        }
        Ok(sort.into())
    }
}
