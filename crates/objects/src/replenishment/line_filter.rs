//! Filter and sort of the lines of a plan, as clients write them, and tests that lines of liquidation have as well.

use async_graphql::{Context, Enum, InputObject};
use entity::prelude::Currency;
use iam::access::{Permission, kind};
use inventory::catalog::rows::filter::Filter;
use platform::{path, storage::Nested};
use services::replenishment::rows::{
    LineFilter, LineSort as By, LinesSorted,
    line_tests::{NumberRange, PlanProducts, millionths},
};

use super::enums::{ReplenishmentIssue, ReplenishmentLineKind, ReplenishmentLineStatus};
use crate::{
    catalog::{Direction, ProductFilter, product_filter_in},
    graphql::{
        context::ContextExt,
        directives,
        fault::{Answer, TopError},
        filters::{DateFilter, DayRange, IdFilter, MoneyFilter, MoneyRange, QuantityFilter, StringFilter, intersect_values},
        nested::{field_path, read_nested},
        number_filters::{FloatFilter, IntFilter},
        refusal::Path,
    },
    orders::filters::below,
    sorts::UNINDEXED,
};

/// Lines of a plan of replenishment that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReplenishmentPlanLineFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ReplenishmentPlanLineFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ReplenishmentPlanLineFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ReplenishmentPlanLineFilter>>,
    /// Condition on the ID of the line.
    pub id: Option<IdFilter>,
    /// Stores to include.
    pub store: Option<IdFilter>,
    /// Stores that a TRANSFER comes from. Other kinds do not match.
    pub from_store: Option<IdFilter>,
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
    /// Suppliers that a PURCHASE is from, or whose order is cut. Lines without a supplier do not match.
    pub supplier: Option<IdFilter>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<ReplenishmentLineStatus>>,
    /// Deprecated name of `status`.
    #[graphql(deprecation = "2026-11-26: use status. Removed after 2027-11-26.")]
    pub state: Option<Vec<ReplenishmentLineStatus>>,
    /// Kinds to include; an empty list matches nothing.
    pub kind: Option<Vec<ReplenishmentLineKind>>,
    /// Reasons for REFUSED or CUT to include; an empty list matches nothing. Lines without a reason do not match.
    pub issue: Option<Vec<ReplenishmentIssue>>,
    /// Quantity of the line, in the product's smallest unit.
    pub quantity: Option<QuantityFilter>,
    /// Days until the stock is gone at mean demand. `isNull: true` for more than half a year, and without demand.
    pub urgency_days: Option<IntFilter>,
    /// Day on which the delivery is due.
    pub due_on: Option<DateFilter>,
    /// Cost of the goods. Lines without a cost do not match. Needs product.cost.read.
    pub cost: Option<MoneyFilter>,
    /// Confidence in the forecast, from 0 to 1. `isNull: true` for lines without a forecast.
    pub confidence: Option<FloatFilter>,
}

::graphql::nested_filter!(ReplenishmentPlanLineFilter);
crate::keyed_filter!(
    ReplenishmentPlanLineFilter,
    "store" store StoreCode,
    "fromStore" from_store StoreCode,
    "product" product ProductSku,
    "category" category CategorySlug,
    "categoryTree" category_tree CategorySlug,
    "supplier" supplier SupplierCode;
    [store] "dueOn" due_on
);

impl ReplenishmentPlanLineFilter {
    /// Compiles the filter for the rows, without the conditions that need the catalogue.
    pub(super) fn read(ctx: &Context<'_>, filter: Option<Self>) -> Answer<Nested<LineFilter>> {
        let Some(filter) = filter else { return Ok(Nested::plain(LineFilter::default())) };
        read_nested(filter, &mut |part: Self, at| part.tests(ctx, at))
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, ctx: &Context<'_>, at: &Path) -> Answer<LineFilter> {
        let catalogue_filter =
            CatalogueTests { sku: self.sku, category: self.category, category_tree: self.category_tree, search: self.search };
        Ok(LineFilter {
            ids: self.id.map(|test| test.ids(&field_path(at, "id"))).transpose()?.flatten(),
            stores: self.store.map(|test| test.ids(&field_path(at, "store"))).transpose()?.flatten(),
            from_stores: self.from_store.map(|test| test.ids(&field_path(at, "fromStore"))).transpose()?.flatten(),
            products: self.product.map(|test| test.ids(&field_path(at, "product"))).transpose()?.flatten(),
            of_catalogue: catalogue_filter.read(ctx, at)?,
            suppliers: self.supplier.map(|test| test.ids(&field_path(at, "supplier"))).transpose()?.flatten(),
            states: intersect_values(self.status, self.state).map(|list| list.into_iter().map(Into::into).collect()),
            kinds: self.kind.map(|list| list.into_iter().map(Into::into).collect()),
            issues: self.issue.map(|list| list.into_iter().map(Into::into).collect()),
            quantity: quantities(self.quantity),
            urgency_days: self.urgency_days.map(integers).unwrap_or_default(),
            due_on: days(self.due_on, &below(at, "dueOn"))?,
            cost: self.cost.map(|test| amounts(ctx, &test, &below(at, "cost"))).transpose()?,
            confidence: self.confidence.map(shares).unwrap_or_default(),
        })
    }
}

/// Tests of the product of a line that are resolved by the catalogue.
pub(crate) struct CatalogueTests {
    pub(crate) sku: Option<StringFilter>,
    pub(crate) category: Option<IdFilter>,
    pub(crate) category_tree: Option<IdFilter>,
    pub(crate) search: Option<String>,
}

impl CatalogueTests {
    /// # Errors
    /// The caller lacks product.read, which all but the SKU needs; a field is refused. Both name the field's place.
    pub(crate) fn read(self, ctx: &Context<'_>, at: &Path) -> Answer<PlanProducts> {
        let Self { sku, category, category_tree, search } = self;
        let needing = [("category", category.is_some()), ("categoryTree", category_tree.is_some()), ("search", search.is_some())];
        if let Some((name, _)) = needing.into_iter().find(|(_, is_needed)| *is_needed) {
            ctx.permit::<kind::ProductRead>().map_err(|error| error.at(below(at, name)))?;
        }
        let product_filter = ProductFilter { sku, category, category_tree, search, ..ProductFilter::default() };
        let filter = product_filter_in(ctx, product_filter, at)?;
        Ok(if filter == Filter::default() { PlanProducts::All } else { PlanProducts::Asked(Box::new(filter)) })
    }
}

/// Refuses a condition or sort that reveals costs, at its path, if the caller may not see them.
pub(crate) fn needs_costs(ctx: &Context<'_>, at: &Path) -> Answer<()> {
    let error = || TopError::Forbidden(kind::ProductCostRead::info().code).at(at.clone());
    if ctx.caller()?.sees_costs() { Ok(()) } else { Err(error()) }
}

/// A range of amounts, and their currency. Amounts are costs, or follow from these.
pub(crate) fn amounts(ctx: &Context<'_>, test: &MoneyFilter, at: &Path) -> Answer<(Currency, NumberRange)> {
    needs_costs(ctx, at)?;
    let MoneyRange { currency, least, most } = test.range(at)?;
    Ok((currency, NumberRange { least, most, is_null: Some(false) }))
}

pub(crate) fn quantities(test: Option<QuantityFilter>) -> NumberRange {
    let (least, most) = test.as_ref().map(QuantityFilter::range).unwrap_or_default();
    NumberRange { least, most, is_null: None }
}

/// The days of a filter; an empty span is refused.
pub(crate) fn days(test: Option<DateFilter>, at: &Path) -> Answer<NumberRange> {
    let Some(test) = test else { return Ok(NumberRange::default()) };
    let DayRange { from, before, is_null } = test.range(at)?;
    Ok(NumberRange { least: from.map(i64::from), most: before.map(|day| i64::from(day) - 1), is_null })
}

fn integers(test: IntFilter) -> NumberRange {
    let (least, most) = test.range();
    NumberRange { least: least.map(i64::from), most: most.map(i64::from), is_null: test.is_null }
}

fn shares(test: FloatFilter) -> NumberRange {
    NumberRange { least: test.gte.map(millionths), most: test.lte.map(millionths), is_null: test.is_null }
}

/// Sort order of the lines of a plan of replenishment; lines with equal values are sorted by `position`, in the same direction.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ReplenishmentPlanLineSort {
    /// Field by which the lines are sorted.
    pub field: ReplenishmentPlanLineSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which the lines of a plan of replenishment can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReplenishmentPlanLineSortField {
    /// Urgency: the line whose stock is gone first comes first in ASC.
    Urgency,
    /// Quantity, in the product's smallest unit.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Quantity,
    /// Cost, in minor units. Lines are sorted by the code of its currency first; those without a cost come before all others in ASC, and after them in
    /// DESC. Needs product.cost.read.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Cost,
    /// ID of the product.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Product,
    /// ID of the store.
    #[graphql(directive = directives::cost::apply(UNINDEXED.to_owned()))]
    Store,
}

crate::sorts::rows_sorted!(from ReplenishmentPlanLineSort => LinesSorted);

impl ReplenishmentPlanLineSort {
    /// The requested order, or that of urgency. Sorting by costs reveals them, so it needs the
    /// permission to see them.
    pub(super) fn sorted(ctx: &Context<'_>, sort: Option<Self>) -> Answer<LinesSorted> {
        let Some(sort) = sort else { return Ok(LinesSorted::default()) };
        if sort.field == ReplenishmentPlanLineSortField::Cost {
            needs_costs(ctx, &path!["sort"])?;
        }
        Ok(sort.into())
    }
}
