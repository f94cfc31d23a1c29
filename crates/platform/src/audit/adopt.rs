//! The log of a tenant that comes from another deployment goes on in this one.

use entity::prelude::AuditId;

use super::{
    core::{Chain, Entry},
    rows::{self, Stored},
    verify::{self, Verification},
    writer::AuditWriter,
};
use crate::storage::{Database, Fault, Work};

/// Entries that are chained at a time.
const PAGE: i64 = 1_000;

/// Walks the chain that was written in this transaction. Where it holds, what the other deployment had not chained yet gets its place, whose keys
/// vouched for it and are not here, and an entry of this deployment ends the chain.
pub async fn adopt(work: &Work, audit_writer: &AuditWriter, arrival: Entry) -> Result<Verification, Fault> {
    let found = verify::whole(work, Some(audit_writer), None).await?;
    if !found.is_ok() {
        return Ok(found);
    }
    let mut chain: Chain = rows::lock_head(work).await?.chain;
    loop {
        let waiting = rows::unsealed(work, AuditId::NIL, PAGE).await?;
        let seals: Vec<_> = waiting.iter().map(|Stored { entry, .. }| (entry.id, entry.at, chain.append(entry))).collect();
        if seals.is_empty() {
            break;
        }
        rows::seal(work, &seals, chain).await?;
    }
    rows::append(work, audit_writer, [(arrival, None)]).await?;
    Ok(found)
}

/// Gives entries their places in the chain that wait for one and were vouched for under a key that is lost; how many they are.
pub async fn adopt_waiting(work: &Work, lost_key: &str) -> Result<u64, Fault> {
    let (mut chain, mut after, mut adopted) = (None, AuditId::NIL, 0);
    loop {
        let waiting = rows::unsealed(work, after, PAGE).await?;
        let Some(last) = waiting.last() else { return Ok(adopted) };
        after = last.entry.id;
        let lost: Vec<_> = waiting.iter().filter(|stored| stored.mac_key == lost_key).collect();
        if lost.is_empty() {
            continue;
        }
        let mut end: Chain = if let Some(chain) = chain { chain } else { rows::lock_head(work).await?.chain };
        let seals: Vec<_> = lost.iter().map(|Stored { entry, .. }| (entry.id, entry.at, end.append(entry))).collect();
        rows::seal(work, &seals, end).await?;
        adopted += seals.len() as u64;
        chain = Some(end);
    }
}

/// How many entries of all tenants wait for a place that a key vouches for. One that was changed since never gets a place, with the key or without it, so it
/// is not among them.
pub async fn waiting_under(db: &Database, audit_writer: &AuditWriter, key: &str) -> Result<usize, Fault> {
    let Some(mac_key) = audit_writer.mac_key_of(key) else { return Ok(0) };
    let mut count = 0;
    for tenant in rows::tenants_waiting_under(&db.global(), key).await? {
        let (scope, mut after) = (db.tenant(tenant), AuditId::NIL);
        loop {
            let waiting = rows::unsealed(&scope, after, PAGE).await?;
            let Some(last) = waiting.last() else { break };
            after = last.entry.id;
            let of_key = waiting.iter().filter(|stored| stored.mac_key == key);
            count += of_key.filter(|stored| stored.entry.mac(&mac_key)[..] == stored.mac[..]).count();
        }
    }
    Ok(count)
}
