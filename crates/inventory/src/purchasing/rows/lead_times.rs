//! Lead times of suppliers, as their catalogues and their own rows state and as their deliveries
//! show, and their calendars.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{purchase_order, purchase_order_line, supplier, supplier_product},
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use crate::{
    catalog::core::calendar::SupplierCalendar,
    purchasing::core::{LeadTime, LeadTimes},
};

/// The most deliveries of a supplier for the measured lead time, newest first.
const MAX_DELIVERIES: usize = 20;
/// The most deliveries that are read for all suppliers together.
const MAX_READ_DELIVERIES: i64 = 20_000;
/// Microseconds of a day.
const MICROS_PER_DAY: i64 = 86_400_000_000;

#[derive(Record)]
struct LeadTimeRow {
    #[record(of = purchase_order_line, alias = "l")]
    product_id: ProductId,
    #[record(of = supplier_product, alias = "y", column = "lead_time_days")]
    of_product: Option<i32>,
}

#[derive(Record)]
#[record(of = supplier, alias = "s")]
struct SupplierLeadTimeRow {
    lead_time_days: Option<i32>,
    calendar: Option<String>,
}

#[derive(Record)]
#[record(of = supplier, alias = "s")]
struct StatedLeadTimeRow {
    id: SupplierId,
    lead_time_days: Option<i32>,
    calendar: Option<String>,
}

/// A received delivery, by the survivor if its supplier is merged.
#[derive(Record)]
struct DeliveryRow {
    #[record(
        sql = "coalesce((SELECT s.merged_into FROM supplier s WHERE s.tenant_id = $1 AND s.id = o.supplier_id), o.supplier_id)"
    )]
    supplier: SupplierId,
    #[record(of = purchase_order, alias = "o", not_null)]
    ordered_at: Timestamp,
    #[record(of = purchase_order, alias = "o", not_null)]
    received_at: Timestamp,
}

/// Lead time that a supplier states for all its deliveries, and its calendar.
#[derive(Debug, Clone, Default)]
pub struct SupplierLeadTime {
    pub days: Option<i32>,
    pub calendar: SupplierCalendar,
}

impl From<SupplierLeadTimeRow> for SupplierLeadTime {
    fn from(row: SupplierLeadTimeRow) -> Self {
        Self { days: row.lead_time_days, calendar: SupplierCalendar::read(row.calendar.as_deref()) }
    }
}

/// Reads the lead times of the products of an order's lines.
pub async fn lead_times(reads: &impl Reads, order: PurchaseOrderId) -> Result<LeadTimes, Fault> {
    let sql = format!(
        "SELECT {} FROM purchase_order o JOIN supplier s ON s.tenant_id = $1 AND s.id = o.supplier_id
         WHERE o.tenant_id = $1 AND o.id = $2",
        SupplierLeadTimeRow::SELECT
    );
    let of_order = reads.records::<SupplierLeadTimeRow>(&sql, vec![order.into()]).await?.pop();
    let SupplierLeadTime { days, calendar } = of_order.map(SupplierLeadTime::from).unwrap_or_default();
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

pub async fn lead_time_of(reads: &impl Reads, supplier: SupplierId) -> Result<SupplierLeadTime, Fault> {
    let sql = format!("SELECT {} FROM supplier s WHERE s.tenant_id = $1 AND s.id = $2", SupplierLeadTimeRow::SELECT);
    Ok(reads
        .records::<SupplierLeadTimeRow>(&sql, vec![supplier.into()])
        .await?
        .pop()
        .map(SupplierLeadTime::from)
        .unwrap_or_default())
}

/// Reads the lead times that these suppliers state, in one statement.
pub async fn supplier_lead_times(
    reads: &impl Reads,
    suppliers: &[SupplierId],
) -> Result<HashMap<SupplierId, SupplierLeadTime>, Fault> {
    let backend = reads.backend();
    let sql =
        format!("SELECT {} FROM supplier s WHERE s.tenant_id = $1 AND {}", StatedLeadTimeRow::SELECT, backend.in_ids("s.id", 2));
    let rows = reads.records::<StatedLeadTimeRow>(&sql, vec![backend.ids(suppliers.iter().copied())]).await?;
    let stated_lead_time = |row: StatedLeadTimeRow| {
        let calendar = SupplierCalendar::read(row.calendar.as_deref());
        (row.id, SupplierLeadTime { days: row.lead_time_days, calendar })
    };
    Ok(rows.into_iter().map(stated_lead_time).collect())
}

/// Returns the days that each supplier's newest deliveries took, of orders placed since a moment;
/// with those of suppliers that were merged into it.
pub async fn delivery_days(reads: &impl Reads, since: Timestamp) -> Result<HashMap<SupplierId, Vec<f64>>, Fault> {
    let sql = format!(
        "SELECT {} FROM purchase_order o
         WHERE o.tenant_id = $1 AND o.ordered_at >= $2 AND o.received_at IS NOT NULL AND o.status IN ('RECEIVED', 'CLOSED')
         ORDER BY o.received_at DESC, o.id LIMIT $3",
        DeliveryRow::SELECT
    );
    let values: Vec<Value> = vec![since.micros().into(), MAX_READ_DELIVERIES.into()];
    let mut days_by_supplier: HashMap<SupplierId, Vec<f64>> = HashMap::new();
    for DeliveryRow { supplier, ordered_at, received_at } in reads.records::<DeliveryRow>(&sql, values).await? {
        let days = days_by_supplier.entry(supplier).or_default();
        if days.len() < MAX_DELIVERIES {
            // Whole days, so that there are few different values.
            days.push(((received_at.micros() - ordered_at.micros()).max(0) as f64 / MICROS_PER_DAY as f64).round());
        }
    }
    Ok(days_by_supplier)
}
