//! Audit log entries of commands, written in the commands' own transaction.

use entity::prelude::*;
use platform::{
    audit::{self, AuditWriter, Chain, Fields, Target, fields::differences, rows},
    clock::day_text,
    storage::Link,
};

use serde_json::Value;

use super::{command::QueuedCommand, decision::Decision, registry::Documents};
use crate::stock::core::{Lot, find_command_movement};

/// Tenant of the audit entries, and the documents that they name.
#[derive(Clone, Copy)]
pub struct Audited<'a> {
    pub audit_writer: &'a AuditWriter,
    pub documents: &'a Documents,
    pub tenant: TenantId,
}

/// Returns the entries of a batch, linked to the end of the tenant's chain, which moves to the last
/// of them.
pub fn link_audit_entries(
    audited: Audited<'_>,
    chain: &mut Chain,
    queue: &[QueuedCommand],
    decided: &[(usize, Decision)],
) -> Link {
    let from = chain.seq;
    let rows = rows::chained_rows(audited.audit_writer, chain, audit_entries(audited, queue, decided));
    Link { table: "audit_head", from, to: chain.seq, hash: chain.hash.to_vec(), rows }
}

/// Returns an entry for each command that was decided and numbered, and one more for the document
/// whose fields it changed if the first entry names something else.
pub fn audit_entries(
    audited: Audited<'_>,
    queue: &[QueuedCommand],
    decided: &[(usize, Decision)],
) -> impl Iterator<Item = rows::New> {
    let Audited { audit_writer, documents, tenant } = audited;
    decided.iter().flat_map(move |(index, decision)| {
        let queued = &queue[*index];
        let (document, fields) = documents.audit_target(&decision.documents).or_else(|| lot_edit(decision)).unzip();
        let (target, events) = (document.or_else(|| find_movement(decision)), event_range(documents, decision));
        let fields = fields.filter(|fields| !fields.is_empty());
        let queued_entries = if let Some(audit_context) = &queued.audit_context {
            audit_context.entries_of(target, events, fields)
        } else {
            let changes = audit::changes_of(None, events, fields);
            [Some((audit_writer.system_entry(tenant, queued.command.name(), target, "", changes), None)), None]
        };
        queued_entries.into_iter().flatten()
    })
}

/// Returns the lot that a command changed, and its changed fields.
fn lot_edit(decision: &Decision) -> Option<(Target, Vec<Value>)> {
    let (before, after) = decision.stock.edited_lot.as_deref()?;
    Some((Target::of(after.id), differences(Some(&lot_fields(before)), Some(&lot_fields(after)), None)))
}

fn lot_fields(lot: &Lot) -> Fields {
    Fields::default()
        .with("status", lot.status.as_str())
        .with("madeOn", lot.made_on.map(day_text))
        .with("expiresOn", lot.expires_on.map(day_text))
        .with("note", &lot.note)
}

/// Returns the movement of a decision without a document, if any.
fn find_movement(decision: &Decision) -> Option<Target> {
    let movements = &decision.stock.movements;
    find_command_movement(movements).map(|nth| Target::of(movements[nth].id))
}

/// Returns the first and last event of a decision: a document's event comes before those of its
/// movements.
fn event_range(documents: &Documents, decision: &Decision) -> Option<(i64, i64)> {
    let movement_seqs = decision.stock.movements.iter().map(|movement| movement.seq);
    let last = movement_seqs.clone().chain(decision.last_seq).max()?;
    // `last_seq` is the last of the document's events, which are numbered without gaps.
    let first = decision.last_seq.map(|seq| seq + 1 - decision.facts(documents) as i64).or_else(|| movement_seqs.min())?;
    (first > 0).then_some((first, last))
}
