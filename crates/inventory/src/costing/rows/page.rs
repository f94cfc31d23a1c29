//! What the ledger says next.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};
use uuid::Uuid;

use crate::costing::core::{Fact, PostingKey};

/// Events and entries of a page, at most: more than the longest movement has entries, so that a page holds one at least.
const MOST: usize = 6_000;

/// Entries that changed how many units there are, whole movements only.
#[derive(Debug, Default)]
pub struct Page {
    pub entries: Vec<Fact>,
    /// Everything up to this event is in it.
    pub upto: i64,
    /// The returns among its documents.
    pub returns: BTreeSet<Uuid>,
}

/// Entries after an event up to another, or to as many events as a page has: all that are left would be sorted for each page.
pub async fn page(reads: &impl Reads, after: i64, head: i64, currency: Currency) -> Result<Page, Fault> {
    let sql = format!(
        "SELECT e.seq, e.line, e.product_id, e.store_id, e.on_hand_delta + e.in_transit_delta, e.unit_cost_minor, e.cost_currency,
           e.occurred_at, e.recorded_at, m.business_date, m.kind, r.kind, m.reference_kind, m.reference_id, r.seq, p.unit_decimals
         FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
         LEFT JOIN movement r ON r.tenant_id = $1 AND r.id = m.reverses_id
         JOIN product p ON p.tenant_id = $1 AND p.id = e.product_id
         WHERE e.tenant_id = $1 AND e.seq > $2 AND e.seq <= $3 AND e.on_hand_delta + e.in_transit_delta <> 0
         ORDER BY e.seq, e.line LIMIT {MOST}"
    );
    let upto = head.min(after + MOST as i64);
    let rows = reads.rows(&sql, vec![after.into(), upto.into()]).await?;
    let mut page = Page { entries: Vec::with_capacity(rows.len()), upto, returns: BTreeSet::new() };
    for row in &rows {
        let (fact, ret) = fact(&mut Row::new(row), currency)?;
        page.entries.push(fact);
        page.returns.extend(ret);
    }
    if rows.len() == MOST
        && let Some(last) = page.entries.last().map(|entry| entry.posting_key.seq)
    {
        // The last movement may go on behind the page.
        page.entries.retain(|entry| entry.posting_key.seq < last);
        page.upto = last - 1;
    }
    Ok(page)
}

/// A row as a fact, and the return that it belongs to.
fn fact(row: &mut Row<'_>, currency: Currency) -> Result<(Fact, Option<Uuid>), Fault> {
    let posting_key = PostingKey { seq: row.take()?, line: row.take::<i32>()? as u16 };
    let (product, store, quantity) = (row.take()?, row.take()?, row.take()?);
    let (minor, of): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
    let (occurred_at, recorded_at, business_date) = (row.time()?, row.time()?, row.take()?);
    let kind = row.word("movement", MovementKind::parse)?;
    let reversed: Option<String> = row.take()?;
    let (document, reference): (Option<String>, Option<Uuid>) = (row.take()?, row.take()?);
    let (reverses, decimals): (Option<i64>, i32) = (row.take()?, row.take()?);
    let kind = cost_kind(reversed.as_deref().and_then(MovementKind::parse).unwrap_or(kind));
    let ret = reference.filter(|_| document.as_deref() == Some("RETURN"));
    // Of another currency nothing is known: there are no rates.
    let unit_cost = minor.filter(|_| of.as_deref() == Some(currency.as_str()));
    let fact = Fact {
        posting_key,
        product,
        store,
        kind,
        reference,
        reverses,
        quantity,
        unit_cost,
        decimals: decimals as u8,
        occurred_at,
        business_date,
        recorded_at,
    };
    Ok((fact, ret))
}

fn cost_kind(kind: MovementKind) -> CostKind {
    match kind {
        MovementKind::Receipt => CostKind::Receipt,
        MovementKind::Sale => CostKind::Sale,
        MovementKind::Return => CostKind::Return,
        MovementKind::Removal => CostKind::Removal,
        MovementKind::Adjustment
        | MovementKind::Count
        | MovementKind::Discrepancy
        | MovementKind::TransferOut
        | MovementKind::TransferIn
        | MovementKind::Reserve
        | MovementKind::Release
        | MovementKind::Reversal => CostKind::Correction,
    }
}
