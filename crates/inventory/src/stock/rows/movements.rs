//! Reading movements and their entries. They are never updated or deleted.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};
use sea_orm::Value;

use crate::stock::core::{Entry, LevelKey, Movement, Reference, ReferenceKind};

const MOVEMENT: &str =
    "m.seq, m.id, m.kind, m.reason_code, m.note, m.external_ref, m.reference_kind, m.reference_id, m.actor_kind, m.actor_id,
    m.reverses_id, m.occurred_at, m.business_date, m.recorded_at";

const ENTRY: &str = "e.seq, e.line, e.product_id, e.store_id, e.on_hand_delta, e.reserved_delta, e.unavailable_delta, e.incoming_delta,
    e.in_transit_delta, e.on_hand_after, e.reserved_after, e.unavailable_after, e.version_after, e.occurred_max, e.unit_cost_minor,
    e.value_minor, e.cost_currency, e.note, e.lot_id, e.condition";

fn movement(row: &mut Row<'_>) -> Result<Movement, Fault> {
    let (seq, id) = (row.take()?, row.take()?);
    let kind = row.word("movement", MovementKind::parse)?;
    let reason = row.take::<Option<String>>()?.as_deref().and_then(ReasonCode::parse);
    let (note, external_ref) = (row.take()?, row.take()?);
    let (reference_kind, reference_id): (Option<String>, Option<uuid::Uuid>) = (row.take()?, row.take()?);
    let reference =
        reference_kind.as_deref().and_then(ReferenceKind::parse).zip(reference_id).map(|(kind, id)| Reference { kind, id });
    let actor = Actor { kind: row.word("movement", ActorKind::parse)?, id: row.take()? };
    Ok(Movement {
        id,
        seq,
        kind,
        reason,
        note,
        external_ref,
        reference,
        actor,
        reverses: row.take()?,
        occurred_at: row.time()?,
        business_date: row.take()?,
        recorded_at: row.time()?,
        entries: Vec::new(),
    })
}

fn entry(row: &mut Row<'_>) -> Result<(i64, Entry), Fault> {
    let seq = row.take()?;
    let line: i32 = row.take()?;
    let key = LevelKey { product: row.take()?, store: row.take()? };
    let mut deltas = [0i64; 5];
    for delta in &mut deltas {
        *delta = row.take()?;
    }
    let (on_hand_after, reserved_after, unavailable_after) = (row.take()?, row.take()?, row.take()?);
    let (version_after, occurred_max) = (row.take()?, row.time()?);
    let (unit, value): (Option<i64>, Option<i64>) = (row.take()?, row.take()?);
    let currency = row.take::<Option<String>>()?.as_deref().and_then(Currency::parse);
    let money = |minor: Option<i64>| Some(Money::new(minor?, currency?));
    let [on_hand_delta, reserved_delta, unavailable_delta, incoming_delta, in_transit_delta] = deltas;
    let entry = Entry {
        line: line as u16,
        key,
        on_hand_delta,
        reserved_delta,
        unavailable_delta,
        incoming_delta,
        in_transit_delta,
        on_hand_after,
        reserved_after,
        unavailable_after,
        version_after,
        occurred_max,
        unit_cost: money(unit),
        value: money(value),
        note: row.take()?,
        lot: row.take()?,
        condition: row.take::<Option<String>>()?.as_deref().and_then(Condition::parse),
    };
    Ok((seq, entry))
}

/// The movements of these event numbers with all their entries, in the order of `seqs`; unknown ones are left out.
pub async fn movements_by_seq(reads: &impl Reads, seqs: &[i64]) -> Result<Vec<Movement>, Fault> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    // Most events are told one by one, and Postgres keeps a plan for one number, but makes one each time for a list of one.
    let (one, value) = match seqs {
        [seq] => (true, Value::from(*seq)),
        _ => (false, backend.numbers(seqs.iter().copied())),
    };
    let is_of = |column: &str| if one { format!("{column} = $2") } else { backend.in_numbers(column, 2) };
    let sql = format!("SELECT {MOVEMENT} FROM movement m WHERE m.tenant_id = $1 AND {}", is_of("m.seq"));
    let rows = reads.rows(&sql, vec![value.clone()]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        let movement = movement(&mut Row::new(row))?;
        found.insert(movement.seq, movement);
    }
    let sql = format!("SELECT {ENTRY} FROM entry e WHERE e.tenant_id = $1 AND {} ORDER BY e.seq, e.line", is_of("e.seq"));
    for row in &reads.rows(&sql, vec![value]).await? {
        let (seq, entry) = entry(&mut Row::new(row))?;
        if let Some(movement) = found.get_mut(&seq) {
            movement.entries.push(entry);
        }
    }
    Ok(seqs.iter().filter_map(|seq| found.remove(seq)).collect())
}

/// A movement with all its entries.
pub async fn movement_of(reads: &impl Reads, id: MovementId) -> Result<Option<Movement>, Fault> {
    let rows = reads.rows("SELECT seq FROM movement WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let seq = Row::new(row).take()?;
    Ok(movements_by_seq(reads, &[seq]).await?.pop())
}

/// Which of these movements have been reversed.
pub async fn reversed(reads: &impl Reads, ids: &[MovementId]) -> Result<Vec<MovementId>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT reverses_id FROM movement WHERE tenant_id = $1 AND {}", backend.in_ids("reverses_id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// The event numbers of movements.
pub async fn seqs_of(reads: &impl Reads, ids: &[MovementId]) -> Result<Vec<i64>, Fault> {
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
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// Event numbers of a level's entries, newest first: versions below `before`, at most `limit`. With each entry's version.
pub async fn entries_of_level(
    reads: &impl Reads,
    key: LevelKey,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<(i64, Entry)>, Fault> {
    let sql = format!(
        "SELECT {ENTRY} FROM entry e WHERE e.tenant_id = $1 AND e.product_id = $2 AND e.store_id = $3 AND e.version_after < $4
         ORDER BY e.version_after DESC LIMIT {limit}"
    );
    let rows = reads.rows(&sql, vec![key.product.into(), key.store.into(), before.unwrap_or(i64::MAX).into()]).await?;
    rows.iter().map(|row| entry(&mut Row::new(row))).collect()
}

/// The event numbers of a page of movements: conditions, order and limit are SQL over `m`, values from `$2`.
pub async fn movement_seqs(reads: &impl Reads, conditions: &str, values: Vec<sea_orm::Value>) -> Result<Vec<i64>, Fault> {
    let rows = reads.rows(&format!("SELECT m.seq FROM movement m WHERE m.tenant_id = $1{conditions}"), values).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}
