//! Available quantities by store, for callers who may see no more of a store's stock.

use std::{collections::BTreeMap, sync::Arc};

use async_graphql::Context;
use entity::prelude::{self, ProductId, StoreId, Timestamp};
use iam::access::{Permit, Reach, kind};
use inventory::{
    catalog::core::product::ProductRow,
    stock::{
        core::{status, whole_kits},
        rows::list::LevelRow,
    },
};
use macros::resolvers;

use super::{StockStatus, links, loaders::LevelLoader};
use crate::{
    catalog::{Store, StoreRef, catalog_loaders},
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Quantity},
    },
};

/// Availability of a product in a store.
pub struct StockAvailability {
    store: StoreId,
    available: i64,
    status: prelude::StockStatus,
    updated_at: Timestamp,
}

impl From<&LevelRow> for StockAvailability {
    fn from(level: &LevelRow) -> Self {
        let (available, status) = (level.available(), level.status());
        Self { store: level.key.store, available, status, updated_at: level.updated_at }
    }
}

/// Availability of a product in a store, as staff of other stores may see it.
#[resolvers(requires = StockAvailabilityRead, shared)]
impl StockAvailability {
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.store).await
    }
    /// Available quantity in the product's smallest unit: on hand, less unavailable, less reserved.
    async fn available(&self) -> Quantity {
        Quantity(prelude::Quantity::new(self.available).unwrap_or_default())
    }
    /// Stock status, derived from the available quantity.
    async fn status(&self) -> StockStatus {
        self.status.into()
    }
    /// Time of the last change of the stock level.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.updated_at)
    }
}

/// Returns the stores of a query: those that are named, or all if none are.
async fn resolve_stores(
    ctx: &Context<'_>,
    permit: &Permit<kind::StockAvailabilityRead>,
    stores: Option<Vec<StoreRef>>,
) -> Answer<(Reach, Option<Vec<StoreId>>)> {
    let reach = permit.reach();
    let Some(stores) = stores else { return Ok((reach, None)) };
    let mut store_ids = Vec::with_capacity(stores.len());
    for (index, store_ref) in stores.iter().enumerate() {
        store_ids.extend(crate::catalog::find_store_id(ctx, store_ref, &["stores", &index.to_string()]).await?);
    }
    Ok((reach, Some(store_ids)))
}

/// Returns the available quantity of a product by store, in all stores or in the named ones, of
/// those that the caller may see.
pub async fn availability_of_product(
    ctx: &Context<'_>,
    permit: &Permit<kind::StockAvailabilityRead>,
    product: ProductId,
    stores: Option<Vec<StoreRef>>,
) -> Answer<Vec<StockAvailability>> {
    let levels = ctx.lazy::<LevelLoader>()?.product(product).await?;
    let (reach, requested_stores) = resolve_stores(ctx, permit, stores).await?;
    let is_requested = |store: StoreId| {
        reach.covers(store) && requested_stores.as_ref().is_none_or(|requested_stores| requested_stores.contains(&store))
    };
    Ok(levels.iter().filter(|level| is_requested(level.key.store)).map(StockAvailability::from).collect())
}

/// Returns the available whole kits by store: the number that the available components there are
/// enough for.
pub async fn availability_of_kit(
    ctx: &Context<'_>,
    permit: &Permit<kind::StockAvailabilityRead>,
    kit: &ProductRow,
    stores: Option<Vec<StoreRef>>,
) -> Answer<Vec<StockAvailability>> {
    let (reach, requested_stores) = resolve_stores(ctx, permit, stores).await?;
    let is_requested = |store: StoreId| {
        reach.covers(store) && requested_stores.as_ref().is_none_or(|requested_stores| requested_stores.contains(&store))
    };
    let components = catalog_loaders(ctx)?.components(kit.id).await?;
    let levels = ctx.lazy::<LevelLoader>()?;
    let levels = futures_util::future::try_join_all(components.iter().map(|part| levels.product(part.product))).await?;
    let mut places: BTreeMap<StoreId, Timestamp> = BTreeMap::new();
    for level in levels.iter().flat_map(|levels| levels.iter()).filter(|level| is_requested(level.key.store)) {
        let latest_change = places.entry(level.key.store).or_insert(level.updated_at);
        *latest_change = (*latest_change).max(level.updated_at);
    }
    let units_in = |levels: &Arc<Vec<LevelRow>>, store: StoreId| {
        levels.iter().find(|level| level.key.store == store).map_or(0, LevelRow::available)
    };
    let threshold = kit.low_stock_threshold.and_then(prelude::Quantity::new);
    let availability = |(store, updated_at): (StoreId, Timestamp)| {
        let parts = components.iter().zip(&levels).map(|(part, levels)| (units_in(levels, store), part.quantity));
        let available = whole_kits(parts);
        StockAvailability { store, available, status: status(available, threshold, None), updated_at }
    };
    Ok(places.into_iter().map(availability).collect())
}
