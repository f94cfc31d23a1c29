//! How orders find their stock: the tenant's rule, what its stores say, and what they have.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_sourcing, sourcing_rule, stock_level, store, store_sourcing},
};
use iam::access::Reach;
use platform::storage::{Bulk, Fault, Finds, Reads, Row, Rows, Work};

use crate::{
    orders::core::{DraftSourcing, Position, ResourcedDraft, Source, SourcingRule},
    stock::core::LevelKey,
};

/// Stores that are shown with what they say, by code.
pub const MOST_STORES_SHOWN: usize = 1_000;
/// Levels that are looked at for an order.
const MOST_LEVELS: usize = 10_000;

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
struct SaidRow {
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
struct NewDrafted {
    order_id: OrderId,
    strategy: SourcingStrategy,
    split: SplitPolicy,
    max_stores: i32,
    latitude: Option<i32>,
    longitude: Option<i32>,
}

#[derive(Record)]
#[record(of = order_sourcing)]
struct DraftedGone {
    order_id: OrderId,
}

#[derive(Record)]
#[record(of = order_sourcing, alias = "x")]
pub(super) struct DraftedRow {
    strategy: SourcingStrategy,
    split: SplitPolicy,
    max_stores: i32,
    latitude: Option<i32>,
    longitude: Option<i32>,
}

impl DraftedRow {
    pub(super) fn sourcing(self) -> DraftSourcing {
        (rule(self.strategy, self.split, self.max_stores), position(self.latitude, self.longitude))
    }
}

/// What a store says of itself as a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct StoreSourcing {
    pub store: StoreId,
    pub is_source: bool,
    pub priority: i32,
    pub position: Option<Position>,
}

/// The tenant's rule, or what holds where it has said nothing.
pub async fn sourcing_rule(reads: &impl Reads) -> Result<SourcingRule, Fault> {
    let sql = format!("SELECT {} FROM sourcing_rule WHERE tenant_id = $1", RuleRow::SELECT);
    let row = reads.records::<RuleRow>(&sql, vec![]).await?.into_iter().next();
    Ok(row.map_or_else(SourcingRule::default, |row| rule(row.strategy, row.split, row.max_stores)))
}

fn rule(strategy: SourcingStrategy, split: SplitPolicy, max_stores: i32) -> SourcingRule {
    SourcingRule { strategy, split, max_stores: max_stores as u16 }
}

/// What the stores that are open say, by their codes: at most one more than are shown. One that has said nothing is a source of priority 0 at no
/// known place.
pub async fn store_sourcing(reads: &impl Reads) -> Result<Vec<StoreSourcing>, Fault> {
    let sql = format!(
        "SELECT {select} FROM store s
         LEFT JOIN store_sourcing x ON x.tenant_id = $1 AND x.store_id = s.id
         WHERE s.tenant_id = $1 AND s.archived_at IS NULL ORDER BY s.code_key LIMIT {most}",
        select = SaidRow::SELECT,
        most = MOST_STORES_SHOWN + 1
    );
    Ok(reads.records::<SaidRow>(&sql, vec![]).await?.into_iter().map(said).collect())
}

/// The same of these stores.
pub async fn sourcing_of(reads: &impl Reads, stores: &[StoreId]) -> Result<Vec<StoreSourcing>, Fault> {
    if stores.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM store s
         LEFT JOIN store_sourcing x ON x.tenant_id = $1 AND x.store_id = s.id
         WHERE s.tenant_id = $1 AND {of}",
        select = SaidRow::SELECT,
        of = backend.in_ids("s.id", 2)
    );
    let ids = backend.ids(stores.iter().copied());
    Ok(reads.records::<SaidRow>(&sql, vec![ids]).await?.into_iter().map(said).collect())
}

fn said(row: SaidRow) -> StoreSourcing {
    let position = position(row.place.latitude, row.place.longitude);
    StoreSourcing { store: row.id, is_source: row.is_source == 1, priority: row.priority, position }
}

/// The sources that the caller may act in and that have any of these products, with how much of each they could give now: also those of
/// levels where something is held that the order will take the place of. Where there are more levels than are looked at, the stores that the rule
/// asks first are.
pub async fn sources(
    reads: &impl Reads,
    reach: &Reach,
    (products, held): (&[ProductId], &[LevelKey]),
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
    let (ids, held) = (backend.ids(products.iter().copied()), backend.ids(held.iter().map(|level| level.store)));
    let mut found: Vec<(Source, i64)> = Vec::new();
    for SourceRow { id, code, priority, place, stock } in reads.records(&sql, vec![ids.clone(), held.clone()]).await? {
        if reach.covers(id) {
            let position = position(place.latitude, place.longitude);
            found.push((Source { store: id, code, priority, position, available: BTreeMap::new() }, stock));
        }
    }
    found.sort_by_cached_key(|(one, stock)| (one.rank(rule.strategy, destination, || *stock), one.code.clone(), one.store));
    found.truncate((MOST_LEVELS / products.len().max(1)).max(1));
    let mut stores: HashMap<StoreId, Source> = found.into_iter().map(|(one, _)| (one.store, one)).collect();
    let sql = format!(
        "SELECT {select} FROM stock_level l WHERE l.tenant_id = $1 AND {of} AND {available} AND {at}",
        select = AvailableRow::SELECT,
        of = backend.in_ids("l.product_id", 2),
        at = backend.in_ids("l.store_id", 4)
    );
    for row in reads.records::<AvailableRow>(&sql, vec![ids, held, backend.ids(stores.keys().copied())]).await? {
        if let Some(one) = stores.get_mut(&row.store_id) {
            one.available.insert(row.product_id, row.available);
        }
    }
    Ok(stores.into_values().collect())
}

fn position(latitude: Option<i32>, longitude: Option<i32>) -> Option<Position> {
    latitude.zip(longitude).and_then(|(north, east)| Position::new(north, east))
}

/// How drafts will look for their stock.
pub fn drafted_rows<'a>(tenant: TenantId, drafted: impl Iterator<Item = &'a (OrderId, SourcingRule, Option<Position>)>) -> Bulk {
    let mut rows = Rows::<NewDrafted>::insert(tenant);
    rows.extend(drafted.map(|(order, rule, destination)| NewDrafted::of(*order, (*rule, *destination))));
    rows.into()
}

impl NewDrafted {
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

/// Drafts that will look for their stock another way than before: as the last decision says, on what the first one found.
pub fn resourced_rows<'a>(tenant: TenantId, resourced: impl Iterator<Item = &'a ResourcedDraft>) -> [Bulk; 3] {
    let mut drafts: BTreeMap<OrderId, (bool, Option<DraftSourcing>)> = BTreeMap::new();
    for draft in resourced {
        drafts.entry(draft.order).or_insert((draft.before.is_some(), None)).1 = draft.after;
    }
    let (mut new, mut changed) = (Rows::<NewDrafted>::insert(tenant), Rows::<NewDrafted>::update(tenant));
    let mut gone = Rows::<DraftedGone>::delete(tenant);
    for (order_id, (was_there, after)) in drafts {
        match (was_there, after) {
            (true, Some(sourcing)) => changed.push(NewDrafted::of(order_id, sourcing)),
            (false, Some(sourcing)) => new.push(NewDrafted::of(order_id, sourcing)),
            (true, None) => gone.push(DraftedGone { order_id }),
            (false, None) => {}
        }
    }
    [new.into(), changed.into(), gone.into()]
}

/// How a draft will look for its stock, and where it goes; None: all of it is held at its store.
pub async fn drafted_sourcing(reads: &impl Reads, order: OrderId) -> Result<Option<DraftSourcing>, Fault> {
    let sql = format!(
        "SELECT {select} FROM order_sourcing x
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = x.order_id AND o.status = 'DRAFT' WHERE x.tenant_id = $1 AND x.order_id = $2",
        select = DraftedRow::SELECT
    );
    let row = reads.records::<DraftedRow>(&sql, vec![order.into()]).await?.into_iter().next();
    Ok(row.map(DraftedRow::sourcing))
}

/// How an order that was placed looks for its stock anew: as it was drafted, else by the tenant's rule; and where it goes, as far as that is known.
pub async fn order_rule(reads: &impl Reads, order: OrderId) -> Result<(SourcingRule, Option<Position>), Fault> {
    let select = DraftedRow::SELECT;
    let sql = format!("SELECT {select} FROM order_sourcing x WHERE x.tenant_id = $1 AND x.order_id = $2");
    match reads.records::<DraftedRow>(&sql, vec![order.into()]).await?.into_iter().next() {
        Some(row) => Ok(row.sourcing()),
        None => Ok((sourcing_rule(reads).await?, None)),
    }
}

/// Which of these stores are there, and open.
pub async fn open_stores(reads: &impl Reads, stores: &[StoreId]) -> Result<HashSet<StoreId>, Fault> {
    let backend = reads.backend();
    let sql =
        format!("SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.archived_at IS NULL AND {}", backend.in_ids("s.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(stores.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Writes the tenant's rule.
pub async fn put_rule(work: &Work, rule: &SourcingRule, now: Timestamp) -> Result<(), Fault> {
    let row = sourcing_rule::Model {
        tenant_id: work.tenant(),
        strategy: rule.strategy,
        split: rule.split,
        max_stores: rule.max_stores.into(),
        updated_at: now,
    };
    work.upsert(row).await
}

/// Writes what a store says.
pub async fn put_store(work: &Work, said: &StoreSourcing, now: Timestamp) -> Result<(), Fault> {
    let row = store_sourcing::Model {
        tenant_id: work.tenant(),
        store_id: said.store,
        is_source: said.is_source.into(),
        priority: said.priority,
        latitude: said.position.map(|at| at.latitude),
        longitude: said.position.map(|at| at.longitude),
        updated_at: now,
    };
    work.upsert(row).await
}
