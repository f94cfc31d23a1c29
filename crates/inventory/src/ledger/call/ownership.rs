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
pub async fn resolve_reservations<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    reads: &impl Reads,
    ids: Vec<ReservationId>,
) -> Result<(Vec<ReservationId>, Vec<LevelKey>), Fault> {
    if ids.is_empty() {
        return Ok((ids, Vec::new()));
    }
    let reach = permit.reach();
    let mut reservations_found = rows::select_reservations(reads, rows::ReservationSelection::Ids(&ids)).await?;
    let mut foreign_ids = HashSet::new();
    reservations_found.retain(|reservation| {
        let is_own = reach.covers(reservation.key.store)
            && permit.channel().is_none_or(|own_channel| reservation.channel == Some(own_channel));
        if !is_own {
            foreign_ids.insert(reservation.id);
        }
        is_own
    });
    let hide_foreign = |id: ReservationId| if foreign_ids.contains(&id) { ledger.clock().id() } else { id };
    Ok((ids.into_iter().map(hide_foreign).collect(), reservations_found.into_iter().map(|reservation| reservation.key).collect()))
}
