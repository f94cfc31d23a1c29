//! Sums over the ledger by group: the rows of a summary of movements.

mod packed;

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use inventory::{
    catalog::rows::page::ProductCondition,
    stock::rows::{MovementFilter, MovementFilterSpec, movement_filter},
};
use platform::storage::{Backend, Fault, Reads, Row, SideBySide, journal, packed::MAX_EVENTS};
use sea_orm::Value;
use uuid::Uuid;

use super::{halves::SplitSetting, sales::GroupSpan};
use crate::insight::core::GroupKey;

/// Grouping of a summary of movements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MovementGroup {
    /// One row for all movements.
    None,
    Kind,
    Day,
    Product,
    Store,
}

impl MovementGroup {
    pub const ALL: [Self; 5] = [Self::None, Self::Kind, Self::Day, Self::Product, Self::Store];
}

/// Sums of a group's entries on stock on hand. Only entries that match the filter count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Record)]
pub struct MovementSums {
    #[record(sql = "count(DISTINCT m.seq)")]
    pub movements: i64,
    #[record(sql = "count(*)")]
    pub entries: i64,
    /// In smallest units.
    #[record(sql = "CAST(coalesce(sum(CASE WHEN e.on_hand_delta > 0 THEN e.on_hand_delta ELSE 0 END), 0) AS bigint)")]
    pub units_in: i64,
    /// In smallest units, as a number above 0.
    #[record(sql = "CAST(coalesce(sum(CASE WHEN e.on_hand_delta < 0 THEN -e.on_hand_delta ELSE 0 END), 0) AS bigint)")]
    pub units_out: i64,
    /// Sum of |value| of the entries with values in the requested currency, in minor units.
    #[record(
        sql = "CAST(coalesce(sum(CASE WHEN e.cost_currency = {currency} THEN abs(e.value_minor) ELSE 0 END), 0) AS bigint)"
    )]
    pub value: i64,
}

/// The sums of a movement's entries, by name.
const OF_ENTRIES: &str = "count(*) AS entries,
    CAST(coalesce(sum(CASE WHEN e.on_hand_delta > 0 THEN e.on_hand_delta ELSE 0 END), 0) AS bigint) AS units_in,
    CAST(coalesce(sum(CASE WHEN e.on_hand_delta < 0 THEN -e.on_hand_delta ELSE 0 END), 0) AS bigint) AS units_out,
    CAST(coalesce(sum(CASE WHEN e.cost_currency = {currency} THEN abs(e.value_minor) ELSE 0 END), 0) AS bigint) AS value";

/// The columns of `MovementSums`, of such sums.
const OF_MOVEMENTS: &str = "count(*), CAST(coalesce(sum(x.entries), 0) AS bigint), CAST(coalesce(sum(x.units_in), 0) AS bigint),
    CAST(coalesce(sum(x.units_out), 0) AS bigint), CAST(coalesce(sum(x.value), 0) AS bigint)";

/// Query for sums of movements: entries, grouping and page of groups.
#[derive(Debug, Clone)]
pub struct MovementsQuery<'a> {
    pub spec: &'a MovementFilterSpec,
    /// Only entries of these products.
    pub products: &'a ProductCondition,
    pub currency: Currency,
    pub group: MovementGroup,
    pub span: &'a GroupSpan,
    /// Whether movements of all products or stores are counted too, each once, in addition to all
    /// rows: the entries of a movement may be of several. Their number is in the row without a
    /// group.
    pub counts_movements: bool,
}

/// Sums by group, in the order of the keys. A kind is a text, a day a day. Without groups there is
/// one row. SQLite would sort all entries by store or product, and Postgres reads each half with a
/// process of its own: as movements never change, earlier and later ones are read concurrently; by
/// store or product they are packed, unless there are too many for the memory.
pub async fn movement_groups(reads: &impl Reads, query: &MovementsQuery<'_>) -> Result<Vec<(GroupKey, MovementSums)>, Fault> {
    let backend = reads.backend();
    let by_entry = matches!(query.group, MovementGroup::Store | MovementGroup::Product);
    let in_halves = match backend {
        Backend::Sqlite => by_entry,
        Backend::Postgres => query.group == MovementGroup::Product || !finds_entries(backend, query),
    };
    if !in_halves || SplitSetting::of(reads) == SplitSetting::Never {
        return groups_of(reads, query, None).await;
    }
    let middle = journal::head(reads).await?.seq / 2;
    let (reads, [earlier, later]) = (&SideBySide(reads), [Some(("<=", middle)), Some((">", middle))]);
    let packed = if by_entry && middle <= MAX_EVENTS && !finds_entries(backend, query) {
        tokio::try_join!(packed::groups_of(reads, query, earlier), packed::groups_of(reads, query, later))?
    } else {
        (None, None)
    };
    let (earlier, later) = match packed {
        (Some(earlier), Some(later)) => (earlier, later),
        _ => tokio::try_join!(groups_of(reads, query, earlier), groups_of(reads, query, later))?,
    };
    // The first groups of both together are among the first of each.
    let mut groups: BTreeMap<GroupKey, MovementSums> = earlier.into_iter().collect();
    for (key, sums) in later {
        groups.entry(key).or_default().add(sums);
    }
    Ok(groups.into_iter().take(query.span.limit).collect())
}

impl MovementSums {
    /// Adds the sums of other movements or entries. They saturate at 64 bits, which exceeds 2^53 −
    /// 1, the largest number that is returned to clients.
    pub fn add(&mut self, more: Self) {
        let sums = [
            (&mut self.movements, more.movements),
            (&mut self.entries, more.entries),
            (&mut self.units_in, more.units_in),
            (&mut self.units_out, more.units_out),
            (&mut self.value, more.value),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
    }
}

/// The entries that are summed.
struct Entries {
    /// Conditions on movements `m` of the tenant, and on the entries `e` of one; both to append to
    /// others.
    movements: String,
    entries: String,
    /// Expression of the group key.
    key: &'static str,
    /// The mark of the currency.
    currency: String,
    filter: MovementFilter,
    of_products: String,
    of_events: String,
    values: Vec<Value>,
}

/// Whether Postgres finds the summed entries by an index of their own: packed, all movements would
/// be scanned for them.
fn finds_entries(backend: Backend, query: &MovementsQuery<'_>) -> bool {
    let Entries { filter, of_products, .. } = entries_of(backend, query, None);
    backend == Backend::Postgres && !(filter.entry.is_empty() && of_products.is_empty())
}

/// The entries of some movements, by their events.
fn entries_of(backend: Backend, query: &MovementsQuery<'_>, events: Option<(&str, i64)>) -> Entries {
    let mut values: Vec<Value> = query.products.values.clone();
    values.push(query.currency.as_str().into());
    let currency = format!("${}", values.len() + 1);
    let filter = movement_filter(backend, query.spec, values.len() + 2);
    values.extend(filter.values.iter().cloned());
    let of_products = query.products.on("e.product_id").map(|fits| format!(" AND {fits}")).unwrap_or_default();
    let key = match query.group {
        MovementGroup::None => "NULL",
        MovementGroup::Kind => "m.kind",
        MovementGroup::Day => "m.business_date",
        MovementGroup::Product => "e.product_id",
        MovementGroup::Store => "e.store_id",
    };
    let (mut beyond, mut of_events) = (String::new(), String::new());
    if let Some(after) = query.span.after.as_ref().and_then(value) {
        values.push(after);
        beyond = format!(" AND {key} > ${}", values.len() + 1);
    }
    if let Some((are, seq)) = events {
        values.push(seq.into());
        of_events = format!(" AND m.seq {are} ${}", values.len() + 1);
    }
    let movements = format!("{}{of_events}", filter.movement);
    let entries = format!(" AND e.seq = m.seq{}{of_products}{beyond}", filter.entry);
    Entries { movements, entries, key, currency, filter, of_products, of_events, values }
}

/// The sums of the entries of some movements, by their events.
async fn groups_of(
    reads: &impl Reads,
    query: &MovementsQuery<'_>,
    events: Option<(&str, i64)>,
) -> Result<Vec<(GroupKey, MovementSums)>, Fault> {
    let backend = reads.backend();
    let Entries { movements, entries, key, currency, filter, of_products, of_events, values } =
        entries_of(backend, query, events);
    // CROSS JOIN keeps SQLite from starting at the entries; for Postgres it is an inner join like any other.
    let all = format!("FROM movement m CROSS JOIN entry e WHERE m.tenant_id = $1{movements} AND e.tenant_id = $1{entries}");
    let grouped = if query.group == MovementGroup::None { "" } else { " GROUP BY 1 ORDER BY 1" };
    let of_each = match each_movement(backend, query) {
        Each::Entry => None,
        Each::Movement(each) => Some(format!("SELECT {key} AS grp, {OF_ENTRIES} {all} GROUP BY {each}")),
        Each::InTurn => Some(format!(
            "SELECT {key} AS grp, x.* FROM movement m
             CROSS JOIN LATERAL (SELECT {OF_ENTRIES} FROM entry e WHERE e.tenant_id = $1{entries} HAVING count(*) > 0) x WHERE m.tenant_id = $1{movements}"
        )),
    };
    let sums = match of_each {
        None => format!("SELECT {key}, {} {all}{grouped}", MovementSums::SELECT),
        Some(of_each) => {
            let shown = if query.group == MovementGroup::None { "NULL" } else { "x.grp" };
            format!("SELECT {shown}, {OF_MOVEMENTS} FROM ({of_each}) x{grouped}")
        }
    };
    let mut sql = format!("{} LIMIT {}", sums.replace("{currency}", &currency), query.span.limit);
    if query.counts_movements {
        let counted = movement_count_sql(backend, &filter, &of_products, &of_events);
        sql = format!("SELECT * FROM ({sql}) AS grouped UNION ALL {counted}");
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
enum Each {
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
fn each_movement(backend: Backend, query: &MovementsQuery<'_>) -> Each {
    let finds = || finds_entries(backend, query);
    match (backend, query.group) {
        (Backend::Sqlite, MovementGroup::None | MovementGroup::Kind | MovementGroup::Day) => Each::Movement(index_order(query)),
        (Backend::Postgres, MovementGroup::None | MovementGroup::Kind | MovementGroup::Day) if !finds() => Each::InTurn,
        (Backend::Postgres, MovementGroup::None) => Each::Movement("m.seq"),
        (Backend::Postgres, MovementGroup::Kind) => Each::Movement("m.seq, m.kind"),
        (Backend::Postgres, MovementGroup::Store) => Each::Movement("m.seq, e.store_id"),
        (Backend::Sqlite, MovementGroup::Product | MovementGroup::Store)
        | (Backend::Postgres, MovementGroup::Product | MovementGroup::Day) => Each::Entry,
    }
}

/// Movements in the order of the index that SQLite finds them by.
fn index_order(query: &MovementsQuery<'_>) -> &'static str {
    let is_of_span = query.spec.occurred_from.is_some() || query.spec.occurred_before.is_some();
    if is_of_span { "m.occurred_at, m.seq" } else { "m.seq" }
}

fn value(key: &GroupKey) -> Option<Value> {
    match key {
        GroupKey::Day(day) => Some(Value::from(*day)),
        GroupKey::Text(text) => Some(Value::from(text.as_str())),
        GroupKey::Id(id) => Some(Value::from(*id)),
        GroupKey::Nothing => None,
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
