//! What decides when works are due.

use std::collections::{BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_detail, store},
};
use platform::storage::{Fault, Finds, Reads};

use crate::{catalog::core::handling::HandlingTime, fulfilment::core::StoreHandling};

#[derive(Record)]
#[record(of = store, alias = "s")]
struct HandlingRow {
    id: StoreId,
    time_zone: String,
    handling_time: String,
}

#[derive(Record)]
#[record(of = order_detail, alias = "d")]
struct WantedRow {
    order_id: OrderId,
    requested_for: Option<Timestamp>,
}

/// The stores of the tenant that state how long they take to ship.
pub async fn handling(reads: &impl Reads) -> Result<HashMap<StoreId, StoreHandling>, Fault> {
    let (select, none) = (HandlingRow::SELECT, HandlingTime::NONE);
    let sql = format!("SELECT {select} FROM store s WHERE s.tenant_id = $1 AND s.handling_time <> '{none}'");
    let rows = reads.records::<HandlingRow>(&sql, Vec::new()).await?;
    let stores = rows.into_iter().filter_map(|row| {
        let time = HandlingTime::read(&row.handling_time)?;
        Some((row.id, StoreHandling { time, time_zone: row.time_zone }))
    });
    Ok(stores.collect())
}

/// For when these orders are wanted, of those that say so.
pub async fn wanted(reads: &impl Reads, orders: &BTreeSet<OrderId>) -> Result<HashMap<OrderId, Timestamp>, Fault> {
    let backend = reads.backend();
    let (select, of) = (WantedRow::SELECT, backend.in_ids("d.order_id", 2));
    let sql = format!("SELECT {select} FROM order_detail d WHERE d.tenant_id = $1 AND {of} AND d.requested_for IS NOT NULL");
    let rows = reads.records::<WantedRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.order_id, row.requested_for?))).collect())
}
