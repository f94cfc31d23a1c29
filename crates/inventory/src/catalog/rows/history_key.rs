//! The keys of persons' histories: the audit log commits to what it says of a person under a key of theirs, which is made once and destroyed when
//! the person is forgotten.

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

/// The keys of these persons, made where there are none. Their rows are locked, or new: nobody else makes one meanwhile.
pub async fn made(work: &Work, ids: &[Uuid], now: Timestamp) -> Result<HashMap<Uuid, DataKey>, Fault> {
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
    let mut new = Rows::<NewKey>::insert(work.tenant());
    for id in ids {
        if !keys.contains_key(id) {
            let (key, key_sealed) = ring.new_history_key(work.tenant(), *id)?;
            new.push(NewKey { id: *id, key_sealed, created_at: now });
            keys.insert(*id, key);
        }
    }
    work.write(new.into()).await?;
    Ok(keys)
}

/// The key of the history of a person whose data is sealed under this id; a new one, with how it is to be kept, where there is none.
pub async fn found(reads: &impl Reads, id: Uuid) -> Result<(DataKey, Option<Vec<u8>>), Fault> {
    let ring: KeyRing = reads
        .extensions()
        .get()
        .ok_or_else(|| Fault::Broken("persons' histories are sealed, and no keys were opened".to_owned()))?;
    let sql = format!("SELECT {} FROM subject_history WHERE tenant_id = $1 AND id = $2", KeyRow::SELECT);
    if let Some(row) = reads.records::<KeyRow>(&sql, vec![id.into()]).await?.pop() {
        return Ok((ring.history_key(reads.tenant(), id, &row.key_sealed)?, None));
    }
    let (key, sealed) = ring.new_history_key(reads.tenant(), id)?;
    Ok((key, Some(sealed)))
}

/// Destroys the keys of persons who are forgotten.
pub async fn destroy(work: &Work, ids: &[Uuid]) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    let backend = work.backend();
    let sql = format!("DELETE FROM subject_history WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    work.execute(&sql, vec![backend.ids(ids.iter().map(|id| CustomerId::from_uuid(*id)))]).await?;
    Ok(())
}
