//! Booked cost and value of levels.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::cost_posting,
};
use platform::storage::{Backend, Fault, Finds, Reads};
use sea_orm::Value;

use super::narrow::{DAY_MICROS, ReportFilter, SqlParameters};
use crate::reports::core::Span;

/// Booked cost of a level's sales, and of its returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelCost {
    pub product: ProductId,
    pub store: StoreId,
    pub sold: i64,
    pub returned: i64,
}

/// Booked values and costs of the days.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookedAmounts {
    /// The value of each product, summed over the ends of the days; products without a value are
    /// left out.
    pub values: HashMap<ProductId, i64>,
    /// Levels with sales or returns.
    pub costs: Vec<LevelCost>,
}

#[derive(Record)]
struct PostedRow {
    #[record(of = cost_posting, alias = "x")]
    product_id: ProductId,
    #[record(of = cost_posting, alias = "x")]
    store_id: Option<StoreId>,
    /// None without a sale, or without a return, on the days.
    #[record(sql = "{sold}")]
    sold: Option<i64>,
    #[record(sql = "{returned}")]
    returned: Option<i64>,
    /// By how much the postings raise the value of now, times the days that closed before them.
    #[record(sql = "{moved}")]
    moved: i64,
    /// Cost of sales on the days before; None without one.
    #[record(sql = "{sold_before}")]
    sold_before: Option<i64>,
    #[record(sql = "{returned_before}")]
    returned_before: Option<i64>,
    #[record(sql = "{moved_before}")]
    moved_before: i64,
    /// Value of a product's pool; null for postings.
    #[record(sql = "CAST(NULL AS bigint)")]
    value_now: Option<i64>,
}

/// The columns of `PostedRow`, of pools.
const POOLS: &str = "c.product_id, NULL, NULL, NULL, 0, NULL, NULL, 0, c.{minor}";

/// A span, and its parameters in a statement.
struct BoundSpan {
    span: Span,
    from: String,
    to: String,
    days: String,
}

impl BoundSpan {
    fn of(bound: &mut SqlParameters, span: Span) -> Self {
        let [from, to, days] = [i64::from(span.from), i64::from(span.to), span.days()].map(|value| bound.bind(value));
        Self { span, from, to, days }
    }
    /// The first day, and the day after the last one, each with its expression.
    fn edges(&self) -> [(i64, String); 2] {
        [(self.span.from.into(), self.from.clone()), (i64::from(self.span.to) + 1, format!("{} + 1", self.to))]
    }
}

/// Returns the expression of a posting's period, into which the edges of the spans part the
/// calendar: its first day, or the day before the first edge for earlier postings.
fn period_start<'a>(spans: impl Iterator<Item = &'a BoundSpan>) -> String {
    let mut edges: Vec<_> = spans.flat_map(BoundSpan::edges).collect();
    edges.sort_unstable();
    edges.dedup_by_key(|(day, _)| *day);
    let periods = edges.iter().rev().map(|(_, edge)| format!("WHEN x.business_date >= {edge} THEN {edge} "));
    format!("CASE {}ELSE {} - 1 END", periods.collect::<Vec<_>>().concat(), edges[0].1)
}

/// Sums of the postings of some days, in the order of its columns; null without days.
struct PostedSums {
    sold: String,
    returned: String,
    moved: String,
}

impl PostedSums {
    /// `amount_days` is the amount of a row times its days since a day.
    fn of(span: Option<&BoundSpan>, amount_days: impl Fn(&str) -> String) -> Self {
        let Some(BoundSpan { from, to, days, .. }) = span else {
            let none = "CAST(NULL AS bigint)".to_owned();
            return Self { sold: none.clone(), returned: none, moved: "CAST(0 AS bigint)".to_owned() };
        };
        let kind_sum = |kind: &str, sign: &str| {
            format!(
                "CAST(sum({sign}x.{{minor}}) FILTER (WHERE x.business_date >= {from} AND x.business_date <= {to} AND x.kind = '{kind}') AS bigint)"
            )
        };
        Self {
            sold: kind_sum("SALE", "-"),
            returned: kind_sum("RETURN", ""),
            moved: format!(
                "CAST(coalesce(sum(CASE WHEN x.business_date > {to} THEN x.{{minor}} * {days} ELSE {} END)
                   FILTER (WHERE x.business_date >= {from}), 0) AS bigint)",
                amount_days(from)
            ),
        }
    }
}

/// Sums of postings and pools for some days.
#[derive(Default)]
struct PostingSums {
    moved: HashMap<ProductId, i128>,
    costs: Vec<LevelCost>,
}

impl PostingSums {
    /// Adds the sold, returned and moved values of a level; costs are added for requested stores
    /// only.
    fn add(
        &mut self,
        report_filter: &ReportFilter,
        (product, store): (ProductId, Option<StoreId>),
        sums: (Option<i64>, Option<i64>, i64),
    ) {
        let (sold, returned, moved) = sums;
        *self.moved.entry(product).or_default() += i128::from(moved);
        let is_asked = |store: &StoreId| report_filter.stores.as_ref().is_none_or(|selected| selected.contains(store));
        let Some(store) = store.filter(is_asked) else { return };
        if sold.is_some() || returned.is_some() {
            let (sold, returned) = (sold.unwrap_or_default(), returned.unwrap_or_default());
            self.costs.push(LevelCost { product, store, sold, returned });
        }
    }

    /// Computes the past values from those of the pools, less the later postings.
    fn past_values(self, pools: &[(ProductId, i64)], days: i64) -> Result<BookedAmounts, Fault> {
        let mut values = HashMap::with_capacity(pools.len());
        for (product, value) in pools {
            let moved = self.moved.get(product).copied().unwrap_or_default();
            let sum = i64::try_from(i128::from(*value) * i128::from(days) - moved);
            let sum = sum.map_err(|_| Fault::Broken("the booked value of some days passes 64 bits".to_owned()))?;
            if sum != 0 {
                values.insert(*product, sum);
            }
        }
        Ok(BookedAmounts { values, costs: self.costs })
    }
}

const fn minor_column(method: CostingMethod) -> &'static str {
    match method {
        CostingMethod::Fifo => "fifo_minor",
        CostingMethod::MovingAverage => "average_minor",
    }
}

/// The inverse of the share of a tenant's postings from which SQLite reads all of them: by level it
/// sums them while it reads them, and by time it looks up and sorts each.
const LARGE_PART: i64 = 4;

/// Access path for the postings since a time.
enum Postings {
    /// All postings of a tenant, or of some products, in the order of levels.
    ByLevel,
    ByTime {
        since: i64,
    },
}

/// Times of a tenant's first and last postings; None before the first.
#[derive(Record)]
struct PostedSpan {
    #[record(sql = "(SELECT x.occurred_at FROM cost_posting x WHERE x.tenant_id = $1 ORDER BY x.occurred_at LIMIT 1)")]
    oldest: Option<i64>,
    #[record(sql = "(SELECT y.occurred_at FROM cost_posting y WHERE y.tenant_id = $1 ORDER BY y.occurred_at DESC LIMIT 1)")]
    newest: Option<i64>,
}

impl Postings {
    async fn of(reads: &impl Reads, report_filter: &ReportFilter, since: i64) -> Result<Self, Fault> {
        if reads.backend() == Backend::Postgres {
            return Ok(Self::ByTime { since });
        }
        if !report_filter.products.sql.is_empty() {
            return Ok(Self::ByLevel);
        }
        let span = reads.records::<PostedSpan>(&format!("SELECT {}", PostedSpan::SELECT), Vec::new()).await?.pop();
        let Some(PostedSpan { oldest, newest }) = span else { return Ok(Self::ByTime { since }) };
        let is_large = oldest.zip(newest).is_some_and(|(oldest, newest)| newest - since > (newest - oldest) / LARGE_PART);
        Ok(if is_large { Self::ByLevel } else { Self::ByTime { since } })
    }
    /// The postings `x`, or their sums. SQLite would choose the index of levels for every grouping
    /// by level, so its index is named.
    fn source(&self, bound: &mut SqlParameters, report_filter: &ReportFilter, summed: SummedRows, spans: &BoundSpans) -> String {
        let (index, of_time) = match self {
            Self::ByLevel => ("cost_posting_level", String::new()),
            Self::ByTime { since } => ("cost_posting_occurred", format!(" AND x.occurred_at >= {}", bound.bind(*since))),
        };
        let postings = format!(
            "cost_posting x{index} WHERE x.tenant_id = $1{of_time}{of_products}",
            index = bound.backend().indexed_by(index),
            of_products = SqlParameters::of_products(report_filter, "x.product_id")
        );
        match summed {
            SummedRows::Postings => postings,
            SummedRows::Periods => format!(
                "(SELECT x.product_id, x.store_id, x.kind, {period_start} AS business_date, CAST(sum(x.{{minor}}) AS bigint) AS {{minor}},
                    CAST(sum(x.{{minor}} * (x.business_date - {origin})) AS bigint) AS amount_days
                  FROM {postings} GROUP BY x.product_id, x.store_id, x.kind, 4) x",
                period_start = period_start([&spans.now].into_iter().chain(&spans.before)),
                origin = spans.now.from
            ),
        }
    }
}

/// Rows `x` of which a level's sums are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SummedRows {
    Postings,
    /// The sums of a level, kind and period: of two sums without conditions. Postgres tests the
    /// conditions of each sum for every row, and SQLite would have to sort the postings.
    Periods,
}

impl SummedRows {
    /// The expression of a row's amount times its days since `from`. Rows of periods have their days
    /// since `origin`.
    fn amount_days(self, origin: &str, from: &str) -> String {
        match self {
            Self::Postings => format!("x.{{minor}} * (x.business_date - {from})"),
            Self::Periods => format!("x.amount_days - x.{{minor}} * ({from} - {origin})"),
        }
    }
}

/// The span, and the days before.
struct BoundSpans {
    now: BoundSpan,
    before: Option<BoundSpan>,
}

/// The statement of all sums and pools.
fn statement(
    mut bound: SqlParameters,
    report_filter: &ReportFilter,
    postings: &Postings,
    before: Option<Span>,
    summed: SummedRows,
) -> (String, Vec<Value>) {
    let now = BoundSpan::of(&mut bound, report_filter.span);
    let spans = BoundSpans { now, before: before.map(|before| BoundSpan::of(&mut bound, before)) };
    let source = postings.source(&mut bound, report_filter, summed, &spans);
    let amount_days = |from: &str| summed.amount_days(&spans.now.from, from);
    let (now, earlier) = (PostedSums::of(Some(&spans.now), amount_days), PostedSums::of(spans.before.as_ref(), amount_days));
    let sums = [
        ("{sold}", now.sold),
        ("{returned}", now.returned),
        ("{moved}", now.moved),
        ("{sold_before}", earlier.sold),
        ("{returned_before}", earlier.returned),
        ("{moved_before}", earlier.moved),
    ];
    let select = sums.iter().fold(PostedRow::SELECT.to_owned(), |select, (name, sum)| select.replace(name, sum));
    let of_pools = SqlParameters::of_products(report_filter, "c.product_id");
    let sql = format!(
        "SELECT {select} FROM {source} GROUP BY x.product_id, x.store_id
         UNION ALL SELECT {POOLS} FROM cost_pool c WHERE c.tenant_id = $1{of_pools}"
    );
    (sql, bound.values)
}

/// The rows of all sums and pools. Sums of a period may pass 64 bits where those of its postings
/// with a condition do not: then these are read.
async fn posted_rows(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    method: CostingMethod,
    before: Option<Span>,
) -> Result<Vec<PostedRow>, Fault> {
    let first = before.map_or(report_filter.span.from, |before| before.from.min(report_filter.span.from));
    let postings = Postings::of(reads, report_filter, (i64::from(first) - 1) * DAY_MICROS).await?;
    let statement_of = |summed: SummedRows| {
        let (sql, values) = statement(SqlParameters::of(reads, report_filter), report_filter, &postings, before, summed);
        (sql.replace("{minor}", minor_column(method)), values)
    };
    if reads.backend() == Backend::Postgres {
        let (sql, values) = statement_of(SummedRows::Periods);
        match reads.records(&sql, values).await {
            Err(fault) if fault.is_overflow() => {}
            found => return found,
        }
    }
    let (sql, values) = statement_of(SummedRows::Postings);
    reads.records(&sql, values).await
}

/// Returns the booked costs of sales and returns on these days, and the booked value: computed back
/// from the current one, so that only postings since the first day are read, and each of them once.
/// Values are of all stores. It is one statement, as a posting between two would be subtracted from
/// a value that does not include it; with the days before, whose postings are read anyway, it has
/// the sums of both.
pub async fn booked_amounts(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    method: CostingMethod,
    before: Option<Span>,
) -> Result<(BookedAmounts, Option<BookedAmounts>), Fault> {
    let rows = posted_rows(reads, report_filter, method, before).await?;
    let (mut pools, mut now, mut earlier) = (Vec::new(), PostingSums::default(), PostingSums::default());
    for row in rows {
        let PostedRow { product_id, store_id, sold, returned, moved, sold_before, returned_before, moved_before, value_now } =
            row;
        if let Some(value) = value_now {
            pools.push((product_id, value));
            continue;
        }
        now.add(report_filter, (product_id, store_id), (sold, returned, moved));
        if before.is_some() {
            earlier.add(report_filter, (product_id, store_id), (sold_before, returned_before, moved_before));
        }
    }
    let earlier = before.map(|before| earlier.past_values(&pools, before.days())).transpose()?;
    Ok((now.past_values(&pools, report_filter.span.days())?, earlier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_at_the_edges_of_both_spans() {
        let bound = |from, to, marks: [&str; 2]| BoundSpan {
            span: Span { from, to },
            from: marks[0].to_owned(),
            to: marks[1].to_owned(),
            days: String::new(),
        };
        let (span, before) = (bound(20, 29, ["$2", "$3"]), bound(6, 15, ["$4", "$5"]));
        let when = |mark: &str| format!("WHEN x.business_date >= {mark} THEN {mark} ");
        let [after, now, between, earlier] = ["$3 + 1", "$2", "$5 + 1", "$4"].map(when);
        assert_eq!(period_start([&span, &before].into_iter()), format!("CASE {after}{now}{between}{earlier}ELSE $4 - 1 END"));
        let adjacent = bound(10, 19, ["$4", "$5"]);
        assert_eq!(period_start([&span, &adjacent].into_iter()), format!("CASE {after}{now}{earlier}ELSE $4 - 1 END"));
        assert_eq!(period_start([&span].into_iter()), format!("CASE {after}{now}ELSE $2 - 1 END"));
    }
}
