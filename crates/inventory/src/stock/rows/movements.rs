//! Reading movements and their entries. They are never updated or deleted.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, movement},
};
use platform::{
    paging::{Key, ListSource, SortBy, Sorted},
    storage::{Fault, Finds, Reads, Row},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::stock::core::{Entry, LevelKey, Movement, Reference, ReferenceKind};

/// Row of a movement.
#[derive(Record)]
#[record(of = movement, alias = "m")]
pub(super) struct MovementRow {
    pub seq: i64,
    pub id: MovementId,
    pub kind: MovementKind,
    pub reason_code: Option<String>,
    pub note: Option<String>,
    pub external_ref: Option<String>,
    pub reference_kind: Option<String>,
    pub reference_id: Option<Uuid>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub reverses_id: Option<MovementId>,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub recorded_at: Timestamp,
}

#[derive(Record)]
#[record(of = entry, alias = "e")]
struct EntryRow {
    seq: i64,
    line: i32,
    product_id: ProductId,
    store_id: StoreId,
    on_hand_delta: i64,
    reserved_delta: i64,
    unavailable_delta: i64,
    incoming_delta: i64,
    in_transit_delta: i64,
    on_hand_after: Quantity,
    reserved_after: Quantity,
    unavailable_after: Quantity,
    version_after: i64,
    occurred_max: Timestamp,
    unit_cost_minor: Option<i64>,
    value_minor: Option<i64>,
    cost_currency: Option<String>,
    note: Option<String>,
    lot_id: Option<LotId>,
    condition: Option<String>,
}

impl From<MovementRow> for Movement {
    fn from(row: MovementRow) -> Self {
        let reference_kind = row.reference_kind.as_deref().and_then(ReferenceKind::parse);
        Self {
            id: row.id,
            seq: row.seq,
            kind: row.kind,
            reason: row.reason_code.as_deref().and_then(ReasonCode::parse),
            note: row.note,
            external_ref: row.external_ref,
            reference: reference_kind.zip(row.reference_id).map(|(kind, id)| Reference { kind, id }),
            actor: Actor { kind: row.actor_kind, id: row.actor_id },
            reverses: row.reverses_id,
            occurred_at: row.occurred_at,
            business_date: row.business_date,
            recorded_at: row.recorded_at,
            entries: Vec::new(),
        }
    }
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        let currency = row.cost_currency.as_deref().and_then(Currency::parse);
        let money = |minor: Option<i64>| Some(Money::new(minor?, currency?));
        Self {
            line: row.line as u16,
            key: LevelKey { product: row.product_id, store: row.store_id },
            on_hand_delta: row.on_hand_delta,
            reserved_delta: row.reserved_delta,
            unavailable_delta: row.unavailable_delta,
            incoming_delta: row.incoming_delta,
            in_transit_delta: row.in_transit_delta,
            on_hand_after: row.on_hand_after,
            reserved_after: row.reserved_after,
            unavailable_after: row.unavailable_after,
            version_after: row.version_after,
            occurred_max: row.occurred_max,
            unit_cost: money(row.unit_cost_minor),
            value: money(row.value_minor),
            note: row.note,
            lot: row.lot_id,
            condition: row.condition.as_deref().and_then(Condition::parse),
        }
    }
}

/// The movements of these event numbers with all their entries, in the order of `seqs`; unknown ones are left out.
pub async fn movements_by_seq(reads: &impl Reads, seqs: &[i64]) -> Result<Vec<Movement>, Fault> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    // Most events are read one by one: Postgres keeps a plan for one number, but plans a list of
    // one each time.
    let (is_single, value) = match seqs {
        [seq] => (true, Value::from(*seq)),
        _ => (false, backend.numbers(seqs.iter().copied())),
    };
    let is_of = |column: &str| if is_single { format!("{column} = $2") } else { backend.in_numbers(column, 2) };
    let select = MovementRow::SELECT;
    let sql = format!("SELECT {select} FROM movement m WHERE m.tenant_id = $1 AND {}", is_of("m.seq"));
    let rows = reads.records::<MovementRow>(&sql, vec![value.clone()]).await?;
    let mut movements_by_number: HashMap<i64, Movement> = rows.into_iter().map(|row| (row.seq, row.into())).collect();
    let select = EntryRow::SELECT;
    let sql = format!("SELECT {select} FROM entry e WHERE e.tenant_id = $1 AND {} ORDER BY e.seq, e.line", is_of("e.seq"));
    for row in reads.records::<EntryRow>(&sql, vec![value]).await? {
        if let Some(movement) = movements_by_number.get_mut(&row.seq) {
            movement.entries.push(row.into());
        }
    }
    Ok(seqs.iter().filter_map(|seq| movements_by_number.remove(seq)).collect())
}

/// A movement with all its entries.
pub async fn movement_of(reads: &impl Reads, id: MovementId) -> Result<Option<Movement>, Fault> {
    let rows = reads.rows("SELECT seq FROM movement WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let seq = Row::scalar(row)?;
    Ok(movements_by_seq(reads, &[seq]).await?.pop())
}

/// Returns those of these movements that have been reversed.
pub async fn find_reversed_movements(reads: &impl Reads, ids: &[MovementId]) -> Result<Vec<MovementId>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT reverses_id FROM movement WHERE tenant_id = $1 AND {}", backend.in_ids("reverses_id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// The event numbers of movements.
pub async fn load_seqs(reads: &impl Reads, ids: &[MovementId]) -> Result<Vec<i64>, Fault> {
    seqs_where(reads, "id", ids).await
}

/// The event numbers of the movements that reverse these.
pub async fn reversal_seqs(reads: &impl Reads, ids: &[MovementId]) -> Result<Vec<i64>, Fault> {
    seqs_where(reads, "reverses_id", ids).await
}

async fn seqs_where(reads: &impl Reads, column: &str, ids: &[MovementId]) -> Result<Vec<i64>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT seq FROM movement WHERE tenant_id = $1 AND {}", backend.in_ids(column, 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Returns event numbers of a level's entries, newest first: versions below `before`, at most
/// `limit`. With each entry's version.
pub async fn entries_of_level(
    reads: &impl Reads,
    key: LevelKey,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, Entry)>, Fault> {
    let sql = format!(
        "SELECT {select} FROM entry e WHERE e.tenant_id = $1 AND e.product_id = $2 AND e.store_id = $3 AND e.version_after < $4
         ORDER BY e.version_after DESC LIMIT {limit}",
        select = EntryRow::SELECT
    );
    let values = vec![key.product.into(), key.store.into(), before.unwrap_or(i64::MAX).into()];
    Ok(reads.records::<EntryRow>(&sql, values).await?.into_iter().map(|row| (row.seq, row.into())).collect())
}

/// The entries of a level, on all pages.
pub fn entries_source(key: LevelKey) -> ListSource {
    let from = "FROM entry e WHERE e.tenant_id = $1 AND e.product_id = $2 AND e.store_id = $3".to_owned();
    ListSource { from, values: vec![key.product.into(), key.store.into()] }
}

/// The movements that conditions over `m` select, values from `$2`.
pub fn movements_source(conditions: &str, values: Vec<Value>) -> ListSource {
    ListSource { from: format!("FROM movement m WHERE m.tenant_id = $1{conditions}"), values }
}

/// Sort of a list of movements; ties are broken by the event's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovementSort {
    /// By the numbers of their events.
    RecordedAt,
    OccurredAt,
}

/// A sort and its direction.
pub type MovementsSorted = Sorted<MovementSort>;

impl SortBy for MovementSort {
    type Row = Movement;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::RecordedAt, descending: true };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::RecordedAt => ("RECORDED_AT", &["m.seq"]),
            Self::OccurredAt => ("OCCURRED_AT", &["m.occurred_at", "m.seq"]),
        }
    }
    fn keys(self, movement: &Movement) -> Vec<Key> {
        let at = match self {
            Self::RecordedAt => None,
            Self::OccurredAt => Some(Key::Int(movement.occurred_at.micros())),
        };
        at.into_iter().chain([Key::Int(movement.seq)]).collect()
    }
}

/// The event numbers of a page of movements: conditions, order and limit are SQL over `m`, values from `$2`.
pub async fn movement_seqs(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<i64>, Fault> {
    let rows = reads.rows(&format!("SELECT m.seq FROM movement m WHERE m.tenant_id = $1{conditions}"), values).await?;
    rows.iter().map(Row::scalar).collect()
}
