//! Lots as lists show them: pages of lots, where one went, and what expires.

use entity::prelude::*;
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::Value;

use super::lots::{LOT, LOT_LEVEL, read_lot, read_lot_level};
use crate::stock::core::{LevelKey, Lot, LotLevel};

/// Lots that match all of these; what is None asks nothing, and an empty list matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LotFilterSpec {
    pub products: Option<Vec<ProductId>>,
    /// With stock in one of these stores.
    pub stores: Option<Vec<StoreId>>,
    /// Where somebody may look: lots that ever were in one of these stores.
    pub seen_in: Option<Vec<StoreId>>,
    pub statuses: Option<Vec<LotStatus>>,
    /// Expiring before this day.
    pub expires_before: Option<i32>,
    /// Folded codes: one of these.
    pub codes: Option<Vec<String>>,
    /// The beginning of a folded code.
    pub code_starts: Option<String>,
}

impl LotFilterSpec {
    /// Conditions on `lot l`, each beginning with ` AND `; values are numbered from `$2`.
    pub fn sql(&self, backend: Backend, values: &mut Vec<Value>) -> String {
        let mut sql = String::new();
        let mut bind = |value: Value| {
            values.push(value);
            values.len() + 1
        };
        if let Some(ids) = &self.products {
            sql += &format!(" AND {}", backend.in_ids("l.product_id", bind(backend.ids(ids.iter().copied()))));
        }
        for (stores, there) in [(&self.stores, " AND v.on_hand > 0"), (&self.seen_in, "")] {
            if let Some(ids) = stores {
                let of = backend.in_ids("v.store_id", bind(backend.ids(ids.iter().copied())));
                sql += &format!(" AND l.id IN (SELECT v.lot_id FROM lot_level v WHERE v.tenant_id = $1 AND {of}{there})");
            }
        }
        if let Some(statuses) = &self.statuses {
            sql += &format!(" AND {}", backend.in_texts("l.status", bind(backend.texts(statuses.iter().map(|s| s.as_str())))));
        }
        if let Some(day) = self.expires_before {
            sql += &format!(" AND l.expires_on IS NOT NULL AND l.expires_on < ${}", bind(day.into()));
        }
        if let Some(codes) = &self.codes {
            sql += &format!(" AND {}", backend.in_texts("l.code_key", bind(backend.texts(codes.iter().map(String::as_str)))));
        }
        if let Some(prefix) = &self.code_starts {
            let (number, length) = (bind(prefix.as_str().into()), prefix.chars().count());
            sql += &format!(" AND l.code_key >= ${number} AND substr(l.code_key, 1, {length}) = ${number}");
        }
        sql
    }
}

/// A page of lots: conditions, order and limit are SQL over `l`, values from `$2`.
pub async fn lots_page(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<Lot>, Fault> {
    let rows = reads.rows(&format!("SELECT {LOT} FROM lot l WHERE l.tenant_id = $1{conditions}"), values).await?;
    rows.iter().map(|row| read_lot(&mut Row::new(row))).collect()
}

pub async fn lots_by_id(reads: &impl Reads, ids: &[LotId]) -> Result<Vec<Lot>, Fault> {
    let backend = reads.backend();
    let of = format!(" AND {}", backend.in_ids("l.id", 2));
    lots_page(reads, &of, vec![backend.ids(ids.iter().copied())]).await
}

/// How much of each lot lies where, by store; also where nothing is left.
pub async fn lot_levels_of(reads: &impl Reads, lots: &[LotId]) -> Result<Vec<LotLevel>, Fault> {
    let backend = reads.backend();
    let of = backend.in_ids("v.lot_id", 2);
    let sql = format!("SELECT {LOT_LEVEL} FROM lot_level v WHERE v.tenant_id = $1 AND {of} ORDER BY v.lot_id, v.store_id");
    let rows = reads.rows(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    rows.iter().map(|row| read_lot_level(&mut Row::new(row))).collect()
}

/// The lots of a level that have stock there.
pub async fn lots_at(reads: &impl Reads, key: LevelKey) -> Result<Vec<(Lot, LotLevel)>, Fault> {
    let sql = format!(
        "SELECT {LOT_LEVEL}, {LOT} FROM lot_level v JOIN lot l ON l.tenant_id = v.tenant_id AND l.id = v.lot_id
         WHERE v.tenant_id = $1 AND v.product_id = $2 AND v.store_id = $3 AND v.on_hand > 0 ORDER BY l.id"
    );
    let rows = reads.rows(&sql, vec![key.product.into(), key.store.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let level = read_lot_level(&mut row)?;
            Ok((read_lot(&mut row)?, level))
        })
        .collect()
}

/// A line of the ledger that moved a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotEntry {
    pub seq: i64,
    pub line: i64,
    pub store: StoreId,
    pub on_hand_delta: i64,
}

/// Lines that moved a lot, of these stores or of all: order and limit are SQL over `e`, values from `$3`.
pub async fn lot_entries(
    reads: &impl Reads,
    lot: LotId,
    stores: Option<&[StoreId]>,
    (tail, bound): (impl Fn(usize) -> (String, Vec<Value>), usize),
) -> Result<Vec<LotEntry>, Fault> {
    let backend = reads.backend();
    let mut values = vec![lot.into()];
    let mut of = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        of = format!(" AND {}", backend.in_ids("e.store_id", 3));
    }
    debug_assert!(bound <= 2, "a lot's lines are found by number and line");
    let (tail, more) = tail(values.len() + 2);
    values.extend(more);
    let sql = format!(
        "SELECT e.seq, CAST(e.line AS bigint), e.store_id, e.on_hand_delta FROM entry e
         WHERE e.tenant_id = $1 AND e.lot_id = $2 AND e.lot_id IS NOT NULL AND e.on_hand_delta <> 0{of}{tail}"
    );
    let rows = reads.rows(&sql, values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(LotEntry { seq: row.take()?, line: row.take()?, store: row.take()?, on_hand_delta: row.take()? })
        })
        .collect()
}

/// A lot in a store that will not last long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    pub lot: Lot,
    pub level: LotLevel,
    /// For one whole unit, with the unit's decimals.
    pub cost: Option<Money>,
    pub decimals: u8,
    pub time_zone: String,
}

/// What expires up to a day, soonest first: order and limit are SQL over `l` and `v`, values from `$3`.
pub async fn expiring(reads: &impl Reads, through: i32, conditions: &str, more: Vec<Value>) -> Result<Vec<Expiring>, Fault> {
    // CROSS JOIN tells SQLite to begin with the lots of those days, and not with all that lies in stores.
    let sql = format!(
        "SELECT {LOT}, {LOT_LEVEL}, p.cost_minor, p.cost_currency, p.unit_decimals, s.time_zone
         FROM lot l CROSS JOIN lot_level v JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id
         JOIN store s ON s.tenant_id = v.tenant_id AND s.id = v.store_id
         WHERE l.tenant_id = $1 AND l.expires_on IS NOT NULL AND l.expires_on <= $2
           AND v.tenant_id = l.tenant_id AND v.lot_id = l.id AND v.on_hand > 0{conditions}"
    );
    let rows = reads.rows(&sql, [vec![through.into()], more].concat()).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (lot, level) = (read_lot(&mut row)?, read_lot_level(&mut row)?);
            let (minor, currency): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
            let cost =
                minor.zip(currency.as_deref().and_then(Currency::parse)).map(|(minor, currency)| Money::new(minor, currency));
            let decimals: i32 = row.take()?;
            Ok(Expiring { lot, level, cost, decimals: decimals as u8, time_zone: row.take()? })
        })
        .collect()
}
