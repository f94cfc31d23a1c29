//! Sums over the ledger by group: the rows of a summary of movements.

mod packed;
mod query;

use std::collections::BTreeMap;

use entity::record::Selected;
use inventory::stock::rows::MovementFilter;
use platform::storage::{Backend, Fault, Reads, Row, SideBySide, journal, packed::MAX_EVENTS};
use uuid::Uuid;

use self::query::{Entries, entries_of, finds_entries, index_order};
pub use self::query::{MovementGroup, MovementSums, MovementsQuery};
use super::halves::SplitSetting;
use crate::insight::core::GroupKey;

/// The sums of a movement's entries, by name.
const OF_ENTRIES: &str = "count(*) AS entries,
    CAST(coalesce(sum(CASE WHEN e.on_hand_delta > 0 THEN e.on_hand_delta ELSE 0 END), 0) AS bigint) AS units_in,
    CAST(coalesce(sum(CASE WHEN e.on_hand_delta < 0 THEN -e.on_hand_delta ELSE 0 END), 0) AS bigint) AS units_out,
    CAST(coalesce(sum(CASE WHEN e.cost_currency = {currency} THEN abs(e.value_minor) ELSE 0 END), 0) AS bigint) AS value";

/// The columns of `MovementSums`, of such sums.
const OF_MOVEMENTS: &str = "count(*), CAST(coalesce(sum(x.entries), 0) AS bigint), CAST(coalesce(sum(x.units_in), 0) AS bigint),
    CAST(coalesce(sum(x.units_out), 0) AS bigint), CAST(coalesce(sum(x.value), 0) AS bigint)";

/// Sums by group, in the order of the keys. A kind is a text, a day a day. Without groups there is
/// one row. SQLite would sort all entries by store or product, and Postgres reads each half with a
/// process of its own: as movements never change, earlier and later ones are read concurrently; by
/// store or product they are packed, unless there are too many for the memory.
pub async fn movement_groups(reads: &impl Reads, query: &MovementsQuery<'_>) -> Result<Vec<(GroupKey, MovementSums)>, Fault> {
    let backend = reads.backend();
    let by_entry = matches!(query.group, MovementGroup::Store | MovementGroup::Product);
    let starts_at_entries = finds_entries(backend, query);
    let in_halves = match backend {
        Backend::Sqlite => by_entry,
        Backend::Postgres => query.group == MovementGroup::Product || !starts_at_entries,
    };
    if !in_halves || SplitSetting::of(reads) == SplitSetting::Never {
        return groups_of(reads, query, None, starts_at_entries).await;
    }
    let middle = journal::head(reads).await?.seq / 2;
    let (reads, [earlier, later]) = (&SideBySide(reads), [Some(("<=", middle)), Some((">", middle))]);
    let packed = if by_entry && middle <= MAX_EVENTS && !starts_at_entries {
        tokio::try_join!(packed::groups_of(reads, query, earlier), packed::groups_of(reads, query, later))?
    } else {
        (None, None)
    };
    let (earlier, later) = match packed {
        (Some(earlier), Some(later)) => (earlier, later),
        _ => tokio::try_join!(
            groups_of(reads, query, earlier, starts_at_entries),
            groups_of(reads, query, later, starts_at_entries)
        )?,
    };
    // The first groups of both together are among the first of each.
    let mut groups: BTreeMap<GroupKey, MovementSums> = earlier.into_iter().collect();
    for (key, sums) in later {
        groups.entry(key).or_default().add(sums);
    }
    Ok(groups.into_iter().take(query.span.limit).collect())
}

/// The sums of the entries of some movements, by their events. `starts_at_entries` is
/// `finds_entries` of the query.
async fn groups_of(
    reads: &impl Reads,
    query: &MovementsQuery<'_>,
    events: Option<(&str, i64)>,
    starts_at_entries: bool,
) -> Result<Vec<(GroupKey, MovementSums)>, Fault> {
    let backend = reads.backend();
    let Entries { movements, entries, key, currency, filter, of_products, of_events, values } =
        entries_of(backend, query, events);
    // CROSS JOIN keeps SQLite from starting at the entries; for Postgres it is an inner join like any other.
    let source = format!("FROM movement m CROSS JOIN entry e WHERE m.tenant_id = $1{movements} AND e.tenant_id = $1{entries}");
    let grouped = if query.group == MovementGroup::None { "" } else { " GROUP BY 1 ORDER BY 1" };
    let subquery = match each_movement(backend, query, starts_at_entries) {
        SummingOrder::Entry => None,
        SummingOrder::Movement(each) => Some(format!("SELECT {key} AS grp, {OF_ENTRIES} {source} GROUP BY {each}")),
        SummingOrder::InTurn => Some(format!(
            "SELECT {key} AS grp, x.* FROM movement m
             CROSS JOIN LATERAL (SELECT {OF_ENTRIES} FROM entry e WHERE e.tenant_id = $1{entries} HAVING count(*) > 0) x WHERE m.tenant_id = $1{movements}"
        )),
    };
    let sums = match subquery {
        None => format!("SELECT {key}, {} {source}{grouped}", MovementSums::SELECT),
        Some(subquery) => {
            let group_column = if query.group == MovementGroup::None { "NULL" } else { "x.grp" };
            format!("SELECT {group_column}, {OF_MOVEMENTS} FROM ({subquery}) x{grouped}")
        }
    };
    let mut sql = format!("{} LIMIT {}", sums.replace("{currency}", &currency), query.span.limit);
    if query.counts_movements {
        let count_sql = movement_count_sql(backend, &filter, &of_products, &of_events);
        sql = format!("SELECT * FROM ({sql}) AS grouped UNION ALL {count_sql}");
    }
    reads.rows(&sql, values).await?.iter().map(|row| read(query.group, &mut Row::new(row))).collect()
}

/// A row of no group with the number of the movements that have an entry which is summed.
fn movement_count_sql(backend: Backend, filter: &MovementFilter, of_products: &str, of_events: &str) -> String {
    let MovementFilter { movement, entry, .. } = filter;
    // Checks for a first entry of each movement. Postgres would join all entries instead, unless
    // other conditions bound their number.
    let first = if backend == Backend::Postgres && entry.is_empty() && of_products.is_empty() { " OFFSET 0" } else { "" };
    format!(
        "SELECT NULL, count(*), 0, 0, 0, 0 FROM movement m WHERE m.tenant_id = $1{movement}{of_events}
         AND EXISTS (SELECT 1 FROM entry e WHERE e.tenant_id = $1 AND e.seq = m.seq{entry}{of_products}{first})"
    )
}

/// Order in which entries are summed.
enum SummingOrder {
    /// Entries one by one.
    Entry,
    /// Entries of each movement first, if all or most of them are of one group; with the grouping
    /// columns.
    Movement(&'static str),
    /// Entries movement by movement, as they are stored: otherwise Postgres would hash or sort all
    /// of them.
    InTurn,
}

/// SQLite has movements in this order by the index that finds them. Postgres finds some entries by an index of their own.
fn each_movement(backend: Backend, query: &MovementsQuery<'_>, starts_at_entries: bool) -> SummingOrder {
    match (backend, query.group) {
        (Backend::Sqlite, MovementGroup::None | MovementGroup::Kind | MovementGroup::Day) => {
            SummingOrder::Movement(index_order(query))
        }
        (Backend::Postgres, MovementGroup::None | MovementGroup::Kind | MovementGroup::Day) if !starts_at_entries => {
            SummingOrder::InTurn
        }
        (Backend::Postgres, MovementGroup::None) => SummingOrder::Movement("m.seq"),
        (Backend::Postgres, MovementGroup::Kind) => SummingOrder::Movement("m.seq, m.kind"),
        (Backend::Postgres, MovementGroup::Store) => SummingOrder::Movement("m.seq, e.store_id"),
        (Backend::Sqlite, MovementGroup::Product | MovementGroup::Store)
        | (Backend::Postgres, MovementGroup::Product | MovementGroup::Day) => SummingOrder::Entry,
    }
}

fn read(group: MovementGroup, row: &mut Row<'_>) -> Result<(GroupKey, MovementSums), Fault> {
    let key = match group {
        MovementGroup::None => {
            row.take::<Option<String>>()?;
            GroupKey::Nothing
        }
        MovementGroup::Kind => GroupKey::Text(row.take()?),
        MovementGroup::Day => GroupKey::Day(row.take()?),
        MovementGroup::Product | MovementGroup::Store => row.take::<Option<Uuid>>()?.map_or(GroupKey::Nothing, GroupKey::Id),
    };
    Ok((key, row.record()?))
}
