//! Dataloaders of the stock room, created for each request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{
    Context,
    dataloader::{DataLoader, Loader},
};
use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::stock::{
    core::{LevelKey, Lot, LotLevel, Movement},
    rows::{
        self, ReservationSelection,
        list::LevelRow,
        other_stores::{IncomingQuantity, StoreStock},
        selected_columns::{DisplayedLevel, LevelColumns},
    },
};
use platform::{clock, storage::TenantScope};

use crate::graphql::{
    context::ContextExt,
    fault::{Answer, TopError},
    lazy::{Lazy, OfTenant},
    upstream::loader::Batcher,
};

/// A movement by its event's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MovementSeqKey(pub i64);

/// The tenant's rows, and lots that a call has created, or would create in a dry run.
pub struct StockLoader(TenantScope, Mutex<HashMap<LotId, Arc<Lot>>>);

impl StockLoader {
    pub fn insert_new_lots(&self, lots: &[Lot]) {
        let new = lots.iter().filter(|lot| !lot.row.is_stored()).map(|lot| (lot.id, Arc::new(lot.clone())));
        self.1.lock().unwrap_or_else(PoisonError::into_inner).extend(new);
    }
}

impl Loader<LevelId> for StockLoader {
    type Value = LevelRow;
    type Error = TopError;
    async fn load(&self, keys: &[LevelId]) -> Result<HashMap<LevelId, Self::Value>, TopError> {
        Ok(rows::list::levels_by_id(&self.0, keys).await?.into_iter().map(|level| (level.id, level)).collect())
    }
}

impl Loader<LevelKey> for StockLoader {
    type Value = LevelRow;
    type Error = TopError;
    async fn load(&self, keys: &[LevelKey]) -> Result<HashMap<LevelKey, Self::Value>, TopError> {
        Ok(rows::list::levels_by_key(&self.0, keys).await?.into_iter().map(|level| (level.key, level)).collect())
    }
}

/// The bin location of a level; none is found of a level that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BinLocationKey(pub LevelKey);

impl Loader<BinLocationKey> for StockLoader {
    type Value = String;
    type Error = TopError;
    async fn load(&self, keys: &[BinLocationKey]) -> Result<HashMap<BinLocationKey, String>, TopError> {
        let levels: Vec<LevelKey> = keys.iter().map(|key| key.0).collect();
        Ok(rows::bin_locations(&self.0, &levels).await?.into_iter().map(|(level, bin)| (BinLocationKey(level), bin)).collect())
    }
}

/// Returns the bin of a product in a store; None if none is set.
pub async fn bin_of(ctx: &Context<'_>, level: LevelKey) -> Answer<Option<String>> {
    let loader = ctx.lazy::<DataLoader<StockLoader>>()?;
    Box::pin(loader.load_one(BinLocationKey(level))).await
}

/// Returns the bins of products in a store, of those that have one.
pub async fn bins_in(ctx: &Context<'_>, store: StoreId, products: Vec<ProductId>) -> Answer<HashMap<ProductId, String>> {
    let loader = ctx.lazy::<DataLoader<StockLoader>>()?;
    let levels = products.into_iter().map(|product| BinLocationKey(LevelKey { product, store }));
    let bins = Box::pin(loader.load_many(levels)).await?;
    Ok(bins.into_iter().map(|(BinLocationKey(level), bin)| (level.product, bin)).collect())
}

impl Loader<MovementSeqKey> for StockLoader {
    type Value = Arc<Movement>;
    type Error = TopError;
    async fn load(&self, keys: &[MovementSeqKey]) -> Result<HashMap<MovementSeqKey, Self::Value>, TopError> {
        let seqs: Vec<i64> = keys.iter().map(|key| key.0).collect();
        Ok(rows::movements_by_seq(&self.0, &seqs)
            .await?
            .into_iter()
            .map(|movement| (MovementSeqKey(movement.seq), Arc::new(movement)))
            .collect())
    }
}

impl Loader<MovementId> for StockLoader {
    type Value = Arc<Movement>;
    type Error = TopError;
    async fn load(&self, keys: &[MovementId]) -> Result<HashMap<MovementId, Self::Value>, TopError> {
        let seqs = rows::load_seqs(&self.0, keys).await?;
        Ok(rows::movements_by_seq(&self.0, &seqs).await?.into_iter().map(|movement| (movement.id, Arc::new(movement))).collect())
    }
}

/// The movement that reverses the one of this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MovementReversalKey(pub MovementId);

impl Loader<MovementReversalKey> for StockLoader {
    type Value = Arc<Movement>;
    type Error = TopError;
    async fn load(&self, keys: &[MovementReversalKey]) -> Result<HashMap<MovementReversalKey, Self::Value>, TopError> {
        let ids: Vec<MovementId> = keys.iter().map(|key| key.0).collect();
        let seqs = rows::reversal_seqs(&self.0, &ids).await?;
        let reversals = rows::movements_by_seq(&self.0, &seqs).await?;
        Ok(reversals
            .into_iter()
            .filter_map(|movement| Some((MovementReversalKey(movement.reverses?), Arc::new(movement))))
            .collect())
    }
}

impl Loader<ReservationId> for StockLoader {
    type Value = inventory::stock::core::Reservation;
    type Error = TopError;
    async fn load(&self, keys: &[ReservationId]) -> Result<HashMap<ReservationId, Self::Value>, TopError> {
        Ok(rows::select_reservations(&self.0, ReservationSelection::Ids(keys))
            .await?
            .into_iter()
            .map(|reservation| (reservation.id, reservation))
            .collect())
    }
}

impl Loader<LotId> for StockLoader {
    type Value = Arc<Lot>;
    type Error = TopError;
    async fn load(&self, keys: &[LotId]) -> Result<HashMap<LotId, Self::Value>, TopError> {
        let loaded_lots = rows::lot_list::lots_by_id(&self.0, keys).await?;
        let mut lots = self.1.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lots.extend(loaded_lots.into_iter().map(|lot| (lot.id, Arc::new(lot))));
        lots.retain(|id, _| keys.contains(id));
        Ok(lots)
    }
}

/// Key of a lot's levels, present and past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LotLevelsKey(pub LotId);

impl Loader<LotLevelsKey> for StockLoader {
    type Value = Arc<Vec<LotLevel>>;
    type Error = TopError;
    async fn load(&self, keys: &[LotLevelsKey]) -> Result<HashMap<LotLevelsKey, Self::Value>, TopError> {
        let ids: Vec<LotId> = keys.iter().map(|key| key.0).collect();
        let mut levels_by_lot: HashMap<LotLevelsKey, Vec<LotLevel>> = HashMap::new();
        for level in rows::lot_list::lot_levels_of(&self.0, &ids).await? {
            levels_by_lot.entry(LotLevelsKey(level.lot)).or_default().push(level);
        }
        Ok(levels_by_lot.into_iter().map(|(lot, levels)| (lot, Arc::new(levels))).collect())
    }
}

/// The levels of products in all their stores, for one operation: all requests of a page of
/// products share one statement.
pub struct LevelLoader {
    scope: TenantScope,
    levels: Batcher<ProductId, Arc<Vec<LevelRow>>>,
    shown: Batcher<(ProductId, LevelColumns), Arc<Vec<DisplayedLevel>>>,
    places: Batcher<ProductId, Arc<Vec<StoreStock>>>,
    coming: Batcher<LevelKey, Arc<Vec<IncomingQuantity>>>,
}

impl LevelLoader {
    pub async fn product(&self, id: ProductId) -> Answer<Arc<Vec<LevelRow>>> {
        let load = |ids: Vec<ProductId>| async move {
            let mut levels_by_product: HashMap<ProductId, Vec<LevelRow>> = HashMap::new();
            for level in rows::list::levels_of_products(&self.scope, &ids).await? {
                levels_by_product.entry(level.key.product).or_default().push(level);
            }
            Ok(levels_by_product.into_iter().map(|(id, levels)| (id, Arc::new(levels))).collect())
        };
        Ok(self.levels.one(id, load).await?.unwrap_or_default())
    }
    /// The levels of a product with at least these columns.
    pub async fn levels_with_columns(&self, id: ProductId, columns: LevelColumns) -> Answer<Arc<Vec<DisplayedLevel>>> {
        Ok(self.load_level_columns(&[id], columns).await?.remove(&id).unwrap_or_default())
    }
    /// Returns the levels of several products, of those that have any.
    pub async fn load_level_columns(
        &self,
        ids: &[ProductId],
        columns: LevelColumns,
    ) -> Answer<HashMap<ProductId, Arc<Vec<DisplayedLevel>>>> {
        let load = |keys: Vec<(ProductId, LevelColumns)>| async move {
            let all_columns = keys.iter().fold(LevelColumns::default(), |all_columns, (_, columns)| all_columns.and(*columns));
            let mut ids: Vec<ProductId> = keys.iter().map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids.dedup();
            let levels_by_product = rows::selected_columns::load_displayed_levels(&self.scope, &ids, all_columns).await?;
            let levels_by_product: HashMap<_, _> =
                levels_by_product.into_iter().map(|(id, levels)| (id, Arc::new(levels))).collect();
            Ok(keys.into_iter().filter_map(|key| Some((key, levels_by_product.get(&key.0)?.clone()))).collect())
        };
        let keys: Vec<_> = ids.iter().map(|id| (*id, columns)).collect();
        let levels_by_product = self.shown.many(&keys, load).await?;
        Ok(ids.iter().copied().zip(levels_by_product).filter_map(|(id, levels)| Some((id, levels?))).collect())
    }
    /// The open stores with most of a product, among those whose availability the caller may see.
    pub async fn top_stores(
        &self,
        product: ProductId,
        permit: &Permit<kind::StockAvailabilityRead>,
    ) -> Answer<Arc<Vec<StoreStock>>> {
        let stores = match permit.reach() {
            Reach::Everywhere => None,
            Reach::Stores(stores) => Some(stores.to_vec()),
        };
        let (stores, is_of_channel) = (stores.as_deref(), permit.channel().is_some());
        let load = |ids: Vec<ProductId>| async move {
            let mut places_by_product: HashMap<ProductId, Vec<StoreStock>> = HashMap::new();
            for place in rows::other_stores::load_stores_with_stock(&self.scope, &ids, stores, is_of_channel).await? {
                places_by_product.entry(place.product).or_default().push(place);
            }
            Ok(places_by_product.into_iter().map(|(id, places)| (id, Arc::new(places))).collect())
        };
        Ok(self.places.one(product, load).await?.unwrap_or_default())
    }
    /// Returns the quantities that are expected at a level from now on.
    pub async fn load_incoming(&self, level: LevelKey, now: Timestamp) -> Answer<Arc<Vec<IncomingQuantity>>> {
        // In some time zones it is still yesterday: each level uses its own day.
        let yesterday = clock::local_day(now, "UTC") - 1;
        let load = |levels: Vec<LevelKey>| async move {
            let mut incoming_by_level: HashMap<LevelKey, Vec<IncomingQuantity>> = HashMap::new();
            let from = (yesterday, now.plus_seconds(-2 * 24 * 3600));
            for coming in rows::other_stores::load_incoming_quantities(&self.scope, &levels, from).await? {
                incoming_by_level.entry(coming.level).or_default().push(coming);
            }
            Ok(incoming_by_level.into_iter().map(|(level, coming)| (level, Arc::new(coming))).collect())
        };
        Ok(self.coming.one(level, load).await?.unwrap_or_default())
    }
    /// Clears the loaders after a change, so that rows are read again.
    pub fn forget(&self) {
        self.levels.forget();
        self.shown.forget();
        self.places.forget();
        self.coming.forget();
    }
}

/// Clears the levels after a mutation has changed stock: other fields of the same operation must
/// not see the old state.
pub fn clear_levels(ctx: &Context<'_>) {
    if let Some(levels) = ctx.data_opt::<Lazy>().and_then(Lazy::get_if_created::<LevelLoader>) {
        levels.forget();
    }
}

impl From<TenantScope> for StockLoader {
    fn from(scope: TenantScope) -> Self {
        Self(scope, Mutex::default())
    }
}

impl OfTenant for LevelLoader {
    fn of(scope: TenantScope) -> Self {
        let (levels, shown) = (Batcher::default(), Batcher::default());
        Self { scope, levels, shown, places: Batcher::default(), coming: Batcher::default() }
    }
}
