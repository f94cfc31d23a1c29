//! Order lines read only as far as they are shown.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::order_line,
};
use platform::storage::{Fault, Reads, Row};
use sea_orm::QueryResult;

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Int,
    Text,
    /// Minor units in the order's currency.
    Money,
}

/// The fields of a line that are a column as it stands, by the name that clients have for them.
const COLUMNS: [(&str, &str, Shape); 14] = [
    ("kind", "l.kind", Shape::Text),
    ("sku", "l.sku", Shape::Text),
    ("name", "l.name", Shape::Text),
    ("quantity", "l.quantity", Shape::Int),
    ("open", "l.open", Shape::Int),
    ("backordered", "l.backordered", Shape::Int),
    ("cancelled", "l.cancelled", Shape::Int),
    ("fulfilled", "l.fulfilled", Shape::Int),
    ("returned", "l.returned", Shape::Int),
    ("returnPending", "l.return_pending", Shape::Int),
    ("unitPrice", "l.unit_price_minor", Shape::Money),
    ("discount", "l.discount_minor", Shape::Money),
    ("tax", "l.tax_minor", Shape::Money),
    ("total", "l.total_minor", Shape::Money),
];

/// Whether a field is such a column.
pub fn is_column(field: &str) -> bool {
    COLUMNS.iter().any(|(name, ..)| *name == field)
}

/// A value of such a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    Int(i64),
    Text(String),
    Money(i64),
}

#[derive(Record)]
#[record(of = order_line, alias = "l")]
struct ShownHead {
    order_id: OrderId,
    position: i32,
    product_id: Option<ProductId>,
}

/// A line as far as it is shown: the values are in the order of the columns that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownLine {
    pub position: u16,
    pub product: Option<ProductId>,
    pub values: Vec<Shown>,
}

/// The lines of orders in their order, each with the columns of these fields; names that `COLUMNS` lacks are a bug of the caller's.
pub async fn shown_lines(
    reads: &impl Reads,
    orders: &[OrderId],
    fields: &[&str],
) -> Result<HashMap<OrderId, Vec<ShownLine>>, Fault> {
    let mut sql = format!("SELECT {}", ShownHead::SELECT);
    let mut shapes = Vec::with_capacity(fields.len());
    for field in fields {
        let known = COLUMNS.iter().find(|(name, ..)| name == field);
        let (_, column, shape) = known.ok_or_else(|| Fault::Broken(format!("a line has no column for {field}")))?;
        sql += ", ";
        sql += column;
        shapes.push(*shape);
    }
    let backend = reads.backend();
    sql += &format!(" FROM order_line l WHERE l.tenant_id = $1 AND {}", backend.in_ids("l.order_id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let mut found: HashMap<OrderId, Vec<ShownLine>> = HashMap::with_capacity(orders.len());
    for row in &rows {
        let (order, line) = line(row, &shapes)?;
        found.entry(order).or_default().push(line);
    }
    found.values_mut().for_each(|lines| lines.sort_unstable_by_key(|line| line.position));
    Ok(found)
}

fn line(row: &QueryResult, shapes: &[Shape]) -> Result<(OrderId, ShownLine), Fault> {
    let mut row = Row::new(row);
    let head = row.record::<ShownHead>()?;
    let position = u16::try_from(head.position).map_err(|_| Fault::corrupt("order_line", "positions lie between 1 and 4095"))?;
    let values = shapes.iter().map(|shape| {
        Ok(match shape {
            Shape::Int => Shown::Int(row.take()?),
            Shape::Text => Shown::Text(row.take()?),
            Shape::Money => Shown::Money(row.take()?),
        })
    });
    Ok((head.order_id, ShownLine { position, product: head.product_id, values: values.collect::<Result<_, Fault>>()? }))
}
