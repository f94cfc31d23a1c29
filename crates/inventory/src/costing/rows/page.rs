//! Next page of the ledger's entries for the book of costs.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, movement, product},
};
use platform::storage::{Fault, Finds, Reads};
use uuid::Uuid;

use crate::costing::core::{Fact, PostingKey};

/// Maximum events and entries of a page: more entries than the longest movement has, so that a page
/// holds at least one.
const MAX_PAGE_EVENTS: usize = 6_000;

#[derive(Record)]
struct FactRow {
    entry: EntryRow,
    #[record(sql = "e.on_hand_delta + e.in_transit_delta")]
    quantity: i64,
    cost: CostRow,
    #[record(of = movement, alias = "m")]
    business_date: i32,
    #[record(of = movement, alias = "m")]
    kind: MovementKind,
    #[record(of = movement, alias = "r", column = "kind", outer)]
    reversed: Option<MovementKind>,
    #[record(of = movement, alias = "m")]
    reference_kind: Option<String>,
    #[record(of = movement, alias = "m")]
    reference_id: Option<Uuid>,
    #[record(of = movement, alias = "r", column = "seq", outer)]
    reverses: Option<i64>,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
}

#[derive(Record)]
#[record(of = entry, alias = "e")]
struct EntryRow {
    seq: i64,
    line: i32,
    product_id: ProductId,
    store_id: StoreId,
}

#[derive(Record)]
#[record(of = entry, alias = "e")]
struct CostRow {
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
}

/// Entries that changed the number of units, whole movements only.
#[derive(Debug, Default)]
pub struct Page {
    pub entries: Vec<Fact>,
    /// The last event that the page covers.
    pub upto: i64,
    /// The returns among its documents.
    pub returns: BTreeSet<Uuid>,
}

/// Returns the entries after an event up to another, or to the maximum of events of a page: without
/// that bound, the database would sort all remaining entries for each page.
pub async fn load_entry_page(reads: &impl Reads, after: i64, head: i64, currency: Currency) -> Result<Page, Fault> {
    let sql = format!(
        "SELECT {select}
         FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
         LEFT JOIN movement r ON r.tenant_id = $1 AND r.id = m.reverses_id
         JOIN product p ON p.tenant_id = $1 AND p.id = e.product_id
         WHERE e.tenant_id = $1 AND e.seq > $2 AND e.seq <= $3 AND e.on_hand_delta + e.in_transit_delta <> 0
         ORDER BY e.seq, e.line LIMIT {MAX_PAGE_EVENTS}",
        select = FactRow::SELECT
    );
    let last_seq = head.min(after + MAX_PAGE_EVENTS as i64);
    let rows = reads.records::<FactRow>(&sql, vec![after.into(), last_seq.into()]).await?;
    let read = rows.len();
    let mut page = Page { entries: Vec::with_capacity(rows.len()), upto: last_seq, returns: BTreeSet::new() };
    for row in rows {
        let (fact, return_id) = row.fact(currency);
        page.entries.push(fact);
        page.returns.extend(return_id);
    }
    if read == MAX_PAGE_EVENTS
        && let Some(last) = page.entries.last().map(|entry| entry.posting_key.seq)
    {
        // The page may have only part of its last movement.
        page.entries.retain(|entry| entry.posting_key.seq < last);
        page.upto = last - 1;
    }
    Ok(page)
}

impl FactRow {
    /// Returns the fact, and the return of its movement.
    fn fact(self, currency: Currency) -> (Fact, Option<Uuid>) {
        let Self { entry, cost, .. } = self;
        let return_id = self.reference_id.filter(|_| self.reference_kind.as_deref() == Some("RETURN"));
        let fact = Fact {
            posting_key: PostingKey { seq: entry.seq, line: entry.line as u16 },
            product: entry.product_id,
            store: entry.store_id,
            kind: cost_kind(self.reversed.unwrap_or(self.kind)),
            reference: self.reference_id,
            reverses: self.reverses,
            quantity: self.quantity,
            // Adjustments and receipts are converted as they are posted. Other units with a listed
            // cost in another currency take the value of the rest.
            unit_cost: cost.unit_cost_minor.filter(|_| cost.cost_currency.as_deref() == Some(currency.as_str())),
            decimals: self.unit_decimals as u8,
            occurred_at: cost.occurred_at,
            business_date: self.business_date,
            recorded_at: cost.recorded_at,
        };
        (fact, return_id)
    }
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
