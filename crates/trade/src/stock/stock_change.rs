//! A stock level in an item of `stockChanged`.

use std::sync::Arc;

use async_graphql::{Context, dataloader::DataLoader};
use inventory::stock::rows::list::LevelRow;
use macros::resolvers;
use platform::realtime::SharedEvent;

use super::{
    StockEntry, StockLevel,
    loaders::{MovementSeqKey, StockLoader},
    visibility::sees_movements,
};
use crate::graphql::{context::ContextExt, fault::Answer, scalars::Long};

/// A level after an event.
#[derive(Clone)]
pub struct StockChange {
    pub(super) seq: i64,
    pub(super) level: LevelRow,
    pub(super) in_filter: bool,
    /// The event, if it has entries on this level.
    pub(super) movement_event: Option<Arc<SharedEvent>>,
}

/// A level as one event left it. A row may come twice: keep the one with the greater seq.
#[resolvers(shared)]
impl StockChange {
    /// Number of the event. Keep the greater one of a level that comes twice.
    async fn seq(&self) -> Long {
        Long(self.seq)
    }
    /// The level with the event's own quantities.
    async fn level(&self) -> StockLevel {
        self.level.clone().into()
    }
    /// Entries of the ledger that changed the level. Empty in a snapshot, when only the product or the store changed, and for a
    /// store whose movements you may not see.
    async fn entries(&self, ctx: &Context<'_>) -> Answer<Vec<StockEntry>> {
        // A store whose movements the caller may not see has no entries here.
        let Some(shared_event) = self.movement_event.as_ref() else { return Ok(Vec::new()) };
        if !sees_movements(ctx, self.level.key.store)? {
            return Ok(Vec::new());
        }
        // A movement never changes: it is read once for all who follow.
        let movement = shared_event.attachment(ctx.lazy::<DataLoader<StockLoader>>()?.load_one(MovementSeqKey(self.seq))).await?;
        let to_entries = |event_movement: &Arc<inventory::stock::core::Movement>| {
            let level_entries = event_movement.entries.iter().filter(|entry| entry.key == self.level.key);
            level_entries.map(|entry| StockEntry { movement: event_movement.clone(), line: entry.line }).collect()
        };
        Ok(movement.as_ref().map(to_entries).unwrap_or_default())
    }
    /// True if the level is in the filter. False once it has left, and no more is said of it until it enters again.
    async fn in_filter(&self) -> bool {
        self.in_filter
    }
}
