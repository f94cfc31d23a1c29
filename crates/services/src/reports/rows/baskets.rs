//! Lines of orders that are small enough to show which products are bought together.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Backend, Fault, Reads, Row};
use sea_orm::Value;
use uuid::Uuid;

use super::{
    halves::order_rows,
    narrow::{ReportFilter, SqlParameters},
};
use crate::{
    insight::rows::IdRange,
    reports::core::{BasketLines, MAX_LINES},
};

/// The products of an order, as concatenated IDs; None for an order that is too large.
#[derive(Record)]
struct BasketRow {
    #[record(sql = "g.is_large")]
    is_large: i32,
    #[record(sql = "g.basket")]
    basket: Option<Vec<u8>>,
}

/// The columns of a `BasketRow`.
const COLUMNS: usize = 2;

/// Lines of the orders' products, of orders with 100 lines at most, and the number of larger
/// orders. None if there are more than `most` lines.
pub async fn basket_lines(reads: &impl Reads, narrow: &ReportFilter, most: usize) -> Result<Option<(BasketLines, i64)>, Fault> {
    let rows = order_rows(reads, narrow.span, COLUMNS, |part| baskets(reads, narrow, most, part)).await?;
    let (mut lines, mut large, mut count) = (BasketLines::default(), 0, 0);
    if rows.len() > most {
        return Ok(None);
    }
    for row in &rows {
        let BasketRow { is_large, basket } = Row::new(row).record::<BasketRow>()?;
        large += i64::from(is_large);
        for (nth, product) in unpacked(basket.as_deref().unwrap_or_default())?.into_iter().enumerate() {
            lines.push(product, nth == 0);
            count += 1;
        }
        if count > most {
            return Ok(None);
        }
    }
    Ok(Some((lines, large)))
}

/// The statement of baskets, and its values. A row is an order with its products in one value: a
/// row for each line costs more than all later computations. Rows after the maximum number of lines
/// are not returned, so that no more is read than may be counted.
fn baskets(reads: &impl Reads, narrow: &ReportFilter, most: usize, part: Option<IdRange>) -> (String, Vec<Value>) {
    let mut bound = SqlParameters::of(reads, narrow);
    let (orders, backend) = (bound.of_orders(narrow), reads.backend());
    let (of_order, limit) = (bound.mark(MAX_LINES), bound.mark(most as i64 + 1));
    let bytes = bound.mark((most * size_of::<Uuid>()) as i64);
    let only = SqlParameters::of_products(narrow, "l.product_id");
    let some = if only.is_empty() { String::new() } else { format!(" AND sum(CASE WHEN TRUE{only} THEN 1 ELSE 0 END) > 0") };
    let basket = packed(backend, &format!("CASE WHEN l.quantity > l.cancelled{only} THEN l.product_id END"));
    let sums = format!(
        "CASE WHEN count(*) > {of_order} THEN 1 ELSE 0 END AS is_large, CASE WHEN count(*) <= {of_order} THEN {basket} END AS basket"
    );
    let orders =
        PackedOrders { keys: "", sums: &sums, orders: &orders, lines: "", some: &some }.sql(backend, &bound.of_part(part));
    let sql = format!(
        "SELECT {select} FROM (
           SELECT b.is_large, b.basket, coalesce(length(b.basket), 0) AS size,
             sum(coalesce(length(b.basket), 0)) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS upto
           FROM ({orders}) b) g
         WHERE g.upto - g.size <= {bytes} LIMIT {limit}",
        select = BasketRow::SELECT
    );
    (sql, bound.values)
}

/// A row of each order that has lines of products.
pub(super) struct PackedOrders<'a> {
    /// Columns of orders `o`, each followed by a comma.
    pub keys: &'a str,
    /// Sums of an order's lines `l`, with their names.
    pub sums: &'a str,
    /// Condition on the orders.
    pub orders: &'a str,
    /// Further conditions on lines, each preceded by AND.
    pub lines: &'a str,
    /// Further conditions on the group of an order's lines, each preceded by AND.
    pub some: &'a str,
}

impl PackedOrders<'_> {
    /// The statement, of a part of the orders. SQLite finds orders by an index, and in its order they need not be sorted. Postgres would hash or sort all
    /// lines, and read those of both parts for each: so it sums the lines of one order after the other, which lie together.
    pub fn sql(&self, backend: Backend, of_part: &str) -> String {
        let Self { keys, sums, orders, lines, some } = self;
        let of_order = format!("l.order_id = o.id AND l.product_id IS NOT NULL{lines}");
        match backend {
            Backend::Sqlite => format!(
                "SELECT {keys}{sums} FROM sales_order o CROSS JOIN order_line l WHERE {orders}{of_part} AND l.tenant_id = $1 AND {of_order}
                 GROUP BY o.placed_at, o.id HAVING count(*) > 0{some}"
            ),
            Backend::Postgres => format!(
                "SELECT {keys}x.* FROM sales_order o CROSS JOIN LATERAL (
                   SELECT {sums} FROM order_line l WHERE l.tenant_id = $1 AND {of_order} HAVING count(*) > 0{some}) x
                 WHERE {orders}{of_part}"
            ),
        }
    }
}

/// The IDs of a group's rows, concatenated, 16 bytes each; nulls are skipped.
pub(super) fn packed(backend: Backend, id: &str) -> String {
    match backend {
        Backend::Sqlite => format!("CAST(group_concat({id}, '') AS BLOB)"),
        Backend::Postgres => format!("string_agg(uuid_send({id}), ''::bytea)"),
    }
}

/// The products of a basket.
pub(super) fn unpacked(packed: &[u8]) -> Result<Vec<ProductId>, Fault> {
    let ids = packed.chunks(size_of::<Uuid>()).map(|bytes| Uuid::from_slice(bytes).ok().map(ProductId::from_uuid));
    ids.collect::<Option<_>>().ok_or_else(|| Fault::corrupt("order_line", "packed products are as long as IDs are"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_unpacked_whole() {
        let ids = [Uuid::from_u128(1), Uuid::from_u128(u128::MAX - 7)];
        let packed: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        assert_eq!(unpacked(&packed).unwrap(), ids.map(ProductId::from_uuid));
        assert_eq!(unpacked(&[]).unwrap(), []);
        assert!(unpacked(&packed[1..]).is_err(), "a piece of an ID is none");
    }
}
