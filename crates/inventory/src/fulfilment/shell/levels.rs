//! Levels that steps of works need: those of the order's goods, also in the work's store.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::storage::{Fault, Reads};

use crate::{orders::rows::stocked_levels, stock::core::LevelKey};

/// Returns the levels of an order's lines, and those of the same goods in the work's store.
pub(super) async fn load_line_levels(reads: &impl Reads, order: OrderId, store: StoreId) -> Result<Vec<LevelKey>, Fault> {
    let level_keys: Vec<LevelKey> = stocked_levels(reads, &[order]).await?.into_iter().map(|(_, key)| key).collect();
    Ok(with_levels_in_store(&level_keys, store))
}

/// Returns these levels, and the levels of the same goods in a store.
pub(super) fn with_levels_in_store(level_keys: &[LevelKey], store: StoreId) -> Vec<LevelKey> {
    let keys_in_store = level_keys.iter().filter(|_| store != StoreId::NIL).map(|key| LevelKey { store, ..*key });
    let all_keys: BTreeSet<LevelKey> = keys_in_store.chain(level_keys.iter().copied()).collect();
    all_keys.into_iter().collect()
}
