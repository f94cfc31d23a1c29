//! What was on hand at an earlier moment, by search instead of by sum (docs/decisions/0003).
//!
//! Along a level, versions are dense and both `occurred_max` (the latest moment so far) and `recorded_at` never go back. So "everything up
//! to version v had happened and was known" holds up to one v and for none after it, and halving finds that v. What comes after it counts
//! only if it arrived late: it happened before something that was recorded earlier.

use std::collections::HashMap;

use entity::prelude::*;

use crate::{
    stock::core::LevelKey,
    storage::{Fault, Reads, Row},
};

/// On hand at `time`, as known at `known_at` (None: as known now), in smallest units: the sum of all entries with `occurred_at ≤ time` and
/// `recorded_at ≤ known_at`. 0 for a level that does not exist. Below 0 where a removal was dated before the receipt that it took from.
pub async fn on_hand_at(
    reads: &impl Reads,
    key: LevelKey,
    time: Timestamp,
    known_at: Option<Timestamp>,
) -> Result<Quantity, Fault> {
    let found = on_hand_at_many(reads, &[key], time, known_at).await?;
    Ok(found.first().copied().unwrap_or(Quantity::ZERO))
}

/// The same for many levels in one statement: one figure a key, in the order of `keys`.
pub async fn on_hand_at_many(
    reads: &impl Reads,
    keys: &[LevelKey],
    time: Timestamp,
    known_at: Option<Timestamp>,
) -> Result<Vec<Quantity>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (k, mut values) = reads.backend().pairs(&pairs, 2);
    let sql = statement(&k, values.len() + 2);
    values.extend([time.micros().into(), known_at.map_or(i64::MAX, Timestamp::micros).into()]);
    let rows = reads.rows(&sql, values).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let mut row = Row::new(row);
        let key = LevelKey { product: row.take()?, store: row.take()? };
        let (low, high): (i64, i64) = (row.take()?, row.take()?);
        if high - low != 1 {
            return Err(Fault::corrupt("entry", format!("a level's versions are dense, but none lies between {low} and {high}")));
        }
        let units: i64 = row.take()?;
        let units = Quantity::new(units).ok_or_else(|| Fault::corrupt("entry", "what is on hand lies within ±(2^53 − 1)"))?;
        found.insert(key, units);
    }
    Ok(keys.iter().map(|key| found.get(key).copied().unwrap_or(Quantity::ZERO)).collect())
}

/// `time` is parameter `bound`, `known_at` the one after it. `low` is a version that counts whole (0: none does), `high` one that does not;
/// each step reads the entry halfway between. `middle` is worked out before it is looked for: Postgres does not look for the outcome of a
/// division in the index of a table that has row-level security.
fn statement(k: &str, bound: usize) -> String {
    let (time, known) = (format!("${bound}"), format!("${}", bound + 1));
    let whole = format!("e.occurred_max <= {time} AND e.recorded_at <= {known}");
    let of_level = "e.tenant_id = $1 AND e.product_id = f.product_id AND e.store_id = f.store_id";
    format!(
        "WITH RECURSIVE search (product_id, store_id, low, high, middle) AS (
           SELECT l.product_id, l.store_id, CAST(0 AS bigint), l.version + 1, (l.version + 1) / 2
           FROM {k} JOIN stock_level l ON l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b
           UNION ALL
           SELECT f.product_id, f.store_id, CASE WHEN {whole} THEN e.version_after ELSE f.low END,
                  CASE WHEN {whole} THEN f.high ELSE e.version_after END,
                  (CASE WHEN {whole} THEN e.version_after + f.high ELSE f.low + e.version_after END) / 2
           FROM search f JOIN entry e ON {of_level} AND e.version_after = f.middle
           WHERE f.high - f.low > 1),
         found AS (SELECT product_id, store_id, max(low) AS low, min(high) AS high FROM search GROUP BY product_id, store_id)
         SELECT f.product_id, f.store_id, f.low, f.high,
           coalesce((SELECT e.on_hand_after FROM entry e WHERE {of_level} AND e.version_after = f.low), 0)
           + coalesce((SELECT CAST(sum(e.on_hand_delta) AS bigint) FROM entry e WHERE {of_level} AND e.version_after > f.low
                       AND e.occurred_at < e.occurred_max AND e.occurred_at <= {time} AND e.recorded_at <= {known}), 0)
         FROM found f"
    )
}
