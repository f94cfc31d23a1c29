//! Groups of facts: their dimensions and filters, and the SQL of their sums.

use entity::{prelude::*, tables::demand_day::DemandFigures};
use platform::storage::{Fault, Reads, Row};
use sea_orm::Value;
use uuid::Uuid;

use super::super::stock::CURRENT;

/// Dimensions by which facts are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DemandDimension {
    Day,
    Week,
    Product,
    Store,
    Channel,
}

impl DemandDimension {
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Product, Self::Store, Self::Channel];

    /// The column that rows are grouped by. A week is its Monday; 1970-01-01 was a Thursday.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Day => "d.business_date",
            Self::Week => "d.business_date - ((d.business_date + 3) % 7 + 7) % 7",
            Self::Product => "d.product_id",
            Self::Store => "d.store_id",
            Self::Channel => "d.channel_id",
        }
    }
    pub(super) const fn is_date(self) -> bool {
        matches!(self, Self::Day | Self::Week)
    }
}

/// Filter of the days that are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactFilter {
    /// The first and the last business day, both inclusive.
    pub from: Option<i32>,
    pub to: Option<i32>,
    /// None for all products.
    pub products: Option<Vec<ProductId>>,
    pub stores: Option<Vec<StoreId>>,
    pub channels: Option<Vec<ChannelId>>,
}

/// A value of a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactKey {
    Date(i32),
    Id(Uuid),
}

/// The sums of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactRow {
    /// One key for each dimension.
    pub keys: Vec<FactKey>,
    pub figures: DemandFigures,
    /// Units of the largest single line.
    pub max_line_units: i64,
    /// Rows of documents in other currencies: the figures include their stock, and none of their
    /// amounts.
    pub others: i64,
    /// Days with a row.
    pub active_days: i64,
}

/// Figures of stock, which do not depend on the currency; all others are of documents in the
/// requested currency.
const STOCK: [&str; 11] = [
    "shipped_units",
    "restocked_units",
    "received_units",
    "moved_in_units",
    "moved_out_units",
    "adjusted_in_units",
    "adjusted_out_units",
    "counted_in_units",
    "counted_out_units",
    "removed_units",
    "net_units",
];

/// Currencies that a statement expects: rows of one currency are summed faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Currencies {
    /// All rows are summed as if they were in one currency; `FactRow::others` counts those that are
    /// not.
    One,
    Several,
}

impl Currencies {
    /// A column's expression in a sum; the statement has the currency as `$2`.
    pub(super) fn summand_sql(self, name: &str) -> String {
        if self == Self::One || STOCK.contains(&name) {
            return format!("d.{name}");
        }
        format!("CASE WHEN d.currency = $2 THEN d.{name} ELSE 0 END")
    }
}

/// A condition on the days of a report; its parameters are numbered from `$2`, which is the
/// currency if there is one.
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

/// The days of the generation that is read, in all currencies.
pub(super) fn condition(reads: &impl Reads, filter: &FactFilter, currency: Option<Currency>) -> Condition {
    let backend = reads.backend();
    let mut sql = format!("d.tenant_id = $1 AND d.generation = {CURRENT}");
    let mut values: Vec<Value> = currency.iter().map(|currency| currency.as_str().into()).collect();
    for (day, operator) in [(filter.from, ">="), (filter.to, "<=")] {
        if let Some(day) = day {
            values.push(day.into());
            sql.push_str(&format!(" AND d.business_date {operator} ${}", values.len() + 1));
        }
    }
    sql.push_str(&backend.and_ids("d.product_id", filter.products.as_deref(), &mut values));
    sql.push_str(&backend.and_ids("d.store_id", filter.stores.as_deref(), &mut values));
    sql.push_str(&backend.and_ids("d.channel_id", filter.channels.as_deref(), &mut values));
    Condition { sql, values }
}

/// Counts rows in other currencies than `$2`; rows that come from the ledger alone have no
/// currency.
pub(super) const OTHER_CURRENCIES_COUNT: &str = "count(*) FILTER (WHERE d.currency <> $2 AND d.currency <> '')";

/// SQL of the sums of a group of facts; `active_days` is the expression that counts the days with a
/// row.
pub(super) fn sums(currencies: Currencies, active_days: &str) -> String {
    let sum = |name: &&str| format!("CAST(sum({}) AS bigint)", currencies.summand_sql(name));
    let figure_sums = DemandFigures::NAMES.iter().map(sum).collect::<Vec<_>>().join(", ");
    format!("{figure_sums}, max({}), {OTHER_CURRENCIES_COUNT}, {active_days}", currencies.summand_sql("max_line_units"))
}

/// The columns of `sums` but the last one: figures, units of the largest line, and rows in other currencies.
pub(super) fn figures_of(row: &mut Row<'_>) -> Result<(DemandFigures, i64, i64), Fault> {
    let mut values = DemandFigures::default().values();
    for value in &mut values {
        *value = row.take::<Option<i64>>()?.unwrap_or_default();
    }
    let max_line_units = row.take::<Option<i64>>()?.unwrap_or_default();
    Ok((DemandFigures::of(values), max_line_units, row.take::<Option<i64>>()?.unwrap_or_default()))
}

/// The key of a row of this dimension; None for the totals.
fn key_of(row: &mut Row<'_>, one: DemandDimension) -> Result<Option<FactKey>, Fault> {
    Ok(if one.is_date() { row.take::<Option<i32>>()?.map(FactKey::Date) } else { row.take::<Option<Uuid>>()?.map(FactKey::Id) })
}

pub(super) fn keys_of(row: &mut Row<'_>, group: &[DemandDimension]) -> Result<Vec<FactKey>, Fault> {
    group.iter().filter_map(|one| key_of(row, *one).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stock_is_of_all_currencies_and_documents_are_of_one() {
        assert!(STOCK.iter().all(|name| DemandFigures::NAMES.contains(name)));
        let of_one = |name: &&&str| Currencies::Several.summand_sql(name).contains("d.currency = $2");
        let documents: Vec<&str> = DemandFigures::NAMES.iter().filter(of_one).copied().collect();
        assert_eq!(documents.len() + STOCK.len(), DemandFigures::NAMES.len());
        assert_eq!((documents[0], documents.last()), ("ordered_units", Some(&"refund_minor")));
        assert_eq!(Currencies::One.summand_sql("orders"), "d.orders");
    }
}
