//! Bin locations of products in stores.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::stock_level,
};
use platform::storage::{Fault, Finds, Reads};

use crate::stock::core::LevelKey;

#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct BinRow {
    product_id: ProductId,
    store_id: StoreId,
    bin_location: Option<String>,
}

/// The bin locations of levels, of those that have one.
pub async fn bin_locations(reads: &impl Reads, keys: &[LevelKey]) -> Result<HashMap<LevelKey, String>, Fault> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let pairs: Vec<(ProductId, StoreId)> = keys.iter().map(|key| (key.product, key.store)).collect();
    let (key_table, values) = reads.backend().pairs(&pairs, 2);
    // CROSS JOIN tells SQLite to begin with the keys.
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN stock_level l
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.store_id = k.b AND l.bin_location IS NOT NULL",
        select = BinRow::SELECT
    );
    let rows = reads.records::<BinRow>(&sql, values).await?;
    let to_bin_location = |row: BinRow| Some((LevelKey { product: row.product_id, store: row.store_id }, row.bin_location?));
    Ok(rows.into_iter().filter_map(to_bin_location).collect())
}
