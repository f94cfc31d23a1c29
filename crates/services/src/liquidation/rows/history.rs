//! Weeks of sales with their prices, for the estimate of price responses.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::stock_span,
};
use platform::storage::{Fault, Finds, Reads};

use crate::demand::rows::CURRENT;

/// Weeks of a product in order: the Monday, smallest units, and the amount paid for them without tax.
pub type PriceHistory = HashMap<ProductId, Vec<(i32, i64, i64)>>;
/// Units of a category by week.
pub type CategoryWeeks = HashMap<CategoryId, HashMap<i32, i64>>;

#[derive(Record)]
struct WeekRow {
    #[record(sql = "d.product_id")]
    product: ProductId,
    #[record(sql = "CAST(d.business_date - (d.business_date + 3) % 7 AS integer)")]
    week: i32,
    #[record(sql = "CAST(sum(d.ordered_units - d.cancelled_units) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(d.list_minor - d.discount_minor) AS bigint)")]
    paid: i64,
}

#[derive(Record)]
struct CategoryRow {
    #[record(sql = "p.category_id")]
    category: CategoryId,
    #[record(sql = "w.week_date")]
    week: i32,
    #[record(sql = "CAST(sum(w.ordered_units - w.cancelled_units) AS bigint)")]
    units: i64,
}

/// A product with its category, whose other products have price histories too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct CategorizedProduct {
    #[record(sql = "c.product_id")]
    pub product: ProductId,
    #[record(sql = "c.category_id")]
    pub category: CategoryId,
    #[record(sql = "c.unit_decimals")]
    pub unit_decimals: i32,
}

#[derive(Record)]
#[record(of = stock_span, alias = "s")]
struct SpanRow {
    product_id: ProductId,
    from_date: i32,
    to_date: Option<i32>,
}

/// Weeks in which products were sold, in all stores and in one currency, from a Monday on and before another one.
pub async fn price_weeks(
    reads: &impl Reads,
    products: &[ProductId],
    (from, to): (i32, i32),
    currency: Currency,
) -> Result<PriceHistory, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND {} AND d.business_date >= $3
         AND d.business_date < $4 AND d.currency = $5 GROUP BY d.product_id, d.business_date - (d.business_date + 3) % 7
         HAVING sum(d.ordered_units - d.cancelled_units) > 0 ORDER BY 1, 2",
        WeekRow::SELECT,
        backend.in_ids("d.product_id", 2)
    );
    let values =
        vec![backend.ids(products.iter().copied()), i64::from(from).into(), i64::from(to).into(), currency.as_str().into()];
    let mut history = PriceHistory::new();
    for row in reads.records::<WeekRow>(&sql, values).await? {
        history.entry(row.product).or_default().push((row.week, row.units, row.paid));
    }
    Ok(history)
}

/// Returns the weekly sales of categories, from one Monday (inclusive) to another (exclusive).
pub async fn category_weeks(
    reads: &impl Reads,
    categories: &[CategoryId],
    (from, to): (i32, i32),
) -> Result<CategoryWeeks, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM demand_week w JOIN product p ON p.tenant_id = $1 AND p.id = w.product_id
         WHERE w.tenant_id = $1 AND w.generation = {CURRENT} AND w.week_date >= $3 AND w.week_date < $4 AND {}
         GROUP BY p.category_id, w.week_date",
        CategoryRow::SELECT,
        backend.in_ids("p.category_id", 2)
    );
    let values = vec![backend.ids(categories.iter().copied()), i64::from(from).into(), i64::from(to).into()];
    let mut weeks_by_category = CategoryWeeks::new();
    for row in reads.records::<CategoryRow>(&sql, values).await? {
        weeks_by_category.entry(row.category).or_default().insert(row.week, row.units);
    }
    Ok(weeks_by_category)
}

/// Products of categories that sold in weeks from a Monday on and before another one: a number for
/// each category, those that sold in most weeks.
pub async fn most_sold_weeks(
    reads: &impl Reads,
    categories: &[CategoryId],
    (from, to): (i32, i32),
    limit: usize,
) -> Result<Vec<CategorizedProduct>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM (
           SELECT w.product_id, p.category_id, p.unit_decimals,
             row_number() OVER (PARTITION BY p.category_id ORDER BY count(DISTINCT w.week_date) DESC, w.product_id) AS place
           FROM demand_week w JOIN product p ON p.tenant_id = $1 AND p.id = w.product_id
           WHERE w.tenant_id = $1 AND w.generation = {CURRENT} AND w.week_date >= $3 AND w.week_date < $4 AND {}
           GROUP BY w.product_id, p.category_id, p.unit_decimals) c
         WHERE c.place <= {limit} ORDER BY c.category_id, c.product_id",
        CategorizedProduct::SELECT,
        backend.in_ids("p.category_id", 2)
    );
    let values = vec![backend.ids(categories.iter().copied()), i64::from(from).into(), i64::from(to).into()];
    reads.records::<CategorizedProduct>(&sql, values).await
}

/// Spans of days on which products were in stock in any store, as far as they end on a day or
/// later.
pub async fn stock_intervals(
    reads: &impl Reads,
    products: &[ProductId],
    since: i32,
) -> Result<HashMap<ProductId, Vec<(i32, Option<i32>)>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM stock_span s WHERE s.tenant_id = $1 AND s.generation = {CURRENT} AND {} AND s.state = 'IN_STOCK'
         AND (s.to_date IS NULL OR s.to_date >= $3)",
        SpanRow::SELECT,
        backend.in_ids("s.product_id", 2)
    );
    let mut intervals: HashMap<ProductId, Vec<(i32, Option<i32>)>> = HashMap::new();
    for row in reads.records::<SpanRow>(&sql, vec![backend.ids(products.iter().copied()), i64::from(since).into()]).await? {
        intervals.entry(row.product_id).or_default().push((row.from_date, row.to_date));
    }
    Ok(intervals)
}
