//! Sums over orders and returns.

mod by_document;
pub(super) mod documents;
pub(super) mod halves;
pub(super) mod in_books;
mod large;
mod packed;
mod settled;
mod side;

use std::fmt::Write;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use inventory::catalog::rows::page::ProductCondition;
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::{QueryResult, Value};
use uuid::Uuid;

use self::side::{Side, nil};
use super::halves::{IdRange, rows_and_head};
use crate::insight::core::{Group, GroupKey, SalesByGroup, Sums, Tally};

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
const PRODUCT_OF_LINE: &str = "LEFT JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id";

/// `SoldLine::amount` and `SoldLine::cost` in the SQL of both databases: integer division
/// truncates.
const AMOUNT: &str = "CASE WHEN cancelled = 0 THEN total ELSE
    (total * (quantity - cancelled) + CASE WHEN total < 0 THEN -(quantity / 2) ELSE quantity / 2 END) / quantity END";
const COST: &str = "CASE WHEN decimals = 0 THEN cost * (quantity - cancelled)
    ELSE (cost * (quantity - cancelled) + (SCALE) / 2) / (SCALE) END";
const SCALE: &str = "CASE decimals WHEN 1 THEN 10 WHEN 2 THEN 100 WHEN 3 THEN 1000 WHEN 4 THEN 10000 WHEN 5 THEN 100000
    WHEN 6 THEN 1000000 WHEN 7 THEN 10000000 WHEN 8 THEN 100000000 ELSE 1000000000 END";

/// Lines that the database sums. To check a line for being too large costs as much as to sum it: so
/// all are summed first, and if one is too large, the sum is repeated without such lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SummedLines {
    All,
    WithoutLarge,
}

/// The sums of a group, after its side and its key. `settled` lines are summed separately, and so
/// are `large` lines if requested. `by_document` has the same columns.
#[derive(Record)]
struct GroupSums {
    #[record(sql = "count(DISTINCT document)")]
    documents: i64,
    #[record(sql = "count(item)")]
    lines: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 WHEN item IS NULL THEN 0 ELSE quantity - cancelled END) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 WHEN item IS NULL THEN 0 ELSE {amount} END) AS bigint)")]
    amount: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 WHEN item IS NOT NULL THEN 0 ELSE {amount} END) AS bigint)")]
    charges: i64,
    #[record(sql = "CAST(sum(CASE WHEN {large} = 1 THEN 0 ELSE {cost} END) AS bigint)")]
    cost: i64,
    #[record(sql = "sum(large)")]
    large: i64,
    #[record(sql = "sum(settled)")]
    settled: i64,
}

impl SalesQuery {
    /// The lines of one side, each with its group, which is the expression `key`.
    fn lines(&self, side: Side, backend: Backend, key: &str) -> String {
        let documents = side.documents(backend);
        let ([counted, table, document], cancelled) = (side.lines(), side.cancelled());
        let (cost, settled) = (side.unit_cost(), side.settled());
        let large = side.large();
        let (product, narrowed) = match self.group {
            Group::Product if !self.with_charges => ("", " AND l.product_id IS NOT NULL"),
            Group::Category if self.with_charges => (PRODUCT_OF_LINE, ""),
            Group::Category => ("CROSS JOIN product p", " AND p.tenant_id = $1 AND p.id = l.product_id"),
            _ => ("", ""),
        };
        let of_products = self.of_products().map(|fits| format!(" AND {fits}")).unwrap_or_default();
        // CROSS JOIN fixes SQLite's order: documents, then their lines by key. For Postgres it is an inner join like any other.
        format!(
            "SELECT {key} AS grp, o.placed_at AS placed, o.id AS document, l.product_id AS item, l.quantity, {cancelled} AS cancelled, l.total_minor AS total,
                    {cost} AS cost, l.unit_decimals AS decimals, CASE WHEN {large} THEN 1 ELSE 0 END AS large, {settled} AS settled
             FROM {documents} CROSS JOIN {table} l {product}
             WHERE {counted}{} AND ({}) AND l.tenant_id = $1 AND l.{document} = o.id{} AND l.quantity > {cancelled}{narrowed}{of_products}",
            self.bounds(),
            self.filter.condition,
            self.part_condition(&format!("l.{document}"))
        )
    }

    /// Returns the expression of a line's group.
    fn grouped(&self, nil: &str) -> String {
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
    fn of_products(&self) -> Option<String> {
        self.products.on("l.product_id")
    }

    /// True if it is of products that are named or filtered; Postgres finds their lines by an index.
    fn is_of_some_products(&self) -> bool {
        !self.products.sql.is_empty()
    }

    /// Whether charges are summed.
    fn has_charges(&self) -> bool {
        !self.is_of_some_products() && (self.with_charges || !self.group.by_product())
    }

    /// A condition that a key is after the span's; lines without a group are the last. Its
    /// parameter is the last one.
    fn beyond(&self, key: &str) -> String {
        let Some(Some(_)) = self.span.as_ref().map(|span| &span.after) else { return String::new() };
        let last = SalesFilter::FIRST_PARAMETER + self.values().len() - 1;
        format!(" AND ({key} > ${last} OR {key} IS NULL)")
    }

    /// Currency, moments and part; their parameters come after the filter's.
    fn bounds(&self) -> String {
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

    fn values(&self) -> Vec<Value> {
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
    fn cut(&self, tally: &mut Tally) {
        if let Some(behind) = self.span.as_ref().and_then(|span| tally.keys().nth(span.limit).cloned()) {
            tally.split_off(&behind);
        }
    }

    fn totals(&self, side: Side, backend: Backend, summed: SummedLines) -> String {
        let groups = if summed == SummedLines::All && self.is_by_document(backend) {
            self.totals_by_document(side, backend)
        } else {
            self.totals_by_line(side, backend, summed)
        };
        match &self.span {
            None => groups,
            // The first groups of both sides together are among the first of each.
            Some(span) => {
                format!("SELECT * FROM ({groups} ORDER BY grp NULLS LAST LIMIT {}) AS side_{}", span.limit, side as i32)
            }
        }
    }

    /// The sums of one side by group, line by line: those of a document may be of several groups.
    fn totals_by_line(&self, side: Side, backend: Backend, summed: SummedLines) -> String {
        let large = if summed == SummedLines::All { "0" } else { "large" };
        let sums = GroupSums::SELECT.replace("{amount}", AMOUNT).replace("{cost}", &COST.replace("SCALE", SCALE));
        let (lines, beyond) = (self.lines(side, backend, &self.grouped(nil(backend))), self.beyond("grp"));
        format!(
            "SELECT {} AS side, grp, {} FROM ({lines}) x WHERE 1 = 1{beyond} GROUP BY grp",
            side as i32,
            sums.replace("{large}", large)
        )
    }

    fn key(&self, row: &mut Row<'_>) -> Result<GroupKey, Fault> {
        let key = match self.group {
            Group::None => row.take::<Option<i64>>()?.map(|_| GroupKey::Nothing),
            Group::Day | Group::Month => row.take::<Option<i32>>()?.map(GroupKey::Day),
            Group::Country => row.take::<Option<String>>()?.map(GroupKey::Text),
            _ => row.take::<Option<Uuid>>()?.map(GroupKey::Id),
        };
        Ok(key.unwrap_or(GroupKey::Nothing))
    }
}

/// Sums by group; months by their days. Both sides come from one statement, and so from one state of the database; many documents by category from two
/// statements of one state.
pub async fn sales(reads: &impl Reads, query: &SalesQuery) -> Result<SalesByGroup, Fault> {
    if let Some(cut) = halves::cut(reads, query).await?
        && let Some(sold) = halves::sales_in_halves(reads, query, cut).await?
    {
        return Ok(sold);
    }
    Ok(sales_at(reads, query, false).await?.0)
}

/// Reads the sums with one statement; for a half also the last event at that time.
async fn sales_at(reads: &impl Reads, query: &SalesQuery, is_half: bool) -> Result<(SalesByGroup, Option<i64>), Fault> {
    let backend = reads.backend();
    let (mut found, head) = match summed(reads, query, SummedLines::All, is_half).await {
        Ok(all) if all.0.large == 0 => all,
        Err(fault) if !fault.is_overflow() => return Err(fault),
        Ok(_) | Err(_) => summed(reads, query, SummedLines::WithoutLarge, is_half).await?,
    };
    let tally = &mut found.sold.groups;
    // One side of the last groups may not have been read: they are cut off.
    query.cut(tally);
    if found.large > 0 {
        let sql = format!("{} UNION ALL {}", query.large_lines(Side::Sales, backend), query.large_lines(Side::Returns, backend));
        for row in &reads.rows(&sql, query.values()).await? {
            large::add_large(query, row, tally)?;
        }
    }
    if found.settled > 0 {
        settled::apply_refunds(query, &reads.rows(&query.settled_lines(backend), query.values()).await?, tally)?;
    }
    Ok((found.sold, head))
}

/// Sums by the database, and the numbers of lines that are too large for it and of settled returns.
#[derive(Default)]
struct DatabaseSums {
    sold: SalesByGroup,
    large: i64,
    settled: i64,
}

/// The columns of the statement: the side, the key of a group, and its sums.
const COLUMNS: usize = 10;

async fn summed(
    reads: &impl Reads,
    query: &SalesQuery,
    summed: SummedLines,
    is_half: bool,
) -> Result<(DatabaseSums, Option<i64>), Fault> {
    let backend = reads.backend();
    let totals = |side| query.totals(side, backend, summed);
    let counts = query.documents_counted(backend);
    let sql = format!("{} UNION ALL {}{counts}", totals(Side::Sales), totals(Side::Returns));
    let (rows, head) = if is_half {
        rows_and_head(reads, (sql.as_str(), COLUMNS), query.values()).await?
    } else {
        (reads.rows(&sql, query.values()).await?, None)
    };
    let mut found = DatabaseSums::default();
    for row in &rows {
        add_totals(query, row, &mut found)?;
    }
    Ok((found, head))
}

fn add_totals(query: &SalesQuery, row: &QueryResult, all: &mut DatabaseSums) -> Result<(), Fault> {
    let mut row = Row::new(row);
    let side: i32 = row.take()?;
    let key = query.key(&mut row)?;
    let found: GroupSums = row.record()?;
    if let Some(counted) = documents::count_index(side) {
        all.sold.documents.get_or_insert_default()[counted] += i128::from(found.documents);
        return Ok(());
    }
    let sums = all.sold.groups.entry(key).or_default();
    sums.add(&if side == Side::Sales as i32 {
        Sums {
            orders: found.documents.into(),
            order_lines: found.lines.into(),
            units_sold: found.units.into(),
            gross: found.amount.into(),
            charges: found.charges.into(),
            cost: found.cost.into(),
            ..Sums::default()
        }
    } else {
        Sums {
            returns: found.documents.into(),
            return_lines: found.lines.into(),
            units_returned: found.units.into(),
            refunds: found.amount.into(),
            charge_credits: found.charges.into(),
            ..Sums::default()
        }
    });
    all.large += found.large;
    all.settled += found.settled;
    Ok(())
}

/// The tenant's own currency.
pub async fn default_currency(reads: &impl Reads) -> Result<Currency, Fault> {
    let rows = reads.rows("SELECT default_currency FROM tenant WHERE id = $1", vec![]).await?;
    let code: Option<String> = rows.first().map(Row::scalar).transpose()?;
    let known = code.as_deref().and_then(Currency::parse);
    known.ok_or_else(|| Fault::corrupt("tenant", "its currency is an ISO 4217 code"))
}
