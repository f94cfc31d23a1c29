//! Loading orders.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{kit_component, order_line_part, product, sales_order},
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use super::line::LineRow;
use crate::{
    ledger::DocumentNumber,
    orders::core::{Kits, Line, LineItem, Order, Part, PaymentSums},
};

/// An order's row, without its lines.
#[derive(Record)]
#[record(of = sales_order, alias = "o")]
pub(super) struct OrderRow {
    pub id: OrderId,
    pub number: i64,
    pub status: OrderStatus,
    pub store_id: StoreId,
    pub channel_id: ChannelId,
    pub customer_id: Option<CustomerId>,
    pub external_ref: Option<String>,
    pub currency: String,
    pub total_minor: i64,
    pub placed_at: Timestamp,
    pub business_date: i32,
    pub expires_at: Option<Timestamp>,
    pub actor_kind: ActorKind,
    pub actor_id: Uuid,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub country: Option<String>,
    pub hold_kinds: Option<String>,
    pub authorised_minor: i64,
    pub captured_minor: i64,
    pub refunded_minor: i64,
    pub returned_minor: i64,
    pub payment_status: PaymentStatus,
    pub refund_status: RefundStatus,
    pub register: Option<String>,
}

#[derive(Record)]
#[record(of = order_line_part, alias = "n")]
struct PartRow {
    order_id: OrderId,
    position: i32,
    product_id: ProductId,
    sku: String,
    name: String,
    unit_decimals: i32,
    quantity: Quantity,
}

#[derive(Record)]
struct KitPart {
    #[record(of = kit_component, alias = "k")]
    kit_id: ProductId,
    #[record(of = product, alias = "p")]
    id: ProductId,
    #[record(of = product, alias = "p")]
    sku: String,
    #[record(of = product, alias = "p")]
    name: String,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
    #[record(of = kit_component, alias = "k")]
    quantity: Quantity,
}

/// Returns orders with their lines, as committed.
pub async fn orders(reads: &impl Reads, ids: &[OrderId]) -> Result<Vec<Order>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM sales_order o WHERE o.tenant_id = $1 AND {of} ORDER BY o.id",
        select = OrderRow::SELECT,
        of = backend.in_ids("o.id", 2)
    );
    let rows = reads.records::<OrderRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut orders = Vec::with_capacity(rows.len());
    let mut indexes = HashMap::with_capacity(rows.len());
    for row in rows {
        let order = row.order()?;
        indexes.insert(order.id, orders.len());
        orders.push(order);
    }
    fill_order_lines(reads, ids, &indexes, &mut orders).await?;
    Ok(orders)
}

/// Reads the lines of the orders `ids`, each into the order at its place.
pub(super) async fn fill_order_lines(
    reads: &impl Reads,
    ids: &[OrderId],
    indexes: &HashMap<OrderId, usize>,
    orders: &mut [Order],
) -> Result<(), Fault> {
    if ids.is_empty() {
        return Ok(());
    }
    let backend = reads.backend();
    let (select, condition) = (LineRow::SELECT, backend.in_ids("l.order_id", 2));
    let sql = format!("SELECT {select} FROM order_line l WHERE l.tenant_id = $1 AND {condition} ORDER BY l.order_id, l.position");
    for row in reads.records::<LineRow>(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        if let Some(order) = indexes.get(&row.order_id).and_then(|index| orders.get_mut(*index)) {
            order.lines.push(row.line(order.total.currency)?);
        }
    }
    fill_parts(reads, indexes, orders).await
}

/// Adds the parts of the kits among the lines. They are read only for orders with a line that may
/// be a kit.
pub(super) async fn fill_parts(reads: &impl Reads, indexes: &HashMap<OrderId, usize>, orders: &mut [Order]) -> Result<(), Fault> {
    let may_be = |line: &Line| matches!(line.item, LineItem::Product { policy: StockPolicy::Untracked, .. });
    let ids: Vec<OrderId> = orders.iter().filter(|order| order.lines.iter().any(may_be)).map(|order| order.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM order_line_part n WHERE n.tenant_id = $1 AND {of} ORDER BY n.order_id, n.position, n.nth",
        select = PartRow::SELECT,
        of = backend.in_ids("n.order_id", 2)
    );
    for row in reads.records::<PartRow>(&sql, vec![backend.ids(ids)]).await? {
        let order = indexes.get(&row.order_id).and_then(|index| orders.get_mut(*index));
        let (position, part) = (row.position, Part::from(row));
        let lines = order.into_iter().flat_map(|order| &mut order.lines);
        for line in lines.filter(|line| i32::from(line.position) == position) {
            if !line.item.add_part(part.clone()) {
                return Err(Fault::corrupt("order_line_part", "only a product without stock of its own has parts"));
            }
        }
    }
    Ok(())
}

/// Returns the products that are parts of the kits on these orders.
pub async fn parts_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<ProductId>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let condition = backend.in_ids("n.order_id", 2);
    let sql = format!("SELECT DISTINCT n.product_id FROM order_line_part n WHERE n.tenant_id = $1 AND {condition}");
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Reads the current parts of these kits, in the order of each kit.
pub async fn kits(reads: &impl Reads, products: impl IntoIterator<Item = ProductId>) -> Result<Kits, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM kit_component k
         JOIN product p ON p.tenant_id = $1 AND p.id = k.component_id WHERE k.tenant_id = $1 AND {of} ORDER BY k.kit_id, k.position",
        select = KitPart::SELECT,
        of = backend.in_ids("k.kit_id", 2)
    );
    let mut parts_by_kit = Kits::new();
    for row in reads.records::<KitPart>(&sql, vec![backend.ids(products)]).await? {
        parts_by_kit.entry(row.kit_id).or_default().push(row.into());
    }
    Ok(parts_by_kit)
}

impl From<PartRow> for Part {
    fn from(row: PartRow) -> Self {
        let (product, decimals) = (row.product_id, row.unit_decimals as u8);
        Self { product, sku: row.sku, name: row.name, decimals, quantity: row.quantity }
    }
}

impl From<KitPart> for Part {
    fn from(row: KitPart) -> Self {
        Self { product: row.id, sku: row.sku, name: row.name, decimals: row.unit_decimals as u8, quantity: row.quantity }
    }
}

impl OrderRow {
    pub fn order(self) -> Result<Order, Fault> {
        let currency = currency_of("sales_order", &self.currency)?;
        Ok(Order {
            id: self.id,
            number: DocumentNumber::Given(self.number),
            status: self.status,
            store: self.store_id,
            channel: self.channel_id,
            customer: self.customer_id,
            external_ref: self.external_ref,
            total: Money::new(self.total_minor, currency),
            placed_at: self.placed_at,
            business_date: self.business_date,
            expires_at: self.expires_at,
            actor: Actor { kind: self.actor_kind, id: self.actor_id },
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            country: self.country,
            register: self.register,
            paid: PaymentSums {
                authorised: self.authorised_minor,
                captured: self.captured_minor,
                refunded: self.refunded_minor,
                returned: self.returned_minor,
                payment: self.payment_status,
                refund: self.refund_status,
            },
            hold_kinds: self.hold_kinds.iter().flat_map(|kinds| kinds.lines()).map(str::to_owned).collect(),
            lines: Vec::new(),
        })
    }
}

/// Returns the currency of a row; a fault if it is unknown.
pub(crate) fn currency_of(table: &'static str, code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).ok_or_else(|| Fault::corrupt(table, format!("unknown currency {code}")))
}
