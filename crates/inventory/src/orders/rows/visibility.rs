//! Where documents belong: what rights are measured by.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_order,
};
use platform::storage::{Fault, Finds, Reads, Row};

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct PlaceRow {
    id: OrderId,
    store_id: StoreId,
    channel_id: ChannelId,
}

/// A return belongs to its own channel, or else to those of the orders that it was matched with. `{number}` is the channel's parameter.
pub(super) fn return_of_channel(number: usize) -> String {
    format!(
        "(r.channel_id IS NOT NULL AND r.channel_id = ${number} OR r.channel_id IS NULL AND EXISTS (SELECT 1 FROM return_match m
           JOIN sales_order s ON s.tenant_id = $1 AND s.id = m.order_id
           WHERE m.tenant_id = $1 AND m.return_id = r.id AND s.channel_id = ${number}))"
    )
}

/// Which of these returns belong to a channel.
pub async fn returns_of_channel(reads: &impl Reads, ids: &[ReturnId], channel: ChannelId) -> Result<Vec<ReturnId>, Fault> {
    let backend = reads.backend();
    let (of, own) = (backend.in_ids("r.id", 2), return_of_channel(3));
    let sql = format!("SELECT r.id FROM sales_return r WHERE r.tenant_id = $1 AND {of} AND {own}");
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied()), channel.into()]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// The store and the channel of orders; unknown ones are left out.
pub async fn places_of(reads: &impl Reads, ids: &[OrderId]) -> Result<Vec<(OrderId, StoreId, ChannelId)>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, of) = (PlaceRow::SELECT, backend.in_ids("o.id", 2));
    let sql = format!("SELECT {select} FROM sales_order o WHERE o.tenant_id = $1 AND {of}");
    let rows = reads.records::<PlaceRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.store_id, row.channel_id)).collect())
}
