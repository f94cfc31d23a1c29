//! Reservations that a caller names and may not change. They are replaced by IDs that do not exist,
//! so that the ledger rejects both in the same words.

use std::collections::HashSet;

use entity::prelude::*;
use iam::access::{Permission, Permit};
use platform::storage::{Fault, Reads};

use crate::{
    ledger::Ledger,
    stock::{core::LevelKey, rows},
};

/// Returns the reservations, and the levels of those that exist. A reservation's level never
/// changes, so it may be read before anything is locked.
pub async fn own_reservations<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    reads: &impl Reads,
    ids: Vec<ReservationId>,
) -> Result<(Vec<ReservationId>, Vec<LevelKey>), Fault> {
    if ids.is_empty() {
        return Ok((ids, Vec::new()));
    }
    let reach = permit.reach();
    let mut found = rows::reservations(reads, rows::Which::Ids(&ids)).await?;
    let mut others = HashSet::new();
    found.retain(|held| {
        let is_own = reach.covers(held.key.store) && permit.channel().is_none_or(|own| held.channel == Some(own));
        if !is_own {
            others.insert(held.id);
        }
        is_own
    });
    let own = |id: ReservationId| if others.contains(&id) { ledger.clock().id() } else { id };
    Ok((ids.into_iter().map(own).collect(), found.into_iter().map(|held| held.key).collect()))
}
