//! The log of a tenant that comes from another deployment goes on in this one.

use entity::prelude::AuditId;

use super::{
    core::{Chain, Entry, Seal},
    rows,
    verify::{self, Verification},
    writer::AuditWriter,
};
use crate::storage::{Fault, Work};

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
        let seals: Vec<(AuditId, Seal)> = waiting.iter().map(|stored| (stored.entry.id, chain.append(&stored.entry))).collect();
        if seals.is_empty() {
            break;
        }
        rows::seal(work, &seals, chain).await?;
    }
    rows::append(work, audit_writer, [(arrival, None)]).await?;
    Ok(found)
}
