//! Inputs of the stock room, and how they become plain values.

use async_graphql::{Context, Enum, ID, InputObject, OneofObject};
use entity::prelude::{CategoryId, GroupId, StoreId};
use iam::access::core::Groups;
use inventory::stock::rows::list::LevelFilter;

use super::{AdjustKind, LotRef, ReasonCode, ShortagePolicy, StockStatus};
use crate::{
    access::stores_of_groups,
    catalog::{MoneyInput, ProductRef, StoreRef},
    graphql::{
        fault::TopError,
        filters::{IdFilter, MAX_NESTING, QuantityFilter},
        scalars::{DateTime, Long, Quantity},
    },
};

/// Stock levels that match all of these.
#[derive(Debug, Clone, InputObject)]
pub struct StockFilter {
    /// All of these must match.
    pub and: Option<Vec<StockFilter>>,
    /// One of these must match; an empty list matches nothing.
    pub or: Option<Vec<StockFilter>>,
    /// This must not match.
    pub not: Option<Box<StockFilter>>,
    /// In these stores.
    pub store: Option<IdFilter>,
    /// In stores of these groups.
    pub store_group: Option<IdFilter>,
    /// Of these products.
    pub product: Option<IdFilter>,
    /// Of products in these categories.
    pub category: Option<IdFilter>,
    /// With this much available.
    pub available: Option<QuantityFilter>,
    /// With this much on hand.
    pub on_hand: Option<QuantityFilter>,
    /// Stocked like this; an empty list matches nothing.
    pub status: Option<Vec<StockStatus>>,
}

/// Turns the input into what lists and streams filter by.
pub async fn level_filter(ctx: &Context<'_>, filter: Option<&StockFilter>) -> Result<LevelFilter, TopError> {
    let Some(filter) = filter else { return Ok(LevelFilter::default()) };
    let mut named = Vec::new();
    groups_named(filter, 1, &mut named)?;
    plain(filter, 1, &stores_of_groups(ctx, &named).await?)
}

/// The groups that a filter names anywhere.
fn groups_named(filter: &StockFilter, depth: usize, found: &mut Vec<GroupId>) -> Result<(), TopError> {
    if depth > MAX_NESTING {
        return Ok(());
    }
    found.extend(groups(filter)?.into_iter().flatten());
    let inner = [&filter.and, &filter.or].into_iter().flatten().flatten().chain(filter.not.as_deref());
    for part in inner {
        groups_named(part, depth + 1, found)?;
    }
    Ok(())
}

fn groups(filter: &StockFilter) -> Result<Option<Vec<GroupId>>, TopError> {
    Ok(filter.store_group.as_ref().map(|f| f.ids(&["filter", "storeGroup"])).transpose()?.flatten())
}

fn plain(filter: &StockFilter, depth: usize, members: &Groups) -> Result<LevelFilter, TopError> {
    if depth > MAX_NESTING {
        return Err(TopError::bad_input(format!("a filter nests at most {MAX_NESTING} deep"), vec!["filter".to_owned()]));
    }
    let parts = |list: &Option<Vec<StockFilter>>| -> Result<Option<Vec<LevelFilter>>, TopError> {
        list.as_ref().map(|list| list.iter().map(|part| plain(part, depth + 1, members)).collect()).transpose()
    };
    let range = |filter: &Option<QuantityFilter>| {
        filter.as_ref().map_or((None, None), |f| {
            let get = |q: Option<Quantity>| q.map(|q| q.0.get());
            (get(f.gte).max(get(f.eq)), [get(f.lte), get(f.eq)].into_iter().flatten().min())
        })
    };
    // The stores that are in the groups now: a list and a stream keep to them.
    let grouped =
        groups(filter)?.map(|ids| ids.iter().filter_map(|id| members.get(id)).flatten().copied().collect::<Vec<StoreId>>());
    let mut stores: Option<Vec<StoreId>> = filter.store.as_ref().map(|f| f.ids(&["filter", "store"])).transpose()?.flatten();
    if let Some(grouped) = grouped {
        stores = Some(stores.map_or_else(|| grouped.clone(), |own| own.into_iter().filter(|id| grouped.contains(id)).collect()));
    }
    let categories: Option<Vec<CategoryId>> =
        filter.category.as_ref().map(|f| f.ids(&["filter", "category"])).transpose()?.flatten();
    // A part that asks for nothing is none.
    let mut and = parts(&filter.and)?.unwrap_or_default();
    and.retain(|part| *part != LevelFilter::default());
    Ok(LevelFilter {
        and,
        or: parts(&filter.or)?,
        not: filter.not.as_ref().map(|part| plain(part, depth + 1, members).map(Box::new)).transpose()?,
        stores,
        products: filter.product.as_ref().map(|f| f.ids(&["filter", "product"])).transpose()?.flatten(),
        categories,
        available: range(&filter.available),
        on_hand: range(&filter.on_hand),
        statuses: filter.status.as_ref().map(|list| list.iter().map(|s| (*s).into()).collect()),
    })
}

/// What stock levels are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockOrderField {
    /// The product's SKU.
    ProductSku,
    /// What is available.
    Available,
    /// What is on hand.
    OnHand,
    /// When it last changed.
    UpdatedAt,
}

/// How stock levels are sorted.
#[derive(Debug, Clone, InputObject)]
pub struct StockOrder {
    /// By what.
    pub field: StockOrderField,
    /// Which way.
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
    /// By how much, in the product's smallest unit; below 0 takes out.
    pub delta: Quantity,
    /// Refuse unless the level still has this version before the call's first change of it.
    pub expected_version: Option<Long>,
    /// What one whole unit cost; the product's cost when not given.
    pub unit_cost: Option<MoneyInput>,
    /// A note on this line.
    pub note: Option<String>,
    /// The lot, where the product is tracked: needed where stock comes in, picked first-expired-first-out where it goes out.
    pub lot: Option<LotRef>,
}

/// Changes of stock by deltas.
#[derive(Debug, Clone, InputObject)]
pub struct StockAdjustInput {
    /// Makes the call safe to repeat: the same key with the same input changes stock once.
    pub idempotency_key: String,
    /// What happened.
    #[graphql(default_with = "AdjustKind::Adjustment")]
    pub kind: AdjustKind,
    /// Why.
    pub reason_code: ReasonCode,
    /// A note on the whole.
    pub note: Option<String>,
    /// Your own reference.
    pub external_ref: Option<String>,
    /// When it happened; now when not given. At most five minutes ahead, and not in a closed period.
    pub occurred_at: Option<DateTime>,
    /// What to do when it takes what was promised, or was not there.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// The changes, at most 500, all or none.
    pub changes: Vec<StockChangeInput>,
}

/// What you believe a level to be. Give one.
#[derive(Debug, Clone, OneofObject)]
pub enum StockCompare {
    /// It has this version.
    ExpectedVersion(Long),
    /// It has this much on hand.
    ExpectedOnHand(Quantity),
    /// Whatever it is; must be true.
    Unconditional(bool),
}

/// An absolute figure for one level.
#[derive(Debug, Clone, InputObject)]
pub struct StockSetItem {
    /// The product.
    pub product: ProductRef,
    /// The store.
    pub store: StoreRef,
    /// What is on hand; of the lot, where one is given.
    pub on_hand: Quantity,
    /// What you believe it to be now; otherwise VERSION_CONFLICT.
    pub compare: StockCompare,
    /// The lot, where the product is tracked: needed where the figure is higher than what is there.
    pub lot: Option<LotRef>,
}

/// Absolute figures.
#[derive(Debug, Clone, InputObject)]
pub struct StockSetInput {
    /// Makes the call safe to repeat.
    pub idempotency_key: String,
    /// Why.
    pub reason_code: ReasonCode,
    /// A note on the whole.
    pub note: Option<String>,
    /// What to do when a figure is below what is promised.
    #[graphql(default_with = "ShortagePolicy::Refuse")]
    pub on_shortage: ShortagePolicy,
    /// The figures, at most 500, all or none.
    pub items: Vec<StockSetItem>,
}

/// A movement to undo.
#[derive(Debug, Clone, InputObject)]
pub struct StockReverseInput {
    /// Makes the call safe to repeat.
    pub idempotency_key: String,
    /// The movement. One that belongs to an order or a return is undone there.
    pub movement_id: ID,
    /// Why.
    pub note: String,
    /// When it happened; now when not given.
    pub occurred_at: Option<DateTime>,
    /// What to do when undoing takes what was promised, or is no longer there.
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
    /// How much, above 0.
    pub quantity: Quantity,
}

/// Stock to hold for a while.
#[derive(Debug, Clone, InputObject)]
pub struct StockReserveInput {
    /// Makes the call safe to repeat.
    pub idempotency_key: String,
    /// How long, in seconds: 1 to 2,592,000.
    #[graphql(default = 900)]
    pub ttl_seconds: i32,
    /// What it is held for: any of our ids.
    pub reference_id: Option<ID>,
    /// What to hold, at most 500, all or none.
    pub items: Vec<ReserveItem>,
}

/// Held stock to let go.
#[derive(Debug, Clone, InputObject)]
pub struct StockReleaseInput {
    /// Makes the call safe to repeat.
    pub idempotency_key: String,
    /// The reservations, at most 500, all or none.
    pub reservation_ids: Vec<ID>,
}
