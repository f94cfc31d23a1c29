//! How long suppliers take, as their catalogues and they themselves say, and their calendars.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{purchase_order_line, supplier, supplier_product},
};
use platform::storage::{Fault, Finds, Reads};

use crate::{
    catalog::core::calendar::SupplierCalendar,
    purchasing::core::{LeadTime, LeadTimes},
};

#[derive(Record)]
struct LeadTimeRow {
    #[record(of = purchase_order_line, alias = "l")]
    product_id: ProductId,
    #[record(of = supplier_product, alias = "y", column = "lead_time_days")]
    of_product: Option<i32>,
}

#[derive(Record)]
#[record(of = supplier, alias = "s")]
struct SupplierLeadRow {
    lead_time_days: Option<i32>,
    calendar: Option<String>,
}

/// What a supplier says of everything that it delivers.
#[derive(Debug, Clone, Default)]
pub struct SupplierLead {
    pub days: Option<i32>,
    pub calendar: SupplierCalendar,
}

impl From<SupplierLeadRow> for SupplierLead {
    fn from(row: SupplierLeadRow) -> Self {
        Self { days: row.lead_time_days, calendar: SupplierCalendar::read(row.calendar.as_deref()) }
    }
}

/// Of the products of an order's lines.
pub async fn lead_times(reads: &impl Reads, order: PurchaseOrderId) -> Result<LeadTimes, Fault> {
    let sql = format!(
        "SELECT {} FROM purchase_order o JOIN supplier s ON s.tenant_id = $1 AND s.id = o.supplier_id
         WHERE o.tenant_id = $1 AND o.id = $2",
        SupplierLeadRow::SELECT
    );
    let of_order = reads.records::<SupplierLeadRow>(&sql, vec![order.into()]).await?.pop();
    let SupplierLead { days, calendar } = of_order.map(SupplierLead::from).unwrap_or_default();
    let sql = format!(
        "SELECT {} FROM purchase_order o
         JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id
         LEFT JOIN supplier_product y ON y.tenant_id = $1 AND y.supplier_id = o.supplier_id AND y.product_id = l.product_id
              AND y.archived_at IS NULL
         WHERE o.tenant_id = $1 AND o.id = $2",
        LeadTimeRow::SELECT
    );
    let rows = reads.records::<LeadTimeRow>(&sql, vec![order.into()]).await?;
    Ok(LeadTimes::new(calendar, rows.into_iter().filter_map(|row| Some((row.product_id, LeadTime::of(row.of_product, days)?)))))
}

pub async fn lead_time_of(reads: &impl Reads, supplier: SupplierId) -> Result<SupplierLead, Fault> {
    let sql = format!("SELECT {} FROM supplier s WHERE s.tenant_id = $1 AND s.id = $2", SupplierLeadRow::SELECT);
    Ok(reads.records::<SupplierLeadRow>(&sql, vec![supplier.into()]).await?.pop().map(SupplierLead::from).unwrap_or_default())
}
