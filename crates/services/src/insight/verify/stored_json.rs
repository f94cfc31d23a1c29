//! Comparison of stored JSON with the rows that it describes, page by page: payloads of events and
//! stored receipts.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, idempotency, movement},
};
use inventory::{
    ledger::StoredReceipt,
    orders::{
        StoredOrder,
        events::{ORDER, ORDER_CREATED, OrderEvent},
    },
    returns::{
        StoredReturn,
        events::{RETURN, RETURN_CREATED, ReturnEvent},
    },
    stock::events::{STOCK_CHANGED, StockChanged},
};
use platform::storage::{Fault, Finds, Reads, Row, Snapshot, journal};
use sea_orm::Value;
use uuid::Uuid;

use super::report::Violation;

const PAYLOADS: &str = "journal: a stock.changed has the after-values of its entries";
const DOCUMENTS: &str = "journal: order and return events name their documents, each created once, in order of number";
pub(super) const RECEIPTS: &str = "idempotency: receipts name rows that exist";
pub(super) const INVARIANTS: [&str; 3] = [PAYLOADS, DOCUMENTS, RECEIPTS];
/// Rows read at once, at most.
const PAGE: u32 = 4_000;

type Finding = (&'static str, u64, Option<Violation>);

/// Verifies the payloads of events. An unreadable page ends the walk: the invariants that depend on
/// it are broken there.
pub(super) async fn verify_journal(snapshot: &Snapshot, progress: &impl Fn(&str), slug: &str) -> Result<[Finding; 2], Fault> {
    let kept_from = journal::head(snapshot).await.map_or(0, |head| head.low);
    let (mut payloads, mut documents) = (0, Documents::after(kept_from));
    let (mut payload_broken, mut document_broken) = (None, None);
    let mut after = 0;
    loop {
        progress(&format!("{slug}: events after {after}"));
        let page = match journal::page_after(snapshot, after, PAGE).await {
            Err(fault) if fault.is_corrupt_row() => {
                let unreadable = || Some(Violation::unreadable("event", format!("behind seq {after}"), &fault));
                payload_broken = payload_broken.or_else(unreadable);
                document_broken = document_broken.or_else(unreadable);
                break;
            }
            page => page?.events,
        };
        let Some(last) = page.last().map(|event| event.seq) else { break };
        let (stock, other_events): (Vec<_>, Vec<_>) = page.into_iter().partition(|event| STOCK_CHANGED.is(event));
        payloads += stock.len() as u64;
        if payload_broken.is_none() {
            payload_broken = read(stock_page(snapshot, &stock, after, last).await, "entry", after)?;
        }
        if document_broken.is_none() {
            document_broken = read(documents.page(snapshot, &other_events).await, "event", after)?;
        }
        after = last;
    }
    let rest = if document_broken.is_none() { documents.verify_remaining(snapshot).await? } else { document_broken };
    Ok([(PAYLOADS, payloads, payload_broken), (DOCUMENTS, documents.count, rest)])
}

/// Reports an unreadable page as broken.
fn read(result: Result<Option<Violation>, Fault>, table: &'static str, after: i64) -> Result<Option<Violation>, Fault> {
    match result {
        Err(fault) if fault.is_corrupt_row() => Ok(Some(Violation::unreadable(table, format!("behind seq {after}"), &fault))),
        result => result,
    }
}

/// Entries of one movement at one level, combined.
#[derive(Debug, PartialEq, Eq)]
struct CombinedEntries {
    before: [i64; 3],
    after: [i64; 3],
    version: i64,
    entries: i64,
}

type Movements = HashMap<i64, (MovementId, String, HashMap<(ProductId, StoreId), CombinedEntries>)>;

async fn stock_page(snapshot: &Snapshot, events: &[journal::Event], after: i64, last: i64) -> Result<Option<Violation>, Fault> {
    let movements = entries(snapshot, after, last).await?;
    for event in events {
        let broken = |expected: String, found: String| {
            Ok(Some(Violation { table: "event", key: format!("seq {}", event.seq), expected, found }))
        };
        let Ok(event_change) = serde_json::from_str::<StockChanged>(&event.payload) else {
            return broken("the payload of a stock.changed".to_owned(), event.payload.clone());
        };
        // A movement without its event, or the reverse, is another check's business.
        let Some((id, kind, levels)) = movements.get(&event.seq) else { continue };
        if event_change.movement != *id || event_change.kind.as_str() != kind || event_change.levels.len() != levels.len() {
            let found = format!("{} {} with {} levels", event_change.kind, event_change.movement, event_change.levels.len());
            return broken(format!("{kind} {id} with {} levels", levels.len()), found);
        }
        for level in &event_change.levels {
            let event_change = CombinedEntries {
                before: level.before,
                after: [level.on_hand, level.reserved, level.unavailable].map(Quantity::get),
                version: level.version,
                entries: level.entries,
            };
            let ledger_entries = levels.get(&(level.product, level.store));
            if ledger_entries != Some(&event_change) {
                return broken(format!("{} {} as {ledger_entries:?}", level.product, level.store), format!("{event_change:?}"));
            }
        }
    }
    Ok(None)
}

#[derive(Record)]
#[record(of = entry)]
struct EntryFigures {
    product_id: ProductId,
    store_id: StoreId,
    on_hand_delta: i64,
    reserved_delta: i64,
    unavailable_delta: i64,
    on_hand_after: Quantity,
    reserved_after: Quantity,
    unavailable_after: Quantity,
    version_after: i64,
}

#[derive(Record)]
struct EntryRow {
    #[record(of = entry, alias = "e")]
    seq: i64,
    #[record(of = movement, alias = "m")]
    id: MovementId,
    /// A text: unknown kinds are found by another check.
    #[record(sql = "m.kind")]
    kind: String,
    #[record(alias = "e")]
    figures: EntryFigures,
}

/// The movements of a range of numbers with their entries folded by level.
async fn entries(snapshot: &Snapshot, after: i64, last: i64) -> Result<Movements, Fault> {
    let sql = format!(
        "SELECT {}
               FROM entry e JOIN movement m ON m.tenant_id = $1 AND m.seq = e.seq
               WHERE e.tenant_id = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq, e.line",
        EntryRow::SELECT
    );
    let rows = snapshot.records::<EntryRow>(&sql, vec![after.into(), last.into()]).await?;
    let mut movements = Movements::new();
    for EntryRow { seq, id, kind, figures } in rows {
        let delta = [figures.on_hand_delta, figures.reserved_delta, figures.unavailable_delta];
        let after = [figures.on_hand_after, figures.reserved_after, figures.unavailable_after].map(Quantity::get);
        let version = figures.version_after;
        let before = std::array::from_fn(|i| after[i] - delta[i]);
        let (_, _, levels) = movements.entry(seq).or_insert_with(|| (id, kind, HashMap::new()));
        let level_entries = levels.entry((figures.product_id, figures.store_id)).or_insert(CombinedEntries {
            before,
            after,
            version,
            entries: 0,
        });
        (level_entries.after, level_entries.version, level_entries.entries) = (after, version, level_entries.entries + 1);
    }
    Ok(movements)
}

/// Kind of document of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Document {
    Order,
    Return,
}

/// Numbers of the last created documents. None: no creation has been seen, and earlier ones may
/// have been deleted with old events.
struct Documents {
    count: u64,
    orders: Option<i64>,
    returns: Option<i64>,
}

impl Documents {
    fn after(low: i64) -> Self {
        let first_number = (low == 0).then_some(0);
        Self { count: 0, orders: first_number, returns: first_number }
    }

    /// Events about documents: each names a document by its number, and creations come in order of number.
    async fn page(&mut self, snapshot: &Snapshot, events: &[journal::Event]) -> Result<Option<Violation>, Fault> {
        let broken = |seq: i64, expected: String, found: String| {
            Ok(Some(Violation { table: "event", key: format!("seq {seq}"), expected, found }))
        };
        let mut document_refs: Vec<(i64, Document, Uuid, i64)> = Vec::new();
        for event in events {
            let (document, next) = if ORDER.is_about(event) {
                (Document::Order, &mut self.orders)
            } else if RETURN.is_about(event) {
                (Document::Return, &mut self.returns)
            } else {
                continue;
            };
            self.count += 1;
            let parsed = match document {
                Document::Order => serde_json::from_str::<OrderEvent>(&event.payload).map(|o| (o.order.uuid(), o.number)),
                Document::Return => serde_json::from_str::<ReturnEvent>(&event.payload).map(|r| (r.ret.uuid(), r.number)),
            };
            let Ok((id, number)) = parsed else {
                return broken(event.seq, format!("the payload of a {}", event.kind), event.payload.clone());
            };
            if ORDER_CREATED.is(event) || RETURN_CREATED.is(event) {
                let expected = next.map_or(number, |last| last + 1);
                *next = Some(expected);
                if number != expected {
                    return broken(event.seq, format!("{} number {expected}", event.kind), format!("number {number}"));
                }
            }
            document_refs.push((event.seq, document, id, number));
        }
        for (table, document) in [("sales_order", Document::Order), ("sales_return", Document::Return)] {
            let ids = document_refs.iter().filter(|n| n.1 == document).map(|n| n.2);
            let rows = load_existing_numbers(snapshot, table, "number", ids).await?;
            for (seq, _, id, number) in document_refs.iter().filter(|n| n.1 == document) {
                if rows.get(id) != Some(number) {
                    let found = rows.get(id).map_or_else(|| "none".to_owned(), |n| format!("number {n}"));
                    return broken(*seq, format!("{table} {id} number {number}"), found);
                }
            }
        }
        Ok(None)
    }

    /// Finds documents without an event of their creation.
    async fn verify_remaining(&self, snapshot: &Snapshot) -> Result<Option<Violation>, Fault> {
        for (table, event_count) in [("sales_order", self.orders), ("sales_return", self.returns)] {
            let Some(event_count) = event_count else { continue };
            let rows = snapshot.rows(&format!("SELECT count(*) FROM {table} WHERE tenant_id = $1"), vec![]).await?;
            let count: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
            if count != event_count {
                let key = format!("number {}", count.min(event_count) + 1);
                let (expected, found) = (format!("{count} events of creation"), event_count.to_string());
                return Ok(Some(Violation { table, key, expected, found }));
            }
        }
        Ok(None)
    }
}

/// A number of a row of any table; `{column}` is replaced by its column.
#[derive(Record)]
struct NumberRow {
    #[record(sql = "id")]
    id: Uuid,
    #[record(sql = "{column}")]
    number: i64,
}

/// A number of each of these rows that exists.
async fn load_existing_numbers(
    snapshot: &Snapshot,
    table: &str,
    column: &str,
    ids: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, i64>, Fault> {
    let ids: HashSet<Uuid> = ids.collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = snapshot.backend();
    let select = NumberRow::SELECT.replace("{column}", column);
    let sql = format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    let rows = snapshot.records::<NumberRow>(&sql, vec![backend.ids(ids.into_iter().map(ActorId::from_uuid))]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.number)).collect())
}

#[derive(Record)]
#[record(of = idempotency, alias = "idempotency")]
struct ReceiptRow {
    idempotency_key: String,
    owner_id: Uuid,
    mutation: String,
    receipt: String,
}

/// A remembered receipt of the ledger, by its key.
struct LedgerReceipt {
    key: String,
    mutation: String,
    receipt: StoredReceipt,
    order: Option<OrderId>,
    sales_return: Option<ReturnId>,
}

/// Remembered receipts, counted in `count`.
pub(super) async fn verify_receipts(
    snapshot: &Snapshot,
    count: &mut u64,
    progress: &impl Fn(&str),
    slug: &str,
) -> Result<Option<Violation>, Fault> {
    let head = journal::head(snapshot).await.map_or(0, |head| head.seq);
    let sql = format!(
        "SELECT {} FROM idempotency
               WHERE tenant_id = $1 AND (idempotency_key, owner_id, mutation) > ($2, $3, $4)
               ORDER BY idempotency_key, owner_id, mutation LIMIT $5",
        ReceiptRow::SELECT
    );
    let (mut key, mut owner, mut mutation) = (String::new(), Uuid::nil(), String::new());
    loop {
        progress(&format!("{slug}: idempotency keys, {count} so far"));
        let from: Vec<Value> = vec![key.clone().into(), owner.into(), mutation.clone().into(), i64::from(PAGE).into()];
        let rows = snapshot.records::<ReceiptRow>(&sql, from).await?;
        let is_last = rows.len() < PAGE as usize;
        let mut page = Vec::with_capacity(rows.len());
        for row in rows {
            (key, owner, mutation) = (row.idempotency_key, row.owner_id, row.mutation);
            *count += 1;
            let text = row.receipt;
            // Receipts of the catalogue have shapes of their own.
            if !["stock", "order", "return"].iter().any(|room| mutation.starts_with(room)) {
                continue;
            }
            let receipt = serde_json::from_str(&text).and_then(|receipt: StoredReceipt| {
                Ok((receipt.read::<StoredOrder>()?, receipt.read::<StoredReturn>()?, receipt))
            });
            let Ok((StoredOrder { order, .. }, StoredReturn { ret: sales_return }, receipt)) = receipt else {
                let key = format!("{mutation} {key}");
                return Ok(Some(Violation { table: "idempotency", key, expected: "a receipt".to_owned(), found: text }));
            };
            page.push(LedgerReceipt { key: key.clone(), mutation: mutation.clone(), receipt, order, sales_return });
        }
        if let Some(broken) = receipt_page(snapshot, &page, head).await? {
            return Ok(Some(broken));
        }
        if is_last {
            return Ok(None);
        }
    }
}

async fn receipt_page(snapshot: &Snapshot, page: &[LedgerReceipt], head: i64) -> Result<Option<Violation>, Fault> {
    let orders = load_existing_numbers(
        snapshot,
        "sales_order",
        "version",
        page.iter().filter_map(|ledger_receipt| Some(ledger_receipt.order?.uuid())),
    )
    .await?;
    let returns = load_existing_numbers(
        snapshot,
        "sales_return",
        "version",
        page.iter().filter_map(|ledger_receipt| Some(ledger_receipt.sales_return?.uuid())),
    )
    .await?;
    let reservation_ids = page.iter().flat_map(|ledger_receipt| ledger_receipt.receipt.reservations.iter().map(|r| r.uuid()));
    let reservations = load_existing_numbers(snapshot, "reservation", "version", reservation_ids).await?;
    let seqs: Vec<i64> = page.iter().filter_map(|ledger_receipt| ledger_receipt.receipt.movement).collect();
    let mut movements: HashSet<i64> = HashSet::new();
    if !seqs.is_empty() {
        let backend = snapshot.backend();
        let sql = format!("SELECT seq FROM movement WHERE tenant_id = $1 AND {}", backend.in_numbers("seq", 2));
        for row in &snapshot.rows(&sql, vec![backend.numbers(seqs)]).await? {
            movements.insert(Row::scalar(row)?);
        }
    }
    for LedgerReceipt { key, mutation, receipt, order, sales_return } in page {
        let missing = if receipt.seq.is_some_and(|seq| seq > head) {
            Some(format!("seq {:?} up to {head}", receipt.seq))
        } else if receipt.movement.is_some_and(|seq| !movements.contains(&seq)) {
            Some(format!("movement seq {:?}", receipt.movement))
        } else if order.is_some_and(|id| !orders.contains_key(&id.uuid())) {
            Some(format!("order {order:?}"))
        } else if sales_return.is_some_and(|id| !returns.contains_key(&id.uuid())) {
            Some(format!("return {sales_return:?}"))
        } else {
            receipt.reservations.iter().find(|id| !reservations.contains_key(&id.uuid())).map(|id| format!("reservation {id}"))
        };
        if let Some(expected) = missing {
            let key = format!("{mutation} {key}");
            return Ok(Some(Violation { table: "idempotency", key, expected, found: "none".to_owned() }));
        }
    }
    Ok(None)
}
