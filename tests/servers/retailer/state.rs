//! Stock of the retailer, and events of its journal.

use entity::prelude::*;
use entrepot::{
    stock::{core::LevelKey, rows::read_levels},
    storage::journal,
};

use super::{Retailer, Work};
use crate::world::World;

impl<W: Work> World<Retailer<W>> {
    /// On hand, reserved and unavailable of a level.
    pub async fn level(&self, product: ProductId, store: StoreId) -> [i64; 3] {
        let key = LevelKey { product, store };
        let levels = read_levels(&self.scope(), &[key]).await.unwrap();
        levels.first().map_or([0; 3], |level| [level.on_hand, level.reserved, level.unavailable].map(Quantity::get))
    }

    /// The kinds of the tenant's events, of those that begin so.
    pub async fn events_of(&self, prefix: &str) -> Vec<String> {
        let events = journal::after(&self.scope(), 0, 10_000).await.unwrap();
        events.into_iter().map(|event| event.kind).filter(|kind| kind.starts_with(prefix)).collect()
    }
}
