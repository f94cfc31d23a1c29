//! Lines of orders that are small enough to say what is bought together.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::order_line,
};
use platform::storage::{Fault, Finds, Reads, Row};

use super::narrow::{Bound, Narrow};
use crate::reports::core::{BasketLines, MOST_LINES};

#[derive(Record)]
struct LineRow {
    #[record(of = order_line, alias = "l")]
    order_id: OrderId,
    #[record(sql = "l.product_id")]
    product: ProductId,
}

/// Lines of the orders' products, of orders with 100 lines at most. None where there are more than `most` lines.
pub async fn basket_lines(reads: &impl Reads, narrow: &Narrow, most: i64) -> Result<Option<BasketLines>, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let orders = bound.of_orders(narrow);
    let (of_order, limit) = (bound.mark(MOST_LINES), bound.mark(most + 1));
    let sql = format!(
        "SELECT {select} FROM sales_order o CROSS JOIN order_line l
         WHERE {orders} AND l.tenant_id = $1 AND l.order_id = o.id AND l.product_id IS NOT NULL AND l.quantity > l.cancelled
           AND (SELECT count(*) FROM order_line k WHERE k.tenant_id = $1 AND k.order_id = o.id AND k.product_id IS NOT NULL) <= {of_order}{only}
         ORDER BY o.placed_at, o.id, l.position LIMIT {limit}",
        select = LineRow::SELECT,
        only = Bound::of_products(narrow, "l.product_id")
    );
    let rows = reads.records::<LineRow>(&sql, bound.values).await?;
    if rows.len() as i64 > most {
        return Ok(None);
    }
    let (mut lines, mut last) = (BasketLines::default(), None);
    for LineRow { order_id, product } in rows {
        lines.push(product, last != Some(order_id));
        last = Some(order_id);
    }
    Ok(Some(lines))
}

/// Orders with more lines.
pub async fn large_orders(reads: &impl Reads, narrow: &Narrow) -> Result<i64, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let orders = bound.of_orders(narrow);
    let of_order = bound.mark(MOST_LINES);
    let only = narrow
        .products
        .on("k.product_id")
        .map(|fits| format!(" AND EXISTS (SELECT 1 FROM order_line k WHERE k.tenant_id = $1 AND k.order_id = o.id AND {fits})"));
    let sql = format!(
        "SELECT count(*) FROM sales_order o WHERE {orders}
         AND (SELECT count(*) FROM order_line k WHERE k.tenant_id = $1 AND k.order_id = o.id AND k.product_id IS NOT NULL) > {of_order}{}",
        only.unwrap_or_default()
    );
    let rows = reads.rows(&sql, bound.values).await?;
    rows.first().map_or(Ok(0), |row| Row::new(row).take())
}
