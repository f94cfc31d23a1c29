//! Stores and channels of orders, which permissions are checked against.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::sales_order,
};
use platform::storage::{Fault, Finds, Reads};

#[derive(Record)]
#[record(of = sales_order, alias = "o")]
struct PlaceRow {
    id: OrderId,
    store_id: StoreId,
    channel_id: ChannelId,
}

/// Returns the store and the channel of orders, without unknown ones.
pub async fn places_of(reads: &impl Reads, ids: &[OrderId]) -> Result<Vec<(OrderId, StoreId, ChannelId)>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, condition) = (PlaceRow::SELECT, backend.in_ids("o.id", 2));
    let sql = format!("SELECT {select} FROM sales_order o WHERE o.tenant_id = $1 AND {condition}");
    let rows = reads.records::<PlaceRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.store_id, row.channel_id)).collect())
}
