//! Inputs of the stock room, and how they become plain values.

use std::collections::HashMap;

use async_graphql::{Context, Enum, ID, InputObject, OneofObject};
use entity::prelude::{CategoryId, GroupId, StoreId};
use iam::access::{core::Groups, kind};
use inventory::{
    catalog::rows::{filter::Filter as ProductTests, search::RankedProducts},
    stock::rows::list::{LevelFilter, ListedTest},
};

use super::{AdjustKind, LotRef, ReasonCode, ShortagePolicy, level_search, lot_filter::codes, stock_filter::StockFilter};
use crate::{
    access::stores_of_groups,
    catalog::{MoneyInput, ProductFilter, ProductRef, StoreRef, product_filter},
    graphql::{
        context::ContextExt,
        directives::cost,
        fault::TopError,
        filters::{DateTimeFilter, IdFilter, MAX_NESTING, MAX_TESTS, QuantityFilter},
        nested::{NestedFilter, check_depth, too_many_filters},
        scalars::{DateTime, Long, Quantity},
    },
    keyed_filters::resolve_filter_keys,
    packs::{PackLine, pack_lines},
    sorts::UNINDEXED,
};

/// Compiles the input into the filter of lists and streams.
pub async fn level_filter(ctx: &Context<'_>, filter: Option<&StockFilter>) -> Result<LevelFilter, TopError> {
    let filter = resolve_filter_keys(ctx, filter.cloned(), "filter").await?;
    let Some(filter) = &filter else { return Ok(LevelFilter::default()) };
    if filter.parts() > MAX_TESTS {
        return Err(too_many_filters(vec!["filter".to_owned()]));
    }
    let mut group_ids = Vec::new();
    collect_group_ids(filter, 0, &mut group_ids)?;
    let rankings = Box::pin(level_search::load_search_rankings(ctx, filter)).await?;
    compile_level_filter(ctx, filter, 0, (&stores_of_groups(ctx, &group_ids).await?, &rankings))
}

/// The groups that a filter names anywhere.
fn collect_group_ids(filter: &StockFilter, depth: usize, group_ids: &mut Vec<GroupId>) -> Result<(), TopError> {
    if depth > MAX_NESTING {
        return Ok(());
    }
    group_ids.extend(groups(filter)?.into_iter().flatten());
    let nested_filters = [&filter.and, &filter.or].into_iter().flatten().flatten().chain(filter.not.as_deref());
    for part in nested_filters {
        collect_group_ids(part, depth + 1, group_ids)?;
    }
    Ok(())
}

fn groups(filter: &StockFilter) -> Result<Option<Vec<GroupId>>, TopError> {
    Ok(filter.store_group.as_ref().map(|id_filter| id_filter.ids(&["filter", "storeGroup"])).transpose()?.flatten())
}

/// The tests that lists alone take.
fn compile_list_tests(
    ctx: &Context<'_>,
    filter: &StockFilter,
    rankings: &HashMap<String, RankedProducts>,
) -> Result<Vec<ListedTest>, TopError> {
    if filter.supplier.is_some() || filter.category_tree.is_some() {
        ctx.permit::<kind::ProductRead>()?;
    }
    // Events have the category of a product, but cannot test that there is none.
    let no_category = filter.category.as_ref().and_then(|test| test.is_null);
    let product_tests = ProductFilter {
        category: no_category.map(|is_null| IdFilter { is_null: Some(is_null), ..IdFilter::default() }),
        category_tree: filter.category_tree.clone(),
        supplier: filter.supplier.clone(),
        sku: filter.sku.clone(),
        barcode: filter.barcode.clone(),
        ..ProductFilter::default()
    };
    let product_tests = Some(product_filter(ctx, Some(product_tests))?).filter(|test| *test != ProductTests::default());
    let mut tests: Vec<ListedTest> = product_tests.map(ListedTest::Product).into_iter().collect();
    if let Some((from, before)) = filter.updated_at.as_ref().map(DateTimeFilter::range) {
        tests.push(ListedTest::UpdatedAt([from, before]));
    }
    let ranking = filter.search.as_ref().map(|text| rankings.get(text).cloned().unwrap_or_default());
    tests.extend(ranking.map(|ranked| ListedTest::Search(Box::new(ranked))));
    let (lots, prefixes) = codes(filter.lot.clone().unwrap_or_default(), &["filter", "lot"])?;
    tests.extend(lots.map(ListedTest::LotCodes));
    tests.extend(prefixes.map(ListedTest::LotBegins));
    Ok(tests)
}

/// Compiles the filter, with groups replaced by their stores and searches by their results.
fn compile_level_filter(
    ctx: &Context<'_>,
    filter: &StockFilter,
    depth: usize,
    lookups: (&Groups, &HashMap<String, RankedProducts>),
) -> Result<LevelFilter, TopError> {
    let (members, rankings) = lookups;
    check_depth(depth, || vec!["filter".to_owned()])?;
    let parts = |list: &Option<Vec<StockFilter>>| -> Result<Option<Vec<LevelFilter>>, TopError> {
        list.as_ref()
            .map(|list| list.iter().map(|part| compile_level_filter(ctx, part, depth + 1, lookups)).collect())
            .transpose()
    };
    let range = |filter: &Option<QuantityFilter>| filter.as_ref().map(QuantityFilter::range).unwrap_or_default();
    // The stores that are in the groups now: a list and a stream keep to them.
    let group_stores =
        groups(filter)?.map(|ids| ids.iter().filter_map(|id| members.get(id)).flatten().copied().collect::<Vec<StoreId>>());
    let mut stores: Option<Vec<StoreId>> =
        filter.store.as_ref().map(|id_filter| id_filter.ids(&["filter", "store"])).transpose()?.flatten();
    if let Some(group_stores) = group_stores {
        stores = Some(stores.map_or_else(
            || group_stores.clone(),
            |store_ids| store_ids.into_iter().filter(|id| group_stores.contains(id)).collect(),
        ));
    }
    let category = filter.category.clone().map(|test| IdFilter { is_null: None, ..test });
    let categories: Option<Vec<CategoryId>> =
        category.map(|id_filter| id_filter.ids(&["filter", "category"])).transpose()?.flatten();
    // A part without conditions is dropped.
    let mut and = parts(&filter.and)?.unwrap_or_default();
    and.retain(|part| *part != LevelFilter::default());
    Ok(LevelFilter {
        and,
        or: parts(&filter.or)?,
        not: filter.not.as_ref().map(|part| compile_level_filter(ctx, part, depth + 1, lookups).map(Box::new)).transpose()?,
        ids: filter.id.as_ref().map(|id_filter| id_filter.ids(&["filter", "id"])).transpose()?.flatten(),
        stores,
        products: filter.product.as_ref().map(|id_filter| id_filter.ids(&["filter", "product"])).transpose()?.flatten(),
        categories,
        available: range(&filter.available),
        on_hand: range(&filter.on_hand),
        reserved: range(&filter.reserved),
        statuses: filter.status.as_ref().map(|list| list.iter().map(|status_filter| (*status_filter).into()).collect()),
        of_lists: compile_list_tests(ctx, filter, rankings).map_err(|error| error.at(vec!["filter".to_owned()]))?,
    })
}

/// Field that stock levels are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockOrderField {
    /// The product's SKU.
    ProductSku,
    /// The product's name, whatever its capitals.
    ProductName,
    /// The store's code, whatever its capitals. The levels of a store are sorted by the ID of the product.
    StoreCode,
    /// Available quantity.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    Available,
    /// Quantity on hand.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    OnHand,
    /// Time of the last change of the level.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    UpdatedAt,
}

/// Sort order of stock levels.
#[derive(Debug, Clone, InputObject)]
pub struct StockOrder {
    /// Field to sort by.
    pub field: StockOrderField,
    /// Sort direction. Default ASC.
    #[graphql(default_with = "crate::catalog::Direction::Asc")]
    pub direction: crate::catalog::Direction,
}

/// A change of one level.
#[derive(Debug, Clone, InputObject)]
pub struct StockChangeInput {
    /// The product.
    pub product: ProductRef,
    /// The store.
    pub store: StoreRef,
    /// Change of the quantity, in the product's smallest unit; a negative number takes stock out. Null where `packs` is given.
    pub delta: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `delta`: `packs` times the units in a pack. Null where `delta` is given.
    pub packs: Option<i32>,
    /// Version that the level must still have before the call's first change of it. Null for any.
    pub expected_version: Option<Long>,
    /// Cost of one whole unit. Null for the product's unit cost. A cost in another currency is converted by the rate of the movement's day.
    /// Without one, a stated cost is refused with RATE_MISSING, and units that come in at the product's unit cost are worth what those in stock are.
    pub unit_cost: Option<MoneyInput>,
    /// Note that is kept with the entry, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// The lot, where the product is tracked: needed where stock comes in. Null where the product is not tracked, and
    /// to pick lots first-expired-first-out where stock goes out.
    pub lot: Option<LotRef>,
}

/// Changes of stock by deltas.
#[derive(Debug, Clone, InputObject)]
pub struct StockAdjustInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Kind of the movement. Default ADJUSTMENT.
    #[graphql(default_with = "AdjustKind::Adjustment")]
    pub kind: AdjustKind,
    /// Reason for the change.
    pub reason_code: ReasonCode,
    /// Note that is kept with the stock movement, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Reference of the movement in an external system, at most 128 characters. Null for none.
    pub external_ref: Option<String>,
    /// Time of the change. Null for now. At most five minutes in the future, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// Policy for changes that take reserved stock, or more than is on hand. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// The changes, at most 500, all or none.
    pub changes: Vec<StockChangeInput>,
}

/// Expected state of a level, compared before it is set. Exactly one field is given.
#[derive(Debug, Clone, OneofObject)]
pub enum StockCompare {
    /// Version that the level must have. Left out where another comparison is given; null is refused.
    ExpectedVersion(Long),
    /// Quantity on hand that the level must have, in the product's smallest unit. Left out where another comparison is given; null
    /// is refused.
    ExpectedOnHand(Quantity),
    /// True to set the level without a comparison. Left out where a comparison is given; false and null are refused.
    Unconditional(bool),
}

/// An absolute quantity for one level.
#[derive(Debug, Clone, InputObject)]
pub struct StockSetItem {
    /// The product.
    pub product: ProductRef,
    /// The store.
    pub store: StoreRef,
    /// New quantity on hand, in the product's smallest unit; the quantity of the lot where a lot is given.
    pub on_hand: Quantity,
    /// Expected current state of the level. The item is refused with VERSION_CONFLICT if it differs.
    pub compare: StockCompare,
    /// The lot, where the product is tracked: needed where the quantity is higher than the one there. Null where the
    /// product is not tracked, and to pick lots first-expired-first-out where the quantity is lower.
    pub lot: Option<LotRef>,
}

/// Absolute quantities of stock levels.
#[derive(Debug, Clone, InputObject)]
pub struct StockSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Reason for the change.
    pub reason_code: ReasonCode,
    /// Note that is kept with the stock movement, at most 1,000 characters. Null for none.
    pub note: Option<String>,
    /// Policy for quantities that are below the reserved one. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// The quantities, at most 500, all or none.
    pub items: Vec<StockSetItem>,
}

/// A movement to undo.
#[derive(Debug, Clone, InputObject)]
pub struct StockReverseInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The movement. One that belongs to an order or a return is undone there.
    pub movement_id: ID,
    /// Reason for the reversal, at most 1,000 characters.
    pub note: String,
    /// Time of the change. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Policy for a reversal that takes reserved stock, or more than is on hand. Default REFUSE.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
}

/// Stock to hold.
#[derive(Debug, Clone, InputObject)]
pub struct ReserveItem {
    /// The product.
    pub product: ProductRef,
    /// The store.
    pub store: StoreRef,
    /// Quantity to hold, above 0, in the product's smallest unit. Null where `packs` is given.
    pub quantity: Option<Quantity>,
    /// Packs of the barcode that names the product, instead of `quantity`: `packs` times the units in a pack. Null where `quantity` is given.
    pub packs: Option<i32>,
}

/// Stock to hold for a while.
#[derive(Debug, Clone, InputObject)]
pub struct StockReserveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Lifetime of the reservations, in seconds: 1 to 2,592,000. Default 900.
    #[graphql(default = 900)]
    pub ttl_seconds: i32,
    /// ID of the object that the stock is held for, of any type; null for none.
    pub reference_id: Option<ID>,
    /// Items to reserve, at most 500. Either all are reserved or none.
    pub items: Vec<ReserveItem>,
}

/// Reservations to release.
#[derive(Debug, Clone, InputObject)]
pub struct StockReleaseInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The reservations, at most 500, all or none.
    pub reservation_ids: Vec<ID>,
}

impl StockAdjustInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.changes, "changes", "delta", |change| (Some(&change.product), &mut change.delta, change.packs))
    }
}

impl StockReserveInput {
    pub fn pack_lines(&mut self) -> Vec<PackLine<'_>> {
        pack_lines(&mut self.items, "items", "quantity", |item| (Some(&item.product), &mut item.quantity, item.packs))
    }
}
