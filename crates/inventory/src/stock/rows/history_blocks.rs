//! Late entries, condensed a block of versions at a time: for each moment at which something in the
//! block happened, the sum of the block's late entries up to it. Entries never change, so a block
//! does not either.

use entity::{
    record::{Record, Selected},
    tables::stock_level,
};
use platform::storage::{Fault, Finds, Work};

use crate::stock::core::LevelKey;

#[derive(Record)]
struct BlockCountRow {
    #[record(of = stock_level, alias = "l")]
    version: i64,
    #[record(sql = "(SELECT count(*) FROM history_block b WHERE b.tenant_id = $1 AND b.product_id = $2 AND b.store_id = $3)")]
    blocks: i64,
}

/// Versions that are condensed together: one look-up instead of a scan of this many.
pub const BLOCK_VERSIONS: i64 = 1_024;

/// Condenses the next complete blocks of a level, at most `max_blocks`; returns true if more are left.
pub async fn condense_blocks(work: &Work, key: LevelKey, size: i64, max_blocks: i64) -> Result<bool, Fault> {
    let level = || vec![key.product.into(), key.store.into()];
    let sql = format!(
        "SELECT {} FROM stock_level l WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.store_id = $3",
        BlockCountRow::SELECT
    );
    let condensed = work.records(&sql, level()).await?.into_iter().next();
    let Some(BlockCountRow { version, blocks: block_count }) = condensed else { return Ok(false) };
    let complete_blocks = version / size;
    let end_block = complete_blocks.min(block_count + max_blocks);
    for block in block_count..end_block {
        let values = [level(), vec![block.into(), ((block + 1) * size).into()]].concat();
        let sql = "INSERT INTO history_block (tenant_id, product_id, store_id, block, recorded_at)
            SELECT e.tenant_id, e.product_id, e.store_id, $4, e.recorded_at FROM entry e
            WHERE e.tenant_id = $1 AND e.product_id = $2 AND e.store_id = $3 AND e.version_after = $5
            ON CONFLICT (tenant_id, product_id, store_id, block) DO NOTHING";
        if work.execute(sql, values).await? == 0 {
            // Another node is condensing.
            return Ok(false);
        }
        let values = [level(), vec![block.into(), (block * size).into(), ((block + 1) * size).into()]].concat();
        let sql = "INSERT INTO history_sum (tenant_id, product_id, store_id, block, occurred_at, on_hand_delta)
            SELECT $1, $2, $3, $4, c.occurred_at, CAST(sum(c.delta) OVER (ORDER BY c.occurred_at) AS bigint)
            FROM (SELECT e.occurred_at, sum(e.on_hand_delta) AS delta FROM entry e
              WHERE e.tenant_id = $1 AND e.product_id = $2 AND e.store_id = $3 AND e.version_after > $5 AND e.version_after <= $6
                AND e.occurred_at < e.occurred_max GROUP BY e.occurred_at) c";
        work.execute(sql, values).await?;
    }
    Ok(end_block < complete_blocks)
}
