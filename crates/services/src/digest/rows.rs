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

/// Products between two others, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProductRange {
    pub after: Option<ProductId>,
    pub before: Option<ProductId>,
    /// From the greatest ID to the least.
    pub backward: bool,
}

impl ProductRange {
    /// The rest of it, once a product has been read.
    fn beyond(self, product: Option<ProductId>) -> Self {
        if self.backward { Self { before: product, ..self } } else { Self { after: product, ..self } }
    }
}

async fn piece(reads: &impl Reads, store: StoreId, range: ProductRange) -> Result<Vec<LevelVersion>, Fault> {
    let (select, mut bounds, mut values) = (LevelVersion::SELECT, String::new(), vec![store.into()]);
    for (bound, operator) in [(range.after, ">"), (range.before, "<")] {
        if let Some(product) = bound {
            values.push(product.into());
            bounds.push_str(&format!(" AND l.product_id {operator} ${}", values.len() + 1));
        }
    }
    let direction = if range.backward { " DESC" } else { "" };
    let sql = format!(
        "SELECT {select} FROM stock_level l WHERE l.tenant_id = $1 AND l.store_id = $2{bounds} ORDER BY l.product_id{direction} LIMIT {PIECE}"
    );
    reads.records(&sql, values).await
}

/// The digest of a store's levels, also of those with zeros. A level that moves meanwhile counts as it was before or after.
pub async fn digest(reads: &impl Reads, store: StoreId, buckets: Buckets) -> Result<StoreDigest, Fault> {
    let (mut digest, mut range) = (StoreDigest::new(buckets), ProductRange::default());
    loop {
        let levels = piece(reads, store, range).await?;
        for level in &levels {
            digest.add(&level.product_id.to_string(), level.version);
        }
        if levels.len() < PIECE {
            return Ok(digest);
        }
        range = range.beyond(levels.last().map(|level| level.product_id));
        // Hashing does not wait for anything: others have their turn.
        tokio::task::yield_now().await;
    }
}

/// Levels in some buckets, by product in the order of the range; at most `most`.
pub async fn levels_in(
    reads: &impl Reads,
    (store, buckets): (StoreId, Buckets),
    wanted: &[u32],
    mut range: ProductRange,
    most: usize,
) -> Result<Vec<InBucket>, Fault> {
    let mut found = Vec::new();
    loop {
        let levels = piece(reads, store, range).await?;
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
        range = range.beyond(levels.last().map(|level| level.product_id));
        tokio::task::yield_now().await;
    }
}
