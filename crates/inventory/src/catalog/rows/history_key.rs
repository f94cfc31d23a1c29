//! The keys of persons' histories: the audit log commits to its personal data under a key of the
//! person, which is created once and destroyed when the person is erased.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::subject_history,
};
use platform::{
    secrets::{DataKey, KeyRing},
    storage::{Fault, Finds, Reads, Rows, Work},
};
use uuid::Uuid;

#[derive(Record)]
#[record(of = subject_history, alias = "subject_history")]
struct KeyRow {
    id: Uuid,
    key_sealed: Vec<u8>,
}

#[derive(Record)]
#[record(of = subject_history)]
struct NewKey {
    id: Uuid,
    key_sealed: Vec<u8>,
    created_at: Timestamp,
}

/// Returns the keys of these persons, and creates missing ones. The persons' rows are locked or
/// new, so no other transaction creates one meanwhile.
pub async fn load_or_create_keys(work: &Work, ids: &[Uuid], now: Timestamp) -> Result<HashMap<Uuid, DataKey>, Fault> {
    let ring: KeyRing = work
        .extensions()
        .get()
        .ok_or_else(|| Fault::Broken("persons' histories are sealed, and no keys were opened".to_owned()))?;
    let backend = work.backend();
    let sql = format!("SELECT {} FROM subject_history WHERE tenant_id = $1 AND {}", KeyRow::SELECT, backend.in_ids("id", 2));
    let values = vec![backend.ids(ids.iter().map(|id| CustomerId::from_uuid(*id)))];
    let mut keys = HashMap::with_capacity(ids.len());
    for row in work.records::<KeyRow>(&sql, values).await? {
        keys.insert(row.id, ring.history_key(work.tenant(), row.id, &row.key_sealed)?);
    }
    let mut new_keys = Rows::<NewKey>::insert(work.tenant());
    for id in ids {
        if !keys.contains_key(id) {
            let (key, key_sealed) = ring.new_history_key(work.tenant(), *id)?;
            new_keys.push(NewKey { id: *id, key_sealed, created_at: now });
            keys.insert(*id, key);
        }
    }
    work.write(new_keys.into()).await?;
    Ok(keys)
}

/// Returns the key of the history of a person whose data are sealed under this ID; if there is
/// none, a new one with its sealed form to store.
pub async fn load_or_new_key(reads: &impl Reads, id: Uuid) -> Result<(DataKey, Option<Vec<u8>>), Fault> {
    let ring: KeyRing = reads
        .extensions()
        .get()
        .ok_or_else(|| Fault::Broken("persons' histories are sealed, and no keys were opened".to_owned()))?;
    let sql = format!("SELECT {} FROM subject_history WHERE tenant_id = $1 AND id = $2", KeyRow::SELECT);
    if let Some(row) = reads.records::<KeyRow>(&sql, vec![id.into()]).await?.pop() {
        return Ok((ring.history_key(reads.tenant(), id, &row.key_sealed)?, None));
    }
    let (key, sealed_key) = ring.new_history_key(reads.tenant(), id)?;
    Ok((key, Some(sealed_key)))
}

/// Destroys the keys of erased persons.
pub async fn destroy(work: &Work, ids: &[Uuid]) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    let backend = work.backend();
    let sql = format!("DELETE FROM subject_history WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    work.execute(&sql, vec![backend.ids(ids.iter().map(|id| CustomerId::from_uuid(*id)))]).await?;
    Ok(())
}
