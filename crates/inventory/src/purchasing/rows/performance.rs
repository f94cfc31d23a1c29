//! What a supplier delivered: orders of which nothing more is to come, and what is overdue of the others.

use std::collections::{BTreeMap, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{purchase_order, purchase_order_line, supplier},
};
use platform::storage::{Fault, Finds, Reads};

use crate::{
    catalog::{
        core::calendar::SupplierCalendar,
        rows::{local_days::LocalDays, merge::merged_suppliers},
    },
    purchasing::core::{Delivery, Lead, lead_deviation},
};

/// Microseconds of a day.
const DAY: f64 = 86_400_000_000.0;
/// Orders that are looked at, the newest first: ten years of one a day.
const MOST: i64 = 4_000;

#[derive(Record)]
struct DeliveryRow {
    order: OrderedRow,
    #[record(sql = "o.is_over")]
    is_over: i32,
    #[record(sql = "coalesce(l.expected_on, o.expected_on)")]
    expected: Option<i32>,
    #[record(
        sql = "(SELECT max(g.business_date) FROM goods_receipt_line r JOIN goods_receipt g ON g.tenant_id = $1 AND g.id = r.receipt_id
            WHERE r.tenant_id = $1 AND r.purchase_order_id = o.id AND r.position = l.position)"
    )]
    day: Option<i32>,
    #[record(of = purchase_order_line, alias = "l")]
    quantity: Quantity,
    #[record(of = purchase_order_line, alias = "l")]
    received: Quantity,
}

#[derive(Record)]
#[record(of = purchase_order, alias = "o")]
struct OrderedRow {
    id: PurchaseOrderId,
    #[record(not_null)]
    ordered_at: Timestamp,
    received_at: Option<Timestamp>,
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

/// The supplier's orders that were ordered in this span; of the stores given, or of all. Those that are over count with all of their lines, CANCELLED ones
/// too; of the others the lines that were due before today.
pub async fn deliveries(
    reads: &impl Reads,
    supplier: SupplierId,
    (from, to): (Timestamp, Timestamp),
    today: &LocalDays,
    stores: Option<&[StoreId]>,
) -> Result<Vec<Delivery>, Fault> {
    let backend = reads.backend();
    // With what was ordered of those that are merged into it.
    let merged = merged_suppliers(reads, &[supplier]).await?;
    let suppliers = merged.into_iter().map(|(_, one)| one).chain([supplier]);
    let mut values = vec![backend.ids(suppliers), from.micros().into(), to.micros().into(), MOST.into()];
    let mut within = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        within = format!(" AND {}", backend.in_ids("o.store_id", 6));
    }
    let (today, days) = today.sql(backend, "o.store_id", values.len() + 2);
    values.extend(days);
    let sql = format!(
        "SELECT {select}
         FROM (SELECT o.tenant_id, o.id, o.ordered_at, o.received_at, o.expected_on, {today} AS today,
                 CASE WHEN o.status IN ('RECEIVED', 'CLOSED', 'CANCELLED') THEN 1 ELSE 0 END AS is_over FROM purchase_order o
               WHERE o.tenant_id = $1 AND {of} AND o.ordered_at >= $3 AND o.ordered_at < $4 AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED', 'CANCELLED'){within}
               ORDER BY o.ordered_at DESC LIMIT $5) o
         JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id AND l.cancelled_at IS NULL
         WHERE o.is_over = 1 OR coalesce(l.expected_on, o.expected_on) < o.today ORDER BY o.id, l.position",
        select = DeliveryRow::SELECT,
        of = backend.in_ids("o.supplier_id", 2)
    );
    let mut found: BTreeMap<PurchaseOrderId, Delivery> = BTreeMap::new();
    for row in reads.records::<DeliveryRow>(&sql, values).await? {
        let OrderedRow { id, ordered_at, received_at } = row.order;
        let (is_over, line) = (row.is_over == 1, (row.quantity.get(), row.received.get()));
        let lead_days = received_at.filter(|_| is_over).map(|at| (at.micros() - ordered_at.micros()).max(0) as f64 / DAY);
        let delivery = found.entry(id).or_insert_with(|| Delivery { lead_days, was_on_time: None, lines: Vec::new() });
        let is_overdue = !is_over && line.1 < line.0;
        if let Some((expected, day)) = row.expected.zip(row.day) {
            delivery.was_on_time = Some(delivery.was_on_time.unwrap_or(true) && day <= expected && !is_overdue);
        } else if is_overdue {
            delivery.was_on_time = Some(false);
        }
        delivery.lines.push(line);
    }
    Ok(found.into_values().collect())
}

/// What these suppliers say of their lead times and calendars, and how far the lead times vary that were measured in the days before today; of the
/// stores given, or of all.
pub async fn leads(
    reads: &impl Reads,
    suppliers: &[SupplierId],
    (today, days): (i32, i32),
    stores: Option<&[StoreId]>,
) -> Result<HashMap<SupplierId, Lead>, Fault> {
    let backend = reads.backend();
    let mut values = vec![backend.ids(suppliers.iter().copied()), (i64::from(today - days) * DAY as i64).into()];
    let mut within = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        within = format!(" AND {}", backend.in_ids("o.store_id", 4));
    }
    let took = "CASE WHEN o.received_at > o.ordered_at THEN o.received_at - o.ordered_at ELSE 0 END";
    let days = format!("CAST({took} AS double precision) / {DAY:.1}");
    let sql = format!(
        "SELECT {select} FROM supplier s
         LEFT JOIN (SELECT o.supplier_id, count(*) AS size, sum({days}) AS total, sum({days} * {days}) AS squares FROM purchase_order o
                    WHERE o.tenant_id = $1 AND o.ordered_at >= $3 AND o.received_at IS NOT NULL AND o.status IN ('RECEIVED', 'CLOSED'){within}
                    GROUP BY o.supplier_id) d ON d.supplier_id = s.id
         WHERE s.tenant_id = $1 AND {of}",
        select = LeadRow::SELECT,
        of = backend.in_ids("s.id", 2)
    );
    let lead = |row: LeadRow| {
        let days = row.lead_time_days.and_then(|days| u16::try_from(days).ok());
        let (deviation, calendar) =
            (lead_deviation(row.size, row.total, row.squares), SupplierCalendar::read(row.calendar.as_deref()));
        (row.id, Lead { days, deviation, calendar, today })
    };
    Ok(reads.records::<LeadRow>(&sql, values).await?.into_iter().map(lead).collect())
}
