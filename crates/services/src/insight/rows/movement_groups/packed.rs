//! Sums by product and by store of the entries of each movement in one row: entries are not sorted.

use std::{collections::HashMap, mem};

use entity::record::{Record, Selected};
use platform::{
    blocking,
    storage::{
        Backend, Fault, Finds, Reads,
        packed::{self, PackedIds, PackedNumbers},
    },
};
use uuid::Uuid;

use super::query::{Entries, MovementSums, MovementsQuery, entries_of, index_order};
use crate::insight::{core::GroupKey, rows::GroupSpan};

/// The entries of a movement.
#[derive(Record)]
struct MovementRow {
    #[record(sql = "items")]
    items: PackedIds,
    #[record(sql = "deltas")]
    deltas: PackedNumbers,
    #[record(sql = "amounts")]
    amounts: PackedNumbers,
}

/// The sums of the entries of some movements, by their events, unsorted; all groups after the key
/// of the query's span, without its limit; None if there are more than fit in memory. The number
/// of movements is in the row without a group.
pub(super) async fn groups_of(
    reads: &impl Reads,
    query: &MovementsQuery<'_>,
    events: Option<(&str, i64)>,
) -> Result<Option<Vec<(GroupKey, MovementSums)>>, Fault> {
    let full_span = GroupSpan { after: None, limit: query.span.limit };
    let query_of_all = MovementsQuery { span: &full_span, ..query.clone() };
    let backend = reads.backend();
    let Entries { movements, entries, key, currency, values, .. } = entries_of(backend, &query_of_all, events);
    let amount = format!("CASE WHEN e.cost_currency = {currency} THEN coalesce(abs(e.value_minor), 0) ELSE 0 END");
    let columns = format!(
        "{items} AS items, {deltas} AS deltas, {amounts} AS amounts",
        items = packed::ids(backend, key),
        deltas = packed::numbers(backend, "e.on_hand_delta"),
        amounts = packed::numbers(backend, &amount)
    );
    let sql = match backend {
        Backend::Sqlite => format!(
            "SELECT {columns} FROM movement m CROSS JOIN entry e WHERE m.tenant_id = $1{movements} AND e.tenant_id = $1{entries} GROUP BY {}",
            index_order(query)
        ),
        // Entries movement by movement, as they are stored: otherwise Postgres would hash or sort
        // all of them.
        Backend::Postgres => format!(
            "SELECT x.* FROM movement m CROSS JOIN LATERAL (
               SELECT {columns} FROM entry e WHERE e.tenant_id = $1{entries} HAVING count(*) > 0) x
             WHERE m.tenant_id = $1{movements}"
        ),
    };
    let rows = reads.records::<MovementRow>(&packed::bounded_query(&sql, MovementRow::SELECT), values).await?;
    let movements = rows.len() as i64;
    let Some(groups) = blocking::run("sums of movements", move || sum_rows(&rows)).await?? else { return Ok(None) };
    let after = query.span.after.as_ref();
    let groups = groups.into_iter().map(|(id, (_, sums))| (GroupKey::Id(id), sums));
    let mut group_sums: Vec<_> = groups.filter(|(key, _)| after.is_none_or(|after| key > after)).collect();
    if query.counts_movements {
        group_sums.push((GroupKey::Nothing, MovementSums { movements, ..MovementSums::default() }));
    }
    Ok(Some(group_sums))
}

/// The sums of each group, with the movement that was counted last.
type CountedSums = HashMap<Uuid, (usize, MovementSums)>;

/// None if not all entries were read.
fn sum_rows(rows: &[MovementRow]) -> Result<Option<CountedSums>, Fault> {
    let (mut groups, mut entries) = (CountedSums::new(), 0);
    for (nth, row) in rows.iter().enumerate() {
        entries += packed::each_line("entry", &row.items, [&row.deltas, &row.amounts], |id, [delta, value]| {
            let (last, sums) = groups.entry(id).or_insert((usize::MAX, MovementSums::default()));
            let movements = i64::from(mem::replace(last, nth) != nth);
            let (units_in, units_out) = (delta.max(0), delta.min(0).saturating_neg());
            sums.add(MovementSums { movements, entries: 1, units_in, units_out, value });
        })?;
    }
    Ok(packed::is_complete_page(rows.len(), entries).then_some(groups))
}
