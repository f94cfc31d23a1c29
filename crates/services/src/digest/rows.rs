//! Versions of a store's levels, piece by piece, so that no more of them is in memory at once.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::stock_level,
};
use platform::storage::{Fault, Finds, Reads};

use super::core::{Buckets, StoreDigest};

/// Levels that are read at once.
const PIECE: usize = 10_000;

/// A level's identity and version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
#[record(of = stock_level, alias = "l")]
pub struct LevelVersion {
    pub product_id: ProductId,
    pub id: LevelId,
    pub version: i64,
}

/// A level with its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InBucket {
    pub level: LevelVersion,
    pub bucket: u32,
}

async fn piece(reads: &impl Reads, store: StoreId, after: Option<ProductId>) -> Result<Vec<LevelVersion>, Fault> {
    let (select, behind) = (LevelVersion::SELECT, if after.is_some() { " AND l.product_id > $3" } else { "" });
    let sql = format!(
        "SELECT {select} FROM stock_level l WHERE l.tenant_id = $1 AND l.store_id = $2{behind} ORDER BY l.product_id LIMIT {PIECE}"
    );
    let values = [Some(store.into()), after.map(Into::into)].into_iter().flatten().collect();
    reads.records(&sql, values).await
}

/// The digest of a store's levels, also of those with zeros. A level that moves meanwhile counts as it was before or after.
pub async fn digest(reads: &impl Reads, store: StoreId, buckets: Buckets) -> Result<StoreDigest, Fault> {
    let (mut digest, mut after) = (StoreDigest::new(buckets), None);
    loop {
        let levels = piece(reads, store, after).await?;
        for level in &levels {
            digest.add(&level.product_id.to_string(), level.version);
        }
        if levels.len() < PIECE {
            return Ok(digest);
        }
        after = levels.last().map(|level| level.product_id);
        // Hashing does not wait for anything: others have their turn.
        tokio::task::yield_now().await;
    }
}

/// Levels in some buckets, by product behind `after`; at most `most`.
pub async fn levels_in(
    reads: &impl Reads,
    (store, buckets): (StoreId, Buckets),
    wanted: &[u32],
    mut after: Option<ProductId>,
    most: usize,
) -> Result<Vec<InBucket>, Fault> {
    let mut found = Vec::new();
    loop {
        let levels = piece(reads, store, after).await?;
        for level in &levels {
            let bucket = buckets.of(&level.product_id.to_string());
            if wanted.contains(&bucket) {
                found.push(InBucket { level: *level, bucket });
            }
            if found.len() == most {
                return Ok(found);
            }
        }
        if levels.len() < PIECE {
            return Ok(found);
        }
        after = levels.last().map(|level| level.product_id);
        tokio::task::yield_now().await;
    }
}
