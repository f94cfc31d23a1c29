//! What commands leave in the audit log, in the transaction that carries them out.

use entity::prelude::*;

use super::command::{Command, Queued};
use crate::{
    audit::{Chain, Entry, Outcome, Pen, Target, rows},
    orders::core::OrderDecision,
    storage::Link,
};

/// The entries of a batch behind the end of the tenant's chain, which is left where they end.
pub fn link(pen: &Pen, chain: &mut Chain, tenant: TenantId, queue: &[Queued], decided: &[(usize, OrderDecision)]) -> Link {
    let from = chain.seq;
    let rows = rows::chained(pen, chain, entries(pen, tenant, queue, decided));
    Link { table: "audit_head", from, to: chain.seq, hash: chain.hash.to_vec(), rows }
}

/// An entry for each command that was decided and numbered.
pub fn entries(
    pen: &Pen,
    tenant: TenantId,
    queue: &[Queued],
    decided: &[(usize, OrderDecision)],
) -> impl Iterator<Item = rows::New> {
    decided.iter().map(move |(index, decision)| {
        let queued = &queue[*index];
        let (target, events) = (target(decision), events(decision));
        match &queued.stamp {
            Some(stamp) => stamp.entry(Outcome::Done, target, events),
            None => (by_the_system(pen, tenant, &queued.command, target, events), None),
        }
    })
}

/// The document that it made or changed, else the movement, else what it held.
fn target(decision: &OrderDecision) -> Option<Target> {
    let made = decision.returns.first().map(|ret| Target::of(ret.id));
    let made = made.or_else(|| decision.orders.first().map(|order| Target::of(order.id)));
    made.or_else(|| decision.stock.movements.last().map(|movement| Target::of(movement.id)))
}

/// The first and last number of what it wrote: a document's fact comes before the movements that it caused.
fn events(decision: &OrderDecision) -> Option<(i64, i64)> {
    let moved = decision.stock.movements.iter().map(|movement| movement.seq);
    let last = moved.clone().chain(decision.last_seq).max()?;
    // `last_seq` is the last of the document's facts, whose numbers run up to it without gaps.
    let first = decision.last_seq.map(|seq| seq + 1 - decision.events.len() as i64).or_else(|| moved.min())?;
    (first > 0).then_some((first, last))
}

fn by_the_system(pen: &Pen, tenant: TenantId, command: &Command, target: Option<Target>, events: Option<(i64, i64)>) -> Entry {
    let changes = events.map_or_else(|| "{}".to_owned(), |(first, last)| format!(r#"{{"events":[{first},{last}]}}"#));
    Entry {
        tenant,
        id: pen.clock().id(),
        at: pen.clock().now(),
        actor: Some(Actor::SYSTEM),
        session: None,
        action: command.name().to_owned(),
        outcome: Outcome::Done,
        target,
        request_id: String::new(),
        changes,
        ip_commitment: None,
    }
}
