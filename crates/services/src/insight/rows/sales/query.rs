//! Queries for sums of sales, and the SQL of their documents, lines and groups.

use std::fmt::Write;

use entity::prelude::*;
use inventory::catalog::rows::page::ProductCondition;
use platform::storage::{Backend, Fault, Row};
use sea_orm::Value;
use uuid::Uuid;

use super::side::Side;
use crate::insight::{
    core::{Group, GroupKey, Tally},
    rows::halves::IdRange,
};

/// A compiled condition on orders: SQL over the table `sales_order` as `o`, with parameters
/// numbered from `SalesFilter::FIRST_PARAMETER`, after those of the query's products; `$1` is the tenant. The
/// same text is applied to returns, see `RETURNS`.
#[derive(Debug, Clone, PartialEq)]
pub struct SalesFilter {
    pub condition: String,
    pub values: Vec<Value>,
}
impl SalesFilter {
    /// The number of its first parameter.
    pub const FIRST_PARAMETER: usize = 2;
}
impl Default for SalesFilter {
    fn default() -> Self {
        Self { condition: "TRUE".to_owned(), values: Vec::new() }
    }
}

/// Query for sums of sales.
#[derive(Debug, Clone, PartialEq)]
pub struct SalesQuery {
    /// Orders placed and returns made at this moment or later.
    pub from: Option<Timestamp>,
    /// And before this one.
    pub to: Option<Timestamp>,
    pub group: Group,
    pub currency: Currency,
    pub filter: SalesFilter,
    /// Only lines of these products. Charges have no product, and are left out unless the condition
    /// is empty.
    pub products: ProductCondition,
    /// Whether charges count if lines are grouped by product or category: they are in the group
    /// without a key.
    pub with_charges: bool,
    /// Page of groups, in the order of their keys; None for all.
    pub span: Option<GroupSpan>,
    /// Part of those documents; None for all.
    pub part: Option<IdRange>,
    /// Whether the documents of all groups are counted too, each once: for a total of groups that
    /// may share documents.
    pub counts_documents: bool,
}

/// A number of groups after a key, in the order of their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupSpan {
    pub after: Option<GroupKey>,
    pub limit: usize,
}

/// The customer of a document, or the survivor if that customer was merged.
const CUSTOMER: &str =
    "coalesce((SELECT m.merged_into FROM customer m WHERE m.tenant_id = $1 AND m.id = o.customer_id), o.customer_id)";

/// The product of a line; charges have none.
pub(super) const PRODUCT_OF_LINE: &str = "LEFT JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id";

/// `SoldLine::amount` and `SoldLine::cost` in the SQL of both databases: integer division
/// truncates.
pub(super) const AMOUNT: &str = "CASE WHEN cancelled = 0 THEN total ELSE
    (total * (quantity - cancelled) + CASE WHEN total < 0 THEN -(quantity / 2) ELSE quantity / 2 END) / quantity END";
pub(super) const COST: &str = "CASE WHEN decimals = 0 THEN cost * (quantity - cancelled)
    ELSE (cost * (quantity - cancelled) + (SCALE) / 2) / (SCALE) END";
pub(super) const SCALE: &str =
    "CASE decimals WHEN 1 THEN 10 WHEN 2 THEN 100 WHEN 3 THEN 1000 WHEN 4 THEN 10000 WHEN 5 THEN 100000
    WHEN 6 THEN 1000000 WHEN 7 THEN 10000000 WHEN 8 THEN 100000000 ELSE 1000000000 END";

impl SalesQuery {
    /// The lines of one side, each with its group, which is the expression `key`.
    pub(super) fn lines(&self, side: Side, backend: Backend, key: &str) -> String {
        let documents = side.documents(backend);
        let ([counted, table, document], cancelled) = (side.lines(), side.uncounted_units());
        let (cost, settled) = (side.unit_cost(), side.settlement_flag());
        let large = side.large_line_condition();
        let (product, line_condition) = match self.group {
            Group::Product if !self.with_charges => ("", " AND l.product_id IS NOT NULL"),
            Group::Category if self.with_charges => (PRODUCT_OF_LINE, ""),
            Group::Category => ("CROSS JOIN product p", " AND p.tenant_id = $1 AND p.id = l.product_id"),
            _ => ("", ""),
        };
        let products_sql = self.of_products().map(|product_condition| format!(" AND {product_condition}")).unwrap_or_default();
        // CROSS JOIN fixes SQLite's order: documents, then their lines by key. For Postgres it is an inner join like any other.
        format!(
            "SELECT {key} AS grp, o.placed_at AS placed, o.id AS document, l.product_id AS item, l.quantity, {cancelled} AS cancelled, l.total_minor AS total,
                    {cost} AS cost, l.unit_decimals AS decimals, CASE WHEN {large} THEN 1 ELSE 0 END AS large, {settled} AS settled
             FROM {documents} CROSS JOIN {table} l {product}
             WHERE {counted}{} AND ({}) AND l.tenant_id = $1 AND l.{document} = o.id{} AND l.quantity > {cancelled}{line_condition}{products_sql}",
            self.bounds(),
            self.filter.condition,
            self.part_condition(&format!("l.{document}"))
        )
    }

    /// Returns the expression of a line's group.
    pub(super) fn group_expression(&self, nil: &str) -> String {
        match self.group {
            Group::None => "CAST(NULL AS bigint)".to_owned(),
            Group::Day | Group::Month => "o.business_date".to_owned(),
            Group::Product => "l.product_id".to_owned(),
            Group::Category => "p.category_id".to_owned(),
            Group::Store => "o.store_id".to_owned(),
            Group::Channel => format!("nullif(o.channel_id, {nil})"),
            Group::Country => "o.country".to_owned(),
            Group::Customer => CUSTOMER.to_owned(),
        }
    }

    /// A condition that a line is of the query's products; None if the query has all products.
    pub(super) fn of_products(&self) -> Option<String> {
        self.products.on("l.product_id")
    }

    /// True if it is of products that are named or filtered; Postgres finds their lines by an index.
    pub(super) fn is_of_some_products(&self) -> bool {
        !self.products.sql.is_empty()
    }

    /// Whether charges are summed.
    pub(super) fn has_charges(&self) -> bool {
        !self.is_of_some_products() && (self.with_charges || !self.group.by_product())
    }

    /// A condition that a key is after the span's; lines without a group are the last. Its
    /// parameter is the last one.
    pub(super) fn after_key_condition(&self, key: &str) -> String {
        let Some(Some(_)) = self.span.as_ref().map(|span| &span.after) else { return String::new() };
        let last = SalesFilter::FIRST_PARAMETER + self.values().len() - 1;
        format!(" AND ({key} > ${last} OR {key} IS NULL)")
    }

    /// Currency, moments and part; their parameters come after the filter's.
    pub(super) fn bounds(&self) -> String {
        let mut next = SalesFilter::FIRST_PARAMETER + self.products.values.len() + self.filter.values.len();
        let mut sql = format!(" AND o.currency = ${next}");
        for (bound, operator) in [(self.from, ">="), (self.to, "<")] {
            if bound.is_some() {
                next += 1;
                // Writing to a String cannot fail.
                let _ = write!(sql, " AND o.placed_at {operator} ${next}");
            }
        }
        sql + self.part_condition("o.id").as_str()
    }

    /// A condition that a column is the ID of a document of the query's part; empty for all. Its
    /// parameter follows the moments.
    fn part_condition(&self, column: &str) -> String {
        let Some(part) = self.part else { return String::new() };
        let moments = [self.from, self.to].into_iter().flatten().count();
        let next = SalesFilter::FIRST_PARAMETER + self.products.values.len() + self.filter.values.len() + 1 + moments;
        part.id_condition(column, &format!("${next}"))
    }

    pub(super) fn values(&self) -> Vec<Value> {
        let mut values = [&self.products.values[..], &self.filter.values].concat();
        values.push(self.currency.as_str().into());
        values.extend([self.from, self.to].into_iter().flatten().map(|at| Value::from(at.micros())));
        values.extend(self.part.map(|part| Value::from(part.id())));
        values.extend(self.span.as_ref().and_then(|span| span.after.as_ref()).map(|key| match key {
            GroupKey::Day(day) => Value::from(*day),
            GroupKey::Text(text) => Value::from(text.as_str()),
            GroupKey::Id(id) => Value::from(*id),
            // No group follows this key, so the condition matches none.
            GroupKey::Nothing => Value::from(None::<i32>),
        }));
        values
    }

    /// Leaves the groups of the span: the first ones of several tallies together are among the first of each.
    pub(super) fn truncate_to_span(&self, tally: &mut Tally) {
        if let Some(end_key) = self.span.as_ref().and_then(|span| tally.keys().nth(span.limit).cloned()) {
            tally.split_off(&end_key);
        }
    }

    pub(super) fn key(&self, row: &mut Row<'_>) -> Result<GroupKey, Fault> {
        let key = match self.group {
            Group::None => row.take::<Option<i64>>()?.map(|_| GroupKey::Nothing),
            Group::Day | Group::Month => row.take::<Option<i32>>()?.map(GroupKey::Day),
            Group::Country => row.take::<Option<String>>()?.map(GroupKey::Text),
            _ => row.take::<Option<Uuid>>()?.map(GroupKey::Id),
        };
        Ok(key.unwrap_or(GroupKey::Nothing))
    }
}
