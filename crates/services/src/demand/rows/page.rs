//! Next page of the journal and the ledger.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, movement, sales_order},
};
use inventory::{orders::events::ORDER, returns::events::RETURN};
use platform::storage::{
    Fault, Finds, Reads,
    journal::{self, Event, Kinds},
};
use serde::Deserialize;
use uuid::Uuid;

use super::documents::{DocumentPlace, return_places};
use crate::demand::core::{DayKey, StockChange};

/// Entries of a page, at most: more than the longest movement has, so that a page holds one at least.
const MAX: usize = 6_000;
/// Maximum events of a page: their payloads are in memory while it is read, and Postgres finds the
/// first entries of few events sooner.
const EVENTS_PER_PAGE: i64 = 1_000;

#[derive(Record)]
#[record(of = entry, alias = "e")]
struct EntryRow {
    seq: i64,
    product_id: ProductId,
    store_id: StoreId,
    on_hand_delta: i64,
    on_hand_after: Quantity,
}

#[derive(Record)]
#[record(of = movement, alias = "m")]
struct MovementRow {
    seq: i64,
    kind: MovementKind,
    business_date: i32,
    reference_kind: Option<String>,
    reference_id: Option<Uuid>,
    reverses_id: Option<MovementId>,
}

/// A movement that another one reverses.
#[derive(Record)]
#[record(of = movement, alias = "m")]
struct ReversedRow {
    id: MovementId,
    kind: MovementKind,
    business_date: i32,
    reference_kind: Option<String>,
    reference_id: Option<Uuid>,
}

/// The movements of a page's entries, by event, and those that they reverse.
struct Movements {
    /// Number of movements from the first of the entries to the last, including those that changed
    /// nothing on hand.
    count: i64,
    by_seq: HashMap<i64, MovementRow>,
    reversed: HashMap<MovementId, ReversedRow>,
}

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct OrderPlace {
    id: OrderId,
    channel_id: ChannelId,
    currency: String,
}

#[derive(Deserialize)]
struct NamedOrder {
    order: OrderId,
}

#[derive(Deserialize)]
struct NamedReturn {
    #[serde(rename = "return")]
    ret: ReturnId,
}

/// Stock on hand of a level after its last entry of a page, and the earliest day that the page
/// changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastStock {
    pub from: i32,
    pub on_hand: i64,
    /// Whether the level had stock before the first entry of the page and after each of them.
    pub is_stocked_throughout: bool,
}

impl LastStock {
    /// Merges this state with that of a later page or entry.
    #[must_use]
    pub fn merge_later(self, later: Self) -> Self {
        let is_stocked_throughout = self.is_stocked_throughout && later.is_stocked_throughout;
        Self { from: self.from.min(later.from), on_hand: later.on_hand, is_stocked_throughout }
    }
}

/// Whole movements, and the documents that events are about with the last of their events.
#[derive(Debug, Default)]
pub struct Page {
    /// Everything up to this event is in it.
    pub upto: i64,
    pub changes: Vec<StockChange>,
    pub levels: BTreeMap<(ProductId, StoreId), LastStock>,
    pub orders: BTreeMap<OrderId, i64>,
    pub returns: BTreeMap<ReturnId, i64>,
}

/// Reads the page after an event, up to `end` at most. It has only documents that are named by
/// events after `documents_seq`, up to which all are counted.
pub async fn page(reads: &impl Reads, (after, documents_seq): (i64, i64), end: i64) -> Result<Page, Fault> {
    let mut page = Page { upto: end.min(after + EVENTS_PER_PAGE), ..Page::default() };
    let entries = load_entries(reads, after, &mut page.upto).await?;
    let movements = Movements::of(reads, &entries).await?;
    // A movement has the number of its event: where each number is a movement's, no event is about a document.
    let is_of_movements_alone = movements.count == page.upto - after;
    let document_events =
        if is_of_movements_alone { Vec::new() } else { events(reads, after.max(documents_seq), page.upto).await? };
    for event in document_events {
        let unreadable = |error: serde_json::Error| Fault::corrupt("event", format!("seq {}: {error}", event.seq));
        if ORDER.is_about(&event) {
            page.orders.insert(serde_json::from_str::<NamedOrder>(&event.payload).map_err(unreadable)?.order, event.seq);
        } else {
            page.returns.insert(serde_json::from_str::<NamedReturn>(&event.payload).map_err(unreadable)?.ret, event.seq);
        }
    }
    let places = load_places(reads, &movements).await?;
    for entry in entries {
        let missing_movement = || Fault::corrupt("entry", format!("seq {}: its movement is not there", entry.seq));
        let movement = movements.by_seq.get(&entry.seq).ok_or_else(missing_movement)?;
        let reversed = movements.reversed_by(movement);
        let (product, store, date) = (entry.product_id, entry.store_id, movement.business_date);
        let on_hand = entry.on_hand_after.get();
        let is_stocked_throughout = on_hand > entry.on_hand_delta.max(0);
        let last = LastStock { from: date, on_hand, is_stocked_throughout };
        page.levels.entry((product, store)).and_modify(|level| *level = level.merge_later(last)).or_insert(last);
        let document_place = movements.document(movement).and_then(|(_, id)| places.get(&id)).copied();
        let DocumentPlace { channel, currency } =
            document_place.unwrap_or(DocumentPlace { channel: ChannelId::NIL, currency: None });
        page.changes.push(StockChange {
            seq: entry.seq,
            key: DayKey { date, product, store, channel, currency },
            kind: reversed.map_or(movement.kind, |row| row.kind),
            reverses_day: reversed.map(|row| row.business_date),
            delta: entry.on_hand_delta,
        });
    }
    Ok(page)
}

/// Entries that changed the quantity on hand, of whole movements: `last_seq` is set back to the last
/// whole one. Their movements are read separately: for events newer than its statistics Postgres
/// expects at most one row, and joins by scanning all movements of the page for each entry.
async fn load_entries(reads: &impl Reads, after: i64, last_seq: &mut i64) -> Result<Vec<EntryRow>, Fault> {
    let sql = format!(
        "SELECT {select} FROM entry e WHERE e.tenant_id = $1 AND e.seq > $2 AND e.seq <= $3 AND e.on_hand_delta <> 0
         ORDER BY e.seq, e.line LIMIT {MAX}",
        select = EntryRow::SELECT
    );
    let mut rows = reads.records::<EntryRow>(&sql, vec![after.into(), (*last_seq).into()]).await?;
    if rows.len() == MAX
        && let Some(last) = rows.last().map(|row| row.seq)
    {
        // The last movement may continue after the page.
        rows.retain(|row| row.seq < last);
        *last_seq = last - 1;
    }
    Ok(rows)
}

/// Events of orders and returns; they have no lines, so that those of a page are few bytes.
async fn events(reads: &impl Reads, after: i64, last_seq: i64) -> Result<Vec<Event>, Fault> {
    let declared: Vec<_> = ORDER.events().iter().chain(RETURN.events()).copied().collect();
    journal::kinds_between(reads, &Kinds::of(&declared), after, last_seq).await
}

impl Movements {
    async fn of(reads: &impl Reads, entries: &[EntryRow]) -> Result<Self, Fault> {
        let mut movements = Self { count: 0, by_seq: HashMap::new(), reversed: HashMap::new() };
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(movements) };
        let select = MovementRow::SELECT;
        let sql =
            format!("SELECT {select} FROM movement m WHERE m.tenant_id = $1 AND m.seq >= $2 AND m.seq <= $3 ORDER BY m.seq");
        let mut rows = reads.records::<MovementRow>(&sql, vec![first.seq.into(), last.seq.into()]).await?;
        movements.count = rows.len() as i64;
        let entry_seqs: HashSet<i64> = entries.iter().map(|entry| entry.seq).collect();
        rows.retain(|row| entry_seqs.contains(&row.seq));
        let reversed: HashSet<MovementId> = rows.iter().filter_map(|row| row.reverses_id).collect();
        movements.by_seq = rows.into_iter().map(|row| (row.seq, row)).collect();
        if !reversed.is_empty() {
            let backend = reads.backend();
            let sql = format!(
                "SELECT {} FROM movement m WHERE m.tenant_id = $1 AND {}",
                ReversedRow::SELECT,
                backend.in_ids("m.id", 2)
            );
            let rows = reads.records::<ReversedRow>(&sql, vec![backend.ids(reversed)]).await?;
            movements.reversed = rows.into_iter().map(|row| (row.id, row)).collect();
        }
        Ok(movements)
    }
    fn reversed_by(&self, movement: &MovementRow) -> Option<&ReversedRow> {
        self.reversed.get(&movement.reverses_id?)
    }
    /// The order or return of a movement; for a reversal, that of the reversed movement.
    fn document<'a>(&'a self, movement: &'a MovementRow) -> Option<(&'a str, Uuid)> {
        let reference = self.reversed_by(movement).and_then(|row| row.reference_kind.as_deref().zip(row.reference_id));
        reference.or_else(|| movement.reference_kind.as_deref().zip(movement.reference_id))
    }
}

/// Returns the channels and currencies of the documents of movements.
async fn load_places(reads: &impl Reads, movements: &Movements) -> Result<HashMap<Uuid, DocumentPlace>, Fault> {
    let documents: Vec<_> = movements.by_seq.values().filter_map(|row| movements.document(row)).collect();
    let ids_of_kind = |kind: &str| -> HashSet<Uuid> {
        documents.iter().filter(|(reference_kind, _)| *reference_kind == kind).map(|(_, id)| *id).collect()
    };
    let (orders, returns) = (ids_of_kind("ORDER"), ids_of_kind("RETURN"));
    let mut places = HashMap::with_capacity(orders.len() + returns.len());
    if !orders.is_empty() {
        let backend = reads.backend();
        let (select, condition) = (OrderPlace::SELECT, backend.in_ids("o.id", 2));
        let sql = format!("SELECT {select} FROM sales_order o WHERE o.tenant_id = $1 AND {condition}");
        let ids = backend.ids(orders.into_iter().map(OrderId::from_uuid));
        for row in reads.records::<OrderPlace>(&sql, vec![ids]).await? {
            places.insert(row.id.uuid(), DocumentPlace { channel: row.channel_id, currency: Currency::parse(&row.currency) });
        }
    }
    places.extend(return_places(reads, returns).await?);
    Ok(places)
}
