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
/// orders. None if there are more than `max_lines` lines.
pub async fn basket_lines(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    max_lines: usize,
) -> Result<Option<(BasketLines, i64)>, Fault> {
    let rows = order_rows(reads, report_filter.span, COLUMNS, |part| baskets(reads, report_filter, max_lines, part)).await?;
    let (mut lines, mut large, mut count) = (BasketLines::default(), 0, 0);
    if rows.len() > max_lines {
        return Ok(None);
    }
    for row in &rows {
        let BasketRow { is_large, basket } = Row::new(row).record::<BasketRow>()?;
        large += i64::from(is_large);
        for (nth, product) in unpack_ids(basket.as_deref().unwrap_or_default())?.into_iter().enumerate() {
            lines.push(product, nth == 0);
            count += 1;
        }
        if count > max_lines {
            return Ok(None);
        }
    }
    Ok(Some((lines, large)))
}

/// The statement of baskets, and its values. A row is an order with its products in one value: a
/// row for each line costs more than all later computations. Rows after the maximum number of lines
/// are not returned, so that no more is read than may be counted.
fn baskets(reads: &impl Reads, report_filter: &ReportFilter, max_lines: usize, part: Option<IdRange>) -> (String, Vec<Value>) {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (orders, backend) = (bound.of_orders(report_filter), reads.backend());
    let (order_limit, limit) = (bound.bind(MAX_LINES), bound.bind(max_lines as i64 + 1));
    let bytes = bound.bind((max_lines * size_of::<Uuid>()) as i64);
    let conditions = SqlParameters::of_products(report_filter, "l.product_id");
    let basket_condition =
        if conditions.is_empty() { String::new() } else { format!(" AND sum(CASE WHEN TRUE{conditions} THEN 1 ELSE 0 END) > 0") };
    let basket = packed_ids_sql(backend, &format!("CASE WHEN l.quantity > l.cancelled{conditions} THEN l.product_id END"));
    let sums = format!(
        "CASE WHEN count(*) > {order_limit} THEN 1 ELSE 0 END AS is_large, CASE WHEN count(*) <= {order_limit} THEN {basket} END AS basket"
    );
    let orders = PackedOrders { keys: "", sums: &sums, orders: &orders, lines: "", some: &basket_condition }
        .sql(backend, &bound.of_part(part));
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
    pub fn sql(&self, backend: Backend, part_condition: &str) -> String {
        let Self { keys, sums, orders, lines, some } = self;
        let line_condition = format!("l.order_id = o.id AND l.product_id IS NOT NULL{lines}");
        match backend {
            Backend::Sqlite => format!(
                "SELECT {keys}{sums} FROM sales_order o CROSS JOIN order_line l WHERE {orders}{part_condition} AND l.tenant_id = $1 AND {line_condition}
                 GROUP BY o.placed_at, o.id HAVING count(*) > 0{some}"
            ),
            Backend::Postgres => format!(
                "SELECT {keys}x.* FROM sales_order o CROSS JOIN LATERAL (
                   SELECT {sums} FROM order_line l WHERE l.tenant_id = $1 AND {line_condition} HAVING count(*) > 0{some}) x
                 WHERE {orders}{part_condition}"
            ),
        }
    }
}

/// The IDs of a group's rows, concatenated, 16 bytes each; nulls are skipped.
pub(super) fn packed_ids_sql(backend: Backend, id: &str) -> String {
    match backend {
        Backend::Sqlite => format!("CAST(group_concat({id}, '') AS BLOB)"),
        Backend::Postgres => format!("string_agg(uuid_send({id}), ''::bytea)"),
    }
}

/// The products of a basket.
pub(super) fn unpack_ids(packed_ids: &[u8]) -> Result<Vec<ProductId>, Fault> {
    let ids = packed_ids.chunks(size_of::<Uuid>()).map(|bytes| Uuid::from_slice(bytes).ok().map(ProductId::from_uuid));
    ids.collect::<Option<_>>().ok_or_else(|| Fault::corrupt("order_line", "packed products are as long as IDs are"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_unpacked_whole() {
        let ids = [Uuid::from_u128(1), Uuid::from_u128(u128::MAX - 7)];
        let packed: Vec<u8> = ids.iter().flat_map(|id| *id.as_bytes()).collect();
        assert_eq!(unpack_ids(&packed).unwrap(), ids.map(ProductId::from_uuid));
        assert_eq!(unpack_ids(&[]).unwrap(), []);
        assert!(unpack_ids(&packed[1..]).is_err(), "a piece of an ID is none");
    }
}
