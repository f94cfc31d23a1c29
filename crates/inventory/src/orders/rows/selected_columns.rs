//! Order lines with only the columns that a query selects.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::order_line,
};
use platform::storage::{Fault, Reads, Row};
use sea_orm::QueryResult;

/// Type of a column's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ColumnKind {
    Int,
    Text,
    /// Minor units in the order's currency.
    Money,
}

/// The fields of a line that are plain columns, by their names in the API.
const COLUMNS: [(&str, &str, ColumnKind); 14] = [
    ("kind", "l.kind", ColumnKind::Text),
    ("sku", "l.sku", ColumnKind::Text),
    ("name", "l.name", ColumnKind::Text),
    ("quantity", "l.quantity", ColumnKind::Int),
    ("open", "l.open", ColumnKind::Int),
    ("backordered", "l.backordered", ColumnKind::Int),
    ("cancelled", "l.cancelled", ColumnKind::Int),
    ("fulfilled", "l.fulfilled", ColumnKind::Int),
    ("returned", "l.returned", ColumnKind::Int),
    ("returnPending", "l.return_pending", ColumnKind::Int),
    ("unitPrice", "l.unit_price_minor", ColumnKind::Money),
    ("discount", "l.discount_minor", ColumnKind::Money),
    ("tax", "l.tax_minor", ColumnKind::Money),
    ("total", "l.total_minor", ColumnKind::Money),
];

/// True if a field is such a column.
pub fn is_column(field: &str) -> bool {
    COLUMNS.iter().any(|(name, ..)| *name == field)
}

/// A value of such a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnValue {
    Int(i64),
    Text(String),
    Money(i64),
}

#[derive(Record)]
#[record(of = order_line, alias = "l")]
struct SelectedLineHead {
    order_id: OrderId,
    position: i32,
    product_id: Option<ProductId>,
}

/// A line with its selected values, in the order of the requested columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedLine {
    pub position: u16,
    pub product: Option<ProductId>,
    pub values: Vec<ColumnValue>,
}

/// Returns the lines of orders in their order, each with the columns of these fields; a name that
/// `COLUMNS` lacks is a bug of the caller.
pub async fn lines_with_columns(
    reads: &impl Reads,
    orders: &[OrderId],
    fields: &[&str],
) -> Result<HashMap<OrderId, Vec<SelectedLine>>, Fault> {
    let mut sql = format!("SELECT {}", SelectedLineHead::SELECT);
    let mut shapes = Vec::with_capacity(fields.len());
    for field in fields {
        let found_column = COLUMNS.iter().find(|(name, ..)| name == field);
        let (_, column, shape) = found_column.ok_or_else(|| Fault::Broken(format!("a line has no column for {field}")))?;
        sql += ", ";
        sql += column;
        shapes.push(*shape);
    }
    let backend = reads.backend();
    sql += &format!(" FROM order_line l WHERE l.tenant_id = $1 AND {}", backend.in_ids("l.order_id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let mut lines_by_order: HashMap<OrderId, Vec<SelectedLine>> = HashMap::with_capacity(orders.len());
    for row in &rows {
        let (order, line) = parse_line(row, &shapes)?;
        lines_by_order.entry(order).or_default().push(line);
    }
    lines_by_order.values_mut().for_each(|lines| lines.sort_unstable_by_key(|line| line.position));
    Ok(lines_by_order)
}

fn parse_line(row: &QueryResult, shapes: &[ColumnKind]) -> Result<(OrderId, SelectedLine), Fault> {
    let mut row = Row::new(row);
    let head = row.record::<SelectedLineHead>()?;
    let position = u16::try_from(head.position).map_err(|_| Fault::corrupt("order_line", "positions lie between 1 and 4095"))?;
    let values = shapes.iter().map(|shape| {
        Ok(match shape {
            ColumnKind::Int => ColumnValue::Int(row.take()?),
            ColumnKind::Text => ColumnValue::Text(row.take()?),
            ColumnKind::Money => ColumnValue::Money(row.take()?),
        })
    });
    Ok((head.order_id, SelectedLine { position, product: head.product_id, values: values.collect::<Result<_, Fault>>()? }))
}
