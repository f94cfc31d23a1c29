//! Hashes over versions of a store's levels: two calls find the differences from a partner's copy.

use async_graphql::{Context, dataloader::DataLoader};
use entity::prelude::{ProductId, StoreId};
use iam::access::{Permit, kind};
use inventory::{ledger::Ledger, stock::rows::list::LevelFilter};
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key, PageRequest},
    path,
    storage::{Reads, TenantScope},
};
use services::digest::{
    core::{Buckets, MAX_BUCKETS, MAX_REQUESTED_BUCKETS, StoreDigest},
    rows::{self, LevelInBucket, ProductRange},
};

use super::{StockLevel, loaders::StockLoader, visibility::within};
use crate::{
    catalog::{Store, StoreRef, catalog_loaders, find_store_id},
    graphql::{
        canonical::filter_name,
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        limits::Limits,
        scalars::{Cursor, Long},
    },
};

crate::connection!(counted StockDigestLevelConnection, StockDigestLevelEdge, StockDigestLevel, "stock levels of some buckets");

/// Digest of a store's stock levels.
pub struct StockDigest {
    store: Store,
    seq: i64,
    buckets: Buckets,
    digest: StoreDigest,
    cursor: Cursor,
}

/// Hashes over the versions of a store's stock levels, in buckets by product. With p the product's ID and v the level's version in decimal: the bucket
/// is floor(u32be(SHA-256(p)[0..4]) × buckets ÷ 2^32), the element of a level u64be(SHA-256(p ":" v)[0..8]), and the hash of a bucket the sum of
/// its elements mod 2^64. Every level with a row counts, also with zeros.
#[resolvers(requires = StockRead)]
impl StockDigest {
    /// Store.
    async fn store(&self) -> &Store {
        &self.store
    }
    /// Sequence number of the last event before the levels were read. Levels may be newer.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// Number of levels in all buckets.
    async fn levels(&self) -> Long {
        Long(i64::try_from(self.digest.levels()).unwrap_or(i64::MAX))
    }
    /// Number of buckets of the digest.
    async fn buckets(&self) -> i32 {
        i32::try_from(self.buckets.get()).unwrap_or(i32::MAX)
    }
    /// Hash of each bucket in order: 16 lower-case hexadecimal digits, all zeros for an empty bucket.
    async fn hashes(&self) -> Vec<String> {
        self.digest.hashes()
    }
    /// Number of levels in each bucket, in order.
    async fn counts(&self) -> Vec<i32> {
        self.digest.counts().iter().map(|count| i32::try_from(*count).unwrap_or(i32::MAX)).collect()
    }
    /// Position in the stream before the levels were read: hand it to `stockChanged(filter: {store: {eq}}, after:)` of this store, and no change is
    /// missed.
    async fn stream_cursor(&self) -> &Cursor {
        &self.cursor
    }
}

/// Level of a bucket.
pub struct StockDigestLevel(LevelInBucket);

/// Stock level with its bucket.
#[resolvers(requires = StockRead)]
impl StockDigestLevel {
    /// ID of the product.
    async fn product_id(&self) -> async_graphql::ID {
        self.0.level.product_id.to_string().into()
    }
    /// Version of the level, +1 for each change.
    async fn version(&self) -> Long {
        Long(self.0.level.version)
    }
    /// Bucket of the level, from 0 to the number of buckets − 1.
    async fn bucket(&self) -> i32 {
        i32::try_from(self.0.bucket).unwrap_or(i32::MAX)
    }
    /// Level, which may be newer than `version`.
    async fn level(&self, ctx: &Context<'_>) -> Answer<StockLevel> {
        let row = ctx.lazy::<DataLoader<StockLoader>>()?.load_one(self.0.level.id).await?;
        row.map(StockLevel::from).ok_or(TopError::Internal)
    }
}

/// The root fields of digests.
#[derive(Default)]
pub struct DigestQuery;

#[resolvers]
impl DigestQuery {
    /// Hashes over the versions of a store's stock levels, by which a partner finds the levels that differ from its copy: compute the same over the copy,
    /// compare, and ask `stockDigestLevels` for the buckets that differ.
    ///
    /// Requires stock.read. Costs 50.
    #[field(permit = StockRead, cost = "50")]
    async fn stock_digest(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store.")] store: StoreRef,
        #[graphql(desc = "Number of buckets, a power of two from 1 to 16,384. Default 8192.", default = 8192)] buckets: i32,
    ) -> Answer<StockDigest> {
        let (buckets, store) = (parse_buckets(buckets)?, visible_store(ctx, &permit, &store).await?);
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database()).long();
        let (seq, cursor) = stream_position(ctx, &permit, &scope, store.0.id).await?;
        let digest = Box::pin(rows::digest(&scope, store.0.id, buckets)).await?;
        Ok(StockDigest { store, seq, buckets, digest, cursor })
    }

    /// Stock levels of some buckets, by product.
    ///
    /// Requires stock.read. Costs 20 and 0.1 a level.
    #[field(permit = StockRead, paged, cost = "20")]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stock_digest_levels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Store.")] store: StoreRef,
        #[graphql(desc = "Number of buckets, as it was for the digest. Default 8192.", default = 8192)] buckets: i32,
        #[graphql(name = "in", desc = "Buckets whose levels to return, 1 to 256 of them, each from 0 to buckets − 1.")]
        wanted: Vec<i32>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StockDigestLevelConnection> {
        let (buckets, store) = (parse_buckets(buckets)?, visible_store(ctx, &permit, &store).await?);
        let wanted = parse_bucket_numbers(&wanted, buckets)?;
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database()).long();
        let signer = ctx.required_data::<CursorSigner>()?;
        let list = format!("digest:{}:{}", store.0.id, buckets.get());
        let request = PageArgs { first, after, last, before }.check(&list, signer, ctx.required_data::<Limits>()?.page)?;
        let (store_buckets, row_limit) = ((store.0.id, buckets), request.limit as usize + 1);
        let store_levels = Box::pin(rows::levels_in(&scope, store_buckets, &wanted, range(&request), row_limit)).await?;
        let nodes = store_levels
            .into_iter()
            .map(|store_levels| (StockDigestLevel(store_levels), vec![store_levels.level.product_id.into()]))
            .collect();
        let page = Page::build(nodes, &request, list, signer).with_count(move |row_limit| {
            let (scope, wanted) = (scope.clone(), wanted.clone());
            async move {
                let store_levels =
                    Box::pin(rows::levels_in(&scope, store_buckets, &wanted, ProductRange::default(), row_limit)).await?;
                Ok::<i64, TopError>(i64::try_from(store_levels.len()).unwrap_or(i64::MAX))
            }
        });
        Ok(page.into())
    }
}

/// The products between the cursors of a page.
fn range(request: &PageRequest) -> ProductRange {
    let product = |keys: &Option<Vec<Key>>| match keys.as_deref() {
        Some([Key::Id(product)]) => Some(ProductId::from_uuid(*product)),
        _ => None,
    };
    ProductRange { after: product(&request.after), before: product(&request.before), backward: request.backward }
}

fn parse_buckets(buckets: i32) -> Answer<Buckets> {
    let parsed = u32::try_from(buckets).ok().and_then(Buckets::new);
    parsed.ok_or_else(|| TopError::bad_input(format!("buckets must be a power of two from 1 to {MAX_BUCKETS}"), path!["buckets"]))
}

fn parse_bucket_numbers(numbers: &[i32], buckets: Buckets) -> Answer<Vec<u32>> {
    let parsed = numbers.iter().map(|bucket| u32::try_from(*bucket).ok().filter(|bucket| *bucket < buckets.get()));
    let is_count_valid = (1..=MAX_REQUESTED_BUCKETS).contains(&numbers.len());
    let parsed: Option<Vec<u32>> = parsed.collect::<Option<_>>().filter(|_| is_count_valid);
    parsed.ok_or_else(|| {
        let message = format!("in must have 1 to {MAX_REQUESTED_BUCKETS} buckets, each from 0 to {}", buckets.get() - 1);
        TopError::bad_input(message, path!["in"])
    })
}

/// The store, if the caller reads its stock; another store is reported like an unknown one.
async fn visible_store(ctx: &Context<'_>, permit: &Permit<kind::StockRead>, store_ref: &StoreRef) -> Answer<Store> {
    let id = find_store_id(ctx, store_ref, &["store"]).await?.filter(|id| permit.covers(*id));
    let row = match id {
        Some(id) => catalog_loaders(ctx)?.store(id).await?,
        None => None,
    };
    let message = match store_ref {
        StoreRef::Id(id) => format!("No store with ID \"{}\".", id.as_str()),
        StoreRef::Code(code) => format!("No store with code \"{code}\"."),
    };
    row.map(Store).ok_or_else(|| TopError::bad_input(message, path!["store"]))
}

/// Returns the position of the tenant's stream, and the cursor that follows the store from there.
async fn stream_position(
    ctx: &Context<'_>,
    permit: &Permit<kind::StockRead>,
    scope: &TenantScope,
    store: StoreId,
) -> Answer<(i64, Cursor)> {
    let head = crate::live::stream::position(scope).await?;
    let filter = within(permit, LevelFilter { stores: Some(vec![store]), ..LevelFilter::default() });
    let cursor = crate::live::stream::cursor(
        ctx.required_data::<CursorSigner>()?,
        scope.tenant(),
        head.epoch,
        head.seq,
        &filter_name(&filter),
    );
    Ok((head.seq, cursor))
}
