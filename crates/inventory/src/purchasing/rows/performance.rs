//! Deliveries of suppliers: orders that are complete or ended, and the overdue lines of the others.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::supplier,
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use crate::{
    catalog::{
        core::calendar::SupplierCalendar,
        rows::{local_days::LocalDays, merge::merged_suppliers, page::ProductCondition},
    },
    purchasing::core::{Delivery, LeadTimeStats, lead_deviation},
};

/// Microseconds of a day.
const MICROS_PER_DAY: f64 = 86_400_000_000.0;
/// The most orders of a supplier that are read, newest first: ten years of one a day.
pub(super) const MAX_ORDERS_PER_SUPPLIER: i64 = 4_000;
/// The most orders of all suppliers together that are read, newest first: a bound for any number of
/// years.
const MAX_ORDERS_OF_ALL_SUPPLIERS: i64 = 200_000;

#[derive(Record)]
struct DeliveryRow {
    #[record(sql = "x.supplier_id")]
    supplier: SupplierId,
    #[record(sql = "x.ordered_at")]
    ordered_at: Timestamp,
    #[record(sql = "x.received_at")]
    received_at: Option<Timestamp>,
    #[record(sql = "x.is_over")]
    is_over: i32,
    #[record(sql = "CAST(sum(x.quantity) AS bigint)")]
    ordered: i64,
    #[record(sql = "CAST(sum(CASE WHEN x.received < x.quantity THEN x.received ELSE x.quantity END) AS bigint)")]
    received: i64,
    #[record(sql = "count(*)")]
    lines: i64,
    #[record(sql = "CAST(sum(CASE WHEN x.received < x.quantity THEN 0 ELSE 1 END) AS bigint)")]
    whole_lines: i64,
    #[record(
        sql = "CAST(sum(CASE WHEN x.is_over = 0 AND x.received < x.quantity OR x.day IS NOT NULL AND x.expected IS NOT NULL THEN 1 ELSE 0 END) AS bigint)"
    )]
    judged_lines: i64,
    #[record(
        sql = "CAST(sum(CASE WHEN x.is_over = 0 AND x.received < x.quantity OR x.day > x.expected THEN 1 ELSE 0 END) AS bigint)"
    )]
    late_lines: i64,
    #[record(sql = "CAST(sum(x.received) AS bigint)")]
    came: i64,
    #[record(sql = "CAST(sum(x.damaged) AS bigint)")]
    damaged: i64,
    #[record(sql = "CAST(sum(x.returned) AS bigint)")]
    returned: i64,
}

impl DeliveryRow {
    fn delivery(&self) -> Delivery {
        let lead = |at: Timestamp| (at.micros() - self.ordered_at.micros()).max(0) as f64 / MICROS_PER_DAY;
        Delivery {
            lead_days: self.received_at.filter(|_| self.is_over == 1).map(lead),
            was_on_time: (self.judged_lines > 0).then_some(self.late_lines == 0),
            ordered: self.ordered,
            received: self.received,
            lines: self.lines,
            whole_lines: self.whole_lines,
            came: self.came,
            damaged: self.damaged,
            returned: self.returned,
        }
    }
}

#[derive(Record)]
struct LeadRow {
    #[record(of = supplier, alias = "s")]
    id: SupplierId,
    #[record(of = supplier, alias = "s")]
    lead_time_days: Option<i32>,
    #[record(of = supplier, alias = "s")]
    calendar: Option<String>,
    #[record(sql = "coalesce(d.size, 0)")]
    size: i64,
    #[record(sql = "coalesce(d.total, 0.0)")]
    total: f64,
    #[record(sql = "coalesce(d.squares, 0.0)")]
    squares: f64,
}

/// The deliveries to measure. A None selects all.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Suppliers, including orders of those that are merged into them.
    pub suppliers: Option<Vec<SupplierId>>,
    pub stores: Option<Vec<StoreId>>,
    /// Condition on the products of the orders' lines.
    pub products: ProductCondition,
}

/// Returns the condition on orders `o` of a filter's suppliers and stores, and of the stores given;
/// its parameters follow those that are bound.
pub(super) async fn bind_filter(
    reads: &impl Reads,
    filter: &DeliveryFilter,
    stores: Option<&[StoreId]>,
    values: &mut Vec<Value>,
) -> Result<String, Fault> {
    let (backend, mut conditions) = (reads.backend(), String::new());
    if let Some(suppliers) = &filter.suppliers {
        let merged = merged_suppliers(reads, suppliers).await?;
        values.push(backend.ids(merged.into_iter().map(|(_, merged_id)| merged_id).chain(suppliers.iter().copied())));
        conditions.push_str(&format!(" AND {}", backend.in_ids("o.supplier_id", values.len() + 1)));
    }
    for stores in [stores, filter.stores.as_deref()] {
        conditions.push_str(&backend.and_ids("o.store_id", stores, values));
    }
    Ok(conditions)
}

/// Returns a SELECT of orders `o` in one of these states, newest first: their supplier (the
/// survivor if it is merged), these columns, and the rank of each among its supplier's as `nth`.
/// They were placed in the span of the parameters `since_mark` and the next one.
pub(super) fn newest_orders(columns: &str, states: &str, since_mark: usize, conditions: &str) -> String {
    let (supplier, until_mark) = ("coalesce(s.merged_into, s.id)", since_mark + 1);
    format!(
        "SELECT {supplier} AS supplier_id, o.id, o.ordered_at, {columns},
           row_number() OVER (PARTITION BY {supplier} ORDER BY o.ordered_at DESC, o.id DESC) AS nth
         FROM purchase_order o JOIN supplier s ON s.tenant_id = $1 AND s.id = o.supplier_id
         WHERE o.tenant_id = $1 AND o.ordered_at >= ${since_mark} AND o.ordered_at < ${until_mark} AND o.status IN ({states}){conditions}
         ORDER BY o.ordered_at DESC, o.id DESC LIMIT {MAX_ORDERS_OF_ALL_SUPPLIERS}"
    )
}

/// Reads the deliveries of orders placed in this span, of the suppliers, stores and products of a
/// filter; of the stores given, or of all. Orders that have ended count with all of these lines,
/// CANCELLED ones too; the others with the lines that were due before today. Grouped by supplier; a
/// merged one counts for the one that it was merged into.
pub async fn deliveries(
    reads: &impl Reads,
    filter: &DeliveryFilter,
    (from, to): (Timestamp, Timestamp),
    today: &LocalDays,
    stores: Option<&[StoreId]>,
) -> Result<Vec<(SupplierId, Delivery)>, Fault> {
    let backend = reads.backend();
    // The condition on products has the first parameters.
    let mut values: Vec<Value> = filter.products.values.clone();
    let first_number = values.len() + 2;
    let (since_mark, limit_mark) = (first_number, first_number + 2);
    values.extend([Value::from(from.micros()), to.micros().into(), MAX_ORDERS_PER_SUPPLIER.into()]);
    let conditions = bind_filter(reads, filter, stores, &mut values).await?;
    let of_products = filter.products.on("l.product_id").map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let (today, days) = today.sql(backend, "o.store_id", values.len() + 2);
    values.extend(days);
    let columns = format!(
        "o.received_at, o.expected_on, {today} AS today, CASE WHEN o.status IN ('RECEIVED', 'CLOSED', 'CANCELLED') THEN 1 ELSE 0 END AS is_over"
    );
    let states = "'ORDERED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED', 'CANCELLED'";
    let newest = newest_orders(&columns, states, since_mark, &conditions);
    let sql = format!(
        "SELECT {select} FROM (
           SELECT o.supplier_id, o.id, o.ordered_at, o.received_at, o.is_over, l.quantity, l.received, l.damaged, l.returned, coalesce(l.expected_on, o.expected_on) AS expected,
             (SELECT max(g.business_date) FROM goods_receipt_line r JOIN goods_receipt g ON g.tenant_id = $1 AND g.id = r.receipt_id
              WHERE r.tenant_id = $1 AND r.purchase_order_id = o.id AND r.position = l.position) AS day
           FROM ({newest}) o
           JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id AND l.cancelled_at IS NULL{of_products}
           WHERE o.nth <= ${limit_mark} AND (o.is_over = 1 OR coalesce(l.expected_on, o.expected_on) < o.today)) x
         GROUP BY x.supplier_id, x.id, x.ordered_at, x.received_at, x.is_over ORDER BY x.supplier_id, x.id",
        select = DeliveryRow::SELECT
    );
    let rows = reads.records::<DeliveryRow>(&sql, values).await?;
    Ok(rows.iter().map(|row| (row.supplier, row.delivery())).collect())
}

/// Reads the lead times and calendars that these suppliers state, and the deviation of the lead
/// times measured in the days before today; of the stores given, or of all.
pub async fn leads(
    reads: &impl Reads,
    suppliers: &[SupplierId],
    (today, days): (i32, i32),
    stores: Option<&[StoreId]>,
) -> Result<HashMap<SupplierId, LeadTimeStats>, Fault> {
    let backend = reads.backend();
    let mut values = vec![backend.ids(suppliers.iter().copied()), (i64::from(today - days) * MICROS_PER_DAY as i64).into()];
    let mut store_condition = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        store_condition = format!(" AND {}", backend.in_ids("o.store_id", 4));
    }
    let duration_sql = "CASE WHEN o.received_at > o.ordered_at THEN o.received_at - o.ordered_at ELSE 0 END";
    let days = format!("CAST({duration_sql} AS double precision) / {MICROS_PER_DAY:.1}");
    let sql = format!(
        "SELECT {select} FROM supplier s
         LEFT JOIN (SELECT o.supplier_id, count(*) AS size, sum({days}) AS total, sum({days} * {days}) AS squares FROM purchase_order o
                    WHERE o.tenant_id = $1 AND o.ordered_at >= $3 AND o.received_at IS NOT NULL AND o.status IN ('RECEIVED', 'CLOSED'){store_condition}
                    GROUP BY o.supplier_id) d ON d.supplier_id = s.id
         WHERE s.tenant_id = $1 AND {of}",
        select = LeadRow::SELECT,
        of = backend.in_ids("s.id", 2)
    );
    let lead = |row: LeadRow| {
        let days = row.lead_time_days.and_then(|days| u16::try_from(days).ok());
        let (deviation, calendar) =
            (lead_deviation(row.size, row.total, row.squares), SupplierCalendar::read(row.calendar.as_deref()));
        (row.id, LeadTimeStats { days, deviation, calendar, today })
    };
    Ok(reads.records::<LeadRow>(&sql, values).await?.into_iter().map(lead).collect())
}
