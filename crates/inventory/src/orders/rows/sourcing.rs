//! Sourcing of orders: the tenant's rule, the settings of its stores, and their stock.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_sourcing, sourcing_rule, stock_level, store, store_sourcing},
};
use iam::access::Reach;
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};

use crate::{
    orders::core::{DraftSourcing, DraftSourcingChange, Position, Source, SourcingRule},
    stock::core::LevelKey,
};

/// Maximum stores shown with their settings, by code.
pub const MAX_STORES_SHOWN: usize = 1_000;
/// Maximum levels that are candidates for an order.
const MAX_LEVELS: usize = 10_000;

#[derive(Record)]
#[record(of = sourcing_rule, alias = "")]
struct RuleRow {
    strategy: SourcingStrategy,
    split: SplitPolicy,
    max_stores: i32,
}

#[derive(Record)]
#[record(of = store_sourcing, alias = "x")]
struct PlaceRow {
    latitude: Option<i32>,
    longitude: Option<i32>,
}

#[derive(Record)]
struct StoreSettingsRow {
    #[record(of = store, alias = "s")]
    id: StoreId,
    #[record(sql = "coalesce(x.is_source, 1)")]
    is_source: i32,
    #[record(sql = "coalesce(x.priority, 0)")]
    priority: i32,
    place: PlaceRow,
}

#[derive(Record)]
struct SourceRow {
    #[record(of = store, alias = "s")]
    id: StoreId,
    #[record(of = store, alias = "s")]
    code: String,
    #[record(sql = "coalesce(x.priority, 0)")]
    priority: i32,
    place: PlaceRow,
    #[record(sql = "CAST(sum(l.on_hand - l.unavailable - l.reserved) AS bigint)")]
    stock: i64,
}

#[derive(Record)]
struct AvailableRow {
    #[record(of = stock_level, alias = "l")]
    store_id: StoreId,
    #[record(of = stock_level, alias = "l")]
    product_id: ProductId,
    #[record(sql = "l.on_hand - l.unavailable - l.reserved")]
    available: i64,
}

#[derive(Record)]
#[record(of = order_sourcing)]
struct NewDraftSourcing {
    order_id: OrderId,
    strategy: SourcingStrategy,
    split: SplitPolicy,
    max_stores: i32,
    latitude: Option<i32>,
    longitude: Option<i32>,
}

#[derive(Record)]
#[record(of = order_sourcing)]
struct RemovedDraftSourcing {
    order_id: OrderId,
}

#[derive(Record)]
#[record(of = order_sourcing, alias = "x")]
pub(super) struct DraftSourcingRow {
    strategy: SourcingStrategy,
    split: SplitPolicy,
    max_stores: i32,
    latitude: Option<i32>,
    longitude: Option<i32>,
}

impl DraftSourcingRow {
    pub(super) fn sourcing(self) -> DraftSourcing {
        (rule(self.strategy, self.split, self.max_stores), parse_position(self.latitude, self.longitude))
    }
}

/// Settings of a store as a source of stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct StoreSourcing {
    pub store: StoreId,
    pub is_source: bool,
    pub priority: i32,
    pub position: Option<Position>,
}

/// Returns the tenant's rule, or the default.
pub async fn sourcing_rule(reads: &impl Reads) -> Result<SourcingRule, Fault> {
    let sql = format!("SELECT {} FROM sourcing_rule WHERE tenant_id = $1", RuleRow::SELECT);
    let row = reads.records::<RuleRow>(&sql, vec![]).await?.into_iter().next();
    Ok(row.map_or_else(SourcingRule::default, |row| rule(row.strategy, row.split, row.max_stores)))
}

fn rule(strategy: SourcingStrategy, split: SplitPolicy, max_stores: i32) -> SourcingRule {
    SourcingRule { strategy, split, max_stores: max_stores as u16 }
}

/// Reads the settings of open stores, by their codes: at most one more than are shown. A store
/// without settings is a source of priority 0 at an unknown position.
pub async fn store_sourcing(reads: &impl Reads) -> Result<Vec<StoreSourcing>, Fault> {
    let sql = format!(
        "SELECT {select} FROM store s
         LEFT JOIN store_sourcing x ON x.tenant_id = $1 AND x.store_id = s.id
         WHERE s.tenant_id = $1 AND s.archived_at IS NULL ORDER BY s.code_key LIMIT {most}",
        select = StoreSettingsRow::SELECT,
        most = MAX_STORES_SHOWN + 1
    );
    Ok(reads.records::<StoreSettingsRow>(&sql, vec![]).await?.into_iter().map(to_store_sourcing).collect())
}

/// Returns the settings of these stores.
pub async fn sourcing_of(reads: &impl Reads, stores: &[StoreId]) -> Result<Vec<StoreSourcing>, Fault> {
    if stores.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM store s
         LEFT JOIN store_sourcing x ON x.tenant_id = $1 AND x.store_id = s.id
         WHERE s.tenant_id = $1 AND {of}",
        select = StoreSettingsRow::SELECT,
        of = backend.in_ids("s.id", 2)
    );
    let ids = backend.ids(stores.iter().copied());
    Ok(reads.records::<StoreSettingsRow>(&sql, vec![ids]).await?.into_iter().map(to_store_sourcing).collect())
}

fn to_store_sourcing(row: StoreSettingsRow) -> StoreSourcing {
    let position = parse_position(row.place.latitude, row.place.longitude);
    StoreSourcing { store: row.id, is_source: row.is_source == 1, priority: row.priority, position }
}

/// Returns the sources within the caller's reach that have any of these products, with the quantity
/// of each that is available now: also those of levels with reservations that the order will take
/// over. If there are more levels than `MAX_LEVELS`, the first stores by the rule are returned.
pub async fn sources(
    reads: &impl Reads,
    reach: &Reach,
    (products, held_levels): (&[ProductId], &[LevelKey]),
    (rule, destination): (SourcingRule, Option<Position>),
) -> Result<Vec<Source>, Fault> {
    let backend = reads.backend();
    let available = format!("(l.on_hand - l.unavailable - l.reserved > 0 OR {})", backend.in_ids("l.store_id", 3));
    let sql = format!(
        "SELECT {select}
         FROM stock_level l JOIN store s ON s.tenant_id = $1 AND s.id = l.store_id AND s.archived_at IS NULL
         LEFT JOIN store_sourcing x ON x.tenant_id = $1 AND x.store_id = l.store_id
         WHERE l.tenant_id = $1 AND {of} AND {available} AND coalesce(x.is_source, 1) = 1
         GROUP BY s.id, s.code, x.priority, x.latitude, x.longitude",
        select = SourceRow::SELECT,
        of = backend.in_ids("l.product_id", 2)
    );
    let (ids, held_levels) = (backend.ids(products.iter().copied()), backend.ids(held_levels.iter().map(|level| level.store)));
    let mut ranked_sources: Vec<(Source, i64)> = Vec::new();
    for SourceRow { id, code, priority, place, stock } in reads.records(&sql, vec![ids.clone(), held_levels.clone()]).await? {
        if reach.covers(id) {
            let position = parse_position(place.latitude, place.longitude);
            ranked_sources.push((Source { store: id, code, priority, position, available: BTreeMap::new() }, stock));
        }
    }
    ranked_sources.sort_by_cached_key(|(source, stock)| {
        (source.rank(rule.strategy, destination, || *stock), source.code.clone(), source.store)
    });
    ranked_sources.truncate((MAX_LEVELS / products.len().max(1)).max(1));
    let mut stores: HashMap<StoreId, Source> = ranked_sources.into_iter().map(|(source, _)| (source.store, source)).collect();
    let sql = format!(
        "SELECT {select} FROM stock_level l WHERE l.tenant_id = $1 AND {of} AND {available} AND {at}",
        select = AvailableRow::SELECT,
        of = backend.in_ids("l.product_id", 2),
        at = backend.in_ids("l.store_id", 4)
    );
    for row in reads.records::<AvailableRow>(&sql, vec![ids, held_levels, backend.ids(stores.keys().copied())]).await? {
        if let Some(source) = stores.get_mut(&row.store_id) {
            source.available.insert(row.product_id, row.available);
        }
    }
    Ok(stores.into_values().collect())
}

fn parse_position(latitude: Option<i32>, longitude: Option<i32>) -> Option<Position> {
    latitude.zip(longitude).and_then(|(north, east)| Position::new(north, east))
}

/// Builds the rows of drafts' sourcing.
pub fn draft_sourcing_rows<'a>(
    tenant: TenantId,
    drafts: impl Iterator<Item = &'a (OrderId, SourcingRule, Option<Position>)>,
) -> Bulk {
    let mut rows = Rows::<NewDraftSourcing>::insert(tenant);
    rows.extend(drafts.map(|(order, rule, destination)| NewDraftSourcing::of(*order, (*rule, *destination))));
    rows.into()
}

impl NewDraftSourcing {
    fn of(order: OrderId, (rule, destination): DraftSourcing) -> Self {
        Self {
            order_id: order,
            strategy: rule.strategy,
            split: rule.split,
            max_stores: rule.max_stores.into(),
            latitude: destination.map(|at| at.latitude),
            longitude: destination.map(|at| at.longitude),
        }
    }
}

/// Returns the rows of drafts whose sourcing changed: with the last decision's value, as an insert
/// or update by the state before the first one.
pub fn sourcing_change_rows<'a>(tenant: TenantId, resourced: impl Iterator<Item = &'a DraftSourcingChange>) -> [Bulk; 3] {
    let mut drafts: BTreeMap<OrderId, (bool, Option<DraftSourcing>)> = BTreeMap::new();
    for draft in resourced {
        drafts.entry(draft.order).or_insert((draft.before.is_some(), None)).1 = draft.after;
    }
    let (mut new_rows, mut changed_rows) = (Rows::<NewDraftSourcing>::insert(tenant), Rows::<NewDraftSourcing>::update(tenant));
    let mut removed = Rows::<RemovedDraftSourcing>::delete(tenant);
    for (order_id, (was_there, after)) in drafts {
        match (was_there, after) {
            (true, Some(sourcing)) => changed_rows.push(NewDraftSourcing::of(order_id, sourcing)),
            (false, Some(sourcing)) => new_rows.push(NewDraftSourcing::of(order_id, sourcing)),
            (true, None) => removed.push(RemovedDraftSourcing { order_id }),
            (false, None) => {}
        }
    }
    [new_rows.into(), changed_rows.into(), removed.into()]
}

/// Reads the sourcing rule and the destination of a draft; None: all of it is held at its store.
pub async fn load_draft_sourcing(reads: &impl Reads, order: OrderId) -> Result<Option<DraftSourcing>, Fault> {
    let sql = format!(
        "SELECT {select} FROM order_sourcing x
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = x.order_id AND o.status = 'DRAFT' WHERE x.tenant_id = $1 AND x.order_id = $2",
        select = DraftSourcingRow::SELECT
    );
    let row = reads.records::<DraftSourcingRow>(&sql, vec![order.into()]).await?.into_iter().next();
    Ok(row.map(DraftSourcingRow::sourcing))
}

/// Reads the rule by which a placed order is sourced again, its draft's or else the tenant's, and
/// its destination if that is known.
pub async fn order_rule(reads: &impl Reads, order: OrderId) -> Result<(SourcingRule, Option<Position>), Fault> {
    let select = DraftSourcingRow::SELECT;
    let sql = format!("SELECT {select} FROM order_sourcing x WHERE x.tenant_id = $1 AND x.order_id = $2");
    match reads.records::<DraftSourcingRow>(&sql, vec![order.into()]).await?.into_iter().next() {
        Some(row) => Ok(row.sourcing()),
        None => Ok((sourcing_rule(reads).await?, None)),
    }
}

/// Reads which of these stores exist and are open.
pub async fn open_stores(reads: &impl Reads, stores: &[StoreId]) -> Result<HashSet<StoreId>, Fault> {
    let backend = reads.backend();
    let sql =
        format!("SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.archived_at IS NULL AND {}", backend.in_ids("s.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(stores.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Writes the tenant's rule.
pub async fn write_sourcing_rule(work: &Work, rule: &SourcingRule, now: Timestamp) -> Result<(), Fault> {
    let row = sourcing_rule::Model {
        tenant_id: work.tenant(),
        strategy: rule.strategy,
        split: rule.split,
        max_stores: rule.max_stores.into(),
        updated_at: now,
    };
    work.upsert(row).await
}

/// Writes the settings of a store.
pub async fn write_store_sourcing(work: &Work, sourcing: &StoreSourcing, now: Timestamp) -> Result<(), Fault> {
    let row = store_sourcing::Model {
        tenant_id: work.tenant(),
        store_id: sourcing.store,
        is_source: sourcing.is_source.into(),
        priority: sourcing.priority,
        latitude: sourcing.position.map(|at| at.latitude),
        longitude: sourcing.position.map(|at| at.longitude),
        updated_at: now,
    };
    work.upsert(row).await
}
