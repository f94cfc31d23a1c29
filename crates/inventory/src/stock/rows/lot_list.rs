//! Lots for lists: pages of lots, the trace of a lot, and expiring lots.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, product, store},
};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;

use super::{
    lot_filter::{LotFilterSpec, LotSorted},
    lots::{LotLevelRow, LotRow},
};
use crate::stock::core::{LevelKey, Lot, LotLevel};

#[derive(Record)]
struct LevelAndLot {
    level: LotLevelRow,
    lot: LotRow,
}

#[derive(Record)]
struct LotEntryRow {
    #[record(of = entry, alias = "e")]
    seq: i64,
    #[record(sql = "CAST(e.line AS bigint)")]
    line: i64,
    #[record(of = entry, alias = "e")]
    store_id: StoreId,
    #[record(of = entry, alias = "e")]
    on_hand_delta: i64,
}

#[derive(Record)]
#[record(of = product)]
struct ProductCost {
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
    unit_decimals: i32,
}

#[derive(Record)]
struct ExpiringRow {
    lot: LotRow,
    level: LotLevelRow,
    #[record(alias = "p")]
    product: ProductCost,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

/// The conditions of these tests on `lot l`: all of each list. Parameters are numbered from `next`.
pub fn lot_conditions(backend: Backend, tests: &Nested<LotFilterSpec>, next: usize) -> (String, Vec<Value>) {
    tests.conditions(next, &|spec: &LotFilterSpec, next| spec.sql(backend, next))
}

/// The lots that pass these tests: all of each list.
pub fn lots_source(backend: Backend, tests: &Nested<LotFilterSpec>) -> ListSource {
    let (conditions, values) = lot_conditions(backend, tests, 2);
    ListSource { from: format!("FROM lot l WHERE l.tenant_id = $1{conditions}"), values }
}

/// A page of lots.
pub async fn page(reads: &impl Reads, source: ListSource, sorted: LotSorted, request: &PageRequest) -> Result<Vec<Lot>, Fault> {
    let (sql, values) = sorted.page(source, LotRow::SELECT, request);
    Ok(reads.records::<LotRow>(&sql, values).await?.into_iter().map(Into::into).collect())
}

/// Lots by conditions over `l`, values from `$2`.
async fn select_lots(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Lot>, Fault> {
    let sql = format!("SELECT {} FROM lot l WHERE l.tenant_id = $1{conditions}", LotRow::SELECT);
    Ok(reads.records::<LotRow>(&sql, values).await?.into_iter().map(Into::into).collect())
}

pub async fn lots_by_id(reads: &impl Reads, ids: &[LotId]) -> Result<Vec<Lot>, Fault> {
    let backend = reads.backend();
    let id_condition = format!(" AND {}", backend.in_ids("l.id", 2));
    select_lots(reads, &id_condition, vec![backend.ids(ids.iter().copied())]).await
}

/// Reads the quantities of each lot by store; also those that are 0.
pub async fn lot_levels_of(reads: &impl Reads, lots: &[LotId]) -> Result<Vec<LotLevel>, Fault> {
    let backend = reads.backend();
    let (select, lot_condition) = (LotLevelRow::SELECT, backend.in_ids("v.lot_id", 2));
    let sql =
        format!("SELECT {select} FROM lot_level v WHERE v.tenant_id = $1 AND {lot_condition} ORDER BY v.lot_id, v.store_id");
    let rows = reads.records::<LotLevelRow>(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The lots of a level that have stock there.
pub async fn lots_at(reads: &impl Reads, key: LevelKey) -> Result<Vec<(Lot, LotLevel)>, Fault> {
    let sql = format!(
        "SELECT {select} FROM lot_level v JOIN lot l ON l.tenant_id = v.tenant_id AND l.id = v.lot_id
         WHERE v.tenant_id = $1 AND v.product_id = $2 AND v.store_id = $3 AND v.on_hand > 0 ORDER BY l.id",
        select = LevelAndLot::SELECT
    );
    let rows = reads.records::<LevelAndLot>(&sql, vec![key.product.into(), key.store.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.lot.into(), row.level.into())).collect())
}

/// An entry of the ledger that moved a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotEntry {
    pub seq: i64,
    pub line: i64,
    pub store: StoreId,
    pub on_hand_delta: i64,
}

/// Entries that moved a lot, of these stores or of all: order and limit are SQL over `e`, values
/// from `$3`.
pub async fn lot_entries(
    reads: &impl Reads,
    lot: LotId,
    stores: Option<&[StoreId]>,
    (tail, bound): (impl Fn(usize) -> (String, Vec<Value>), usize),
) -> Result<Vec<LotEntry>, Fault> {
    let ListSource { from, mut values } = trace_source(reads.backend(), lot, stores);
    debug_assert!(bound <= 2, "a lot's lines are found by number and line");
    let (tail, tail_values) = tail(values.len() + 2);
    values.extend(tail_values);
    let rows = reads.records(&format!("SELECT {} {from}{tail}", LotEntryRow::SELECT), values).await?;
    let entry = |LotEntryRow { seq, line, store_id: store, on_hand_delta }| LotEntry { seq, line, store, on_hand_delta };
    Ok(rows.into_iter().map(entry).collect())
}

/// Entries that moved a lot, of these stores or of all, on all pages.
pub fn trace_source(backend: Backend, lot: LotId, stores: Option<&[StoreId]>) -> ListSource {
    let mut from =
        "FROM entry e WHERE e.tenant_id = $1 AND e.lot_id = $2 AND e.lot_id IS NOT NULL AND e.on_hand_delta <> 0".to_owned();
    let mut values = vec![lot.into()];
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        from.push_str(&format!(" AND {}", backend.in_ids("e.store_id", 3)));
    }
    ListSource { from, values }
}

/// A lot in a store that expires soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    pub lot: Lot,
    pub level: LotLevel,
    /// For one whole unit, with the unit's decimals.
    pub cost: Option<Money>,
    pub decimals: u8,
    pub time_zone: String,
}

/// Sort of a list of expiring lots; ties are broken by the lot's ID and the store's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiringSort {
    ExpiresOn,
    /// Quantity of the lot in the store.
    Quantity,
}

/// A sort and its direction.
pub type ExpiringSorted = Sorted<ExpiringSort>;

impl SortBy for ExpiringSort {
    type Row = Expiring;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::ExpiresOn, descending: false };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::ExpiresOn => ("EXPIRES_ON", &["l.expires_on", "l.id", "v.store_id"]),
            Self::Quantity => ("QUANTITY", &["v.on_hand", "l.id", "v.store_id"]),
        }
    }
    fn keys(self, expiring: &Expiring) -> Vec<Key> {
        let first = match self {
            Self::ExpiresOn => i64::from(expiring.lot.expires_on.unwrap_or_default()),
            Self::Quantity => expiring.level.on_hand,
        };
        vec![Key::Int(first), expiring.lot.id.into(), expiring.level.key.store.into()]
    }
}

/// Reads the lots that expire up to a day: order and limit are SQL over `l` and `v`, values from
/// `$3`.
pub async fn expiring(
    reads: &impl Reads,
    through: i32,
    conditions: &str,
    condition_values: Vec<Value>,
) -> Result<Vec<Expiring>, Fault> {
    let ListSource { from, values } = expiring_source(through, conditions, condition_values);
    let rows = reads.records::<ExpiringRow>(&format!("SELECT {} {from}", ExpiringRow::SELECT), values).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Returns the source of the lots that expire up to a day, on all pages: conditions are SQL over
/// `l` and `v`, values from `$3`.
pub fn expiring_source(through: i32, conditions: &str, condition_values: Vec<Value>) -> ListSource {
    // CROSS JOIN tells SQLite to begin with the lots of those days, and not with all lots in
    // stores.
    let from = format!(
        "FROM lot l CROSS JOIN lot_level v JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id
         JOIN store s ON s.tenant_id = v.tenant_id AND s.id = v.store_id
         WHERE l.tenant_id = $1 AND l.expires_on IS NOT NULL AND l.expires_on <= $2
           AND v.tenant_id = l.tenant_id AND v.lot_id = l.id AND v.on_hand > 0{conditions}"
    );
    ListSource { from, values: [vec![through.into()], condition_values].concat() }
}

impl From<ExpiringRow> for Expiring {
    fn from(ExpiringRow { lot, level, product, time_zone }: ExpiringRow) -> Self {
        let currency = product.cost_currency.as_deref().and_then(Currency::parse);
        let cost = product.cost_minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency));
        Self { lot: lot.into(), level: level.into(), cost, decimals: product.unit_decimals as u8, time_zone }
    }
}
