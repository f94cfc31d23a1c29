//! Costs of transfers, suppliers' terms for cuts, and lines of orders that can be cut.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{liquidation_settings, purchase_order, purchase_order_line, tenant},
};
use platform::storage::{Fault, Finds, Reads};

use crate::replenishment::core::{OpenLine, Terms};

#[derive(Record)]
struct TermsRow {
    #[record(of = tenant, alias = "t")]
    default_currency: String,
    #[record(of = liquidation_settings, alias = "s", outer)]
    body: Option<String>,
}

/// The terms among the settings of liquidation, in the tenant's currency.
pub async fn terms(reads: &impl Reads) -> Result<Terms, Fault> {
    let sql =
        format!("SELECT {} FROM tenant t LEFT JOIN liquidation_settings s ON s.tenant_id = $1 WHERE t.id = $1", TermsRow::SELECT);
    let row = reads.records::<TermsRow>(&sql, vec![]).await?.pop();
    let TermsRow { default_currency, body } = row.ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))?;
    let corrupt = |_| Fault::corrupt("liquidation_settings", "its body has the criteria");
    let terms: Terms = body.map_or_else(|| Ok(Terms::default()), |body| serde_json::from_str(&body).map_err(corrupt))?;
    Ok(Terms { currency: Currency::parse(&default_currency), ..terms })
}

#[derive(Record)]
struct OpenRow {
    #[record(of = purchase_order_line, alias = "l")]
    product_id: ProductId,
    #[record(of = purchase_order, alias = "o")]
    store_id: StoreId,
    #[record(of = purchase_order, alias = "o")]
    supplier_id: SupplierId,
    #[record(of = purchase_order_line, alias = "l")]
    purchase_order_id: PurchaseOrderId,
    #[record(of = purchase_order_line, alias = "l")]
    position: i32,
    #[record(of = purchase_order_line, alias = "l")]
    quantity: Quantity,
    #[record(of = purchase_order_line, alias = "l")]
    received: Quantity,
    #[record(of = purchase_order_line, alias = "l")]
    open: Quantity,
    #[record(of = purchase_order_line, alias = "l")]
    unit_cost_minor: i64,
    #[record(of = purchase_order, alias = "o")]
    currency: String,
    #[record(sql = "coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on)")]
    expected_on: Option<i32>,
}

/// Order lines with open units, of suppliers that accept cuts, by product.
pub async fn open_lines(reads: &impl Reads, terms: &Terms) -> Result<HashMap<ProductId, Vec<OpenLine>>, Fault> {
    let backend = reads.backend();
    let supplier_ids = terms
        .supplier_terms
        .iter()
        .filter(|supplier_term| supplier_term.cancel_days.is_some())
        .map(|supplier_term| supplier_term.supplier);
    let sql = format!(
        "SELECT {} FROM purchase_order o CROSS JOIN purchase_order_line l
         WHERE o.tenant_id = $1 AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED') AND {} AND l.tenant_id = $1 AND l.purchase_order_id = o.id
           AND l.open > 0 AND l.cancelled_at IS NULL",
        OpenRow::SELECT,
        backend.in_ids("o.supplier_id", 2)
    );
    let mut lines_by_product: HashMap<ProductId, Vec<OpenLine>> = HashMap::new();
    for row in reads.records::<OpenRow>(&sql, vec![backend.ids(supplier_ids)]).await? {
        let corrupt = || Fault::corrupt("purchase_order", "a line has a position, and its cost a currency in use");
        let currency = Currency::parse(&row.currency).ok_or_else(corrupt)?;
        lines_by_product.entry(row.product_id).or_default().push(OpenLine {
            store: row.store_id,
            supplier: row.supplier_id,
            order: row.purchase_order_id,
            position: u16::try_from(row.position).map_err(|_| corrupt())?,
            ordered: row.quantity.get(),
            received: row.received.get(),
            open: row.open.get(),
            unit_cost: Money::new(row.unit_cost_minor, currency),
            expected_on: row.expected_on,
        });
    }
    Ok(lines_by_product)
}

/// Current state of a line of a purchase order that was not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentLine {
    pub position: u16,
    pub quantity: i64,
    pub received: i64,
    /// Version of its order.
    pub version: i64,
}

#[derive(Record)]
struct OrderedLineRow {
    #[record(of = purchase_order_line, alias = "l")]
    position: i32,
    #[record(of = purchase_order_line, alias = "l")]
    quantity: Quantity,
    #[record(of = purchase_order_line, alias = "l")]
    received: Quantity,
    #[record(of = purchase_order, alias = "o")]
    version: i64,
}

/// The lines of an order that are not cancelled; empty if the order is cancelled or does not exist.
pub async fn current_lines(reads: &impl Reads, order: PurchaseOrderId) -> Result<Vec<CurrentLine>, Fault> {
    let sql = format!(
        "SELECT {} FROM purchase_order o
        JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id
        WHERE o.tenant_id = $1 AND o.id = $2 AND o.status <> 'CANCELLED' AND l.cancelled_at IS NULL ORDER BY l.position",
        OrderedLineRow::SELECT
    );
    let read = |row: OrderedLineRow| {
        let OrderedLineRow { position, quantity, received, version } = row;
        let position = u16::try_from(position).map_err(|_| Fault::corrupt("purchase_order_line", "a line has a position"))?;
        Ok(CurrentLine { position, quantity: quantity.get(), received: received.get(), version })
    };
    reads.records::<OrderedLineRow>(&sql, vec![order.into()]).await?.into_iter().map(read).collect()
}
