//! Units, revenue and booked cost of levels.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{cost_posting, demand_day},
};
use platform::storage::{Backend, Fault, Finds, Reads};

use super::narrow::{DAY_MICROS, ReportFilter, SqlParameters};
use crate::{
    demand::rows::{CURRENT, FIRST_DAY, products_of_same_category},
    reports::core::{Productivity, Span},
};

/// Sales and stock of a level, and the sum of its units at the end of each day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelFlow {
    pub product: ProductId,
    pub category: Option<CategoryId>,
    pub store: StoreId,
    pub sums: Productivity,
    pub closing_sum: i64,
}

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
struct FlowRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(sql = "CAST(sum(d.received_units) AS bigint)")]
    received: i64,
    #[record(sql = "CAST(sum(d.moved_in_units) AS bigint)")]
    moved_in: i64,
    #[record(sql = "CAST(sum(d.ordered_units - d.cancelled_units) AS bigint)")]
    sold: i64,
    #[record(sql = "CAST(sum(d.net_units) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(d.net_units * ({to} - d.business_date + 1)) AS bigint)")]
    closing_sum: i64,
    #[record(sql = "CAST(sum(CASE WHEN d.currency <> {money} THEN 0 ELSE d.gross_minor - d.refund_minor END) AS bigint)")]
    net: i64,
    /// Rows of documents in other currencies.
    #[record(sql = "count(*) FILTER (WHERE d.currency <> {money} AND d.currency <> '')")]
    others: i64,
    /// Net units of the days before.
    #[record(sql = "CAST(0 AS bigint)")]
    opening: i64,
    #[record(sql = "CAST(min(d.business_date) AS integer)")]
    first_day: i32,
}

/// The columns of `FlowRow`, of the days before.
const COLUMNS_BEFORE_PERIOD: &str =
    "d.product_id, d.store_id, 0, 0, 0, 0, 0, 0, 0, CAST(sum(d.net_units) AS bigint), CAST(min(d.business_date) AS integer)";

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

/// Sums of the postings of some days, in the order of its columns; null without days.
struct PostedSums {
    sold: String,
    returned: String,
    moved: String,
}

impl PostedSums {
    fn of(bound: &mut SqlParameters, span: Option<Span>) -> Self {
        let Some(span) = span else {
            let none = "CAST(NULL AS bigint)".to_owned();
            return Self { sold: none.clone(), returned: none, moved: "CAST(0 AS bigint)".to_owned() };
        };
        let (from, to) = (bound.bind(i64::from(span.from)), bound.bind(i64::from(span.to)));
        let days = bound.bind(span.days());
        let kind_sum = |kind: &str, sign: &str| {
            format!(
                "CAST(sum({sign}x.{{minor}}) FILTER (WHERE x.kind = '{kind}' AND x.business_date >= {from} AND x.business_date <= {to}) AS bigint)"
            )
        };
        Self {
            sold: kind_sum("SALE", "-"),
            returned: kind_sum("RETURN", ""),
            moved: format!(
                "CAST(coalesce(sum(x.{{minor}} * CASE WHEN x.business_date > {to} THEN {days} ELSE x.business_date - {from} END)
                   FILTER (WHERE x.business_date > {from}), 0) AS bigint)"
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

/// The flows of all levels in all stores: a level's share of its product's value depends on all of
/// them.
pub async fn level_flows(reads: &impl Reads, report_filter: &ReportFilter, currency: Currency) -> Result<Vec<LevelFlow>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (from, to) = (bound.bind(i64::from(report_filter.span.from)), bound.bind(i64::from(report_filter.span.to)));
    let money = bound.bind(currency.as_str());
    let first = bound.bind(FIRST_DAY);
    let conditions = SqlParameters::of_products(report_filter, "d.product_id");
    let source = format!("FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {CURRENT}");
    // One statement, so that opening and closing stock are of one state. A level may have a row of
    // each.
    let flows = format!(
        "SELECT {select} {source} AND d.business_date >= {from} AND d.business_date <= {to}{conditions} GROUP BY d.product_id, d.store_id
         UNION ALL
         SELECT {COLUMNS_BEFORE_PERIOD} {source} AND d.business_date >= {first} AND d.business_date < {from}{conditions} GROUP BY d.product_id, d.store_id",
        select = FlowRow::SELECT.replace("{to}", &to).replace("{money}", &money)
    );
    let (flows, categories) =
        tokio::try_join!(reads.records::<FlowRow>(&flows, bound.values), products_of_same_category(reads, None))?;
    let empty = |product: ProductId, store: StoreId| LevelFlow {
        product,
        category: categories.get(&product).copied(),
        store,
        sums: Productivity::default(),
        closing_sum: 0,
    };
    let mut levels: HashMap<(ProductId, StoreId), LevelFlow> = HashMap::with_capacity(flows.len());
    for row in flows {
        let level = levels.entry((row.product_id, row.store_id)).or_insert_with(|| empty(row.product_id, row.store_id));
        level.sums.join(&Productivity {
            opening: row.opening.into(),
            received: row.received.into(),
            moved_in: row.moved_in.into(),
            sold: row.sold.into(),
            closing: i128::from(row.opening) + i128::from(row.units),
            net: row.net.into(),
            first_day: Some(row.first_day),
            has_other_currencies: row.others > 0,
            ..Productivity::default()
        });
        let closings = row.closing_sum.saturating_add(row.opening.saturating_mul(report_filter.span.days()));
        level.closing_sum = level.closing_sum.saturating_add(closings);
    }
    Ok(levels.into_values().collect())
}

const fn minor(method: CostingMethod) -> &'static str {
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
    ByTime,
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
            return Ok(Self::ByTime);
        }
        if !report_filter.products.sql.is_empty() {
            return Ok(Self::ByLevel);
        }
        let span = reads.records::<PostedSpan>(&format!("SELECT {}", PostedSpan::SELECT), Vec::new()).await?.pop();
        let Some(PostedSpan { oldest, newest }) = span else { return Ok(Self::ByTime) };
        let is_large = oldest.zip(newest).is_some_and(|(oldest, newest)| newest - since > (newest - oldest) / LARGE_PART);
        Ok(if is_large { Self::ByLevel } else { Self::ByTime })
    }
    /// Index hint after `cost_posting x`. SQLite would choose the index of levels for every
    /// grouping by level.
    fn index_hint(&self, backend: Backend) -> String {
        backend.indexed_by(match self {
            Self::ByLevel => "cost_posting_level",
            Self::ByTime => "cost_posting_occurred",
        })
    }
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
    let first = before.map_or(report_filter.span.from, |before| before.from.min(report_filter.span.from));
    let since = (i64::from(first) - 1) * DAY_MICROS;
    let postings = Postings::of(reads, report_filter, since).await?;
    let mut bound = SqlParameters::of(reads, report_filter);
    let (now, earlier) = (PostedSums::of(&mut bound, Some(report_filter.span)), PostedSums::of(&mut bound, before));
    let mut conditions = match postings {
        Postings::ByLevel => String::new(),
        Postings::ByTime => format!(" AND x.occurred_at >= {}", bound.bind(since)),
    };
    conditions += &SqlParameters::of_products(report_filter, "x.product_id");
    let sums = [
        ("{sold}", now.sold),
        ("{returned}", now.returned),
        ("{moved}", now.moved),
        ("{sold_before}", earlier.sold),
        ("{returned_before}", earlier.returned),
        ("{moved_before}", earlier.moved),
    ];
    let select = sums.iter().fold(PostedRow::SELECT.to_owned(), |select, (name, sum)| select.replace(name, sum));
    let sql = format!(
        "SELECT {select} FROM cost_posting x{index} WHERE x.tenant_id = $1{conditions} GROUP BY x.product_id, x.store_id
         UNION ALL SELECT {POOLS} FROM cost_pool c WHERE c.tenant_id = $1{of_pools}",
        index = postings.index_hint(reads.backend()),
        of_pools = SqlParameters::of_products(report_filter, "c.product_id")
    );
    let rows = reads.records::<PostedRow>(&sql.replace("{minor}", minor(method)), bound.values).await?;
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
