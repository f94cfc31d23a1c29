//! Stores and channels of returns, for permission checks.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{return_match, sales_order},
};
use platform::storage::{Backend, Fault, Finds, Reads, Row};

#[derive(Record)]
struct OrderPlaceRow {
    #[record(of = return_match, alias = "m")]
    return_id: ReturnId,
    #[record(of = sales_order, alias = "s")]
    store_id: StoreId,
    #[record(of = sales_order, alias = "s")]
    channel_id: ChannelId,
}

/// SQL: a return belongs to its own channel, or else to those of the orders that it was matched
/// with. `{number}` is the channel's parameter.
pub fn return_channel_condition(number: usize) -> String {
    format!(
        "(r.channel_id IS NOT NULL AND r.channel_id = ${number} OR r.channel_id IS NULL AND EXISTS (SELECT 1 FROM return_match m
           JOIN sales_order s ON s.tenant_id = $1 AND s.id = m.order_id
           WHERE m.tenant_id = $1 AND m.return_id = r.id AND s.channel_id = ${number}))"
    )
}

/// Like `return_channel_condition`, for any of several channels; `{number}` is the parameter of their IDs.
pub(super) fn return_of_channels(backend: Backend, number: usize) -> String {
    let (return_condition, order_condition) = (backend.in_ids("r.channel_id", number), backend.in_ids("s.channel_id", number));
    // A subquery of one row, not EXISTS: Postgres would read all matched orders to answer for many
    // returns at once.
    format!(
        "(r.channel_id IS NOT NULL AND {return_condition} OR r.channel_id IS NULL AND (SELECT 1 FROM return_match m
           JOIN sales_order s ON s.tenant_id = $1 AND s.id = m.order_id
           WHERE m.tenant_id = $1 AND m.return_id = r.id AND {order_condition} LIMIT 1) IS NOT NULL)"
    )
}

/// Returns those of these returns that belong to a channel.
pub async fn filter_returns_by_channel(reads: &impl Reads, ids: &[ReturnId], channel: ChannelId) -> Result<Vec<ReturnId>, Fault> {
    let backend = reads.backend();
    let (id_condition, channel_condition) = (backend.in_ids("r.id", 2), return_channel_condition(3));
    let sql = format!("SELECT r.id FROM sales_return r WHERE r.tenant_id = $1 AND {id_condition} AND {channel_condition}");
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied()), channel.into()]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Stores and channels of the orders that these returns were matched with.
pub async fn load_order_places(reads: &impl Reads, ids: &[ReturnId]) -> Result<Vec<(ReturnId, StoreId, ChannelId)>, Fault> {
    let backend = reads.backend();
    let (select, return_condition) = (OrderPlaceRow::SELECT, backend.in_ids("m.return_id", 2));
    let sql = format!(
        "SELECT {select} FROM return_match m JOIN sales_order s ON s.tenant_id = $1 AND s.id = m.order_id
         WHERE m.tenant_id = $1 AND {return_condition}"
    );
    let rows = reads.records::<OrderPlaceRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.return_id, row.store_id, row.channel_id)).collect())
}
