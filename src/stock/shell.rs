//! What was on hand at an earlier moment.

use entity::prelude::*;
use tokio::sync::Semaphore;

use super::{
    core::LevelKey,
    rows::{BLOCK, condense, past},
};
use crate::storage::{Fault, TenantScope};

/// Whoever walked over more than so many blocks has them condensed: the walk took milliseconds, and the next one need not.
const FAR: i64 = 2 * BLOCK;
/// Blocks that are condensed in one transaction: some milliseconds of the writer's time.
const AT_ONCE: i64 = 8;
/// One level at a time in a process: nothing waits for it.
static CONDENSING: Semaphore = Semaphore::const_new(1);

/// On hand at `time`, as known at `known_at` (None: as known now), in smallest units. 0 for a level that does not exist. Below 0 where a
/// removal was dated before the receipt that it took from.
pub async fn on_hand_at(
    scope: &TenantScope,
    key: LevelKey,
    time: Timestamp,
    known_at: Option<Timestamp>,
) -> Result<Quantity, Fault> {
    let found = past(scope, &[key], time, known_at, BLOCK).await?.pop().unwrap_or_default();
    if found.walked > FAR
        && let Ok(turn) = CONDENSING.try_acquire()
    {
        let scope = scope.clone();
        tokio::spawn(async move {
            if let Err(fault) = condense_all(&scope, key).await {
                tracing::warn!(error = %fault, "a level's past could not be condensed; it is walked through as before");
            }
            drop(turn);
        });
    }
    Ok(found.on_hand)
}

/// Condenses all of a level that is complete, a few blocks a transaction.
pub async fn condense_all(scope: &TenantScope, key: LevelKey) -> Result<(), Fault> {
    loop {
        let work = scope.begin().await?;
        let is_left = condense(&work, key, BLOCK, AT_ONCE).await?;
        work.commit().await?;
        if !is_left {
            return Ok(());
        }
    }
}
