//! Stock on hand at an earlier moment, by search instead of by sum (docs/decisions/0003).
//!
//! Along a level, versions are dense and both `occurred_max` (the latest moment so far) and
//! `recorded_at` never go back. So "everything up to version v had happened and was known" holds up
//! to one v and for none after it, and halving finds that v. Later versions count only if they
//! arrived late: they happened before something that was recorded earlier. If there are many,
//! blocks of so many versions have been condensed (`history_blocks`): one look-up per block gives
//! the sum of the entries that had happened.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Reads, Row};

use crate::stock::core::LevelKey;

/// Stock of a level at an earlier moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockAtTime {
    /// On hand, in smallest units: the sum of all entries with `occurred_at ≤ time` and
    /// `recorded_at ≤ known_at`. 0 for a level that does not exist. Below 0 if a removal was dated
    /// before the receipt that it took from.
    pub on_hand: Quantity,
    /// Number of versions that were read one by one in search of late arrivals.
    pub walked: i64,
}

/// Bounds of the search for a level, and the stock on hand there.
#[derive(Record)]
struct SpanRow {
    #[record(sql = "f.product_id")]
    product: ProductId,
    #[record(sql = "f.store_id")]
    store: StoreId,
    #[record(sql = "f.low")]
    low: i64,
    #[record(sql = "f.high")]
    high: i64,
    #[record(sql = "f.before - f.low + f.last - f.after")]
    walked: i64,
    #[record(sql = "{on_hand}")]
    on_hand: i64,
}

/// Returns on hand at `time`, as known at `known_at` (None: as known now): one figure for each key,
/// in the order of `keys`, by one statement. `size` is the number of versions that are condensed at
/// a time.
pub async fn load_on_hand_at(
    reads: &impl Reads,
    keys: &[LevelKey],
    time: Timestamp,
    known_at: Option<Timestamp>,
    size: i64,
) -> Result<Vec<StockAtTime>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let pairs: Vec<_> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (key_table, mut values) = reads.backend().pairs(&pairs, 2);
    let sql = history_sql(&key_table, values.len() + 2);
    values.extend([time.micros().into(), known_at.map_or(i64::MAX, Timestamp::micros).into(), size.into()]);
    let rows = reads.rows(&sql, values).await?;
    let mut stock_by_key = HashMap::with_capacity(rows.len());
    for row in &rows {
        let SpanRow { product, store, low, high, walked, on_hand } = Row::new(row).record()?;
        if high - low != 1 {
            return Err(Fault::corrupt("entry", format!("a level's versions are dense, but none lies between {low} and {high}")));
        }
        let on_hand = Quantity::new(on_hand).ok_or(Fault::TooLarge)?;
        stock_by_key.insert(LevelKey { product, store }, StockAtTime { on_hand, walked });
    }
    Ok(keys.iter().map(|key| stock_by_key.get(key).copied().unwrap_or_default()).collect())
}

/// `time_mark` is parameter `bound`, followed by `known_at` and the size of a block. `low` is a version
/// that counts whole (0: none does), `high` one that does not; each step reads the entry halfway
/// between. Before `low`, the blocks from `first` up to `blocks` are condensed; the versions up to
/// `before` and those after `after` are walked, up to `last`: in the first block that was not known
/// whole, or the level's own.
///
/// All values that are compared with a column are computed first: Postgres does not search the
/// index of a table with row-level security for the result of a division.
fn history_sql(key_table: &str, bound: usize) -> String {
    let [time_mark, recorded_mark, size_mark] = [0, 1, 2].map(|offset| format!("${}", bound + offset));
    let is_complete = format!("e.occurred_max <= {time_mark} AND e.recorded_at <= {recorded_mark}");
    let of_level =
        |row: &str| format!("{row}.tenant_id = $1 AND {row}.product_id = f.product_id AND {row}.store_id = f.store_id");
    let (of_entry, of_block) = (of_level("e"), of_level("b"));
    let late_delta_sql = |span: &str| {
        format!(
            "coalesce((SELECT CAST(sum(e.on_hand_delta) AS bigint) FROM entry e WHERE {of_entry} AND {span}
               AND e.occurred_at < e.occurred_max AND e.occurred_at <= {time_mark} AND e.recorded_at <= {recorded_mark}), 0)"
        )
    };
    let (before, after) = (
        late_delta_sql("e.version_after > f.low AND e.version_after <= f.before"),
        late_delta_sql("e.version_after > f.after AND e.version_after <= f.last"),
    );
    let on_hand = format!(
        "coalesce((SELECT e.on_hand_after FROM entry e WHERE {of_entry} AND e.version_after = f.low), 0) + {before} + {after}
           + coalesce((SELECT CAST(sum((SELECT s.on_hand_delta FROM history_sum s WHERE s.tenant_id = $1 AND s.product_id = b.product_id
                AND s.store_id = b.store_id AND s.block = b.block AND s.occurred_at <= {time_mark} ORDER BY s.occurred_at DESC LIMIT 1)) AS bigint)
              FROM history_block b WHERE {of_block} AND b.block >= f.first AND b.block < f.blocks), 0)"
    );
    format!(
        "WITH RECURSIVE search (product_id, store_id, low, high, middle, last) AS (
           SELECT l.product_id, l.store_id, CAST(0 AS bigint), l.version + 1, (l.version + 1) / 2, l.version
           FROM {key_table} JOIN stock_level l ON l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b
           UNION ALL
           SELECT f.product_id, f.store_id, CASE WHEN {is_complete} THEN e.version_after ELSE f.low END,
                  CASE WHEN {is_complete} THEN f.high ELSE e.version_after END,
                  (CASE WHEN {is_complete} THEN e.version_after + f.high ELSE f.low + e.version_after END) / 2, f.last
           FROM search f JOIN entry e ON {of_entry} AND e.version_after = f.middle
           WHERE f.high - f.low > 1),
         found AS (SELECT product_id, store_id, max(low) AS low, min(high) AS high, max(last) AS last, (max(low) + {size_mark} - 1) / {size_mark} AS first
           FROM search GROUP BY product_id, store_id),
         made AS (SELECT f.product_id, f.store_id, f.low, f.high, f.first, count(CASE WHEN b.recorded_at <= {recorded_mark} THEN 1 END) AS blocks,
             CASE WHEN max(b.recorded_at) > {recorded_mark} THEN (count(CASE WHEN b.recorded_at <= {recorded_mark} THEN 1 END) + 1) * {size_mark} ELSE f.last END AS last
           FROM found f LEFT JOIN history_block b ON {of_block} GROUP BY f.product_id, f.store_id, f.low, f.high, f.first, f.last),
         span AS MATERIALIZED (SELECT m.*, CASE WHEN m.blocks > m.first THEN m.first * {size_mark} ELSE m.last END AS before,
           CASE WHEN m.blocks > m.first THEN m.blocks * {size_mark} ELSE m.last END AS after FROM made m)
         SELECT {select} FROM span f",
        select = SpanRow::SELECT.replace("{on_hand}", &on_hand)
    )
}
