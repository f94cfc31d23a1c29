//! Continuation of the log of a tenant that was imported from another deployment.

use entity::prelude::AuditId;

use super::{
    core::{Chain, Entry},
    rows::{self, StoredEntry},
    verify::{self, Verification},
    writer::AuditWriter,
};
use crate::storage::{Database, Fault, Work};

/// Entries that are chained at a time.
const PAGE: i64 = 1_000;

/// Verifies the chain that this transaction has written. If it is intact, appends the entries that
/// the other deployment had not chained yet (their MACs cannot be checked: the keys stayed there),
/// and ends the chain with an entry of this deployment.
pub async fn apply_imported_log(work: &Work, audit_writer: &AuditWriter, arrival: Entry) -> Result<Verification, Fault> {
    let verification = verify::verify_chain(work, Some(audit_writer), None).await?;
    if !verification.is_ok() {
        return Ok(verification);
    }
    let mut chain: Chain = rows::lock_head(work).await?.chain;
    loop {
        let unsealed = rows::list_unsealed(work, AuditId::NIL, PAGE).await?;
        let seals: Vec<_> = unsealed.iter().map(|StoredEntry { entry, .. }| (entry.id, entry.at, chain.append(entry))).collect();
        if seals.is_empty() {
            break;
        }
        rows::seal(work, &seals, chain).await?;
    }
    rows::append(work, audit_writer, [(arrival, None)]).await?;
    Ok(verification)
}

/// Chains the waiting entries whose MACs were made with a lost key; returns their count.
pub async fn chain_entries_of_lost_key(work: &Work, lost_key: &str) -> Result<u64, Fault> {
    let (mut chain, mut after, mut chained_count) = (None, AuditId::NIL, 0);
    loop {
        let unsealed = rows::list_unsealed(work, after, PAGE).await?;
        let Some(last) = unsealed.last() else { return Ok(chained_count) };
        after = last.entry.id;
        let lost_entries: Vec<_> = unsealed.iter().filter(|stored| stored.mac_key == lost_key).collect();
        if lost_entries.is_empty() {
            continue;
        }
        let mut end: Chain = if let Some(chain) = chain { chain } else { rows::lock_head(work).await?.chain };
        let seals: Vec<_> =
            lost_entries.iter().map(|StoredEntry { entry, .. }| (entry.id, entry.at, end.append(entry))).collect();
        rows::seal(work, &seals, end).await?;
        chained_count += seals.len() as u64;
        chain = Some(end);
    }
}

/// Returns the number of entries of all tenants that wait for their place in the chain and that a
/// key authenticates. An entry that was changed since never gets a place, with the key or without
/// it, so it is not counted.
pub async fn count_unchained_by_key(db: &Database, audit_writer: &AuditWriter, key: &str) -> Result<usize, Fault> {
    let Some(mac_key) = audit_writer.mac_key_of(key) else { return Ok(0) };
    let mut count = 0;
    for tenant in rows::tenants_with_unchained_by_key(&db.global(), key).await? {
        let (scope, mut after) = (db.tenant(tenant), AuditId::NIL);
        loop {
            let unsealed = rows::list_unsealed(&scope, after, PAGE).await?;
            let Some(last) = unsealed.last() else { break };
            after = last.entry.id;
            let key_entries = unsealed.iter().filter(|stored| stored.mac_key == key);
            count += key_entries.filter(|stored| stored.entry.mac(&mac_key)[..] == stored.mac[..]).count();
        }
    }
    Ok(count)
}
