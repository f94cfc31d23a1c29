//! Visibility of stock: a caller sees the stores that the permission is for. Stock of other stores
//! looks as if it did not exist.

use std::sync::Arc;

use async_graphql::{Context, dataloader::DataLoader};
use entity::prelude::{LotId, StoreId};
use iam::access::{Permission, Permit, Reach, kind};
use inventory::stock::{
    core::{self, Movement, Reservation},
    rows::{
        MovementFilterSpec,
        list::{LevelFilter, LevelRow},
    },
};
use platform::storage::Fault;

use super::{
    Lot, StockLevel, StockMovement,
    loaders::{LotLevelsKey, StockLoader},
};
use crate::graphql::{
    context::ContextExt,
    fault::{Answer, TopError},
};

/// Levels of the permit's stores only.
pub fn within<P: Permission>(permit: &Permit<P>, filter: LevelFilter) -> LevelFilter {
    match permit.reach() {
        Reach::Everywhere => filter,
        Reach::Stores(stores) => LevelFilter { stores: Some(stores.to_vec()), and: vec![filter], ..LevelFilter::default() },
    }
}

/// Movements with an entry in the permit's stores.
pub fn movements_within<P: Permission>(permit: &Permit<P>, spec: MovementFilterSpec) -> MovementFilterSpec {
    match permit.reach() {
        Reach::Everywhere => spec,
        Reach::Stores(permitted_stores) => {
            let stores = match spec.stores {
                None => permitted_stores.to_vec(),
                Some(requested_stores) => {
                    requested_stores.into_iter().filter(|store| permitted_stores.binary_search(store).is_ok()).collect()
                }
            };
            MovementFilterSpec { stores: Some(stores), ..spec }
        }
    }
}

/// A level, if it is in one of the caller's stores.
pub fn visible_level(ctx: &Context<'_>, level: Option<LevelRow>) -> Answer<Option<StockLevel>> {
    let permit = ctx.permit::<kind::StockRead>()?;
    Ok(level.filter(|level| permit.covers(level.key.store)).map(StockLevel::from))
}

/// A movement, if one of its entries is in one of the caller's stores. Only those entries are
/// shown.
pub fn visible_movement(ctx: &Context<'_>, movement: Option<Arc<Movement>>) -> Answer<Option<StockMovement>> {
    let reach = ctx.permit::<kind::StockMovementRead>()?.reach();
    Ok(movement.filter(|movement| movement.entries.iter().any(|entry| reach.covers(entry.key.store))).map(StockMovement))
}

/// Whether the caller sees the movements in a store.
pub fn sees_movements(ctx: &Context<'_>, store: StoreId) -> Answer<bool> {
    Ok(ctx.permit::<kind::StockMovementRead>()?.covers(store))
}

/// Returns the permit to see the movements in a store. Refused if the caller sees the store's
/// levels only.
pub fn movements_of(ctx: &Context<'_>, store: StoreId) -> Answer<Permit<kind::StockMovementRead>> {
    let permit = ctx.permit::<kind::StockMovementRead>()?;
    if !permit.covers(store) {
        return Err(TopError::Forbidden(kind::StockMovementRead::info().code));
    }
    Ok(permit)
}

/// Whether a reservation is in one of the caller's stores, and of their channel if they are bound to one.
pub fn sees_reservation(permit: &Permit<kind::StockRead>, reservation: &Reservation) -> bool {
    permit.covers(reservation.key.store) && permit.channel().is_none_or(|own_channel| reservation.channel == Some(own_channel))
}

/// A lot by its id, if it ever was in a store that the caller may see.
pub async fn visible_lot(ctx: &Context<'_>, id: LotId) -> Answer<Option<Lot>> {
    let reach = ctx.permit::<kind::StockRead>()?.reach();
    let loader = ctx.lazy::<DataLoader<StockLoader>>()?;
    let Some(lot) = loader.load_one(id).await? else { return Ok(None) };
    if reach != Reach::Everywhere {
        let places = loader.load_one(LotLevelsKey(id)).await?.unwrap_or_default();
        if !places.iter().any(|level| reach.covers(level.key.store)) {
            return Ok(None);
        }
    }
    Ok(Some(Lot(lot)))
}

/// The lot that a document of the caller names, even if the caller may not see its stock.
pub async fn lot_of_document(ctx: &Context<'_>, id: LotId) -> Answer<Arc<core::Lot>> {
    let row = Box::pin(ctx.lazy::<DataLoader<StockLoader>>()?.load_one(id)).await?;
    Ok(row.ok_or_else(|| Fault::corrupt("lot", "what is referred to exists"))?)
}
