//! Queries for sums of movements, and the SQL of the entries that are summed.

use entity::{prelude::*, record::Record};
use inventory::{
    catalog::rows::page::ProductCondition,
    stock::rows::{MovementFilter, MovementFilterSpec, movement_filter},
};
use platform::storage::Backend;
use sea_orm::Value;

use crate::insight::{core::GroupKey, rows::GroupSpan};

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

impl MovementSums {
    /// Adds the sums of other movements or entries. They saturate at 64 bits, which exceeds 2^53 −
    /// 1, the largest number that is returned to clients.
    pub fn add(&mut self, other: Self) {
        let sums = [
            (&mut self.movements, other.movements),
            (&mut self.entries, other.entries),
            (&mut self.units_in, other.units_in),
            (&mut self.units_out, other.units_out),
            (&mut self.value, other.value),
        ];
        for (sum, other) in sums {
            *sum = sum.saturating_add(other);
        }
    }
}

/// The entries that are summed.
pub(super) struct Entries {
    /// Conditions on movements `m` of the tenant, and on the entries `e` of one; both to append to
    /// others.
    pub(super) movements: String,
    pub(super) entries: String,
    /// Expression of the group key.
    pub(super) key: &'static str,
    /// The mark of the currency.
    pub(super) currency: String,
    pub(super) filter: MovementFilter,
    pub(super) of_products: String,
    pub(super) of_events: String,
    pub(super) values: Vec<Value>,
}

/// Whether Postgres finds the summed entries by an index of their own: packed, all movements would
/// be scanned for them.
pub(super) fn finds_entries(backend: Backend, query: &MovementsQuery<'_>) -> bool {
    if backend != Backend::Postgres {
        return false;
    }
    let Entries { filter, of_products, .. } = entries_of(backend, query, None);
    !(filter.entry.is_empty() && of_products.is_empty())
}

/// The entries of some movements, by their events.
pub(super) fn entries_of(backend: Backend, query: &MovementsQuery<'_>, events: Option<(&str, i64)>) -> Entries {
    let mut values: Vec<Value> = query.products.values.clone();
    values.push(query.currency.as_str().into());
    let currency = format!("${}", values.len() + 1);
    let filter = movement_filter(backend, query.spec, values.len() + 2);
    values.extend(filter.values.iter().cloned());
    let of_products =
        query.products.on("e.product_id").map(|product_condition| format!(" AND {product_condition}")).unwrap_or_default();
    let key = match query.group {
        MovementGroup::None => "NULL",
        MovementGroup::Kind => "m.kind",
        MovementGroup::Day => "m.business_date",
        MovementGroup::Product => "e.product_id",
        MovementGroup::Store => "e.store_id",
    };
    let (mut span_condition, mut of_events) = (String::new(), String::new());
    if let Some(after) = query.span.after.as_ref().and_then(value) {
        values.push(after);
        span_condition = format!(" AND {key} > ${}", values.len() + 1);
    }
    if let Some((operator, seq)) = events {
        values.push(seq.into());
        of_events = format!(" AND m.seq {operator} ${}", values.len() + 1);
    }
    let movements = format!("{}{of_events}", filter.movement);
    let entries = format!(" AND e.seq = m.seq{}{of_products}{span_condition}", filter.entry);
    Entries { movements, entries, key, currency, filter, of_products, of_events, values }
}

/// Movements in the order of the index that SQLite finds them by.
pub(super) fn index_order(query: &MovementsQuery<'_>) -> &'static str {
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
