//! The statement of the report builder, composed of constant parts: the caller's input is in its
//! parameters only.

mod orders;
mod statement;

use entity::prelude::*;
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::QueryResult;
use uuid::Uuid;

pub use self::statement::BuiltGroup;
use self::statement::{Part, Statement};
use super::{
    builder_levels::ROOT_CATEGORIES_SQL,
    narrow::{ReportFilter, SqlParameters},
};
use crate::{
    demand::rows::{CURRENT, FIRST_DAY, FactKey, UNTAXED},
    reports::core::{Base, BaseSource, Bucket, ComparisonPeriod, MAX_GROUPS, ReportDimension, ReportSpec},
};

const OF_DAYS: Part =
    Part { day: Some("d.business_date"), product: "d.product_id", store: "d.store_id", channel: "d.channel_id" };
const OF_SPANS: Part = Part { day: None, product: "x.product_id", store: "x.store_id", channel: "" };
const OF_CLOSINGS: Part = Part { day: None, product: "d.product_id", store: "d.store_id", channel: "" };

/// Returns the source of a sum. An order has one day, store, channel and currency, so that facts of
/// a product count each order once.
fn source_of(base: Base, spec: &ReportSpec) -> BaseSource {
    match base {
        Base::Orders if spec.dimensions.contains(&ReportDimension::Product) => BaseSource::Sales,
        _ => base.source(),
    }
}

/// Whether a sum is one of the statement's. Levels at the end of each row's days go on from one row
/// to the next.
fn is_in_statement(base: Base, spec: &ReportSpec) -> bool {
    match source_of(base, spec) {
        BaseSource::Values | BaseSource::Stockouts => false,
        BaseSource::Closing => spec.unit().is_none(),
        BaseSource::Sales | BaseSource::Movements | BaseSource::Orders | BaseSource::Spans => true,
    }
}

/// Sources that statements read, in the order of their parts.
const SOURCES: [BaseSource; 5] =
    [BaseSource::Sales, BaseSource::Movements, BaseSource::Orders, BaseSource::Closing, BaseSource::Spans];

/// Groups that pass `report_filter`, at most one more than a report may have. Groups with zeros
/// only are left out.
pub async fn built_groups(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    spec: &ReportSpec,
    before: Option<&ComparisonPeriod>,
    currency: Currency,
) -> Result<Vec<BuiltGroup>, Fault> {
    let bases = spec.bases();
    let is_read =
        |source: &BaseSource| bases.iter().any(|base| source_of(*base, spec) == *source && is_in_statement(*base, spec));
    let sources: Vec<BaseSource> = SOURCES.into_iter().filter(is_read).collect();
    let make = || Statement {
        bound: SqlParameters::of(reads, report_filter),
        filter: report_filter,
        spec,
        before,
        bases: spec.bases(),
        currency,
    };
    if !sources.contains(&BaseSource::Orders) || !orders::counts_orders_separately(spec) {
        return groups_of(reads, make(), &sources).await;
    }
    let other_sources: Vec<BaseSource> = sources.into_iter().filter(|source| *source != BaseSource::Orders).collect();
    let order_groups = orders::orders_of_products(reads, report_filter, &make);
    let (mut groups, order_groups) = tokio::try_join!(groups_of(reads, make(), &other_sources), order_groups)?;
    let order_groups = match order_groups {
        Some(order_groups) => order_groups,
        None => groups_of(reads, make(), &[BaseSource::Orders]).await?,
    };
    orders::join(&mut groups, order_groups);
    Ok(groups)
}

/// The groups of a statement on these sources; sums of others are 0.
async fn groups_of(reads: &impl Reads, mut statement: Statement<'_>, sources: &[BaseSource]) -> Result<Vec<BuiltGroup>, Fault> {
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let sql = statement.sql(sources);
    let Statement { bound, spec, before, bases, .. } = statement;
    let (count, is_compared) = (bases.len(), before.is_some());
    let read = |row: &QueryResult| -> Result<BuiltGroup, Fault> {
        let mut row = Row::new(row);
        let key = |dimension: &ReportDimension| -> Result<FactKey, Fault> {
            Ok(if dimension.is_by_id() {
                FactKey::Id(row.take::<Option<Uuid>>()?.unwrap_or_default())
            } else {
                FactKey::Date(row.take()?)
            })
        };
        let keys = spec.dimensions.iter().map(key).collect::<Result<Vec<_>, Fault>>()?;
        let mut sums = || (0..count).map(|_| row.take()).collect::<Result<Vec<i64>, Fault>>();
        let now = sums()?;
        let before = if is_compared { sums()? } else { vec![0; count] };
        Ok(BuiltGroup { keys, now, before })
    };
    reads.rows(&sql, bound.values).await?.iter().map(read).collect()
}

impl Statement<'_> {
    fn sql(&mut self, sources: &[BaseSource]) -> String {
        let mut parts = Vec::new();
        for source in sources {
            match source {
                // Sales and movements are columns of the same rows.
                BaseSource::Movements if sources.contains(&BaseSource::Sales) => {}
                BaseSource::Sales | BaseSource::Movements => parts.push(self.of_days()),
                BaseSource::Orders => parts.push(self.of_orders()),
                BaseSource::Closing => parts.extend(self.of_closings()),
                // They are distributed to stores and rounded by level, which a sum of rows cannot
                // do.
                BaseSource::Values | BaseSource::Stockouts => {}
                BaseSource::Spans => parts.push(self.of_spans()),
            }
        }
        let numbers = 0..self.bases.len();
        let sum = |side: i32, name: &str| {
            let sum_column =
                |nth: usize| format!("CAST(sum(CASE WHEN a.w = {side} THEN a.b{nth} ELSE 0 END) AS bigint) AS {name}{nth}");
            numbers.clone().map(sum_column).collect::<Vec<_>>()
        };
        let mut names: Vec<String> = numbers.clone().map(|nth| format!("c{nth}")).collect();
        let mut sums = sum(0, "c");
        if self.before.is_some() {
            names.extend(numbers.clone().map(|nth| format!("p{nth}")));
            sums.extend(sum(1, "p"));
        }
        let keys: Vec<String> = (0..self.spec.dimensions.len()).map(|nth| format!("a.k{nth}")).collect();
        let group_columns = self.spec.dimensions.iter().enumerate().map(|(nth, dimension)| {
            if dimension.is_by_id() { format!("g.k{nth}") } else { format!("CAST(g.k{nth} AS integer)") }
        });
        let nonzero_condition = names.iter().map(|name| format!("g.{name} <> 0")).collect::<Vec<_>>().join(" OR ");
        let columns = names.iter().map(|name| format!("g.{name}"));
        format!(
            "{top}SELECT {group_columns} FROM (SELECT {keys}, {sums} FROM ({parts}) a GROUP BY {keys}) g WHERE {nonzero_condition} LIMIT {limit}",
            top = if self.spec.dimensions.contains(&ReportDimension::TopCategory) { ROOT_CATEGORIES_SQL } else { "" },
            group_columns = group_columns.chain(columns).collect::<Vec<_>>().join(", "),
            keys = keys.join(", "),
            sums = sums.join(", "),
            parts = parts.join(" UNION ALL "),
            limit = MAX_GROUPS + 1
        )
    }

    /// Sales and movements from demand facts; sales in one currency, movements have none.
    fn of_days(&mut self) -> String {
        let (part, spec) = (OF_DAYS, self.spec);
        let (keys, joins) = self.keys(&part);
        let (side, days, filter_conditions) =
            (self.side("d.business_date"), self.days_condition("d.business_date"), self.filter_conditions_of(&part));
        let money = self.bound.bind(self.currency.as_str());
        let column = |base: Base| {
            let column = match base {
                Base::Ordered => "d.ordered_units",
                Base::Cancelled => "d.cancelled_units",
                Base::Sold => "d.ordered_units - d.cancelled_units",
                Base::Returned => "d.returned_units",
                Base::OrderLines => "d.order_lines",
                Base::Gross => "d.gross_minor",
                Base::Untaxed => UNTAXED,
                Base::Discount => "d.discount_minor",
                Base::Refund => "d.refund_minor",
                Base::Cost => "d.cost_minor",
                Base::Received => "d.received_units",
                Base::Removed => "d.removed_units",
                Base::Orders if source_of(base, spec) == BaseSource::Sales => "d.orders",
                Base::Orders
                | Base::Closing
                | Base::StockValue
                | Base::InStockDays
                | Base::OutDays
                | Base::LostUnits
                | Base::LostRevenue => return None,
            };
            Some(column)
        };
        if !self.sums_products_first() {
            let sums = self.sums(|base| column(base).map(str::to_owned));
            return format!(
                "SELECT {keys}, {side} AS w, {sums} FROM demand_day d{joins}
                 WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.currency IN ('', {money}) AND {days}{filter_conditions}"
            );
        }
        let sums = self.sums(|base| column(base).map(|column| format!("sum({column})")));
        let names = (0..self.bases.len()).map(|nth| format!("d.b{nth} AS b{nth}")).collect::<Vec<_>>().join(", ");
        let sides = if self.before.is_some() { ", w" } else { "" };
        format!(
            "SELECT {keys}, d.w AS w, {names} FROM (
               SELECT d.product_id, {side} AS w, {sums} FROM demand_day d
               WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.currency IN ('', {money}) AND {days}{filter_conditions}
               GROUP BY d.product_id{sides}) d{joins}"
        )
    }

    /// Whether facts are summed by product before these are grouped: SQLite would look up the
    /// product of each fact, and sort facts by longer keys.
    fn sums_products_first(&self) -> bool {
        let dimensions = &self.spec.dimensions;
        let are_of_products =
            dimensions.iter().all(|dimension| dimension.is_of_products() && *dimension != ReportDimension::Product);
        self.bound.backend() == Backend::Sqlite && !dimensions.is_empty() && are_of_products
    }

    /// Returns the statements for the stock on hand at the end of the last day, and at the end of
    /// the last compared day.
    fn of_closings(&mut self) -> Vec<String> {
        let part = OF_CLOSINGS;
        let sides = [(0, Some(self.filter.span.to)), (1, self.before.map(|before| before.span.to))];
        let mut parts = Vec::new();
        for (side, last) in sides {
            let Some(last) = last else { continue };
            let (keys, joins) = self.keys(&part);
            let (first, last) = (self.bound.bind(FIRST_DAY), self.bound.bind(i64::from(last)));
            let filter_conditions = self.filter_conditions_of(&part);
            let sums = self.sums(|base| matches!(base, Base::Closing).then(|| "d.net_units".to_owned()));
            parts.push(format!(
                "SELECT {keys}, {side} AS w, {sums} FROM demand_day d{joins}
                 WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= {first} AND d.business_date <= {last}{filter_conditions}"
            ));
        }
        parts
    }

    /// Days with and without stock: for each calendar unit the part of each span within it, without
    /// days in the future.
    fn of_spans(&mut self) -> String {
        let part = OF_SPANS;
        let stretches = if let Some(unit) = self.spec.unit() {
            self.buckets(unit)
        } else {
            let whole_bucket = |from: i32, to: i32| Bucket { first: from, last: to, key: 0 };
            let before = self.before.map(|before| (whole_bucket(before.span.from, before.span.to), 1));
            before.into_iter().chain([(whole_bucket(self.filter.span.from, self.filter.span.to), 0)]).collect()
        };
        let mut span_rows = Vec::new();
        for (Bucket { first, last, key }, side) in stretches {
            let [first, last, key] = [first, last.min(self.spec.latest_day), key].map(|day| self.bound.bind(i64::from(day)));
            span_rows.push(format!(
                "SELECT CAST({first} AS bigint) AS since, CAST({last} AS bigint) AS until, CAST({key} AS bigint) AS k, {side} AS w"
            ));
        }
        let (keys, joins) = self.keys(&part);
        let filter_conditions = self.filter_conditions_of(&part);
        let days = "(CASE WHEN x.to_date IS NULL OR x.to_date > b.until THEN b.until ELSE x.to_date END
            - CASE WHEN x.from_date < b.since THEN b.since ELSE x.from_date END + 1)";
        let sums = self.sums(|base| match base {
            Base::InStockDays => Some(format!("CASE WHEN x.state = 'OUT' THEN 0 ELSE {days} END")),
            Base::OutDays => Some(format!("CASE WHEN x.state = 'OUT' THEN {days} ELSE 0 END")),
            _ => None,
        });
        format!(
            "SELECT {keys}, b.w AS w, {sums} FROM ({span_rows}) b
             JOIN stock_span x ON b.since <= b.until AND x.from_date <= b.until AND (x.to_date IS NULL OR x.to_date >= b.since){joins}
             WHERE x.tenant_id = $1 AND x.generation = {CURRENT}{filter_conditions}",
            span_rows = span_rows.join(" UNION ALL ")
        )
    }
}
