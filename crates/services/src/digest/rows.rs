//! Versions of a store's levels, read in pages, so that memory is bounded.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::stock_level,
};
use platform::storage::{Fault, Finds, Reads};

use super::core::{Buckets, StoreDigest};

/// Levels of a page.
const PAGE_LEVELS: usize = 10_000;

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
pub struct LevelInBucket {
    pub level: LevelVersion,
    pub bucket: u32,
}

/// Products between two others, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProductRange {
    pub after: Option<ProductId>,
    pub before: Option<ProductId>,
    /// Whether the range is read from the greatest ID to the least.
    pub backward: bool,
}

impl ProductRange {
    /// Returns the rest of the range after a product.
    fn after_product(self, product: Option<ProductId>) -> Self {
        if self.backward { Self { before: product, ..self } } else { Self { after: product, ..self } }
    }
}

async fn level_page(reads: &impl Reads, store: StoreId, range: ProductRange) -> Result<Vec<LevelVersion>, Fault> {
    let (select, mut bounds, mut values) = (LevelVersion::SELECT, String::new(), vec![store.into()]);
    for (bound, operator) in [(range.after, ">"), (range.before, "<")] {
        if let Some(product) = bound {
            values.push(product.into());
            bounds.push_str(&format!(" AND l.product_id {operator} ${}", values.len() + 1));
        }
    }
    let direction = if range.backward { " DESC" } else { "" };
    let sql = format!(
        "SELECT {select} FROM stock_level l WHERE l.tenant_id = $1 AND l.store_id = $2{bounds} ORDER BY l.product_id{direction} LIMIT {PAGE_LEVELS}"
    );
    reads.records(&sql, values).await
}

/// Returns the digest of a store's levels, including those with zeros. A level that moves meanwhile
/// counts in either version.
pub async fn digest(reads: &impl Reads, store: StoreId, buckets: Buckets) -> Result<StoreDigest, Fault> {
    let (mut digest, mut range) = (StoreDigest::new(buckets), ProductRange::default());
    loop {
        let levels = level_page(reads, store, range).await?;
        for level in &levels {
            digest.add(&level.product_id.to_string(), level.version);
        }
        if levels.len() < PAGE_LEVELS {
            return Ok(digest);
        }
        range = range.after_product(levels.last().map(|level| level.product_id));
        // Hashing awaits nothing: the yield lets other tasks run.
        tokio::task::yield_now().await;
    }
}

/// Levels in some buckets, by product in the order of the range; at most `limit`.
pub async fn levels_in(
    reads: &impl Reads,
    (store, buckets): (StoreId, Buckets),
    bucket_numbers: &[u32],
    mut range: ProductRange,
    limit: usize,
) -> Result<Vec<LevelInBucket>, Fault> {
    let mut matching_levels = Vec::new();
    loop {
        let levels = level_page(reads, store, range).await?;
        for level in &levels {
            let bucket = buckets.of(&level.product_id.to_string());
            if bucket_numbers.contains(&bucket) {
                matching_levels.push(LevelInBucket { level: *level, bucket });
            }
            if matching_levels.len() == limit {
                return Ok(matching_levels);
            }
        }
        if levels.len() < PAGE_LEVELS {
            return Ok(matching_levels);
        }
        range = range.after_product(levels.last().map(|level| level.product_id));
        tokio::task::yield_now().await;
    }
}
