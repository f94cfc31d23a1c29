//! Sums by product and by store, on SQLite, of the entries of each movement in one row: entries are not sorted.

use std::collections::HashMap;

use entity::record::{Record, Selected};
use platform::storage::{Fault, Finds, Reads, packed};
use uuid::Uuid;

use super::{Entries, MovementSums, MovementsQuery, as_found, entries_of};
use crate::insight::{core::GroupKey, rows::GroupSpan};

/// The entries of a movement.
#[derive(Record)]
struct MovementRow {
    #[record(sql = "items")]
    items: Vec<u8>,
    #[record(sql = "deltas")]
    deltas: String,
    #[record(sql = "amounts")]
    amounts: String,
}

/// The sums of the entries of some movements, by their events, in no order, behind the key of the query's span; None where there are more than are held
/// at once. The number of movements is of no group.
pub(super) async fn groups_of(
    reads: &impl Reads,
    query: &MovementsQuery<'_>,
    events: Option<(&str, i64)>,
) -> Result<Option<Vec<(GroupKey, MovementSums)>>, Fault> {
    let all = GroupSpan { after: None, limit: query.span.limit };
    let query_of_all = MovementsQuery { span: &all, ..query.clone() };
    let Entries { from, key, currency, values, .. } = entries_of(reads.backend(), &query_of_all, events);
    let sql = format!(
        "SELECT {items} AS items, {deltas} AS deltas, {amounts} AS amounts {from} GROUP BY {each}",
        items = packed::ids(key),
        deltas = packed::numbers("e.on_hand_delta"),
        amounts =
            packed::numbers(&format!("CASE WHEN e.cost_currency = {currency} THEN coalesce(abs(e.value_minor), 0) ELSE 0 END")),
        each = as_found(query)
    );
    let rows = reads.records::<MovementRow>(&packed::bounded(&sql, MovementRow::SELECT), values).await?;
    // Beside the sums of each group the movement that was counted last.
    let mut groups: HashMap<Uuid, (usize, MovementSums)> = HashMap::new();
    let mut entries = 0;
    for (nth, row) in rows.iter().enumerate() {
        entries += packed::each_line("entry", &row.items, [row.deltas.as_str(), row.amounts.as_str()], |id, [delta, value]| {
            let (last, sums) = groups.entry(id).or_insert((usize::MAX, MovementSums::default()));
            let movements = i64::from(std::mem::replace(last, nth) != nth);
            let (units_in, units_out) = (delta.max(0), delta.min(0).saturating_neg());
            sums.add(MovementSums { movements, entries: 1, units_in, units_out, value });
        })?;
    }
    if !packed::are_all(rows.len(), entries) {
        return Ok(None);
    }
    let after = query.span.after.as_ref();
    let groups = groups.into_iter().map(|(id, (_, sums))| (GroupKey::Id(id), sums));
    let mut found: Vec<_> = groups.filter(|(key, _)| after.is_none_or(|after| key > after)).collect();
    if query.counts_movements {
        found.push((GroupKey::Nothing, MovementSums { movements: rows.len() as i64, ..MovementSums::default() }));
    }
    Ok(Some(found))
}
