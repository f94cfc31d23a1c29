//! What commands leave in the audit log, in the transaction that carries them out.

use entity::prelude::*;
use platform::{
    audit::{self, AuditWriter, Chain, Outcome, Target, rows},
    storage::Link,
};

use super::{command::Queued, decision::Decision};
use crate::stock::core::own_movement;

/// The entries of a batch behind the end of the tenant's chain, which is left where they end.
pub fn link(
    audit_writer: &AuditWriter,
    chain: &mut Chain,
    tenant: TenantId,
    queue: &[Queued],
    decided: &[(usize, Decision)],
) -> Link {
    let from = chain.seq;
    let rows = rows::chained(audit_writer, chain, entries(audit_writer, tenant, queue, decided));
    Link { table: "audit_head", from, to: chain.seq, hash: chain.hash.to_vec(), rows }
}

/// An entry for each command that was decided and numbered.
pub fn entries(
    audit_writer: &AuditWriter,
    tenant: TenantId,
    queue: &[Queued],
    decided: &[(usize, Decision)],
) -> impl Iterator<Item = rows::New> {
    decided.iter().map(move |(index, decision)| {
        let queued = &queue[*index];
        let (target, events) = (target(decision), events(decision));
        match &queued.audit_context {
            Some(audit_context) => audit_context.entry(Outcome::Done, target, events),
            None => (audit_writer.of_the_system(tenant, queued.command.name(), target, "", audit::changes(None, events)), None),
        }
    })
}

/// The document that it made or changed, else the movement, else what it held.
fn target(decision: &Decision) -> Option<Target> {
    let orders = &decision.orders;
    let made = orders.returns.first().map(|ret| Target::of(ret.id));
    let made = made.or_else(|| orders.orders.first().map(|order| Target::of(order.id)));
    let made = made.or_else(|| decision.transfer.as_ref().map(|one| Target::of(one.transfer.id)));
    let made = made.or_else(|| decision.count.as_ref().map(|one| Target::of(one.count.id)));
    let made = made.or_else(|| decision.purchases.returns.first().map(|ret| Target::of(ret.id)));
    let made = made.or_else(|| decision.purchases.orders.first().map(|order| Target::of(order.id)));
    let movements = &decision.stock.movements;
    made.or_else(|| own_movement(movements).map(|nth| Target::of(movements[nth].id)))
}

/// The first and last number of what it wrote: a document's fact comes before the movements that it caused.
fn events(decision: &Decision) -> Option<(i64, i64)> {
    let moved = decision.stock.movements.iter().map(|movement| movement.seq);
    let last = moved.clone().chain(decision.last_seq).max()?;
    // `last_seq` is the last of the document's facts, whose numbers run up to it without gaps.
    let first = decision.last_seq.map(|seq| seq + 1 - decision.facts() as i64).or_else(|| moved.min())?;
    (first > 0).then_some((first, last))
}
